"""Access control: the role that each route needs, and the principal of a request.

Asked before a body is read, so that a stranger costs nothing. Nothing here logs or repeats credentials.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from reachproof.api.loopback import is_loopback
from reachproof.api.problems import problem_response
from reachproof.api.token_scope import UNLIMITED, TokenScope

# The name of who asks, in the scope of every request: of a token, of a person, or of an address.
CLIENT = "reachproof.client"
ROLE = "reachproof.role"
SCOPE = "reachproof.scope"
# The same for every installation and without a word about a cluster; a person needs the page to enter a token there.
OPEN_PATHS = frozenset({"/", "/docs", "/openapi.json", "/healthz", "/readyz"})
OPEN_PREFIX = "/console/"
# They store nothing: a question may bring its manifests, which are forgotten after the answer.
QUESTIONS = frozenset({"/query", "/query/complete", "/check", "/connectivity", "/explain", "/diff", "/lint"})
_LONGEST = 8192
_IN_QUERY = re.compile(rb"(^|&)(access_token|token|authorization)=|rp_[0-9a-f]{12}_", re.IGNORECASE)


class Role(StrEnum):
    """A role. `write` includes `read`."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The caller: a name that is safe to log, the role, and its limits."""

    name: str
    role: Role
    scope: TokenScope = UNLIMITED


class AccessDenied(Exception):
    """A request that may not be answered, with its status: 401 not known, 403 not allowed, 503 cannot be told now."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Authenticator(Protocol):
    """Knows some credentials."""

    def recognizes(self, credentials: str) -> bool:
        """True if they have the form that this authenticator knows."""

    async def principal(self, credentials: str) -> Principal:
        """Whose they are. Raises AccessDenied."""


def is_open(path: str) -> bool:
    """True if the path tells nothing about a cluster."""
    return path in OPEN_PATHS or path.startswith(OPEN_PREFIX)


def required_role(method: str, path: str, *, open_metrics: bool) -> Role | None:
    """The role that a request needs, None for none. A path that is not known here needs the most."""
    reads = method in ("GET", "HEAD")
    if is_open(path):
        return None if reads else Role.READ  # nothing there can be changed
    if reads and path == "/metrics" and open_metrics:
        return None
    changes = method in ("POST", "PUT", "PATCH", "DELETE")  # no route has another method, so it changes nothing
    return Role.WRITE if changes and not (method == "POST" and path in QUESTIONS) else Role.READ


@dataclass(frozen=True, slots=True)
class AccessMiddleware:
    """Lets through who may do it.

    `authenticators` None: nobody is asked, a client is known by its address, and pages of other sites are turned away.
    """

    app: ASGIApp
    authenticators: Sequence[Authenticator] | None
    open_metrics: bool = False
    any_host: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] == "http":
            scope[CLIENT] = f"address {scope['client'][0]}" if scope.get("client") else "address unknown"
            try:
                await self._admit(scope)
            except AccessDenied as denied:
                response = problem_response(denied.status, denied.detail)
                if denied.status == 401:
                    response.headers["www-authenticate"] = 'Bearer realm="reachproof"'
                if denied.status == 503:
                    response.headers["retry-after"] = "5"
                await response(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _admit(self, scope: Scope) -> None:
        if _IN_QUERY.search(scope.get("query_string", b"")):
            raise AccessDenied(400, "tokens are not accepted in the URL; send the header Authorization: Bearer TOKEN")
        if self.authenticators is None:
            if reason := cross_site_reason(scope, any_host=self.any_host):
                raise AccessDenied(403, reason)
            return
        role = required_role(scope["method"], scope["path"], open_metrics=self.open_metrics)
        if role is None:
            return
        credentials = _credentials(scope)
        authenticator = next((each for each in self.authenticators if each.recognizes(credentials)), None)
        if authenticator is None:
            raise AccessDenied(401, "invalid token")
        principal = await authenticator.principal(credentials)
        scope[CLIENT], scope[ROLE], scope[SCOPE] = principal.name, principal.role.value, principal.scope
        if role is Role.WRITE and principal.role is not Role.WRITE:
            raise AccessDenied(403, "the role read may not do this; it needs the role write")
        if refused := _refused_within(principal.scope, role, scope["path"]):
            raise AccessDenied(403, refused)


def _refused_within(limits: TokenScope, role: Role, path: str) -> str:
    """The reason why a token with these limits may not use a route; empty if it may."""
    if limits.namespaces is not None and role is Role.WRITE:
        return "a token that is limited to namespaces may not change what is stored; use one without --namespace"
    if limits.is_limited and path == "/metrics":
        return "numbers of the service are about all who use it; use a token without limits"
    return ""


def _credentials(scope: Scope) -> str:
    given: list[bytes] = [value for name, value in scope["headers"] if name == b"authorization"]
    if not given:
        raise AccessDenied(401, "authentication required; send the header Authorization: Bearer TOKEN")
    scheme, _, credentials = given[0].decode("latin-1").partition(" ")
    credentials = credentials.strip()
    if len(given) > 1 or scheme.lower() != "bearer" or not credentials or len(credentials) > _LONGEST:
        raise AccessDenied(401, "unsupported credentials; send one header Authorization: Bearer TOKEN")
    return credentials


# ---------------------------------------------------------------- pages of other sites


def cross_site_reason(scope: Scope, *, any_host: bool) -> str:
    """The reason why the request comes from another site's page; empty if it does not.

    Such a page can send requests to this machine. The browser tells its origin (Fetch standard, `Origin`), and where
    its own name was made to lead here (DNS rebinding), the name that it used (`Host`).

    `any_host`: the service may be known by any name, as it was told to be open to other machines.
    """
    host = _header(scope, b"host")
    origin = _header(scope, b"origin")
    if origin and urlsplit(origin).netloc.lower() != host.lower():
        return f"cross-site request from {origin[:200]} refused"
    server = scope.get("server")
    if not any_host and server and is_loopback(str(server[0])) and not is_loopback(_name(host)):
        return "unknown host name in the header Host; use localhost or an address of this machine"
    return ""


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
