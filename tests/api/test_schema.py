"""The service against its own OpenAPI document: whatever a client sends, the answer is one that the document has.

All checks of schemathesis run. Questions have a small budget, so that this takes seconds, and the examples are the same
every time. A body can fit its schema and still be refused, as JSON Schema knows neither the query language nor
Kubernetes; that is a 422, whose body is checked like any other.
"""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from pydantic import SecretStr
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.schemas import OpenApiSchema

from reachproof.api.access import Authenticator, Principal, Role
from reachproof.api.app import create_app
from reachproof.api.settings import Settings
from tests.api.requests import tenants

CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "422"]},
            "negative_data_rejection": {"expected-statuses": ["400", "401", "404", "405", "413", "422"]},
        }
    }
)
for each in ("application/ndjson", "application/x-ndjson"):
    schemathesis.serializer.alias(each, "text/plain")
SERVICE_SETTINGS = Settings(
    database_url=SecretStr("sqlite://"), default_timeout_ms=200, max_timeout_ms=200, max_queries=3
)
schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(SERVICE_SETTINGS, tenants()), config=CONFIG)


@schema.parametrize()
@settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_document_has(case: Any) -> None:
    case.call_and_validate()


class OneToken(Authenticator):
    """Knows one token, which may do everything."""

    def recognizes(self, credentials: str) -> bool:
        return credentials == "known"

    async def principal(self, credentials: str) -> Principal:
        return Principal(name=credentials, role=Role.WRITE)


def secured() -> OpenApiSchema:
    """The service where it asks who is there."""
    app = create_app(SERVICE_SETTINGS.model_copy(update={"auth": "required"}), tenants())
    [access] = [layer for layer in app.user_middleware if "authenticators" in layer.kwargs]
    authenticators: Any = access.kwargs["authenticators"]
    authenticators[:] = [OneToken()]
    return schemathesis.openapi.from_asgi("/openapi.json", app, config=CONFIG)


closed = secured()


@closed.parametrize()
@settings(max_examples=5, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_route_that_needs_a_token_answers_without(case: Any) -> None:
    """One of the checks sends each request without its token, and with another."""
    case.call_and_validate(headers={"Authorization": "Bearer known"})
