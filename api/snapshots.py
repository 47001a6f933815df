"""The routes of stored snapshots and their names, and the manifests that are sent to be stored."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from functools import partial
from typing import Annotated, Any

import anyio
import anyio.to_thread
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from reachproof.api.http_error import HttpError
from reachproof.api.openapi import PROBLEMS, sends
from reachproof.api.reading_route import reading_route
from reachproof.api.settings import Settings
from reachproof.api.store import Entry, SnapshotStore, checked_name
from reachproof.documents import snapshots as documents
from reachproof.documents.json import encoded
from reachproof.documents.parts import ABSENT
from reachproof.manifests.stored_snapshot import StoredObject, ToStore, stored_objects, texts_to_store
from reachproof.network.options import Channel
from reachproof.queries.document_parts import notices, warnings
from reachproof.queries.model_options import model_options

FORM = "multipart/form-data"
TYPES = (
    "application/json",
    "application/yaml",
    "application/x-yaml",
    "application/x-ndjson",
    "application/ndjson",
    "text/yaml",
    "text/x-yaml",
    "text/plain",
)
_MOST_FILES = 10_000
_GZIP = 16 + zlib.MAX_WBITS
_MOST_MEMBERS = 10_000
_PACKED_BLOCK = 16_384
_MOST_RATIO = 200
"""Unpacked bytes for each packed one, beyond the first _FREE_BYTES. Manifests come to 60."""
_FREE_BYTES = 10_000_000
_ANY_TEXT = {"schema": {"type": "string"}}
_FILES = {"schema": {"type": "object", "additionalProperties": {"type": "string", "format": "binary"}}}
_BODY = {"requestBody": {"required": True, "content": {**dict.fromkeys(TYPES, _ANY_TEXT), FORM: _FILES}}}
Wanted = Annotated[str, Path(description="The digest of a snapshot, or a name.")]
Name = Annotated[str, Path(description="A name of snapshots.")]


class NameRequest(BaseModel):
    """`PUT /snapshots/names/{name}`: which snapshot is to have the name."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(max_length=200, description="The digest of a stored snapshot, or another name of it.")


def snapshots(settings: Settings, store: SnapshotStore) -> APIRouter:
    """The routes under `/snapshots`."""
    routes = APIRouter(tags=["snapshots"], prefix="/snapshots", responses=PROBLEMS, route_class=reading_route(settings))
    reading = anyio.CapacityLimiter(1)

    @routes.post(
        "",
        status_code=201,
        response_model=None,
        summary="Store a snapshot",
        responses={
            **sends(documents.StoredSnapshot, status=201)["responses"],
            200: {**sends(documents.StoredSnapshot)["responses"][200], "description": "It was stored before"},
        },
        openapi_extra=_BODY,
    )
    async def add(
        request: Request,
        name: Annotated[str | None, Query(description="Give it this name.")] = None,
        channel: Annotated[Channel | None, Query(description="Which CRDs the cluster has; as the input says.")] = None,
        cni: Annotated[
            str, Query(description="Whose policies may be in it, with a release if you like: NAME@RELEASE.")
        ] = "spec",
    ) -> Any:
        """The body is the manifests: YAML, JSON or NDJSON, or files of a form; it may be packed with gzip.

        Bad input is refused whole. 201: it is stored. 200: it was stored before, and that is left as it is.
        """
        if name is not None:
            checked_name(name)
        texts = await texts_in(request, settings.max_unpacked_bytes)
        options = model_options({"channel": channel and channel.value, "cni": cni})
        read = partial(texts_to_store, texts, options=options, limits=settings.reading)
        given = await anyio.to_thread.run_sync(read, limiter=reading)
        new = await anyio.to_thread.run_sync(store.put, given, name, _asker(request))
        place = {"location": f"/snapshots/{given.snapshot.digest}"}
        return _sent(_stored(given, name), 201 if new else 200, headers=place)

    @routes.get(
        "",
        **sends(documents.SnapshotList),
        summary="List the stored snapshots",
    )
    def listed(
        after: Annotated[str, Query(description="Go on behind this digest.")] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Any:
        """In the order of their digests. `next`, where there are more, is what to give as `after`."""
        found = store.entries(after=after, most=limit + 1)
        more = found[limit - 1].digest if len(found) > limit else None
        return _sent(documents.SnapshotList(snapshots=tuple(map(_entry, found[:limit])), next=more))

    @routes.get("/names/{name}", **sends(documents.NameHistory), summary="Tell what a name stands for, and stood for")
    def name_history(name: Name, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Any:
        """The last change first. `id` is null where the name was taken away."""
        changes = store.history(name, most=limit)
        told = (documents.NameChange(id=each.digest, at=each.at.isoformat(), by=each.by) for each in changes)
        return _sent(documents.NameHistory(name=name, id=changes[0].digest, history=tuple(told)))

    @routes.put("/names/{name}", **sends(documents.NameGiven), summary="Give a name to a snapshot")
    def give(name: Name, body: NameRequest, request: Request) -> Any:
        """From then on, requests with this name are about that snapshot."""
        return _sent(documents.NameGiven(name=name, id=store.give(name, body.id, _asker(request))))

    @routes.delete("/names/{name}", status_code=204, summary="Take a name away")
    def take(name: Name, request: Request) -> None:
        """Its history stays."""
        store.take(name, _asker(request))

    @routes.get(
        "/{wanted}",
        **sends(documents.SnapshotSummary),
        summary="Tell about a stored snapshot",
    )
    def one(wanted: Wanted, content: Annotated[bool, Query(description="Its objects too.")] = False) -> Any:
        """With `content=true` also its objects, as they are stored: only the fields that are read."""
        entry = store.entry(wanted)
        objects = stored_objects(store.content(entry.digest), entry.digest) if content else None
        return _sent(_entry(entry, objects))

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


def _sent(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encoded(document), status_code=status, headers=headers, media_type="application/json")


def _stored(given: ToStore, name: str | None) -> documents.StoredSnapshot:
    snapshot = given.snapshot
    return documents.StoredSnapshot(
        id=snapshot.digest,
        name=name,
        counts=dict(given.counts),
        assumptions=notices(snapshot.assumptions),
        warnings=warnings(snapshot.warnings),
    )


def _entry(entry: Entry, objects: Iterable[StoredObject] | None = None) -> documents.SnapshotSummary:
    return documents.SnapshotSummary(
        id=entry.digest,
        names=tuple(entry.names),
        counts=dict(entry.counts),
        stored_bytes=entry.stored_bytes,
        created_at=entry.created_at.isoformat(),
        objects=ABSENT if objects is None else tuple(map(_object, objects)),
    )


def _object(stored: StoredObject) -> documents.StoredObject:
    origin = stored.origin
    place = documents.ObjectOrigin(file=origin.file, document=origin.document, line=origin.line)
    return documents.StoredObject(object=dict(stored.value), origin=place, lines=dict(stored.lines))


# ---------------------------------------------------------------- manifests in the body of a request


async def texts_in(request: Request, most_bytes: int) -> list[tuple[str, bytes]]:
    """The files of an upload, as name and content; a body that is one text is named `manifests`.

    Raises HttpError: 400 for what cannot be read, 413 for what is larger than so many bytes when unpacked.
    """
    body = unpacked(await request.body(), request.headers.get("content-encoding", "identity"), most_bytes)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == FORM:
        return await _files(request, body)
    if media_type not in TYPES:
        found = media_type or "no content type"
        raise HttpError(400, f"unsupported content type ({found}); send {', '.join(TYPES[:-1])}, {TYPES[-1]} or {FORM}")
    return [("manifests", body)]


def unpacked(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """The body without its content encoding, if that is gzip or none."""
    if encoding.strip().lower() in ("", "identity"):
        return body
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        raise HttpError(400, f"unsupported content encoding {encoding}; send gzip or none")
    found = bytearray()
    for part in _members(body, most_bytes):
        found += part
        if len(found) > most_bytes:
            raise HttpError(413, f"unpacked body too large (the limit is {most_bytes} bytes)")
        if len(found) > max(_FREE_BYTES, _MOST_RATIO * len(body)):
            raise HttpError(413, f"the body unpacks to more than {_MOST_RATIO} times its size")
    return bytes(found)


def _members(body: bytes, most_bytes: int) -> Iterator[bytes]:
    """The members of gzip (RFC 1952 section 2.2) in parts of at most one byte more than allowed.

    A block is given to a member at a time, so that what it leaves for the next one is short.
    """
    rest, position, members = b"", 0, 0
    unpacking = None
    while rest or position < len(body):
        if not rest:
            rest, position = body[position : position + _PACKED_BLOCK], position + _PACKED_BLOCK
        if unpacking is None:
            unpacking, members = zlib.decompressobj(_GZIP), members + 1
            if members > _MOST_MEMBERS:
                raise HttpError(413, f"too many gzip members (the limit is {_MOST_MEMBERS})")
        try:
            yield unpacking.decompress(rest, most_bytes + 1)
        except zlib.error as error:
            raise HttpError(400, f"the body is not gzip: {error}") from None
        rest = unpacking.unconsumed_tail or unpacking.unused_data
        unpacking = None if unpacking.eof else unpacking
    if unpacking is not None:
        raise HttpError(400, "the compressed body is truncated")


async def _files(request: Request, body: bytes) -> list[tuple[str, bytes]]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        request.headers, stream(), max_files=_MOST_FILES, max_fields=_MOST_FILES, max_part_size=len(body) + 1
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:
        raise HttpError(400, f"the form cannot be read: {error}") from None
    found = []
    for name, part in form.multi_items():
        if isinstance(part, UploadFile):
            found.append((part.filename or name, await part.read()))
            await part.close()
        else:
            found.append((name, part.encode()))
    return found
