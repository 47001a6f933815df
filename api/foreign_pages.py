"""Pages of other sites, in the browser of somebody whose service asks nobody who they are.

Such a page can send requests to this machine. The browser tells its origin (Fetch standard, `Origin`), and where its
own name was made to lead here (DNS rebinding), the name that it used (`Host`).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.types import Scope

from reachproof.api.loopback import is_loopback


def foreign(scope: Scope, *, any_host: bool) -> str:
    """The reason why the request comes from another site's page; empty if it does not.

    `any_host`: the service may be known by any name, as it was told to be open to other machines.
    """
    host = _header(scope, b"host")
    origin = _header(scope, b"origin")
    if origin and urlsplit(origin).netloc.lower() != host.lower():
        return f"found a request from a page of {origin[:200]}, expected one of this service"
    server = scope.get("server")
    if not any_host and server and is_loopback(str(server[0])) and not is_loopback(_name(host)):
        return "found another name in the header Host, expected localhost or an address of this machine only"
    return ""


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
