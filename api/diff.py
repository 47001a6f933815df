"""`POST /diff`: what another state of the manifests allows more, or less, in the JSON of the command line."""

from __future__ import annotations

from typing import Any

from reachproof.network.snapshot import Snapshot
from reachproof.queries.by import By
from reachproof.queries.diff_wire import diff_json
from reachproof.queries.difference import difference
from reachproof.solver.budget import Budget
from reachproof.solver.ground import prepare
from reachproof.solver.prove import Prover


def diff_document(before: Snapshot, after: Snapshot, by: By, budget: Budget) -> Any:
    """The difference of two snapshots."""
    return diff_json(difference(prepare(before), prepare(after), budget, Prover(), by=by))
