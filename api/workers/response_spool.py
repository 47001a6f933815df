"""Documents that wait to be sent, and bodies of requests: small ones in memory, large ones in temporary files, all of
them together bounded.

A worker is free as soon as its document is here, however slowly the client reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile

IN_MEMORY = 1_000_000
"""Bytes of a document that are held before a file is made."""
BLOCK = 256_000


class NoSpoolRoom(Exception):
    """The documents that wait take all the room that they may."""


class SpoolRoom:
    """Total size in bytes that waiting documents may have."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.used = 0


class Spool:
    """One document, written once. Close it, however it ends. `in_memory`: bytes that are held before a file is made."""

    def __init__(self, room: SpoolRoom, in_memory: int = IN_MEMORY) -> None:
        self._room = room
        self._in_memory = in_memory
        self.size = 0
        with ExitStack() as opened:
            self._file = opened.enter_context(SpooledTemporaryFile(max_size=in_memory))
            self._opened = opened.pop_all()

    @property
    def is_small(self) -> bool:
        """True if it is held in memory."""
        return self.size <= self._in_memory

    def write(self, content: bytes) -> None:
        """More of the document. Raises NoSpoolRoom, also where the disk is full."""
        if self._file.closed or self._room.used + len(content) > self._room.most:
            raise NoSpoolRoom
        self._room.used += len(content)
        self.size += len(content)
        try:
            self._file.write(content)
        except OSError as error:
            raise NoSpoolRoom from error

    def clear(self) -> None:
        """Forget what was written."""
        self._room.used -= self.size
        self.size = 0
        self._file.seek(0)
        self._file.truncate()

    def content(self) -> bytes:
        """The whole document."""
        self._file.seek(0)
        return self._file.read()

    def blocks(self) -> Iterator[bytes]:
        """The document in blocks."""
        self._file.seek(0)
        while block := self._file.read(BLOCK):
            yield block

    def close(self) -> None:
        """Give back the room. Idempotent."""
        self._room.used -= self.size
        self.size = 0
        self._opened.close()
