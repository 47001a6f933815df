"""Results that were found before, kept in the database.

| Part of the key | Since |
|---|---|
| the digests of all snapshots, in the order of the request | they are what is asked about |
| of the snapshot that the service was started with: all of it | the digest leaves out places and options |
| the route, the sentence in its normal form, packs and sets as they are written, options | they are the question |
| the namespaces that the client may see | others are left out of what it is shown |
| the version of Z3, the source text of reachproof | they are who answers; the version stays the same between releases |

Not kept: what ran out of time or memory in any part, and what is about manifests that a request brings. Trusted by
every answer that comes from here: that the key covers all that decides it. Checked by tests/api/test_results.py, which
compares with fresh answers. A database that fails costs time and no answer.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

import reachproof
from reachproof.api.database import Database, StoreUnavailable
from reachproof.api.name_resolution import snapshots
from reachproof.api.schemas import CheckRequest, CompleteRequest, DiffRequest, ExplainRequest, QueryRequest, Question
from reachproof.api.store import DIGEST, insert
from reachproof.api.tables import StoredResult, StoredSnapshot
from reachproof.grammar.format import format_query
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.parse import attempt
from reachproof.network.errors import InputError
from reachproof.network.snapshot import Snapshot
from reachproof.solver.z3_backend import engine

T = TypeVar("T")
# Every way in which a document says that it is not finished.
_UNFINISHED = re.compile(rb'"unknown"|"UNDECIDED"|"EXPOSURE_UNFINISHED"')
_NOT_CONFIRMED = b'"crossChecked":false'
_PACKAGES = ("network", "engines", "manifests", "grammar", "semantics", "solver", "queries", "api")
_SOURCES = (".py", ".lark", ".reach")
# How old the time of the last use may be: it orders what goes first, and need not cost a write at each use.
_COARSE = timedelta(minutes=10)
_LEVEL = 1
# Seconds without results after the database has failed.
_PAUSE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultKey:
    """A question that a result can be kept for. `stored`: the digests of stored snapshots that it is about."""

    key: str
    stored: tuple[str, ...]
    request: Question


class ResultCache:
    """The results of one database. `own`: the snapshot that the service was started with, if any.

    At most `most_entries` with `most_bytes` together are kept, those used last; none if either is 0. Calls block.
    """

    def __init__(self, database: Database, own: Snapshot | None, *, most_entries: int, most_bytes: int) -> None:
        self._database = database
        self._own = own
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._own_fingerprint: str | None = None
        self._pause_ends = 0.0

    @property
    def own(self) -> str | None:
        """The digest of the snapshot that the service was started with."""
        return self._own.digest if self._own else None

    def key(self, request: Question, namespaces: tuple[str, ...] | None = None) -> ResultKey | None:
        """The key of a request without names; None where its result is not kept. Cost: that of parsing sentences.

        `namespaces`: those that the client may see, None for all.
        """
        if not self._most_entries or not self._most_bytes or isinstance(request, CompleteRequest):
            return None
        about = list(snapshots(request))
        if len(about) < _sources(request):
            return None
        own = self.own
        stored = tuple(sorted({each for each in about if each is not None and each != own}))
        if (own is None and None in about) or not all(map(DIGEST.fullmatch, stored)):
            return None
        try:
            asked = _question(request)
        except InputError:
            return None
        parts = [_code(), engine(), type(request).__name__, asked, [self._named(each) for each in about]]
        if namespaces is not None:  # words that the client writes itself are shown to it, also those of comments
            parts += [namespaces, request.model_dump(mode="json", include={"query", "queries"})]
        return ResultKey(key=_hash(json.dumps(parts)), stored=stored, request=request)

    def find(
        self, request: Question, namespaces: tuple[str, ...] | None = None
    ) -> tuple[ResultKey | None, bytes | None]:
        """The key of a request, and the document that answers it; each None where there is none."""
        key = self.key(request, namespaces)
        return key, self.get(key) if key else None

    def get(self, key: ResultKey) -> bytes | None:
        """The document that answers the request, if it is there."""
        found = self._tried(self._database.reading, partial(_row, key=key.key))
        if found is None:
            return None
        document, used_at = found
        if datetime.now(UTC) - used_at > _COARSE:
            self._tried(self._database.writing, partial(_used, key=key.key))
        try:
            return _as_asked(key.request, zlib.decompress(document))
        except zlib.error:
            return None

    def put(self, key: ResultKey, document: bytes) -> None:
        """Keeps a document, if it is finished and its snapshots are still there, and removes the oldest ones."""
        packed = zlib.compress(document, _LEVEL)
        if _is_finished(key.request, document) and len(packed) <= self._most_bytes:
            self._tried(self._database.writing, partial(self._add, key=key, packed=packed))

    def _tried(self, opening: Callable[[], AbstractContextManager[Session]], use: Callable[[Session], T]) -> T | None:
        """The result of a database session; None if the database fails, and for a while after that without asking it.

        Waiting for it again and again would cost more than results save.
        """
        if time.monotonic() < self._pause_ends:
            return None
        try:
            with opening() as session:
                return use(session)
        except StoreUnavailable:
            self._pause_ends = time.monotonic() + _PAUSE
            return None

    def _add(self, session: Session, key: ResultKey, packed: bytes) -> None:
        if not _all_there(session, key.stored):
            return
        now = datetime.now(UTC)
        row = insert(session, StoredResult).values(
            key=key.key,
            digests=" ".join(key.stored),
            stored_bytes=len(packed),
            created_at=now,
            used_at=now,
            document=packed,
        )
        session.execute(row.on_conflict_do_nothing())
        self._evict(session)

    def _named(self, digest: str | None) -> str | None:
        own = self._own
        if own is not None and digest in (None, own.digest):
            return self._fingerprint()
        return digest

    def _fingerprint(self) -> str:
        """All of the snapshot that the service was started with, told once."""
        if self._own_fingerprint is None:
            self._own_fingerprint = _hash(repr(self._own))
        return self._own_fingerprint

    def _evict(self, session: Session) -> None:
        """Removes those that were not used for the longest time, until a tenth is free where there were too many."""
        count, size = session.execute(select(func.count(), func.coalesce(func.sum(StoredResult.stored_bytes), 0))).one()
        if count <= self._most_entries and size <= self._most_bytes:
            return
        last = None
        for used_at, stored_bytes in session.execute(
            select(StoredResult.used_at, StoredResult.stored_bytes).order_by(StoredResult.used_at)
        ):
            if count <= self._most_entries * 0.9 and size <= self._most_bytes * 0.9:
                break
            last, count, size = used_at, count - 1, size - stored_bytes
        session.execute(delete(StoredResult).where(StoredResult.used_at <= last))


def _row(session: Session, key: str) -> tuple[bytes, datetime] | None:
    wanted = select(StoredResult.document, StoredResult.used_at).where(StoredResult.key == key)
    found = session.execute(wanted).one_or_none()
    return None if found is None else (found.document, found.used_at)


def _used(session: Session, key: str) -> None:
    session.execute(update(StoredResult).where(StoredResult.key == key).values(used_at=datetime.now(UTC)))


def _all_there(session: Session, digests: tuple[str, ...]) -> bool:
    """True if the snapshots are stored; they are until the end of the transaction."""
    wanted = select(StoredSnapshot.digest).where(StoredSnapshot.digest.in_(digests)).with_for_update(read=True)
    return len(session.scalars(wanted).all()) == len(digests)


def _sources(request: Question) -> int:
    """Of how many snapshots the request speaks, manifests that it brings included."""
    if isinstance(request, DiffRequest):
        return 2
    return 1 + (len(request.snapshots) if isinstance(request, QueryRequest | CheckRequest) else 0)


def _question(request: Question) -> Any:
    """All that is asked, but for the snapshots and the time that it may take, as JSON."""
    fields = request.model_dump(mode="json", exclude={"snapshot", "manifests", "timeout_ms", "old", "new"})
    fields["options"] = {name: value for name, value in sorted(fields["options"].items()) if value is not None}
    if isinstance(request, QueryRequest):
        fields["query"] = None if request.query is None else _sentence(request.query)
        fields["queries"] = request.queries and [_sentence(each) for each in request.queries]
    if isinstance(request, QueryRequest | CheckRequest):
        fields["snapshots"] = sorted(request.snapshots)
    return fields


def _sentence(text: str) -> str:
    """The normal form of an exact sentence; any other as it is written, since its names decide what it means."""
    found = attempt(text)
    return f"as written: {text}" if isinstance(found, Mistake) else format_query(found)


def _as_asked(request: Question, document: bytes) -> bytes:
    """The document with the sentences as the request writes them: they are found by their normal form."""
    if not isinstance(request, QueryRequest):
        return document
    answers = json.loads(document)
    texts = [request.query] if request.query is not None else request.queries or []
    for text, answer in zip(texts, answers if isinstance(answers, list) else [answers], strict=True):
        answer["query"] = text
    return json.dumps(answers, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _is_finished(request: Question, document: bytes) -> bool:
    """True if more time would change nothing. A word of the user's that looks like a verdict costs a result at most."""
    if isinstance(request, ExplainRequest) and not request.truth_table and _NOT_CONFIRMED in document:
        return False
    return _UNFINISHED.search(document) is None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _code() -> str:
    """The source text of whatever takes part in an answer."""
    found = hashlib.sha256(reachproof.__version__.encode())
    for name in _PACKAGES:
        for folder in import_module(f"reachproof.{name}").__path__:
            for path in sorted(Path(folder).rglob("*")):
                if path.suffix in _SOURCES:
                    found.update(f"{name}/{path.relative_to(folder).as_posix()}\n".encode())
                    found.update(path.read_bytes())
    return found.hexdigest()
