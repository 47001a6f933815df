"""Bearer tokens: `rp_ID_SECRET`. The database has the SHA-256 of the secret only, which nobody can turn back into one.

The secret has 256 random bits, so it needs no slow hash: there is nothing to guess.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from anyio import to_thread
from sqlalchemy import select

from reachproof.api.access import AccessDenied, Principal
from reachproof.api.access import Role as Role
from reachproof.api.database import Database
from reachproof.api.database import StoreUnavailable as StoreUnavailable
from reachproof.api.settings import load_settings
from reachproof.api.tables import Token
from reachproof.api.token_scope import UNLIMITED, TokenScope
from reachproof.api.token_scope import scope_of as scope_of

_FORM = re.compile(r"rp_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
# Compared with where there is no such token, so that this takes as long as a wrong secret.
_NOBODY = Token(id="", secret_hash=bytes(32), role=Role.READ, name="", created_at=datetime.now(UTC))
# A known token is not looked up again for so long: revoking takes effect after that.
REMEMBERED_SECONDS = 5.0
_REMEMBERED_MOST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEntry:
    """A token without its secret. Times are UTC; `state` is `valid`, `expired` or `revoked`."""

    id: str
    role: Role
    name: str
    created_at: datetime
    expires_at: datetime | None
    state: str
    scope: TokenScope


def now() -> datetime:
    """This moment, UTC."""
    return datetime.now(UTC)


class Tokens:
    """The tokens of a database. Every method raises StoreUnavailable."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = now) -> None:
        """`clock`: tells what is expired."""
        self._database = database
        self._clock = clock

    def create(
        self, role: Role, name: str = "", lifetime: timedelta | None = None, scope: TokenScope = UNLIMITED
    ) -> str:
        """A new token: the only time that its secret is told. `lifetime` None: until it is revoked.

        Raises ValueError for the role write within namespaces.
        """
        if role is Role.WRITE and scope.namespaces is not None:
            raise ValueError("a token that is limited to namespaces can only have the role read")
        created = self._clock()
        token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        token = Token(
            id=token_id,
            secret_hash=_hash(secret),
            role=role.value,
            name=name,
            created_at=created,
            expires_at=None if lifetime is None else created + lifetime,
            revoked_at=None,
            snapshots=_listed(scope.snapshots),
            namespaces=_listed(scope.namespaces),
        )
        with self._database.writing() as session:
            session.add(token)
        return f"rp_{token_id}_{secret}"

    def entries(self) -> tuple[TokenEntry, ...]:
        """Every token that there is or was, in the order of their making."""
        with self._database.reading() as session:
            found = session.scalars(select(Token).order_by(Token.created_at, Token.id)).all()
        return tuple(self._entry(each) for each in found)

    def revoke(self, token_id: str) -> bool:
        """Ends a token; False if there is no such token. One that has ended already keeps its time."""
        with self._database.writing() as session:
            token = session.get(Token, token_id)
            if token is None:
                return False
            token.revoked_at = token.revoked_at or self._clock()
        return True

    def any_valid(self) -> bool:
        """True if anybody could use the service."""
        return any(each.state == "valid" for each in self.entries())

    def principal(self, text: str) -> Principal | None:
        """Whose token it is; None if there is none, its secret is another, or it has ended.

        The time that this takes does not depend on how much of the secret is right.
        """
        form = _FORM.fullmatch(text)
        if form is None:
            return None
        with self._database.reading() as session:
            found = session.get(Token, form[1])
        right = hmac.compare_digest(_hash(form[2]), (found or _NOBODY).secret_hash)
        if found is None or not right or self._entry(found).state != "valid":
            return None
        return Principal(name=f"token {found.id}", role=Role(found.role), scope=_scope(found))

    def _entry(self, token: Token) -> TokenEntry:
        ended = token.expires_at is not None and token.expires_at <= self._clock()
        return TokenEntry(
            id=token.id,
            role=Role(token.role),
            name=token.name,
            created_at=token.created_at,
            expires_at=token.expires_at,
            state="revoked" if token.revoked_at else "expired" if ended else "valid",
            scope=_scope(token),
        )


class TokenAuthenticator:
    """Knows tokens of this form, and remembers for a few seconds those that are valid."""

    def __init__(self, tokens: Tokens, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds, for how long a token is remembered."""
        self._tokens = tokens
        self._clock = clock
        self._known: dict[bytes, tuple[float, Principal]] = {}

    def recognizes(self, credentials: str) -> bool:
        """True if it has the form of a token."""
        return _FORM.fullmatch(credentials) is not None

    async def principal(self, credentials: str) -> Principal:
        """See `Authenticator`."""
        key = _hash(credentials)
        until, known = self._known.get(key, (0.0, None))
        if known is not None and self._clock() < until:
            return known
        self._known.pop(key, None)
        try:
            found = await to_thread.run_sync(self._tokens.principal, credentials)
        except StoreUnavailable:
            raise AccessDenied(503, "tokens cannot be looked up now") from None
        if found is None:
            raise AccessDenied(401, "invalid token")
        if len(self._known) >= _REMEMBERED_MOST:
            self._known.clear()
        self._known[key] = (self._clock() + REMEMBERED_SECONDS, found)
        return found


def configured_tokens(file: str | None) -> Tokens:
    """The tokens of the database that the environment or the file names. Raises InputError for wrong settings."""
    return Tokens(Database.of(load_settings(file).database_url))


def public_part(text: str) -> str:
    """The ID of a token; other text as it is."""
    form = _FORM.fullmatch(text)
    return text if form is None else form[1]


def _listed(given: tuple[str, ...] | None) -> list[str] | None:
    return None if given is None else list(given)


def _scope(token: Token) -> TokenScope:
    """The limits of a token, as they were checked when it was made."""
    snapshots, namespaces = token.snapshots, token.namespaces
    return TokenScope(
        snapshots=None if snapshots is None else tuple(snapshots),
        namespaces=None if namespaces is None else tuple(namespaces),
    )


def _hash(text: str) -> bytes:
    return sha256(text.encode()).digest()
