"""What requests look like. Answers are what `queries.wire` writes; their schema here is for documentation."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

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


class QueryRequest(BaseModel):
    """`POST /query`: one statement or several, about manifests or about the snapshot that the service has."""

    model_config = ConfigDict(
        extra="forbid",
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
    snapshot: str | None = Field(default=None, description="Digest of the snapshot that the service was started with.")
    manifests: str | list[dict[str, Any]] | None = Field(default=None, description="YAML or JSON text, or objects.")
    options: dict[str, Any] = Field(default_factory=dict, description="Model options, such as tenantLabel and cni.")
    timeout_ms: int | None = Field(default=None, alias="timeoutMs", gt=0)

    @model_validator(mode="before")
    @classmethod
    def _is_unicode(cls, body: Any) -> Any:
        if not isinstance(body, dict):
            return body  # not JSON at all, or not an object: refused as such
        try:
            json.dumps(body, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            found = error.object[error.start]
            raise ValueError(f"found half of a surrogate pair, U+{ord(found):04X}, expected Unicode text") from None
        return body

    @model_validator(mode="after")
    def _one_of_each(self) -> QueryRequest:
        if (self.query is None) is (self.queries is None):
            raise ValueError("found both or neither of query and queries, expected one of them")
        if self.snapshot is not None and self.manifests is not None:
            raise ValueError("found both snapshot and manifests, expected one of them")
        return self


class FieldError(BaseModel):
    """One problem of a request, its query or its manifests."""

    file: str = Field(description="Which text: query, manifests, options, body, or a file.")
    line: int = Field(description="From 1; 0 is unknown.")
    column: int = Field(description="From 1; 0 is unknown.")
    path: str = Field(description="The field, such as spec.ingress[0].from.")
    message: str


class ProblemDetails(BaseModel):
    """RFC 9457 problem details, with every problem in `errors`."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError]


class Health(BaseModel):
    """The service answers."""

    status: Literal["ok"] = "ok"


class AnswerDocument(BaseModel):
    """An answer; docs/interfaces.md tells its fields."""

    model_config = ConfigDict(extra="allow")

    apiVersion: str
    query: str
    normalized: str
    form: str
    verdict: Literal["reachable", "unreachable", "holds", "violated", "listed", "explained", "unknown"]
    reason: str
    vacuous: bool
    world: Literal["closed", "open"]
    witness: dict[str, Any] | None
    because: list[dict[str, Any]]
    assumptions: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    evidence: dict[str, Any]
