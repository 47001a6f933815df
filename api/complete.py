"""`POST /query/complete`: what may stand at the cursor of a sentence, in JSON."""

from __future__ import annotations

from typing import Any

from reachproof.api.schemas import CompleteRequest
from reachproof.queries.ask import Session
from reachproof.queries.complete import complete


def completion_document(request: CompleteRequest, session: Session | None) -> dict[str, Any]:
    """The document; without a session it holds no names, and `snapshot` is null."""
    cursor = len(request.text) if request.cursor is None else request.cursor
    found = complete(request.text, cursor, session, most=request.most)
    return {
        "state": str(found.state),
        "suggestions": [{"start": each.start, "text": each.text, "kind": each.kind} for each in found.suggestions],
        "complete": found.complete,
        "errors": [
            {
                "start": each.start,
                "end": each.end,
                "found": each.found,
                "message": each.message,
                "expected": list(each.expected),
            }
            for each in found.faults
        ],
        "snapshot": _counts(session) if session else None,
    }


def names_a_snapshot(request: CompleteRequest) -> bool:
    """True if a request brings or names a snapshot, or says how one is to be read."""
    return bool(request.snapshot is not None or request.manifests is not None or request.options or request.snapshots)


def _counts(session: Session) -> dict[str, Any]:
    snapshot = session.snapshot
    return {
        "id": snapshot.digest,
        "namespaces": len(snapshot.namespaces),
        "pods": len(snapshot.pods),
        "services": len(snapshot.services),
        "policies": len(snapshot.policies),
    }
