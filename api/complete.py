"""`POST /query/complete`: what may stand at the cursor of a sentence, in JSON."""

from __future__ import annotations

from reachproof.api.schemas import CompleteRequest
from reachproof.documents.completion import Completion
from reachproof.queries.ask import Session
from reachproof.queries.complete import complete


def completion_document(request: CompleteRequest, session: Session | None) -> Completion:
    """The document; without a session it holds no names, and `snapshot` is null."""
    cursor = len(request.text) if request.cursor is None else request.cursor
    return complete(request.text, cursor, session, most=request.most)


def names_a_snapshot(request: CompleteRequest) -> bool:
    """True if a request brings or names a snapshot, or says how one is to be read."""
    return bool(request.snapshot is not None or request.manifests is not None or request.options or request.snapshots)
