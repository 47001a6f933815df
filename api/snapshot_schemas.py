"""Schemas of requests and responses about stored snapshots."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class StoredDocument(BaseModel):
    """A snapshot that is stored now. `counts`: its objects by kind, as far as they are read."""

    id: str
    name: str | None
    counts: dict[str, int]
    assumptions: list[dict[str, Any]]
    warnings: list[dict[str, Any]]


class StoredObjectDocument(BaseModel):
    """An object as it is stored. `lines`: of the fields of a policy, by their paths."""

    object: dict[str, Any]
    origin: dict[str, Any]
    lines: dict[str, int]


class SnapshotDocument(BaseModel):
    """A stored snapshot. `objects` if they were asked for."""

    id: str
    names: list[str]
    counts: dict[str, int]
    storedBytes: int
    createdAt: str
    objects: list[StoredObjectDocument] | None = None


class SnapshotList(BaseModel):
    """Stored snapshots in the order of their digests; `next` is not null where there are more."""

    snapshots: list[SnapshotDocument]
    next: str | None


class NameRequest(BaseModel):
    """`PUT /snapshots/names/{name}`: which snapshot is to have the name."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(max_length=200, description="The digest of a stored snapshot, or another name of it.")


class NameGiven(BaseModel):
    """The snapshot that a name stands for."""

    name: str
    id: str


class NameChangeDocument(BaseModel):
    """A name was given to a snapshot, or taken away (`id` is null), by somebody who may be unknown."""

    id: str | None
    at: str
    by: str | None


class NameDocument(BaseModel):
    """History of a name, the last change first."""

    name: str
    id: str | None
    history: list[NameChangeDocument]
