"""The snapshots that a request is about, by their digests: each name is looked up once, when the request comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reachproof.api.database import StoreUnavailable
from reachproof.api.schemas import CheckRequest, CompleteRequest, DiffRequest, QueryRequest, Question, SnapshotSource
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


def demand_stored(request: Question, resolve: Callable[[str], str], own: str | None) -> None:
    """Raises HttpError 404 for a digest of what is not stored any more, which workers may still have at hand.

    `own`: the digest of what the service was started with. A store that cannot be asked is no reason to refuse.
    """
    for wanted in snapshots(request):
        if wanted is None or wanted == own or not DIGEST.fullmatch(wanted):
            continue
        try:
            resolve(wanted)
        except StoreUnavailable:
            return
