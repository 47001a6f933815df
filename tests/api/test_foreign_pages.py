"""A page of another site can do nothing to a service without authentication."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from reachproof.api.app import create_app
from reachproof.api.settings import Settings
from tests.api.requests import ISOLATED, MANIFESTS, check_problem, client, tenants
from tests.api.secured import Secured

NAMED = "unknown host name in the header Host; use localhost or an address of this machine"


def here(address: str = "127.0.0.1", **settings: bool) -> TestClient:
    """A client whose connection leads to this address."""
    app = create_app(Settings.model_validate(settings), tenants())
    return TestClient(app, base_url=f"http://{address}:8000", raise_server_exceptions=False)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9999", "http://testserver.evil"])
def test_a_page_of_another_site_stores_nothing(origin: str) -> None:
    served = client(tenants())
    response = served.post(
        "/snapshots?name=prod", content=MANIFESTS, headers={"content-type": "text/plain", "origin": origin}
    )
    check_problem(response, 403, f"cross-site request from {origin} refused")
    assert served.get("/snapshots").json()["snapshots"] == []


def test_the_own_page_may_ask() -> None:
    response = client(tenants()).post("/query", json={"query": ISOLATED}, headers={"origin": "http://testserver"})
    assert response.json()["verdict"] == "holds"


@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]"])
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "", "127.0.0.1.evil", "[:"]
)
def test_a_name_that_was_made_to_lead_here_is_refused(address: str, host: str) -> None:
    check_problem(here(address).post("/query", json={"query": ISOLATED}, headers={"host": host}), 403, NAMED)


@pytest.mark.parametrize("host", ["localhost:8000", "LOCALHOST", "127.0.0.1:8000", "[::1]:8000"])
def test_the_names_of_this_machine_are_taken(host: str) -> None:
    assert here().post("/query", json={"query": ISOLATED}, headers={"host": host}).json()["verdict"] == "holds"


def test_a_service_that_is_open_to_all_has_any_name() -> None:
    served = here(allow_unauthenticated=True)
    assert served.post("/query", json={"query": ISOLATED}, headers={"host": "a.example"}).status_code == 200


def test_with_tokens_the_name_does_not_matter_since_a_page_of_another_site_has_none(tmp_path: Path) -> None:
    secured = Secured(tmp_path)
    headers = {"authorization": f"Bearer {secured.token('read')}", "origin": "https://a.example"}
    assert secured.client.get("/snapshots", headers=headers).status_code == 200
