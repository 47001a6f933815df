"""The trace of one flow: the steps that decide it, each direction by itself. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reachproof.network.cluster import Notice
from reachproof.network.flow import Flow, Party
from reachproof.network.origin import Origin
from reachproof.network.policy import Action, Direction, PolicyRef, TierId


class Truth(StrEnum):
    """Truth of a flow; EITHER where the specification, or the input, leaves room for both."""

    ALLOWED = "allowed"
    DENIED = "denied"
    EITHER = "either"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One decision on the way: a rule that matched, the isolation of the subject, or the default.

    `policies` are those the step is due to: the one whose rule matched; for isolation all policies that isolate the
    subject; none for what is built in. `rule_index` is None where no written rule decides. `depends` is what the step
    rests on besides the policies: choices that were open before it. `text` is one sentence that needs no
    context.
    """

    direction: Direction
    subject: Party
    tier: TierId
    action: Action
    policies: tuple[PolicyRef, ...] = ()
    rule_index: int | None = None
    rule_name: str = ""
    origin: Origin | None = None
    depends: tuple[Notice, ...] = ()
    text: str

    @property
    def policy(self) -> PolicyRef | None:
        """The policy whose rule matched, or the first of those that isolate; None for what is built in."""
        return self.policies[0] if self.policies else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionTrace:
    """One direction: at least one step. The last step decides, the ones before it passed."""

    direction: Direction
    truth: Truth
    steps: tuple[Step, ...]

    @property
    def decider(self) -> Step:
        """The step that decides."""
        return self.steps[-1]

    @property
    def depends(self) -> tuple[Notice, ...]:
        """Assumptions of the shown steps; empty where the direction has one outcome only."""
        if self.truth is not Truth.EITHER:
            return ()
        return tuple(dict.fromkeys(notice for step in self.steps for notice in step.depends))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A flow is allowed when egress of its source and ingress of its destination both allow it."""

    flow: Flow
    truth: Truth
    egress: DirectionTrace
    ingress: DirectionTrace

    @property
    def steps(self) -> tuple[Step, ...]:
        """All shown steps, egress first."""
        return self.egress.steps + self.ingress.steps

    @property
    def depends(self) -> tuple[Notice, ...]:
        """Assumptions of the shown outcome; empty where the flow has one outcome only."""
        if self.truth is not Truth.EITHER:
            return ()
        return tuple(dict.fromkeys(self.egress.depends + self.ingress.depends))

    def side(self, direction: Direction) -> DirectionTrace:
        """The trace of one direction."""
        return self.egress if direction is Direction.EGRESS else self.ingress
