"""Answers that were sent in the last seconds, ready to be sent again: the digest of a request leads to the bytes of its
answer.

In front of the results in the database, which know what a name stands for now and what was removed; so an answer is
kept for `SECONDS` at most, after which what another process has changed is seen in this one. What this process changes
itself clears the cache, and an answer that was looked up before that is not kept. Nothing is here that did not come
from there.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cachetools import TTLCache

from reachproof.api.audit_log import AuditFields

SECONDS = 5.0
_MOST_BYTES = 32_000_000
_LARGEST = 1_000_000
_OVERHEAD = 1_000
"""Bytes that an entry takes besides, roughly."""

Asked = bytes
"""Digest of a request: of equal size whatever the size of its body."""


def asked(path: str, body: bytes, whose: str) -> Asked:
    """The digest of a request to this path with this body, each to the byte. `whose`: the limits of its token."""
    parts = (path.encode("utf-8", "surrogateescape"), whose.encode("utf-8", "surrogateescape"), body)
    return hashlib.sha256(b"%s\n%s\n%s" % parts).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyAnswer:
    """A document, and what the audit log tells of it."""

    document: bytes = field(repr=False)
    audit: tuple[AuditFields, ...]


class AnswerCache:
    """The answers of one process. Used in its event loop alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds."""
        self._kept: TTLCache[Asked, ReadyAnswer] = TTLCache(_MOST_BYTES, SECONDS, clock, getsizeof=_size)
        self.changes = 0
        """Number of changes so far, for `put`."""

    def get(self, asked: Asked) -> ReadyAnswer | None:
        """The answer, if it was put here less than SECONDS ago."""
        return self._kept.get(asked)

    def put(self, asked: Asked, answer: ReadyAnswer, changes: int) -> None:
        """Keep an answer, unless it is large, or older than a change. `changes`: their number before the look-up."""
        if len(answer.document) <= _LARGEST and changes == self.changes:
            self._kept[asked] = answer

    def clear(self) -> None:
        """Keep nothing: a name, or what is stored, has changed."""
        self.changes += 1
        self._kept.clear()


def _size(answer: ReadyAnswer) -> int:
    return len(answer.document) + _OVERHEAD
