"""The answer to one sentence, as values; `queries.answer_document` makes it a document, the command line text."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reachproof.documents.answer import Evidence
from reachproof.documents.json import viewed
from reachproof.documents.parts import Rule
from reachproof.documents.words import Severity, Verdict
from reachproof.network.cluster import Notice, Service
from reachproof.network.flow import Flow
from reachproof.network.policy import Direction
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.trace import Step, Trace, Truth

Row = Mapping[str, str | tuple[str, ...]]
"""One row of a list: a text, or several, under each of the answer's columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A flow as it was in another snapshot, which the question calls by a name, with its replayed trace there."""

    name: str
    snapshot: Snapshot
    flow: Flow
    trace: Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A flow that shows the verdict, with its replayed trace.

    `via`: the service it was asked for by. `direction`: the only one that the verdict is about, if it is about one.
    `before`: the same flow in the snapshot that the question compares with, if it does. `lost`: only that snapshot has
    it, so that flow and trace are those of `before`.
    """

    flow: Flow
    trace: Trace
    via: Service | None = None
    direction: Direction | None = None
    before: Earlier | None = None
    lost: bool = False

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that matter to the verdict; none where the flow is gone."""
        if self.lost:
            return ()
        return self.trace.steps if self.direction is None else self.trace.side(self.direction).steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One kind of flow of an explanation: its truth, a flow that shows it, and the rules that make it so.

    `because`: all blockers of a flow that is or may be denied, else what lets it through.
    """

    truth: Truth
    witness: Witness
    because: tuple[Rule, ...]

    @property
    def access(self) -> str:
        """`allowed`, `denied`, or `depends` where both outcomes are possible."""
        return "depends" if self.truth is Truth.EITHER else str(self.truth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`vacuous`: the claim has nothing to check. `reason` is set when the verdict is `unknown`. `rows`: of a list.
    `flows`: of an explanation, one of each kind.

    `name`, `severity` and `expected` (the verdict that is a pass) are those of a statement in a pack. `snapshot` is
    what was asked about; it is not part of the JSON.
    """

    query: str
    normalized: str
    form: str
    name: str = ""
    severity: Severity | None = None
    expected: Verdict | None = None
    verdict: Verdict
    reason: str = ""
    vacuous: bool = False
    world: str = "closed"
    witness: Witness | None = None
    because: tuple[Rule, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    flows: tuple[Explained, ...] = ()
    assumptions: tuple[Notice, ...] = ()
    warnings: tuple[Notice, ...] = ()
    evidence: Evidence
    snapshot: Snapshot

    def assuming(self, notices: Iterable[Notice]) -> Answer:
        """The answer with more assumptions, each once."""
        return replace(self, assumptions=tuple(dict.fromkeys((*self.assumptions, *notices))))

    def warning(self, notices: Iterable[Notice]) -> Answer:
        """The answer with more warnings, each once."""
        return replace(self, warnings=tuple(dict.fromkeys((*self.warnings, *notices))))

    def checked(self, *, replayed: bool, cross_checked: bool) -> Answer:
        """The answer with what was checked of it."""
        return self.with_evidence(replayed=replayed, cross_checked=cross_checked)

    def timed(self, started: float) -> Answer:
        """The answer with the time of the solver, which began at `started` of `time.perf_counter`."""
        solver_ms = round((time.perf_counter() - started) * 1000, 3)
        return self.with_evidence(solver_ms=solver_ms)

    def with_evidence(self, **fields: object) -> Answer:
        """The answer with other values for some fields of its evidence."""
        return replace(self, evidence=viewed(Evidence, self.evidence, **fields))

    def unknown(self, reason: object) -> Answer:
        """The answer without a verdict, for this reason."""
        return replace(self, verdict=Verdict.UNKNOWN, reason=str(reason))

    @property
    def trace(self) -> Trace | None:
        """The trace of the witness, if there is one."""
        return self.witness.trace if self.witness else None

    def __bool__(self) -> bool:
        """A verdict has more than two values: compare `verdict` instead."""
        raise TypeError("an answer is neither true nor false; look at its verdict")
