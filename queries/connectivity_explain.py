"""Why a connection of a report is allowed, or is not: the evaluator's trace of every kind of flow between the ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reachproof.documents.parts import Rule
from reachproof.network.errors import InputError, InternalError, Problem
from reachproof.network.flow import Flow
from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import place
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import DEFAULT_BUDGET
from reachproof.queries.blame import all_blockers, deciders
from reachproof.queries.connectivity import Connectivity
from reachproof.queries.interpretation_notices import IN_PART, of_traces
from reachproof.queries.report_nodes import End
from reachproof.semantics.evaluate import evaluate
from reachproof.semantics.trace import Trace, Truth
from reachproof.solver.budget import Budget

MOST_PAIRS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Ports on which the flows between two ends are decided by the same steps; `trace` is that of one such flow."""

    ports: IntervalSet
    trace: Trace

    @property
    def truth(self) -> Truth:
        """The truth that these flows share."""
        return self.trace.truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The rules that decide between two ends. Allowed stretches come first, then by their first port.

    `because`: of a pair with a row the rules that decide its allowed flows, and all that may block the undetermined
    ones; of one without all that blocks.
    """

    src: End
    dst: End
    stretches: tuple[Stretch, ...]
    because: tuple[Rule, ...]


def explain_pair(report: Connectivity, src: End, dst: End) -> Explanation:
    """The explanation of one pair of ends of a report; no stretch where no flow between them is asked for.

    Raises InternalError where the evaluator does not say what the report says. Cost: a trace for every kind of flow.
    """
    snapshot = report.snapshot
    access = report.between(src, dst)
    found: dict[tuple[object, ...], tuple[IntervalSet, Trace]] = {}
    for ports, flow in report.matrix.flows(report.place[src], report.place[dst]):
        trace = evaluate(snapshot, flow)
        if trace.truth is not Truth.DENIED and place(flow.protocol, flow.port) not in access.ports:
            raise InternalError(f"the report lacks {flow}, which the evaluator allows; this is a bug of reachproof")
        key = _decided_by(trace)
        known, first = found.get(key, (IntervalSet(), trace))
        found[key] = known | ports, first
    stretches = [Stretch(ports=ports, trace=trace) for ports, trace in found.values()]
    if access and all(each.truth is Truth.DENIED for each in stretches):
        raise InternalError(f"the evaluator denies all of {src} => {dst}; this is a bug of reachproof")
    stretches.sort(key=lambda each: (each.truth is Truth.DENIED, each.ports.first))
    return Explanation(src=src, dst=dst, stretches=tuple(stretches), because=_because(snapshot, stretches))


def explain_report(report: Connectivity, budget: Budget = DEFAULT_BUDGET) -> tuple[Explanation, ...]:
    """The explanations of all pairs of a report between which it asks for flows, in the order of ends.

    Raises InputError where these are more than MOST_PAIRS, OutOfBudget, and what `explain_pair` does.
    """
    sources = [report.ends[at] for at in report.matrix.sources]
    destinations = [report.ends[at] for at in report.matrix.destinations]
    count = len(sources) * len(destinations)
    if count > MOST_PAIRS:
        text = (
            f"too many pairs to explain ({count}, from {len(sources)} sources and {len(destinations)} "
            f"destinations; the limit is {MOST_PAIRS}); narrow the report with src, dst or by"
        )
        raise InputError([Problem(file="explain", message=text)])
    return tuple(_each(report, sources, destinations, budget.start()))


def with_reasons(report: Connectivity, explanations: Iterable[Explanation]) -> Connectivity:
    """The report with all reasons why flows are undetermined, which its explanations have."""
    traces = (stretch.trace for each in explanations for stretch in each.stretches)
    known = (notice for notice in report.assumptions if notice.code != IN_PART)
    return replace(report, assumptions=tuple(dict.fromkeys((*known, *of_traces(traces)))))


def _each(report: Connectivity, sources: list[End], destinations: list[End], budget: Budget) -> Iterator[Explanation]:
    for src in sources:
        for dst in destinations:
            budget.check()
            found = explain_pair(report, src, dst)
            if found.stretches:
                yield found


def _because(snapshot: Snapshot, stretches: list[Stretch]) -> tuple[Rule, ...]:
    allowed = [each.trace for each in stretches if each.truth is not Truth.DENIED]
    if not allowed:
        return all_blockers(snapshot, _flows(stretches))
    once: dict[tuple[object, ...], Rule] = {}
    undetermined = [trace.flow for trace in allowed if trace.truth is Truth.EITHER]
    deciding = (because for trace in allowed for because in deciders(snapshot, trace))
    for because in (*deciding, *all_blockers(snapshot, undetermined)):
        once.setdefault((because.policy, because.direction, because.rule_index), because)
    return tuple(once.values())


def _flows(stretches: list[Stretch]) -> Iterator[Flow]:
    return (each.trace.flow for each in stretches)


def _decided_by(trace: Trace) -> tuple[object, ...]:
    steps = ((step.direction, step.tier, step.action, step.policies, step.rule_index) for step in trace.steps)
    return (trace.truth, *steps)
