"""The routes of stored snapshots and their names."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import anyio
import anyio.to_thread
from fastapi import APIRouter, Path, Query, Request, Response

from reachproof.api.questions import PROBLEMS
from reachproof.api.settings import Settings
from reachproof.api.snapshot_schemas import (
    NameDocument,
    NameGiven,
    NameRequest,
    SnapshotDocument,
    SnapshotList,
    StoredDocument,
)
from reachproof.api.store import Entry, SnapshotStore, checked_name
from reachproof.api.uploads import FORM, TYPES, texts_in
from reachproof.manifests.stored import StoredObject, ToStore, stored_objects, texts_to_store
from reachproof.network.options import Channel, Cni
from reachproof.queries.model_options import model_options
from reachproof.queries.wire import warnings_json

_ANY_TEXT = {"schema": {"type": "string"}}
_FILES = {"schema": {"type": "object", "additionalProperties": {"type": "string", "format": "binary"}}}
_BODY = {"requestBody": {"required": True, "content": {**dict.fromkeys(TYPES, _ANY_TEXT), FORM: _FILES}}}
Wanted = Annotated[str, Path(description="The digest of a snapshot, or a name.")]
Name = Annotated[str, Path(description="A name of snapshots.")]


def snapshots(settings: Settings, store: SnapshotStore) -> APIRouter:
    """The routes under `/snapshots`."""
    routes = APIRouter(tags=["snapshots"], prefix="/snapshots", responses=PROBLEMS)
    reading = anyio.CapacityLimiter(1)

    @routes.post(
        "",
        status_code=201,
        response_model=StoredDocument,
        summary="Store a snapshot",
        responses={200: {"model": StoredDocument, "description": "It was stored before"}},
        openapi_extra=_BODY,
    )
    async def add(
        request: Request,
        response: Response,
        name: Annotated[str | None, Query(description="Give it this name.")] = None,
        channel: Annotated[Channel, Query(description="Which CRDs the cluster has.")] = Channel.EXPERIMENTAL,
        cni: Annotated[Cni, Query(description="Whose policies may be in it.")] = Cni.SPEC,
    ) -> Any:
        """The body is the manifests: YAML, JSON or NDJSON, or files of a form; it may be packed with gzip.

        Bad input is refused whole. 201: it is stored. 200: it was stored before, and that is left as it is.
        """
        if name is not None:
            checked_name(name)
        texts = await texts_in(request, settings.max_unpacked_bytes)
        options = model_options({"channel": channel.value, "cni": cni.value})
        read = partial(texts_to_store, texts, options=options, limits=settings.reading)
        given = await anyio.to_thread.run_sync(read, limiter=reading)
        new = await anyio.to_thread.run_sync(store.put, given, name, _asker(request))
        response.status_code = 201 if new else 200
        response.headers["location"] = f"/snapshots/{given.snapshot.digest}"
        return _stored(given, name)

    @routes.get(
        "",
        response_model=SnapshotList,
        response_model_exclude_unset=True,
        summary="List the stored snapshots",
    )
    def listed(
        after: Annotated[str, Query(description="Go on behind this digest.")] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Any:
        """In the order of their digests. `next`, where there are more, is what to give as `after`."""
        found = store.entries(after=after, most=limit + 1)
        more = found[limit - 1].digest if len(found) > limit else None
        return {"snapshots": [_entry(each) for each in found[:limit]], "next": more}

    @routes.get("/names/{name}", response_model=NameDocument, summary="Tell what a name stands for, and stood for")
    def name_history(name: Name, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Any:
        """The last change first. `id` is null where the name was taken away."""
        changes = store.history(name, most=limit)
        told = [{"id": each.digest, "at": each.at.isoformat(), "by": each.by} for each in changes]
        return {"name": name, "id": changes[0].digest, "history": told}

    @routes.put("/names/{name}", response_model=NameGiven, summary="Give a name to a snapshot")
    def give(name: Name, body: NameRequest, request: Request) -> Any:
        """From then on, requests with this name are about that snapshot."""
        return {"name": name, "id": store.give(name, body.id, _asker(request))}

    @routes.delete("/names/{name}", status_code=204, summary="Take a name away")
    def take(name: Name, request: Request) -> None:
        """Its history stays."""
        store.take(name, _asker(request))

    @routes.get(
        "/{wanted}",
        response_model=SnapshotDocument,
        response_model_exclude_unset=True,
        summary="Tell about a stored snapshot",
    )
    def one(wanted: Wanted, content: Annotated[bool, Query(description="Its objects too.")] = False) -> Any:
        """With `content=true` also its objects, as they are stored: only the fields that are read."""
        entry = store.entry(wanted)
        found = _entry(entry)
        if content:
            found["objects"] = list(map(_object, stored_objects(store.content(entry.digest), entry.digest)))
        return found

    @routes.delete(
        "/{wanted}",
        status_code=204,
        summary="Remove a snapshot",
        responses={409: {**PROBLEMS[404], "description": "It has a name"}},
    )
    def remove(wanted: Wanted) -> None:
        """One that has a name is not removed."""
        store.remove(wanted)

    return routes


def _asker(request: Request) -> str | None:
    """The principal of a request, if it was authenticated."""
    found = request.scope.get("reachproof.client")
    return str(found) if found else None


def _stored(given: ToStore, name: str | None) -> dict[str, Any]:
    snapshot = given.snapshot
    return {
        "id": snapshot.digest,
        "name": name,
        "counts": given.counts,
        "assumptions": [{"code": each.code, "text": each.text} for each in snapshot.assumptions],
        "warnings": warnings_json(snapshot.warnings),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.digest,
        "names": list(entry.names),
        "counts": dict(entry.counts),
        "storedBytes": entry.stored_bytes,
        "createdAt": entry.created_at.isoformat(),
    }


def _object(stored: StoredObject) -> dict[str, Any]:
    origin = stored.origin
    return {
        "object": stored.value,
        "origin": {"file": origin.file, "document": origin.document, "line": origin.line},
        "lines": stored.lines,
    }
