"""Requests and the manifests that they bring, apart: the service's process handles requests, and never the manifests of
a large one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, TypeVar

from reachproof.api.schemas import BaseRequest, CheckRequest, CompleteRequest, DiffRequest, QueryRequest, SnapshotSource

Q = TypeVar("Q", bound=BaseRequest)
Manifests = str | list[dict[str, Any]]


class TextDigest(str):
    """The SHA-256 of a text of manifests, in its place."""

    __slots__ = ()


def digest_of(text: str) -> TextDigest:
    """The digest of a text; of one that stands for a text already, that. Cost: a second for 1 GB."""
    return text if isinstance(text, TextDigest) else TextDigest(hashlib.sha256(text.encode()).hexdigest())


def stripped(request: Q) -> Q:
    """The request with a digest in place of each text of manifests, and nothing in place of objects."""
    given = _manifests(request)
    return _with(request, {place: digest_of(each) if isinstance(each, str) else [] for place, each in given.items()})


def restored(request: Q, whole: BaseRequest) -> Q:
    """The request with the manifests of the one that it was `stripped` from."""
    return _with(request, _manifests(whole))


def brings_manifests(request: BaseRequest) -> bool:
    """True if a request has manifests, or what stands for them."""
    return bool(_manifests(request))


def _manifests(request: BaseRequest) -> dict[str, Manifests]:
    """The manifests of a request by their places in it."""
    return {place: each.manifests for place, each in _sources(request).items() if each.manifests is not None}


def _sources(request: BaseRequest) -> Mapping[str, Any]:
    if isinstance(request, DiffRequest):
        return {"old": request.old, "new": request.new}
    return {"": request, **{f"snapshots.{name}": each for name, each in _others(request).items()}}


def _others(request: BaseRequest) -> Mapping[str, SnapshotSource]:
    return request.snapshots if isinstance(request, QueryRequest | CheckRequest | CompleteRequest) else {}


def _with(request: Q, given: Mapping[str, Manifests]) -> Q:
    return request.model_copy(update=_changes(request, given))


def _changes(request: BaseRequest, given: Mapping[str, Manifests]) -> dict[str, object]:
    def source(place: str, found: SnapshotSource) -> SnapshotSource:
        return found.model_copy(update={"manifests": given[place]}) if place in given else found

    if isinstance(request, DiffRequest):
        return {"old": source("old", request.old), "new": source("new", request.new)}
    changes: dict[str, object] = {"manifests": given[""]} if "" in given else {}
    if others := _others(request):
        changes["snapshots"] = {name: source(f"snapshots.{name}", each) for name, each in others.items()}
    return changes
