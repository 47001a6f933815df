"""Manifests in the body of a request: YAML, JSON or NDJSON, or files of a form; packed or not."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from reachproof.api.refusal import Refusal

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


async def texts_in(request: Request, most_bytes: int) -> list[tuple[str, bytes]]:
    """The files of an upload, as name and content; a body that is one text is named `manifests`.

    Raises Refusal: 400 for what cannot be read, 413 for what is larger than so many bytes when unpacked.
    """
    body = unpacked(await request.body(), request.headers.get("content-encoding", "identity"), most_bytes)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == FORM:
        return await _files(request, body)
    if media_type not in TYPES:
        found = media_type or "no content type"
        raise Refusal(400, f"found {found}, expected {', '.join(TYPES[:-1])}, {TYPES[-1]} or {FORM}")
    return [("manifests", body)]


def unpacked(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """The body without its content encoding, if that is gzip or none."""
    if encoding.strip().lower() in ("", "identity"):
        return body
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        raise Refusal(400, f"found the content encoding {encoding}, expected gzip or none")
    found = bytearray()
    while body:
        unpacking = zlib.decompressobj(_GZIP)
        try:
            found += unpacking.decompress(body, most_bytes - len(found) + 1)
        except zlib.error as error:
            raise Refusal(400, f"the body is not gzip: {error}") from None
        if len(found) > most_bytes:
            raise Refusal(413, f"found more than {most_bytes} bytes in the packed body, expected at most that")
        if not unpacking.eof:
            raise Refusal(400, "the packed body ends too early")
        body = unpacking.unused_data
    return bytes(found)


async def _files(request: Request, body: bytes) -> list[tuple[str, bytes]]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        request.headers, stream(), max_files=_MOST_FILES, max_fields=_MOST_FILES, max_part_size=len(body) + 1
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:
        raise Refusal(400, f"the form cannot be read: {error}") from None
    found = []
    for name, part in form.multi_items():
        if isinstance(part, UploadFile):
            found.append((part.filename or name, await part.read()))
            await part.close()
        else:
            found.append((name, part.encode()))
    return found
