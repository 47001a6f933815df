"""Why a connection of a report is allowed, or is not: the evaluator's trace of every kind of flow between the ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from reachproof.documents import words
from reachproof.documents.connectivity_matrix import Explanation, Stretch
from reachproof.documents.parts import Rule
from reachproof.network.errors import InputError, InternalError, Problem
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import Direction
from reachproof.network.ports import place
from reachproof.network.snapshot import Snapshot
from reachproof.queries.blame import all_blockers, deciders
from reachproof.queries.connectivity import Connectivity
from reachproof.queries.document_parts import steps
from reachproof.queries.interpretation_notices import IN_PART
from reachproof.queries.near_misses import nearest_of_pair
from reachproof.semantics.evaluate import evaluate
from reachproof.semantics.trace import Trace, Truth
from reachproof.solver.budget import Budget

MOST_PAIRS = 20_000
MOST_NEAR = 100
"""Pairs of a report of which the rules that came nearest are looked for."""
DEFAULT_BUDGET = Budget()


def explain_pair(report: Connectivity, src: int, dst: int, *, near: bool = False) -> Explanation:
    """The explanation of one pair of ends of a report; no stretch where no flow between them is asked for.

    `near`: with the rules that came nearest, where nothing is allowed. Raises InternalError where
    the evaluator does not say what the report says. Cost: a trace for every kind of flow.
    """
    snapshot = report.snapshot
    access = report.matrix.access(src, dst)
    found: dict[tuple[object, ...], tuple[IntervalSet, Trace]] = {}
    flows = list(report.matrix.flows(src, dst))
    for ports, flow in flows:
        trace = evaluate(snapshot, flow)
        if trace.truth is not Truth.DENIED and place(flow.protocol, flow.port) not in access.ports:
            raise InternalError(f"the report lacks {flow}, which the evaluator allows; this is a bug of reachproof")
        key = _decided_by(trace)
        known, first = found.get(key, (IntervalSet(), trace))
        found[key] = known | ports, first
    traces = [trace for _, trace in found.values()]
    if access and all(trace.truth is Truth.DENIED for trace in traces):
        ends = report.ends
        raise InternalError(f"the evaluator denies all of {ends[src]} => {ends[dst]}; this is a bug of reachproof")
    ordered = sorted(found.values(), key=lambda each: (each[1].truth is Truth.DENIED, each[0].first))
    return Explanation(
        src=src,
        dst=dst,
        stretches=tuple(_stretch(ports, trace) for ports, trace in ordered),
        because=_because(snapshot, [trace for _, trace in ordered]),
        near=nearest_of_pair(snapshot, flows) if near and not access else (),
    )


def _stretch(ports: IntervalSet, trace: Trace) -> Stretch:
    denied = tuple(side.direction for side in (trace.egress, trace.ingress) if side.truth is Truth.DENIED)
    return Stretch(
        ports=ports,
        truth=words.Truth(trace.truth),
        steps=steps(trace.steps),
        deciding=denied or tuple(Direction),
        depends=trace.depends,
    )


def explain_report(report: Connectivity, budget: Budget = DEFAULT_BUDGET, *, near: int = 0) -> tuple[Explanation, ...]:
    """The explanations of all pairs of a report between which it asks for flows, in the order of ends.

    `near`: with the rules that came nearest, where there are at most so many pairs. Raises InputError where the pairs
    are more than MOST_PAIRS, OutOfBudget, and what `explain_pair` does.
    """
    sources, destinations = report.matrix.sources, report.matrix.destinations
    count = len(sources) * len(destinations)
    if count > MOST_PAIRS:
        text = (
            f"too many pairs to explain ({count}, from {len(sources)} sources and {len(destinations)} "
            f"destinations; the limit is {MOST_PAIRS}); narrow the report with src, dst or by"
        )
        raise InputError([Problem(file="explain", message=text)])
    return tuple(_each(report, budget.start(), near=count <= near))


def with_reasons(report: Connectivity, explanations: Iterable[Explanation]) -> Connectivity:
    """The report with all reasons why flows are undetermined, which its explanations have."""
    found = (notice for each in explanations for stretch in each.stretches for notice in stretch.depends)
    known = (notice for notice in report.assumptions if notice.code != IN_PART)
    return replace(report, assumptions=tuple(dict.fromkeys((*known, *found))))


def _each(report: Connectivity, budget: Budget, *, near: bool) -> Iterator[Explanation]:
    for src in report.matrix.sources:
        for dst in report.matrix.destinations:
            budget.check()
            found = explain_pair(report, src, dst, near=near)
            if found.stretches:
                yield found


def _because(snapshot: Snapshot, traces: Sequence[Trace]) -> tuple[Rule, ...]:
    allowed = [trace for trace in traces if trace.truth is not Truth.DENIED]
    if not allowed:
        return all_blockers(snapshot, (trace.flow for trace in traces))
    once: dict[tuple[object, ...], Rule] = {}
    undetermined = [trace.flow for trace in allowed if trace.truth is Truth.EITHER]
    deciding = (because for trace in allowed for because in deciders(snapshot, trace))
    for because in (*deciding, *all_blockers(snapshot, undetermined)):
        once.setdefault((because.policy, because.direction, because.rule_index), because)
    return tuple(once.values())


def _decided_by(trace: Trace) -> tuple[object, ...]:
    steps = ((step.direction, step.tier, step.action, step.policies, step.rule_index) for step in trace.steps)
    return (trace.truth, *steps)
