"""The page at `/`: static files of this package, compressed once, with headers that let the page run its own code only.

Nothing of a cluster is in these files; the page asks the routes that programs ask.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from fastapi import APIRouter, Request, Response

from reachproof.api.http_error import HttpError

INDEX = "index.html"
EXAMPLE = ("cluster.yaml", "admin-policies.yaml", "shop-policies.yaml")
MEDIA_TYPES = MappingProxyType(
    {
        "html": "text/html; charset=utf-8",
        "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "mjs": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
        "yaml": "text/plain; charset=utf-8",
    }
)
# Scripts and styles come from this service only, none is inline, and no string is ever taken for markup.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = MappingProxyType(
    {
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        # Asked about each time, and answered with 304 while the file is the same.
        "cache-control": "no-cache",
        "vary": "accept-encoding",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file of the page, as it is and compressed, with its entity tag."""

    media_type: str
    plain: bytes
    packed: bytes
    etag: str


@cache
def assets() -> dict[str, Asset]:
    """The files of the page by the path that they are served under, below `/console/`."""
    package = files("reachproof.api").joinpath("console")
    found = {name: _asset(name, each) for name, each in _served(package)}
    example = files("reachproof.queries").joinpath("examples", "tenants")
    return found | {f"example/{name}": _asset(name, example.joinpath(name)) for name in EXAMPLE}


def _served(folder: Traversable, path: str = "") -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        if each.is_dir():
            found += _served(each, f"{path}{each.name}/")
        elif each.name.rpartition(".")[2] in MEDIA_TYPES:
            found.append((path + each.name, each))
    return found


def _asset(name: str, file: Traversable) -> Asset:
    plain = file.read_bytes()
    return Asset(
        media_type=MEDIA_TYPES[name.rpartition(".")[2]],
        plain=plain,
        packed=gzip.compress(plain, compresslevel=9, mtime=0),
        etag=f'"{sha256(plain).hexdigest()[:32]}"',
    )


def console() -> APIRouter:
    """The routes of the page; they are for browsers, and no part of the OpenAPI document."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def page(request: Request) -> Response:
        return _response(request, INDEX)

    @routes.get("/console/{path:path}")
    async def asset(request: Request, path: str) -> Response:
        return _response(request, path)

    return routes


def _response(request: Request, path: str) -> Response:
    found = assets().get(path)
    if found is None:
        raise HttpError(404, "the page has no such file")
    headers = dict(HEADERS) | {"etag": found.etag}
    if found.etag in [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(found.packed, media_type=found.media_type, headers=headers)
    return Response(found.plain, media_type=found.media_type, headers=headers)
