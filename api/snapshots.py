"""The routes of stored snapshots and their names, and the manifests that are sent to be stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from reachproof.api.executor import Executor
from reachproof.api.http_error import HttpError
from reachproof.api.openapi import PROBLEMS, sends
from reachproof.api.reading_route import ReadRequest, limits_of
from reachproof.api.scoped_store import ScopedStore
from reachproof.api.settings import Settings
from reachproof.api.snapshot_documents import summary
from reachproof.api.store import SnapshotStore, checked_name
from reachproof.api.streaming import GONE, response_of, while_connected
from reachproof.api.uploads import FORM, TYPES, Upload
from reachproof.documents import snapshots as documents
from reachproof.documents.json import encoded
from reachproof.network.options import Channel

_ANY_TEXT = {"schema": {"type": "string"}}
_FILES = {"schema": {"type": "object", "additionalProperties": {"type": "string", "format": "binary"}}}
_BODY = {"requestBody": {"required": True, "content": {**dict.fromkeys(TYPES, _ANY_TEXT), FORM: _FILES}}}
Wanted = Annotated[str, Path(description="The digest of a snapshot, or a name.")]
Name = Annotated[str, Path(description="A name of snapshots.")]


_ALL_OBJECTS = (
    "the objects of a snapshot are not shown to a token that is limited to namespaces; leave out content, or use a "
    "token without --namespace"
)


_ANOTHERS_OBJECTS = (
    "these objects were stored by another client first, perhaps with more than a digest is made of; leave out content, "
    "or use a token without --snapshot"
)


class NameRequest(BaseModel):
    """`PUT /snapshots/names/{name}`: which snapshot is to have the name."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(max_length=200, description="The digest of a stored snapshot, or another name of it.")


def snapshots(settings: Settings, executor: Executor, store: SnapshotStore, route: type[APIRoute]) -> APIRouter:
    """The routes under `/snapshots`. `executor`: who reads and writes whole snapshots, of the same store.

    `route`: of the class that `reading_route` makes.
    """

    def seen(request: Request) -> ScopedStore:
        return ScopedStore(store=store, scope=limits_of(request), client=_asker(request))

    routes = APIRouter(tags=["snapshots"], prefix="/snapshots", responses=PROBLEMS, route_class=route)

    @routes.post(
        "",
        status_code=201,
        response_model=None,
        summary="Store a snapshot",
        responses={
            **sends(documents.StoredSnapshot, status=201)["responses"],
            200: {**sends(documents.StoredSnapshot)["responses"][200], "description": "It was stored before"},
            429: {**PROBLEMS[413], "description": "Too many are stored"},
        },
        openapi_extra=_BODY,
    )
    async def add(
        request: ReadRequest,
        name: Annotated[str | None, Query(description="Give it this name.")] = None,
        channel: Annotated[Channel | None, Query(description="Which CRDs the cluster has; as the input says.")] = None,
        cni: Annotated[
            str | None,
            Query(description="Whose policies may be in it, with a release if you like: NAME@RELEASE; as it shows."),
        ] = None,
    ) -> Any:
        """The body is the manifests: YAML, JSON or NDJSON, or files of a form; it may be packed with gzip.

        Bad input is refused whole. 201: it is stored. 200: it was stored before, and that is left as it is; a token
        that is limited to snapshots is not told so.
        """
        if name is not None:
            checked_name(name)
        seen(request).demand_name(name)
        upload = Upload(
            content_type=request.headers.get("content-type", ""),
            encoding=request.headers.get("content-encoding", "identity"),
            name=name,
            by=_asker(request),
            channel=channel,
            cni=cni,
            most_bytes=settings.max_unpacked_bytes,
            reading=settings.reading,
            quotas=settings.quotas,
        )
        found = await while_connected(request, executor.store(upload, request.spool, request.principal))
        if found is None:
            return Response(status_code=GONE)
        return Response(
            found.document,
            status_code=201 if found.new or request.limits.snapshots is not None else 200,
            headers={"location": f"/snapshots/{found.digest}"},
            media_type="application/json",
        )

    @routes.get(
        "",
        **sends(documents.SnapshotList),
        summary="List the stored snapshots",
    )
    def listed(
        request: Request,
        after: Annotated[str, Query(description="Continue after this digest.")] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Any:
        """In the order of their digests. `next`, where there are more, is what to give as `after`."""
        found = seen(request).entries(after=after, most=limit + 1)
        more = found[limit - 1].digest if len(found) > limit else None
        return _sent(documents.SnapshotList(snapshots=tuple(map(summary, found[:limit])), next=more))

    @routes.get("/names/{name}", **sends(documents.NameHistory), summary="Show the snapshot of a name, and its history")
    def name_history(request: Request, name: Name, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Any:
        """The last change first. `id` is null where the name was taken away."""
        changes = seen(request).history(name, most=limit)
        told = (documents.NameChange(id=each.digest, at=each.at.isoformat(), by=each.by) for each in changes)
        return _sent(documents.NameHistory(name=name, id=changes[0].digest, history=tuple(told)))

    @routes.put("/names/{name}", **sends(documents.NameGiven), summary="Name a snapshot")
    def give(name: Name, body: NameRequest, request: Request) -> Any:
        """From then on, requests with this name are about that snapshot."""
        return _sent(documents.NameGiven(name=name, id=seen(request).give(name, body.id)))

    @routes.delete("/names/{name}", status_code=204, summary="Remove a name")
    def take(name: Name, request: Request) -> None:
        """Its history stays."""
        seen(request).take(name)

    @routes.get(
        "/{wanted}",
        **sends(documents.SnapshotSummary),
        summary="Show a stored snapshot",
    )
    async def one(
        request: ReadRequest, wanted: Wanted, content: Annotated[bool, Query(description="Its objects too.")] = False
    ) -> Any:
        """With `content=true` also its objects, as they are stored: only the fields that are read."""
        entry = await anyio.to_thread.run_sync(seen(request).entry, wanted)
        if not content:
            return _sent(summary(entry))
        if request.limits.namespaces is not None:
            raise HttpError(403, _ALL_OBJECTS)
        if not await anyio.to_thread.run_sync(seen(request).has_objects, entry):
            raise HttpError(403, _ANOTHERS_OBJECTS)
        found = await while_connected(request, executor.content(entry.digest, request.limits, request.principal))
        return Response(status_code=GONE) if found is None else response_of(found, settings.patience_ms / 1000)

    @routes.delete(
        "/{wanted}",
        status_code=204,
        summary="Remove a snapshot",
        responses={409: {**PROBLEMS[404], "description": "It has a name"}},
    )
    def remove(request: Request, wanted: Wanted) -> None:
        """One that has a name is not removed."""
        seen(request).remove(wanted)

    return routes


def _asker(request: Request) -> str | None:
    """The principal of a request, if it was authenticated."""
    found = request.scope.get("reachproof.client")
    return str(found) if found else None


def _sent(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encoded(document), status_code=status, headers=headers, media_type="application/json")
