"""Where a request has a snapshot from, besides the one that it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Sourced(Protocol):
    """A snapshot by name, and the options to read it."""

    @property
    def snapshot(self) -> str | None:
        """The digest or a name of a stored snapshot, or of the one that the service was started with."""

    @property
    def manifests(self) -> str | list[dict[str, Any]] | None:
        """YAML or JSON text, or objects."""

    @property
    def options(self) -> Mapping[str, Any]:
        """Model options."""


class SnapshotSource(BaseModel):
    """One snapshot of several: manifests, or the digest or a name of a stored one."""

    model_config = ConfigDict(extra="forbid")

    snapshot: str | None = Field(default=None, description="The digest or a name of a stored snapshot.")
    manifests: str | list[dict[str, Any]] | None = Field(default=None, description="YAML or JSON text, or objects.")

    @model_validator(mode="after")
    def _one_of_both(self) -> SnapshotSource:
        if (self.snapshot is None) is (self.manifests is None):
            raise ValueError("found both or neither of snapshot and manifests, expected one of them")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A source with the options of its request."""

    snapshot: str | None
    manifests: str | list[dict[str, Any]] | None
    options: Mapping[str, Any]

    @staticmethod
    def of(source: SnapshotSource, options: Mapping[str, Any]) -> Given:
        """The source, read under these options."""
        return Given(snapshot=source.snapshot, manifests=source.manifests, options=options)
