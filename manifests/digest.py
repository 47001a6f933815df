"""The digest of a snapshot's content: one text for one cluster, however its objects were written down and ordered.

Covered: every record and policy of the snapshot; policies as they were written, so that options, which change how they
are read, do not change the digest; and policies that were dropped or ignored. Not covered: places, skipped kinds,
metadata that nothing looks at, and what no verdict rests on (fields that are not compared, such as readiness).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from operator import attrgetter

from reachproof.manifests.object_identity import Manifest
from reachproof.network.policy import PolicyRef


def digest(records: Iterable[object], specs: Mapping[PolicyRef, object], left_out: Iterable[Manifest]) -> str:
    """`sha256:` and 64 hexadecimal digits. `left_out`: objects that answers do without, and say so."""
    lines = [canonical(record) for record in records]
    lines += [canonical([ref.kind, ref.namespace, ref.name, spec]) for ref, spec in specs.items()]
    lines += [
        canonical([each.api_version, each.kind, each.namespace, each.name, each.body.get("spec")]) for each in left_out
    ]
    found = hashlib.sha256()
    for line in sorted(lines):
        found.update(line.encode())
        found.update(b"\n")
    return f"sha256:{found.hexdigest()}"


def canonical(value: object) -> str:
    """One line of ASCII text for a value, without origins and fields that are not compared.

    Equal for two copies of one object.
    """
    return _ENCODER.encode(value)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, frozenset):
        return sorted(value)
    if is_dataclass(value) and not isinstance(value, type):
        rare = [[name, found] for name in _rare(type(value)) if (found := getattr(value, name))]
        return [type(value).__name__, *_parts(type(value))(value), *rare]
    raise TypeError(f"{type(value).__name__} has no canonical text")


@cache
def _parts(kind: type) -> Callable[[object], tuple[object, ...]]:
    """The values of a record's fields in order, without its origin and those that are not compared."""
    names = [each.name for each in fields(kind) if each.name != "origin" and each.compare and not each.metadata]
    if len(names) < 2:  # attrgetter would give the value alone
        return lambda value: tuple(getattr(value, name) for name in names)
    return attrgetter(*names)


@cache
def _rare(kind: type) -> tuple[str, ...]:
    """The fields that are a part only where they hold something, so that most texts are as they were without them."""
    return tuple(each.name for each in fields(kind) if each.metadata)


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain)
