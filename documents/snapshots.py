"""Stored snapshots and their names."""

from __future__ import annotations

from typing import Any

from reachproof.documents.parts import ABSENT, Absent, Notice, Part


class StoredSnapshot(Part, frozen=True, kw_only=True):
    """A snapshot that is stored now. `id`: its digest. `counts`: its objects by kind, as far as they are read."""

    id: str
    name: str | None
    counts: dict[str, int]
    assumptions: tuple[Notice, ...]
    warnings: tuple[Notice, ...]


class ObjectOrigin(Part, frozen=True, kw_only=True):
    """The place of an object: `document` counts from 0 in its file, `line` from 1 (0 = unknown)."""

    file: str
    document: int
    line: int


class StoredObject(Part, frozen=True, kw_only=True):
    """An object as it is stored: only the fields that are read. `lines`: of the fields of a policy, by their paths."""

    object: dict[str, Any]
    origin: ObjectOrigin
    lines: dict[str, int]


class SnapshotSummary(Part, frozen=True, kw_only=True):
    """A stored snapshot. `id`: its digest. `objects`, if they were asked for."""

    id: str
    names: tuple[str, ...]
    counts: dict[str, int]
    stored_bytes: int
    created_at: str
    objects: tuple[StoredObject, ...] | Absent = ABSENT


class SnapshotList(Part, frozen=True, kw_only=True):
    """Stored snapshots in the order of their digests; `next` is not null where there are more."""

    snapshots: tuple[SnapshotSummary, ...]
    next: str | None


class NameGiven(Part, frozen=True, kw_only=True):
    """A name, and the snapshot that it stands for from now on."""

    name: str
    id: str


class NameChange(Part, frozen=True, kw_only=True):
    """A name was given to a snapshot, or taken away (`id` is null), by somebody who may be unknown."""

    id: str | None
    at: str
    by: str | None


class NameHistory(Part, frozen=True, kw_only=True):
    """The snapshot that a name stands for, null for none, and its changes, the last one first."""

    name: str
    id: str | None
    history: tuple[NameChange, ...]
