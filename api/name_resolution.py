"""The snapshots that a request is about, by their digests: each name is looked up once, when the request comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reachproof.api.database import StoreUnavailable
from reachproof.api.schemas import CheckRequest, CompleteRequest, DiffRequest, QueryRequest, Question, SnapshotSource
from reachproof.api.scoped_store import ScopedStore
from reachproof.api.snapshot_provider import no_own_snapshot
from reachproof.api.store import DIGEST


def has_names(request: Question) -> bool:
    """True if the request has a snapshot by its name."""
    return any(wanted is not None and not DIGEST.fullmatch(wanted) for wanted in snapshots(request))


def snapshots(request: Question) -> Iterator[str | None]:
    """The snapshots of a request as it names them; None for the one that the service was started with.

    Nothing for manifests that it brings.
    """
    if isinstance(request, DiffRequest):
        yield from (each.snapshot for each in (request.old, request.new) if each.manifests is None)
        return
    if request.manifests is None:
        yield request.snapshot
    if isinstance(request, QueryRequest | CheckRequest | CompleteRequest):
        for _, each in sorted(request.snapshots.items()):
            if each.manifests is None:
                yield each.snapshot


def resolved(request: Question, resolve: Callable[[str], str]) -> Question:
    """The request with digests instead of names. `resolve` gives the digest of a name and raises HttpError."""

    def digest(wanted: str | None) -> str | None:
        return wanted if wanted is None or DIGEST.fullmatch(wanted) else resolve(wanted)

    def source(given: SnapshotSource) -> SnapshotSource:
        return given.model_copy(update={"snapshot": digest(given.snapshot)})

    if isinstance(request, DiffRequest):
        return request.model_copy(update={"old": source(request.old), "new": source(request.new)})
    changed: dict[str, object] = {"snapshot": digest(request.snapshot)}
    if isinstance(request, QueryRequest | CheckRequest | CompleteRequest):
        changed["snapshots"] = {name: source(each) for name, each in request.snapshots.items()}
    return request.model_copy(update=changed)


def demand_stored(request: Question, seen: ScopedStore, own: str | None) -> None:
    """Raises HttpError 404 for a digest of what is not stored any more, which workers may still have at hand, and for
    all that is outside the scope.

    `own`: the digest of what the service was started with, which has no name. A store that cannot be asked is no reason
    to refuse, unless it has to tell what is in the scope.
    """
    for wanted in snapshots(request):
        if wanted is None or wanted == own:
            if own is not None and not seen.scope.has(own, ()):
                raise no_own_snapshot(wanted)
            continue
        if not DIGEST.fullmatch(wanted):
            continue
        try:
            seen.resolve(wanted)
        except StoreUnavailable:
            if seen.scope.snapshots is not None:
                raise
            return
