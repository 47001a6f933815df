"""Fetches a small document over HTTPS, within bounds of time and size. Redirects are not followed."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from reachproof.api.loopback import is_loopback

MAX_BYTES = 1_000_000
SECONDS = 5.0


class KeysUnavailable(Exception):
    """The keys cannot be read now. The reason is for the service's own log."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any) -> None:
        """None: a redirect is an error."""


def is_trusted_url(url: str) -> bool:
    """True if what comes from there cannot have been changed on its way: https, or http on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host or "")))


def fetch(url: str) -> bytes:
    """The document. Raises KeysUnavailable where it does not come whole within the bounds."""
    if not is_trusted_url(url):
        raise KeysUnavailable("the address is not https")
    deadline = time.monotonic() + SECONDS
    opener = urllib.request.build_opener(_NoRedirect)
    found = b""
    try:
        with opener.open(url, timeout=SECONDS) as response:
            while piece := response.read1(65_536):
                found += piece
                if len(found) > MAX_BYTES or time.monotonic() > deadline:
                    raise KeysUnavailable("the document is too large or too slow")
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise KeysUnavailable(str(error)) from None
    return found
