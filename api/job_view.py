"""The view that the client of a job has of the snapshots that it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reachproof.api.http_error import HttpError
from reachproof.api.manifests_apart import stripped
from reachproof.api.namespace_view import NamespaceView, view_of
from reachproof.api.schemas import (
    BaseRequest,
    CheckRequest,
    CompleteRequest,
    DiffRequest,
    QueryRequest,
    Question,
    SnapshotRef,
    SnapshotSource,
    SourceWithOptions,
)
from reachproof.api.snapshot_provider import Sessions
from reachproof.network.errors import InputError
from reachproof.queries.model_options import model_options


def view_of_job(request: Question, namespaces: tuple[str, ...] | None, sessions: Sessions) -> NamespaceView | None:
    """The view within these namespaces; None where there is no limit, or where a request brings all that it is about.

    Raises HttpError, which does not tell what is wrong with a snapshot that is stored.
    """
    stored = list(_stored(request))
    if namespaces is None or not stored:
        return None
    model_options(request.options)  # what is wrong with these is told
    try:
        found = [sessions.session(each).snapshot for each in stored]
    except InputError:
        message = "the snapshot cannot be read under these options; ask those who stored it"
        raise HttpError(422, message) from None
    return view_of(namespaces, found, _texts(stripped(request).model_dump(mode="json")))


def _stored(request: Question) -> Iterator[SnapshotRef]:
    """The sources of a request that it does not bring itself."""
    if isinstance(request, DiffRequest):
        given = [request.old, request.new]
    else:
        if request.manifests is None:
            yield request
        given = _others(request)
    yield from (SourceWithOptions.of(each, request.options) for each in given if each.manifests is None)


def _others(request: BaseRequest) -> list[SnapshotSource]:
    return [*request.snapshots.values()] if isinstance(request, QueryRequest | CheckRequest | CompleteRequest) else []


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield str(key)
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
