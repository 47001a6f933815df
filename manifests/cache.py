"""Snapshots that have been read before, by the content of everything that decided how they came out.

| Part of the key | Since |
|---|---|
| names and bytes of all sources, in order | they are the input, and origins have the names |
| options, `lenient`, `ignore_kinds`, limits | they decide how it is read |
| the source text of `manifests`, `engines` and `network`; versions of Python and the YAML reader | so does the code |

Trusted by every verdict about a snapshot that comes from here: that the key covers all of it, and that a snapshot
comes out as it went in. Checked by tests/manifests/test_cache.py, which compares answers and misses. Why the form is a
pickle, and what keeps that safe: docs/decisions/0009-a-cache-of-snapshots.md.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import pickle
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path

import yaml

from reachproof import engines, network
from reachproof.manifests.private_folder import PrivateFolder
from reachproof.network.snapshot import Snapshot

_MAGIC = b"reachproof snapshot 1\n"
_MODULES = (f"{network.__name__}.", f"{engines.__name__}.")
_SOURCES = (".py", ".lark")
_FIELDS = tuple(each.name for each in fields(Snapshot))
_DIGEST_BYTES = hashlib.sha256().digest_size
# What a pickle of another shape than ours can raise.
_MALFORMED = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotCache:
    """A folder with snapshots. Sources of fewer than `least_bytes` together are read again faster than found here."""

    folder: PrivateFolder
    least_bytes: int = 1_000_000

    def key(self, given: Sequence[tuple[str, bytes]], settings: Iterable[object]) -> str | None:
        """The key of sources, as (name, content) in order; None where they are not kept.

        `settings` are values whose `repr` tells all of them. Cost: a hash of everything.
        """
        if sum(len(content) for _, content in given) < self.least_bytes:
            return None
        code = _code()
        if code is None:
            return None
        texts = [code, *map(repr, settings)]
        parts = [text.encode("utf-8", "surrogateescape") for text in texts]
        parts += [part for name, content in given for part in (name.encode("utf-8", "surrogateescape"), content)]
        found = hashlib.sha256(_MAGIC)
        for part in parts:
            found.update(len(part).to_bytes(8, "big"))
            found.update(part)
        return found.hexdigest()

    def get(self, key: str) -> Snapshot | None:
        """The snapshot that was put under this key; None if there is none, or if it is damaged."""
        content = self.folder.read(key)
        head = len(_MAGIC) + _DIGEST_BYTES
        if content is None or content[:head] != _MAGIC + hashlib.sha256(content[head:]).digest():
            return None
        try:
            values = _Reader(io.BytesIO(content[head:])).load()
            return Snapshot(**{name: values[name] for name in _FIELDS})
        except _MALFORMED:
            return None

    def put(self, key: str, snapshot: Snapshot) -> None:
        """Keeps a snapshot under this key, if that is possible."""
        payload = pickle.dumps({name: getattr(snapshot, name) for name in _FIELDS}, protocol=5)
        self.folder.write(key, _MAGIC + hashlib.sha256(payload).digest() + payload)


class _Reader(pickle.Unpickler):
    """Makes records and enumerations of `network` and `engines`; no other class or function can be called."""

    def find_class(self, module: str, name: str) -> type:
        """The class of this name; UnpicklingError for anything that is no plain value."""
        found = getattr(importlib.import_module(module), name, None) if module.startswith(_MODULES) else None
        if isinstance(found, type) and found.__module__ == module and (is_dataclass(found) or issubclass(found, Enum)):
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no record of a snapshot")


def _code() -> str | None:
    """The code that reads, its sources and versions as one text; None where there are no sources to look at."""
    found = hashlib.sha256()
    for folder in (Path(__file__).parent, *map(Path, (*engines.__path__, *network.__path__))):
        sources = sorted(path for path in folder.rglob("*") if path.suffix in _SOURCES)
        if not sources:
            return None
        for path in sources:
            content = path.read_bytes()
            found.update(f"{folder.name}/{path.relative_to(folder).as_posix()} {len(content)}\n".encode())
            found.update(content)
    return f"{found.hexdigest()} Python {sys.version} PyYAML {yaml.__version__} {yaml.__with_libyaml__}"
