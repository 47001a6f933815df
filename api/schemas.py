"""The bodies of requests, and where a request has its snapshots from. What is sent is declared in `documents`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from reachproof.documents.words import By

# Of a list of a million numbers one is told.
Objects = Annotated[list[dict[str, Any]], Field(fail_fast=True)]
Wanted = Annotated[str, Field(max_length=200)]


class SnapshotRef(Protocol):
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

    snapshot: Wanted | None = Field(default=None, description="The digest or a name of a stored snapshot.")
    manifests: str | Objects | None = Field(default=None, description="YAML or JSON text, or objects.")

    @model_validator(mode="after")
    def _one_of_both(self) -> SnapshotSource:
        if (self.snapshot is None) is (self.manifests is None):
            raise ValueError("give either snapshot or manifests")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceWithOptions:
    """A source with the options of its request."""

    snapshot: str | None
    manifests: str | list[dict[str, Any]] | None
    options: Mapping[str, Any]

    @staticmethod
    def of(source: SnapshotSource, options: Mapping[str, Any]) -> SourceWithOptions:
        """The source, read under these options."""
        return SourceWithOptions(snapshot=source.snapshot, manifests=source.manifests, options=options)


# ---------------------------------------------------------------- questions


EXAMPLE_MANIFESTS = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {tenant: a}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: web}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: no-egress, namespace: shop}
spec: {podSelector: {}, policyTypes: [Egress]}
"""


class BaseRequest(BaseModel):
    """Fields that every question has."""

    model_config = ConfigDict(extra="forbid")

    options: dict[str, Any] = Field(default_factory=dict, description="Model options, such as tenantLabel and cni.")
    timeout_ms: int | None = Field(
        default=None, alias="timeoutMs", gt=0, strict=True, description="For each statement."
    )

    @model_validator(mode="before")
    @classmethod
    def _is_unicode(cls, body: Any) -> Any:
        if not isinstance(body, dict):
            return body  # not JSON at all, or not an object: refused as such
        try:
            json.dumps(body, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            found = error.object[error.start]
            raise ValueError(f"not valid Unicode (lone surrogate U+{ord(found):04X})") from None
        return body


class SnapshotRequest(BaseRequest):
    """A question about one snapshot: manifests, a stored one, or the one that the service was started with."""

    snapshot: Wanted | None = Field(default=None, description="The digest or a name of a stored snapshot.")
    manifests: str | Objects | None = Field(default=None, description="YAML or JSON text, or objects.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.snapshot is not None and self.manifests is not None:
            raise ValueError("give snapshot or manifests, not both")
        return self


class QueryRequest(SnapshotRequest):
    """`POST /query`: one statement or several, about manifests or about the snapshot that the service has."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "query": "can any pod in tenant a reach 10.0.0.0/8 on tcp/5432?",
                    "manifests": EXAMPLE_MANIFESTS,
                    "options": {"tenantLabel": "tenant"},
                    "timeoutMs": 5000,
                }
            ]
        },
    )

    query: Annotated[str, Field(max_length=10_000)] | None = None
    queries: Annotated[list[Annotated[str, Field(max_length=10_000)]], Field(min_length=1)] | None = None
    snapshots: dict[str, SnapshotSource] = Field(
        default_factory=dict, description="Others by name, for `since snapshot NAME`."
    )

    @model_validator(mode="after")
    def _one_of_each(self) -> QueryRequest:
        if (self.query is None) is (self.queries is None):
            raise ValueError("give either query or queries")
        return self


class CompleteRequest(SnapshotRequest):
    """`POST /query/complete`: a sentence that is being typed; without any snapshot, words of the language alone."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "can pods in namespace sh", "manifests": EXAMPLE_MANIFESTS}]},
    )

    text: Annotated[str, Field(max_length=10_000)]
    cursor: int | None = Field(
        default=None, ge=0, strict=True, description="Characters before the cursor; the end if left out."
    )
    most: int = Field(default=50, gt=0, le=500, strict=True, description="Suggestions at most.")
    snapshots: dict[str, SnapshotSource] = Field(
        default_factory=dict, description="Others by name, for `since snapshot NAME`."
    )

    @model_validator(mode="after")
    def _inside(self) -> CompleteRequest:
        if self.cursor is not None and self.cursor > len(self.text):
            raise ValueError(f"cursor {self.cursor} is past the end of the text ({len(self.text)})")
        return self


class CheckRequest(SnapshotRequest):
    """`POST /check`: the text of one pack of invariants or of several, about what `POST /query` can be about.

    Without a pack, those that are shipped are checked.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "pack": "invariant no-internet (high): no pod in tenant a can reach the internet\n"
                    'expect unreachable "the database is not ours": can tenant a reach 10.0.0.0/8 on tcp/5432?\n',
                    "manifests": EXAMPLE_MANIFESTS,
                }
            ]
        },
    )

    pack: Annotated[str, Field(max_length=1_000_000)] | None = None
    packs: Annotated[list[Annotated[str, Field(max_length=1_000_000)]], Field(min_length=1)] | None = None
    allow_no_policies: bool = Field(
        default=False,
        alias="allowNoPolicies",
        strict=True,
        description="Statements may pass although the input has no policy, or no object of a kind that they need.",
    )
    allow_skipped: bool = Field(
        default=False,
        alias="allowSkipped",
        strict=True,
        description="Statements may pass although a file was skipped that may hold policies.",
    )
    snapshots: dict[str, SnapshotSource] = Field(
        default_factory=dict, description="Others by name, for `since snapshot NAME`."
    )

    @model_validator(mode="after")
    def _at_most_one(self) -> CheckRequest:
        if self.pack is not None and self.packs is not None:
            raise ValueError("give pack or packs, not both; without either, the shipped packs run")
        return self


class LintRequest(SnapshotRequest):
    """`POST /lint`: findings about the policies themselves, of what `POST /query` can be about."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"manifests": EXAMPLE_MANIFESTS}]})


class ExplainRequest(SnapshotRequest):
    """`POST /explain`: one set, another and ports, as `reachproof explain` takes them; or a truth table of pods."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "source": "shop/web",
                    "destination": "10.0.0.0/8",
                    "port": "tcp/5432",
                    "manifests": EXAMPLE_MANIFESTS,
                }
            ]
        },
    )

    source: Annotated[str, Field(max_length=10_000)] | None = Field(default=None, description="A set of the language.")
    destination: Annotated[str, Field(max_length=10_000)] | None = Field(default=None, description="Another.")
    port: Annotated[str, Field(max_length=10_000)] = Field(description="Ports of the language, such as tcp/80.")
    truth_table: bool = Field(
        default=False, alias="truthTable", strict=True, description="Then both sets are pods if left out."
    )
    by: Literal["pod", "workload", "namespace"] = Field(default="pod", description="Lines and columns of the table.")

    @model_validator(mode="after")
    def _both_ends(self) -> ExplainRequest:
        if not self.truth_table and (self.source is None or self.destination is None):
            raise ValueError("explain needs source and destination, or truthTable")
        return self


class ConnectivityRequest(SnapshotRequest):
    """`POST /connectivity`: which connections, about what `POST /query` can be about."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"by": "namespace", "dst": "pods in tenant a", "manifests": EXAMPLE_MANIFESTS}]
        },
    )

    by: By = Field(default=By.WORKLOAD, description="What one end of a row stands for.")
    src: Annotated[str, Field(max_length=10_000)] | None = Field(default=None, description="A set of the language.")
    dst: Annotated[str, Field(max_length=10_000)] | None = Field(default=None, description="A set of the language.")
    ports: Annotated[str, Field(max_length=10_000)] | None = Field(default=None, description="Such as tcp/80 or udp.")
    explain: bool = Field(
        default=False, strict=True, description="Add the rules that allow each row, and deny each absent pair."
    )
    exposure: bool = Field(default=False, strict=True, description="Add what each end is exposed to.")


class DiffRequest(BaseRequest):
    """`POST /diff`: two snapshots, read under the same options."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "old": {"manifests": EXAMPLE_MANIFESTS.rpartition("---\n")[0]},
                    "new": {"manifests": EXAMPLE_MANIFESTS},
                }
            ]
        },
    )

    old: SnapshotSource
    new: SnapshotSource
    by: By = Field(default=By.WORKLOAD, description="What one end of a row stands for.")


Question = (
    QueryRequest | CompleteRequest | CheckRequest | ConnectivityRequest | ExplainRequest | LintRequest | DiffRequest
)
"""The questions about a snapshot, or two."""
QUESTIONS: tuple[type[Question], ...] = get_args(Question)
