"""`POST /diff`: what another state of the manifests allows more, or less, in the JSON of the command line."""

from __future__ import annotations

from typing import Any

from reachproof.queries.ask import Session
from reachproof.queries.by import By
from reachproof.queries.diff_wire import diff_json
from reachproof.queries.difference import difference
from reachproof.solver.budget import Budget


def diff_document(before: Session, after: Session, by: By, budget: Budget) -> Any:
    """The difference of two snapshots."""
    return diff_json(difference(before.encoding, after.encoding, budget, after.prover, by=by))
