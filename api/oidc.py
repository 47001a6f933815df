"""JSON Web Tokens of an OpenID Connect issuer (RFC 7519, RFC 8725): whose they are, and which role they give.

Only asymmetric algorithms, and only those that the settings name: a token cannot choose. PyJWT does the cryptography.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import jwt
from anyio import to_thread

from reachproof.api.access import AccessDenied, Principal, Role
from reachproof.api.loopback import is_trusted_url
from reachproof.api.settings import Settings

# Keys are read again after so long, so that one which the issuer took back does not count for ever.
KEYS_MAX_AGE = 3_600.0
# An unknown key makes us look for new ones, but not more often than this: strangers can name any key.
KEYS_MIN_AGE = 30.0
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Whose tokens are taken, and how. `keys`: a file or an https URL. `read`, `write`: values of the role claim."""

    issuer: str
    audience: str
    keys: str
    algorithms: tuple[str, ...]
    role_claim: str
    read: frozenset[str]
    write: frozenset[str]
    leeway: float


class IssuerKeys:
    """The issuer's keys, read when they are needed. For any number of threads."""

    def __init__(self, source: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`source`: a file or a URL."""
        self._source = source
        self._clock = clock
        self._lock = Lock()
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._read_at: float | None = None

    def key(self, key_id: str | None) -> jwt.PyJWK | None:
        """The key with this name; without a name, the only one. Raises KeysUnavailable where none was ever read."""
        with self._lock:
            age = None if self._read_at is None else self._clock() - self._read_at
            unknown = self._chosen(key_id) is None
            if age is None or age > KEYS_MAX_AGE or (unknown and age > KEYS_MIN_AGE):
                self._refresh()
            return self._chosen(key_id)

    def _chosen(self, key_id: str | None) -> jwt.PyJWK | None:
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    def _refresh(self) -> None:
        """Keys that were read before stay where new ones cannot be had."""
        try:
            self._keys = _usable(_content(self._source))
        except KeysUnavailable:
            if not self._keys:
                raise
        self._read_at = self._clock()


class OidcAuthenticator:
    """Knows the JSON Web Tokens of one issuer."""

    def __init__(self, issuer: Issuer, keys: IssuerKeys | None = None) -> None:
        """`keys`: the issuer's, read from where it says if left out."""
        self._issuer = issuer
        self._keys = keys or IssuerKeys(issuer.keys)

    def recognizes(self, credentials: str) -> bool:
        """True if it has the form of a JSON Web Token."""
        return credentials.count(".") == 2

    async def principal(self, credentials: str) -> Principal:
        """See `Authenticator`."""
        try:
            return await to_thread.run_sync(self.verified, credentials)
        except KeysUnavailable:
            raise AccessDenied(503, "the keys of the issuer cannot be read now") from None

    def verified(self, token: str) -> Principal:
        """Whose token it is. Raises AccessDenied, which does not tell strangers what is wrong, and KeysUnavailable."""
        issuer = self._issuer
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.key(header.get("kid")) if header.get("alg") in issuer.algorithms else None
            if key is None:
                raise AccessDenied(401, "invalid token")
            claims = jwt.decode(
                token,
                key,
                algorithms=list(issuer.algorithms),
                issuer=issuer.issuer,
                audience=issuer.audience,
                leeway=issuer.leeway,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            raise AccessDenied(401, "invalid token") from None
        return Principal(name=f"oidc {claims['sub']}"[:_LONGEST_NAME], role=_role(claims, issuer))


def _role(claims: Mapping[str, Any], issuer: Issuer) -> Role:
    found = _claim(claims, issuer.role_claim)
    values = (
        set(found.split()) if isinstance(found, str) else set(map(str, found)) if isinstance(found, list) else set()
    )
    if values & issuer.write:
        return Role.WRITE
    if values & issuer.read:
        return Role.READ
    raise AccessDenied(403, "the token is valid, but gives no role here")


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of this name, or else the one that the parts of the name lead to (`realm_access.roles`)."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _content(source: str) -> bytes:
    if "://" in source:
        return fetch(source)
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise KeysUnavailable(f"{source}: {error.strerror}") from None


def _usable(content: bytes) -> dict[str | None, jwt.PyJWK]:
    """The public keys for signatures. Symmetric ones are left out: whoever can check with them can also sign."""
    try:
        given = json.loads(content)["keys"]
        found = [each for each in given if each.get("kty") != "oct" and each.get("use", "sig") == "sig"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KeysUnavailable("no JSON Web Key Set") from None
    keys: dict[str | None, jwt.PyJWK] = {}
    for each in found:
        try:
            keys[each.get("kid")] = jwt.PyJWK(each)
        except jwt.PyJWTError:
            continue  # of a kind that this version of PyJWT does not know: no token can be signed with it for us
    if not keys:
        raise KeysUnavailable("no public key for signatures")
    return keys


def authenticator(settings: Settings) -> OidcAuthenticator:
    """The authenticator that the settings describe; they must name an issuer."""
    assert settings.oidc_issuer and settings.oidc_audience and settings.oidc_jwks
    return OidcAuthenticator(
        Issuer(
            issuer=settings.oidc_issuer,
            audience=settings.oidc_audience,
            keys=settings.oidc_jwks,
            algorithms=settings.oidc_algorithms,
            role_claim=settings.oidc_role_claim,
            read=frozenset(settings.oidc_read),
            write=frozenset(settings.oidc_write),
            leeway=settings.oidc_leeway_seconds,
        )
    )


# ---------------------------------------------------------------- the issuer's keys over HTTPS


MAX_BYTES = 1_000_000
SECONDS = 5.0


class KeysUnavailable(Exception):
    """The keys cannot be read now. The reason is for the service's own log."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any) -> None:
        """None: a redirect is an error."""


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
