"""A folder of entries that only its owner can read and write: written as a whole or not at all, and bounded in size.

What is read here is trusted by whoever asks, so everything is opened relative to a descriptor of the folder whose owner
and mode were looked at, and no link is followed. Where the system has no owners and modes there are no entries.
An entry that cannot be read is absent, and one that cannot be written is not there the next time: no errors.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_NOT_FOR_OTHERS = 0o077
_OURS = re.compile(r"[0-9a-f]{64}\.snapshot(\.[0-9a-f]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateFolder:
    """Entries by key (64 hexadecimal digits). `most_bytes`: of all entries together; the oldest go first.

    The folder is made when something is written, with mode 0700. One that belongs to somebody else, or that others
    can look into, is left alone. Other files in it are never touched.
    """

    path: str
    most_bytes: int

    def read(self, key: str) -> bytes | None:
        """The content of an entry, which counts as young again; None where there is none that can be trusted."""
        try:
            with _folder(self.path) as folder, _file(_name(key), os.O_RDONLY | os.O_NONBLOCK, folder) as file:
                _refuse_shared(os.fstat(file), stat.S_IFREG)
                os.utime(file)
                with open(file, "rb", closefd=False) as opened:
                    return opened.read()
        except OSError:
            return None

    def write(self, key: str, content: bytes) -> None:
        """Keeps an entry, in place of an earlier one, and removes the oldest ones above the bound."""
        if len(content) > self.most_bytes:
            return
        with suppress(OSError):
            os.makedirs(self.path, 0o700, exist_ok=True)
            with _folder(self.path) as folder:
                _replace(_name(key), content, folder)
                _evict(folder, self.most_bytes)


def _name(key: str) -> str:
    return f"{key}.snapshot"


@contextmanager
def _folder(path: str) -> Iterator[int]:
    """A descriptor of the folder; OSError where it is not ours alone."""
    if os.open not in os.supports_dir_fd:
        raise OSError("no private folders on this system")
    with _file(path, os.O_RDONLY | os.O_DIRECTORY, None) as folder:
        _refuse_shared(os.fstat(folder), stat.S_IFDIR)
        yield folder


@contextmanager
def _file(name: str, flags: int, folder: int | None) -> Iterator[int]:
    file = os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        yield file
    finally:
        os.close(file)


def _refuse_shared(status: os.stat_result, kind: int) -> None:
    ours = stat.S_IFMT(status.st_mode) == kind and status.st_uid == os.geteuid()
    if not ours or status.st_mode & _NOT_FOR_OTHERS:
        raise PermissionError("others can get at it")


def _replace(name: str, content: bytes, folder: int) -> None:
    """A reader sees the old entry or the new one. What a crash leaves behind goes with the oldest entries."""
    fresh = f"{name}.{secrets.token_hex(8)}"
    try:
        with (
            _file(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, folder) as file,
            open(file, "wb", closefd=False) as opened,
        ):
            opened.write(content)
        os.rename(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with suppress(FileNotFoundError):
            os.unlink(fresh, dir_fd=folder)
        raise


def _evict(folder: int, most_bytes: int) -> None:
    with os.scandir(folder) as entries:
        found = [(entry.stat(follow_symlinks=False), entry.name) for entry in entries if _OURS.fullmatch(entry.name)]
    total = sum(status.st_size for status, _ in found)
    for status, name in sorted(found, key=lambda each: (each[0].st_mtime_ns, each[1])):
        if total <= most_bytes:
            return
        os.unlink(name, dir_fd=folder)
        total -= status.st_size
