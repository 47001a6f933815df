"""Verdicts of an engine beside ours: the evaluator on every flow, the sets engine and Z3 on samples.

A disagreement is explained only by a `Deviation`: the objects rewritten, for this flow, into what the engine makes of
them. Our verdict of the rewritten objects must be the engine's. Nothing else is excused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from reachproof.network.flow import Flow
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.encoding import prepare
from tests.agreement.engines import all_flows_of, by_z3, looked_up
from tests.engines.drawn import Case, Rewrite, Verdicts, flows_of, rebound
from tests.engines.engine import Engine

Draw = Callable[[int], Case]
Answered = tuple[Case, Verdicts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """A known difference of an engine, with its row in docs/engines.md; `rewrite` says what the engine reads.

    `rare`: the fixed seeds need not meet it.
    """

    name: str
    rewrite: Rewrite
    rare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """All that there is about one engine: how its cases are drawn and where it is known to differ.

    `left_out`: kind -> start of a field that is not drawn -> the reason. `neutral`: start of a field that is drawn and
    has no effect on verdicts -> the reason. `leaves_only`: kind and start of a field that holds others, of which faults
    need be noticed in these only -> the reason. `release`: that of the engine, where releases are modelled.
    """

    name: str
    release: str = ""
    kinds: tuple[str, ...]
    draw: Draw
    deviations: tuple[Deviation, ...] = ()
    left_out: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    neutral: Mapping[str, str] = field(default_factory=dict)
    leaves_only: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a run found. `explained` counts flows by deviation; `unexplained` are texts with the seed to look at."""

    flows: Counter[Truth | bool] = field(default_factory=Counter)
    explained: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.flows[True] + self.flows[False]

    def share(self, allowed: bool) -> float:
        """The part of the flows that the engine allows, or denies."""
        return self.flows[allowed] / self.count

    def summary(self) -> str:
        """Numbers in one line, then the deviations met."""
        shares = f"{self.share(True):.0%} allowed, {self.share(False):.0%} denied"
        lines = [f"{self.count} flows, {shares}; {len(self.unexplained)} unexplained disagreements"]
        return "\n".join([*lines, *(f"{count:8} explained: {name}" for name, count in sorted(self.explained.items()))])


def drawn_cases(engine: Engine, draw: Draw, seeds: Iterable[int], per_case: int = 100) -> Iterator[Answered]:
    """The cases of the seeds, each with up to `per_case` flows and what the engine says of them."""
    for seed in seeds:
        case = draw(seed)
        yield case, flows_of(case, engine, per_case)


def compare(cases: Iterable[Answered], deviations: Sequence[Deviation] = (), *, solver_every: int = 10) -> Comparison:
    """Every case; one in `solver_every` by the sets engine and Z3 too (0: none)."""
    found = Comparison()
    for number, (case, verdicts) in enumerate(cases):
        for flow, theirs in verdicts:
            ours = truth(case.snapshot, flow)
            found.flows[theirs] += 1
            if ours is not _TRUTHS[theirs]:
                _record(found, case, flow, theirs, ours, deviations)
        if solver_every and number % solver_every == 0:
            found.unexplained.extend(_solver_disagreements(case, [flow for flow, _ in verdicts]))
    return found


_TRUTHS = {True: Truth.ALLOWED, False: Truth.DENIED}


def _record(
    found: Comparison, case: Case, flow: Flow, theirs: bool, ours: Truth, deviations: Sequence[Deviation]
) -> None:
    name = explanation(case, flow, theirs, deviations)
    if name is not None:
        found.explained[name] += 1
        return
    found.unexplained.append(f"seed {case.seed}: {flow}: engine {_TRUTHS[theirs]}, reachproof {ours}")


def explanation(case: Case, flow: Flow, theirs: bool, deviations: Sequence[Deviation]) -> str | None:
    """The fewest deviations, joined by ` + `, with which our verdict is the engine's."""
    for size in range(1, len(deviations) + 1):
        for chosen in combinations(deviations, size):
            if truth_with(case, flow, chosen) is _TRUTHS[theirs]:
                return " + ".join(each.name for each in chosen)
    return None


def truth_with(case: Case, flow: Flow, deviations: Iterable[Deviation]) -> Truth:
    """Our verdict of the objects as an engine with these deviations reads them."""
    for each in deviations:
        case = case.with_objects(each.rewrite(case, flow))
    return truth(case.snapshot, rebound(case.snapshot, flow))


def _solver_disagreements(case: Case, flows: Sequence[Flow]) -> list[str]:
    """Where the sets engine (all flows) or Z3 (three of them) differ from the evaluator."""
    snapshot = case.snapshot
    part, tables = all_flows_of(prepare(snapshot))
    z3 = by_z3(snapshot)
    found = []
    for number, flow in enumerate(flows):
        wanted = truth(snapshot, flow)
        if looked_up(part, tables, flow) != (wanted is not Truth.DENIED, wanted is not Truth.ALLOWED):
            found.append(f"seed {case.seed}: {flow}: the sets engine says not {wanted}")
        if number % 40 == 0 and z3(flow) is not wanted:
            found.append(f"seed {case.seed}: {flow}: Z3 says not {wanted}")
    return found
