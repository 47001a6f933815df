"""`POST /connectivity`: every allowed connection, in the JSON of the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reachproof.api.schemas import ConnectivityRequest
from reachproof.documents.connectivity import Unfinished
from reachproof.documents.json import encoded
from reachproof.queries.ask import Session
from reachproof.queries.connectivity import connectivity, request
from reachproof.queries.connectivity_document import connectivity_blocks as blocks_of
from reachproof.queries.connectivity_explain import explain, with_reasons
from reachproof.queries.exposure import Exposure, exposure
from reachproof.queries.possible_exposure import with_possible
from reachproof.solver.budget import Budget, OutOfBudget


def connectivity_blocks(asked: ConnectivityRequest, session: Session, budget: Budget) -> Iterable[bytes]:
    """The report in blocks; where the budget ends first, a document with the verdict `unknown` and no rows at all."""
    wanted = request(asked.by, asked.src, asked.dst, asked.ports)
    try:
        report = connectivity(session, wanted, budget, silent_outside=asked.explain)
        explanations = explain(report, budget) if asked.explain else None
    except OutOfBudget as over:
        return (encoded(Unfinished(verdict="unknown", reason=str(over))),)
    report = report if explanations is None else with_reasons(report, explanations)
    exposures: tuple[Exposure, ...] | None = None
    if asked.exposure:
        exposures, notices = with_possible(report, tuple(exposure(report)), budget, session.prover)
        report = replace(report, warnings=(*report.warnings, *notices))
    return blocks_of(report, explanations, exposures)
