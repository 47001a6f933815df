"""The difference of two snapshots: rows that differ, with causes, and flows that show it."""

from __future__ import annotations

from reachproof.documents.connectivity import Connections, ReportEnd, Route, connections
from reachproof.documents.parts import ABSENT, Absent, Document, Notice, Origin, Part, Policy, Rule, TracedFlow
from reachproof.documents.words import By, Change, Edit, Relation, Truth, When
from reachproof.network.intervals import EMPTY


class Cause(Rule, frozen=True, kw_only=True):
    """A rule that decided before, or decides after. `edit`: the change of its policy; null for none."""

    when: When
    edit: Edit | None

    def __str__(self) -> str:
        return f"{self.when}: {self.text}{f' ({self.edit})' if self.edit else ''}"

    @property
    def as_rule(self) -> Rule:
        """The rule, whose text says when it decides and what was done to its policy."""
        return Rule(
            policy=self.policy,
            rule=self.rule,
            direction=self.direction,
            action=self.action,
            origin=self.origin,
            text=str(self),
        )


class ChangedConnection(Part, frozen=True, kw_only=True):
    """A pair of ends with a flow that differs: its connections `before` and `after`.

    On `gained` some flow between them is allowed more than before, on `lost` less; `before_depends` and `after_depends`
    are undetermined. `endpoints`: sentences on what is different about the ends.
    """

    src: ReportEnd
    dst: ReportEnd
    change: Change
    before: Connections
    after: Connections
    gained: Connections
    lost: Connections
    before_depends: Connections | None = None
    after_depends: Connections | None = None
    because: tuple[Cause, ...]
    endpoints: tuple[str, ...]


class ChangedWayIn(Part, frozen=True, kw_only=True):
    """A pair of ends between which requests from outside come in otherwise than before, by routes.

    The fields are those of a `ChangedConnection`. `routes_before` and `routes_after` lead from one to the other. On
    `may_differ` it is not known what differs.
    """

    src: ReportEnd
    dst: ReportEnd
    change: Change
    before: Connections
    after: Connections
    gained: Connections
    lost: Connections
    may_differ: Connections | None = None
    before_depends: Connections | None = None
    after_depends: Connections | None = None
    routes_before: tuple[Route, ...]
    routes_after: tuple[Route, ...]
    because: tuple[Cause, ...]
    endpoints: tuple[str, ...]


class RouteChange(Part, frozen=True, kw_only=True):
    """A route that is not what it was, or to which a gateway or a grant makes a difference."""

    kind: str
    namespace: str
    name: str
    edit: Edit
    origin: Origin

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class PolicyChange(Part, frozen=True, kw_only=True):
    """A policy that is not what it was. `unmodelled`: the parts in words that differ and that no flow shows."""

    policy: Policy
    edit: Edit
    unmodelled: tuple[str, ...]
    origin: Origin


class Undetermined(Part, frozen=True, kw_only=True):
    """A difference of unknown effect: of a policy, or (null) of what undetermined flows rest on.

    `what`: the parts that differ, in words.
    """

    policy: Policy | None
    edit: Edit | None
    what: tuple[str, ...]
    text: str
    origin: Origin | None

    def __str__(self) -> str:
        return f"{self.policy}: {self.text}" if self.policy else self.text


class JudgedFlow(TracedFlow, frozen=True, kw_only=True):
    """A flow in one of the snapshots, with its verdict there."""

    truth: Truth


class Shift(Part, frozen=True, kw_only=True):
    """A flow that differs; null in a snapshot that does not have it."""

    before: JudgedFlow | None
    after: JudgedFlow | None

    @property
    def known(self) -> JudgedFlow:
        """It in the later of the snapshots that have it."""
        found = self.after or self.before
        assert found is not None
        return found


class Shifts(Part, frozen=True, kw_only=True):
    """Flows that show that something is allowed more (`looser`), less (`stricter`), or may differ."""

    looser: Shift | None
    stricter: Shift | None
    undetermined: Shift | None


class DiffEvidence(Part, frozen=True, kw_only=True):
    """Counts of kinds of flow and of flows that the evaluator judged, and the digests of both inputs."""

    compared: int
    judged: int
    engine: str
    solver_ms: float
    before: str
    after: str


class Diff(Document, frozen=True, kw_only=True):
    """The whole difference. `relation` is `unknown`, with the `reason`, where time or memory ended first.

    `new` and `lost`: workloads, bare pods and nodes that only the later, or only the earlier snapshot has. `ways_in`:
    what comes in by routes otherwise than before, and `routes` those that differ; absent where neither has a route.
    """

    relation: Relation
    reason: str
    by: By
    rows: tuple[ChangedConnection, ...]
    new: tuple[ReportEnd, ...]
    lost: tuple[ReportEnd, ...]
    policies: tuple[PolicyChange, ...]
    ways_in: tuple[ChangedWayIn, ...] | Absent = ABSENT
    routes: tuple[RouteChange, ...] | Absent = ABSENT
    undetermined: tuple[Undetermined, ...]
    witnesses: Shifts
    assumptions: tuple[Notice, ...]
    warnings: tuple[Notice, ...]
    evidence: DiffEvidence

    @property
    def looser(self) -> Shift | None:
        """A flow that is allowed more than before."""
        return self.witnesses.looser

    @property
    def stricter(self) -> Shift | None:
        """A flow that is allowed less than before."""
        return self.witnesses.stricter

    @property
    def open(self) -> Shift | None:
        """A flow of which it is not known how it differs."""
        return self.witnesses.undetermined

    @property
    def differs(self) -> bool:
        """True if there is a row, also of a way in, or an endpoint that only one of the snapshots has."""
        return bool(self.rows or self.certain_ways_in or self.new or self.lost)

    @property
    def certain_ways_in(self) -> tuple[ChangedWayIn, ...]:
        """The ways in that differ, as far as that is known."""
        none = connections(EMPTY)
        return tuple(each for each in self.ways_in or () if (each.gained, each.lost) != (none, none))
