"""`POST /connectivity`: every allowed connection, in the JSON of the command line."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Response
from fastapi.responses import StreamingResponse

from reachproof.api.schemas import ConnectivityRequest
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from reachproof.queries.connectivity import connectivity, request
from reachproof.queries.connectivity_explain import explain
from reachproof.queries.connectivity_wire import in_blocks, report_text, unknown_text
from reachproof.queries.exposure import Exposure, exposure
from reachproof.queries.possible_exposure import with_possible
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.prove import Prover


def connectivity_response(asked: ConnectivityRequest, snapshot: Snapshot, budget: Budget) -> Response:
    """The report; where the budget ends first, a document with the verdict `unknown` and no rows at all."""
    wanted = request(asked.by, asked.src, asked.dst, asked.ports)
    try:
        report = connectivity(Session(snapshot), wanted, budget)
        explanations = explain(report, budget) if asked.explain else None
    except OutOfBudget as over:
        return Response(unknown_text(str(over)), media_type="application/json")
    exposures: tuple[Exposure, ...] | None = None
    if asked.exposure:
        exposures, notices = with_possible(report, tuple(exposure(report)), budget, Prover())
        report = replace(report, warnings=(*report.warnings, *notices))
    # In blocks, as a report may have millions of rows and each piece is handed to a thread of its own.
    return StreamingResponse(in_blocks(report_text(report, explanations, exposures)), media_type="application/json")
