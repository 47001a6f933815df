"""JSON Web Tokens of an OpenID Connect issuer (RFC 7519, RFC 8725): whose they are, and which role they give.

Only asymmetric algorithms, and only those that the settings name: a token cannot choose. PyJWT does the cryptography.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import jwt
from anyio import CapacityLimiter, to_thread
from cachetools import TTLCache

from reachproof.api.access import AccessDenied, Principal, Role
from reachproof.api.settings import Settings
from reachproof.api.token_scope import TokenScope, scope_of

# Keys of a URL are read again after so long, so that one which the issuer took back does not count for ever.
MAX_AGE = 3_600.0
SECONDS_BETWEEN = 30.0
TIMEOUT = 5.0
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Whose tokens are taken, and how. `keys`: a file or an https URL. `read`, `write`: values of the role claim.

    `snapshots_claim`, `namespaces_claim`: claims that every token must have then, with what it is limited to, or `*`.
    """

    issuer: str
    audience: str
    keys: str
    algorithms: tuple[str, ...]
    role_claim: str
    read: frozenset[str]
    write: frozenset[str]
    leeway: float
    snapshots_claim: str | None = None
    namespaces_claim: str | None = None


class KeysUnavailable(Exception):
    """The keys cannot be read now. The reason is for the service's own log."""


class IssuerKeys:
    """Public keys of an issuer, in a file or at an https URL. For any number of threads.

    PyJWT reads a URL, follows no redirect, and looks for a key that it does not know once in SECONDS_BETWEEN, as
    strangers can name any key. A failure is remembered as long, so that an issuer that does not answer costs one wait.
    """

    def __init__(self, source: str, timer: Callable[[], float] = time.monotonic) -> None:
        """`source`: a file or a URL, which the settings have found to be trusted."""
        self._file = Path(source)
        self._url = _client(source) if "://" in source else None
        self._read: TTLCache[str, jwt.PyJWKSet] = TTLCache(1, SECONDS_BETWEEN, timer)
        self._failed: TTLCache[str, str] = TTLCache(1, SECONDS_BETWEEN, timer)
        self._lock = Lock()

    def key(self, key_id: str | None) -> jwt.PyJWK | None:
        """The key with this name; without a name, the only one. Raises KeysUnavailable where none can be read."""
        with self._lock:
            if self._failed:
                raise KeysUnavailable(*self._failed.values())
            try:
                return self._named(key_id)
            except (OSError, ValueError, jwt.PyJWTError) as error:
                self._failed["reason"] = str(error)
                raise KeysUnavailable(str(error)) from None

    def _named(self, key_id: str | None) -> jwt.PyJWK | None:
        given = self._url.get_jwk_set() if self._url else self._in_file()
        if self._url and key_id is not None:
            try:
                found = [self._url.get_signing_key(key_id)]
            except jwt.PyJWKClientError:
                return None
        else:
            found = [key for key in given.keys if key.public_key_use in ("sig", None) and key_id in (key.key_id, None)]
        # Whoever can check with a symmetric key can also sign with it.
        return found[0] if len(found) == 1 and found[0].key_type != "oct" else None

    def _in_file(self) -> jwt.PyJWKSet:
        if not self._read:
            self._read["keys"] = jwt.PyJWKSet.from_json(self._file.read_text())
        return self._read["keys"]


def _client(url: str) -> jwt.PyJWKClient:
    return jwt.PyJWKClient(url, timeout=TIMEOUT, lifespan=MAX_AGE, cooldown_duration=SECONDS_BETWEEN)


class OidcAuthenticator:
    """Knows the JSON Web Tokens of one issuer."""

    def __init__(self, issuer: Issuer, keys: IssuerKeys | None = None) -> None:
        """`keys`: the issuer's, read from where it says if left out."""
        self._issuer = issuer
        self._keys = keys or IssuerKeys(issuer.keys)
        # Strangers can name keys; whoever waits for them takes no thread from other work.
        self._turn = CapacityLimiter(1)

    def recognizes(self, credentials: str) -> bool:
        """True if it has the form of a JSON Web Token."""
        return credentials.count(".") == 2

    async def principal(self, credentials: str) -> Principal:
        """See `Authenticator`."""
        try:
            return await to_thread.run_sync(self.verified, credentials, limiter=self._turn)
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
        name = f"oidc {claims['sub']}"[:_LONGEST_NAME]
        return Principal(name=name, role=_role(claims, issuer), scope=_scope(claims, issuer))


def _scope(claims: Mapping[str, Any], issuer: Issuer) -> TokenScope:
    try:
        return scope_of(_limit(claims, issuer.snapshots_claim), _limit(claims, issuer.namespaces_claim))
    except ValueError:
        raise AccessDenied(403, "the token is valid, but has no limits that can be read here") from None


def _limit(claims: Mapping[str, Any], path: str | None) -> set[str] | None:
    """The values of a claim that limits a token; None where there is no such claim, or it says that all is allowed."""
    values = None if path is None else _values(claims, path)
    return None if values is None or "*" in values else values


def _values(claims: Mapping[str, Any], path: str) -> set[str]:
    found = _claim(claims, path)
    return set(found.split()) if isinstance(found, str) else set(map(str, found)) if isinstance(found, list) else set()


def _role(claims: Mapping[str, Any], issuer: Issuer) -> Role:
    values = _values(claims, issuer.role_claim)
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
            snapshots_claim=settings.oidc_snapshots_claim,
            namespaces_claim=settings.oidc_namespaces_claim,
        )
    )
