"""Plans of bound sentences: goals for the solver, and how their outcomes make a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches

from reachproof.documents.answer import Row
from reachproof.documents.words import Verdict, World
from reachproof.grammar import ast
from reachproof.grammar.ast import Ports
from reachproof.network.cluster import Notice
from reachproof.network.policy import Direction
from reachproof.network.snapshot import Snapshot
from reachproof.queries.bind_sets import Binder
from reachproof.queries.ingress_controller import STAND_IN
from reachproof.solver.goal import TRUE, Formula, Ranked, Search, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One goal, on a snapshot (the asked one, or one with fewer policies), and the verdicts it leads to.

    `if_found`: when a flow was found (a Ranked goal: when it is true). `if_absent`: else. `direction`: the only one
    that the check is about, if it is about one. `bound`: what a flow that is found rests on, such as the names that
    `for every` gave it. `otherwise`: what is asked where no flow was found, with the same two verdicts. `unsure`: the
    reason why a flow that is found may not exist, so that nothing is decided by it.
    """

    snapshot: Snapshot
    goal: Search | Ranked
    if_found: Verdict
    if_absent: Verdict
    direction: Direction | None = None
    bound: tuple[Notice, ...] = ()
    otherwise: Check | None = None
    unsure: str = ""


@dataclass(frozen=True, slots=True)
class PossibleFlows:
    """Flows of which it is not known whether there are any, and the notice that says why."""

    region: Formula
    notice: Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The checks of a sentence: it has the first verdict that is not `good`, or `good` when all checks agree on it.

    `world`: OPEN where the sentence is about possible pods.
    """

    form: str
    world: World = World.CLOSED
    good: Verdict
    checks: tuple[Check, ...]
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyPlan:
    """`why can` or `why can't`: the region that is to be explained, and the ports as they were asked for.

    `certain`: where it is left open what the region is, the part that belongs to it for sure. `possible`: what there
    may be besides, by which nothing is decided.
    """

    negated: bool
    snapshot: Snapshot
    region: Formula
    certain: Formula | None = None
    possible: tuple[PossibleFlows, ...] = ()
    ports: Ports
    services: tuple[str, ...] = ()

    def check(self, wanted: Wanted, found: Verdict, absent: Verdict) -> Check:
        """A search of the region, which begins with what belongs to it for sure."""
        check = Check(snapshot=self.snapshot, goal=Search(self.region, wanted), if_found=found, if_absent=absent)
        if self.certain is not None:
            check = certain_first(replace(check, goal=Search(self.certain, wanted)), check)
        return with_possible(check, self.possible) if wanted is Wanted.CAN_ALLOW else check


@dataclass(frozen=True, slots=True, kw_only=True)
class HygienePlan:
    """A question about the policies themselves, or (`claim`) that there is nothing to list."""

    hygiene: ast.Hygiene
    claim: bool
    snapshot: Snapshot

    @property
    def form(self) -> str:
        """The form of the sentence, as answers carry it."""
        return "no" if self.claim else "which"

    @property
    def vacuous(self) -> bool:
        """True if there is nothing that could be wrong: no rule, or no policy."""
        if self.hygiene is ast.Hygiene.SHADOWED:
            return not any(policy.rules(direction) for policy in self.snapshot.policies for direction in Direction)
        return not self.snapshot.policies


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePlan:
    """A question whose rows rest on the objects alone, and are made when it is bound."""

    form: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    vacuous: bool


NOW = "now"
"""The name of the snapshot that is asked, as it is without the prefixes of the sentence, unless another has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePlan:
    """A question about what is different since another snapshot, or a claim; `region`: the flows it is about.

    `exceptions`: as written, to be bound in the other snapshot too.
    """

    change: ast.ChangeForm
    since: str
    snapshot: Snapshot
    region: Formula
    exceptions: tuple[ast.Exempt, ...] = ()


def change_plan(binder: Binder, changed: ast.Changed, known: Iterable[str]) -> ChangePlan:
    """The plan of a sentence; `known` are the names of the snapshots that it may name."""
    name = changed.snapshot
    if name.text not in known and name.text != NOW:
        binder.refuse(_unknown(name.text, sorted(known)), name.span)
    if STAND_IN in binder.snapshot.pods:
        binder.refuse("no pod of the input is known for an ingress controller; leave it out, or name its pods")
    return ChangePlan(
        change=changed.form,
        since=name.text,
        snapshot=binder.snapshot,
        region=binder.negated(lambda: binder.exempt(changed.exceptions)) if changed.exceptions else TRUE,
        exceptions=changed.exceptions,
    )


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=3)
    there = f" (did you mean `{'` or `'.join(near)}`?)" if near else f", but {', '.join(known)}" if known else ""
    how = "`--snapshot NAME=SOURCE` on the command line, `snapshots` over HTTP, `since` in Python"
    return f"no snapshot named {name} is given{there}; give it with {how}"


def certain_first(certain: Check, check: Check) -> Check:
    """The first of two checks, and where it and what else it asks find no flow the other one."""
    if isinstance(check.goal, Ranked):
        return check
    text = "the flow rests on a backend of a Service that is undetermined"
    return asked_last(certain, _resting_on(check, Notice(code="BACKEND_LEFT_OPEN", text=text)))


def asked_last(check: Check, then: Check) -> Check:
    """The check, with another one asked where it and all that it asks find no flow."""
    return replace(check, otherwise=then if check.otherwise is None else asked_last(check.otherwise, then))


def with_possible(check: Check, possible: Iterable[PossibleFlows]) -> Check:
    """The check, with a search asked last for flows that there may be: the verdict is `unknown` if it finds one."""
    for each in possible:
        goal = Search(each.region, Wanted.CAN_ALLOW)
        then = replace(check, goal=goal, unsure=each.notice.text, bound=(each.notice,), otherwise=None)
        check = asked_last(check, then)
    return check


def _resting_on(check: Check, notice: Notice) -> Check:
    otherwise = _resting_on(check.otherwise, notice) if check.otherwise else None
    return replace(check, bound=(*check.bound, notice), otherwise=otherwise)
