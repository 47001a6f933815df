"""Manifests that are sent to be stored: unpacked, taken out of a form, read and stored. The work of a worker."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import Protocol

from reachproof.api.http_error import HttpError
from reachproof.api.quotas import NO_QUOTAS, Quotas
from reachproof.documents import snapshots as documents
from reachproof.documents.json import encoded
from reachproof.manifests.limits import Limits
from reachproof.manifests.stored_snapshot import ToStore, texts_to_store
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The headers and parameters of a body of manifests. `by`: the principal; `most_bytes`: of the unpacked body."""

    content_type: str
    encoding: str
    name: str | None
    by: str | None
    channel: Channel | None
    cni: str | None
    most_bytes: int
    reading: Limits
    quotas: Quotas = NO_QUOTAS


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredUpload:
    """A snapshot that is stored; `new`: it was not before. `document`: what the client is sent."""

    digest: str
    new: bool
    document: bytes


class SnapshotShelf(Protocol):
    """A destination for snapshots."""

    def put(self, given: ToStore, name: str | None = None, by: str | None = None, quotas: Quotas = NO_QUOTAS) -> bool:
        """Stores a snapshot, under a name if one is given; whether it is new. Raises HttpError 413, 429 and 503."""


def stored(upload: Upload, body: bytes, shelf: SnapshotShelf) -> StoredUpload:
    """The body, stored. Raises InputError for bad manifests; HttpError 400 and 413 for a body that cannot be read."""
    options = model_options({"channel": upload.channel and upload.channel.value, "cni": upload.cni})
    try:
        given = texts_to_store(texts_in(upload, body), options=options, limits=upload.reading)
    except MemoryError:
        raise HttpError(413, "the manifests need more memory than a worker may have") from None
    new = shelf.put(given, upload.name, upload.by, upload.quotas)
    return StoredUpload(digest=given.snapshot.digest, new=new, document=encoded(_document(given, upload.name)))


def _document(given: ToStore, name: str | None) -> documents.StoredSnapshot:
    snapshot = given.snapshot
    return documents.StoredSnapshot(
        id=snapshot.digest,
        name=name,
        counts=dict(given.counts),
        assumptions=notices(snapshot.assumptions),
        warnings=warnings(snapshot.warnings),
    )


def texts_in(upload: Upload, body: bytes) -> list[tuple[str, bytes]]:
    """The files of an upload, as name and content; a body that is one text is named `manifests`.

    Raises HttpError: 400 for what cannot be read, 413 for what is larger than so many bytes when unpacked.
    """
    body = unpacked(body, upload.encoding, upload.most_bytes)
    media_type = upload.content_type.partition(";")[0].strip().lower()
    if media_type == FORM:
        return _files(upload.content_type, body)
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


def _files(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    # The only one here who needs the web framework, which workers do without otherwise.
    from starlette.datastructures import Headers, UploadFile
    from starlette.formparsers import MultiPartException, MultiPartParser

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    async def files() -> list[tuple[str, bytes]]:
        parser = MultiPartParser(
            Headers({"content-type": content_type}),
            stream(),
            max_files=_MOST_FILES,
            max_fields=_MOST_FILES,
            max_part_size=len(body) + 1,
        )
        found = []
        for name, part in (await parser.parse()).multi_items():
            if isinstance(part, UploadFile):
                found.append((part.filename or name, await part.read()))
                await part.close()
            else:
                found.append((name, part.encode()))
        return found

    try:
        return asyncio.run(files())
    except (MultiPartException, KeyError) as error:
        raise HttpError(400, f"the form cannot be read: {error}") from None
