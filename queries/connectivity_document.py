"""The document of a connectivity report: what is asked for, made at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING

from reachproof.documents import connectivity as documents
from reachproof.documents.connectivity_matrix import Cells, ConnectivityMatrix, EndTraits, ExplainedWay, Explanation
from reachproof.documents.words import Partial
from reachproof.queries.connectivity import Connectivity, Request, connectivity
from reachproof.queries.connectivity_explain import MOST_NEAR, explain_report, with_reasons
from reachproof.queries.document_parts import access_fields, end_document, notices, warnings
from reachproof.queries.report_nodes import End, partial_by
from reachproof.queries.ways_in import ways_in
from reachproof.queries.ways_in_document import ways_in_rows
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.encoding import Encoding

if TYPE_CHECKING:
    from reachproof.queries.ask import Session  # which loads Z3; a report needs none of it

FEW_PAIRS = 3_000
"""Pairs of ends that are explained where that is not asked for, since they cost little."""


class Explaining(IntEnum):
    """The pairs of ends that a report explains: none, all where these are few, or all."""

    NONE = 0
    FEW = 1
    ALL = 2


def report_document(
    where: Session | Encoding,
    request: Request,
    budget: Budget,
    *,
    explaining: Explaining = Explaining.NONE,
    exposure: bool = False,
) -> ConnectivityMatrix:
    """The report with what is asked for besides; the report, its explanations and the exposure each have the budget.

    Raises what `connectivity` and `explain_report` do. Where the exposure is not found in time, a warning says so.
    """
    report = connectivity(where, request, budget, silent_outside=explaining is Explaining.ALL)
    ways = ways_in(where, request, budget)
    rows = None if ways is None else ways_in_rows(ways, budget, explained=_explains(ways.report, explaining))
    if ways is not None:
        notices = (*report.assumptions, *ways.report.assumptions)
        report = replace(report, assumptions=tuple(dict.fromkeys(notices)), judged=report.judged + ways.report.judged)
    explanations = _explanations(report, explaining, budget)
    if explaining is Explaining.ALL:
        report = with_reasons(report, explanations or ())
    if not exposure:
        return connectivity_document(report, explanations, ways=rows)
    from reachproof.queries.exposure import exposure as exposure_of  # Z3 comes with it
    from reachproof.solver.z3_backend import Prover

    prover = Prover() if isinstance(where, Encoding) else where.prover
    exposed, found = exposure_of(report, budget, prover)
    report = replace(report, warnings=(*report.warnings, *found))
    return connectivity_document(report, explanations, exposed, ways=rows)


def _explains(report: Connectivity, explaining: Explaining) -> bool:
    """True if the pairs of a report are explained: all, or few."""
    pairs = len(report.matrix.sources) * len(report.matrix.destinations)
    return explaining is Explaining.ALL or (explaining is Explaining.FEW and pairs <= FEW_PAIRS)


def _explanations(report: Connectivity, explaining: Explaining, budget: Budget) -> tuple[Explanation, ...] | None:
    match explaining:
        case Explaining.NONE:
            return None
        case Explaining.ALL:
            return explain_report(report, budget, near=MOST_NEAR)
    if not _explains(report, explaining):
        return None
    try:
        return explain_report(report)
    except OutOfBudget:
        return None


def connectivity_document(
    report: Connectivity,
    explanations: tuple[Explanation, ...] | None = None,
    exposures: tuple[documents.Exposure, ...] | None = None,
    ways: tuple[ExplainedWay, ...] | None = None,
) -> ConnectivityMatrix:
    """The report as a document; of a large one the rows are made when they are read."""
    snapshot = report.snapshot
    return ConnectivityMatrix(
        by=report.request.by,
        ends=tuple(end_document(snapshot, end) for end in report.ends),
        accesses=tuple(
            documents.Access(**access_fields(each), partial_by=by if each.partial else None)
            for by in Partial
            for each in report.matrix.accesses
        ),
        places=_Places(report),
        explanations=explanations,
        exposures=exposures,
        ways_in=ways,
        assumptions=notices(report.assumptions),
        warnings=warnings(report.warnings),
        evidence=documents.ConnectivityEvidence(judged=report.judged, flows=report.flows, snapshot=snapshot.digest),
        cells_of=partial(_cells, report),
    )


@dataclass(frozen=True, slots=True)
class _Places:
    """The rows of a report as numbers, made one by one and as often as they are wanted.

    Accesses are numbered once for each cause of `partial`, in the order of `Partial`.
    """

    report: Connectivity

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        ends, accesses = self.report.ends, self.report.matrix.accesses
        partial = [bool(access.partial) for access in accesses]
        first = {by: place * len(accesses) for place, by in enumerate(Partial)}
        for src, end in enumerate(ends):
            for dst, number in enumerate(self.report.matrix.row(src)):
                if number:
                    yield src, dst, number + first[partial_by(end, ends[dst])] if partial[number] else number


def _cells(report: Connectivity) -> Cells:
    matrix = report.matrix
    return Cells(
        groups=matrix.groups,
        rows=matrix.row_numbers,
        columns=matrix.column_numbers,
        own=matrix.own,
        lines=matrix.lines,
        accesses=tuple(documents.Access(**access_fields(each)) for each in matrix.accesses),
        traits=tuple(map(_traits, report.ends)),
    )


def _traits(end: End) -> EndTraits:
    return EndTraits(
        pods=len(end.pods),
        unknown=any(pod.abstract for pod in end.pods),
        several=end.node is not None or any(len(pod.addresses) != 1 for pod in end.pods),
    )
