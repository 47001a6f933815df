"""Access by role: no token, wrong role, ended tokens, and tokens in the wrong place."""

from __future__ import annotations

import asyncio
import hmac
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from reachproof.api.access import AccessDenied, Role, required_role
from reachproof.api.database import Database, StoreUnavailable
from reachproof.api.tokens import REMEMBERED_SECONDS, TokenAuthenticator, Tokens
from tests.api.requests import check_problem
from tests.api.secured import QUESTION, Secured

UNKNOWN = "invalid token"


@pytest.fixture
def secured(tmp_path: Path) -> Secured:
    return Secured(tmp_path)


def test_without_a_token_nothing_about_a_cluster_is_told(secured: Secured) -> None:
    response = secured.ask(None)
    check_problem(response, 401, "authentication required; send the header Authorization: Bearer TOKEN")
    assert response.headers["www-authenticate"] == 'Bearer realm="reachproof"'
    assert secured.ask(None, "GET", "/metrics").status_code == 401
    assert secured.ask(None, "GET", "/snapshots").status_code == 401


def test_a_stranger_is_turned_away_before_the_body_is_read(secured: Secured) -> None:
    assert secured.ask(None, content=b"{" * 1000).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/openapi.json"])
def test_what_is_the_same_everywhere_is_open(secured: Secured, path: str) -> None:
    assert secured.ask(None, "GET", path).status_code == 200


def test_both_roles_may_ask(secured: Secured) -> None:
    for role in Role:
        response = secured.ask(secured.token(role))
        assert (response.status_code, response.json()["verdict"]) == (200, "unreachable")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/snapshots"),
        ("PUT", "/snapshots/names/prod"),
        ("DELETE", "/snapshots/sha256:00"),
        ("POST", "/anything/new"),
    ],
)
def test_reading_is_not_enough_to_change_what_is_stored(secured: Secured, method: str, path: str) -> None:
    check_problem(
        secured.ask(secured.token("read"), method, path), 403, "the role read may not do this; it needs the role write"
    )
    assert secured.ask(secured.token("write"), method, path).status_code not in (401, 403)


def test_every_route_that_changes_something_needs_write(secured: Secured) -> None:
    app = secured.client.app
    routes = {
        (method, route.path)
        for route in getattr(app, "routes", [])
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    changing = {(method, path) for method, path in routes if method not in ("GET", "HEAD", "POST")}
    assert {required_role(method, path, open_metrics=False) for method, path in changing} <= {Role.WRITE}


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic dTpw", "bearer x", "Bearer rp_", "Bearer " + "x" * 10_000, "Bearer a.b.c"],
)
def test_other_credentials_are_not_taken(secured: Secured, header: str) -> None:
    response = secured.client.post("/query", json=QUESTION, headers={"authorization": header})
    assert response.status_code == 401
    assert header == "" or header.removeprefix("Bearer ").strip() in ("", "Bearer") or header[7:] not in response.text


def test_two_headers_are_not_taken(secured: Secured) -> None:
    token = secured.token("read")
    headers = [("authorization", f"Bearer {token}"), ("authorization", "Bearer x")]
    assert secured.client.post("/query", json=QUESTION, headers=headers).status_code == 401


def test_a_changed_secret_and_an_unknown_id_are_told_apart_by_nobody(secured: Secured) -> None:
    token = secured.token("read")
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    unknown = "rp_" + "0" * 12 + token[15:]
    answers = [secured.ask(each) for each in (changed, unknown)]
    for answer in answers:
        check_problem(answer, 401, UNKNOWN)


def test_a_revoked_token_is_not_valid(secured: Secured) -> None:
    token = secured.token("read")
    assert secured.tokens.revoke(token[3:15])
    check_problem(secured.ask(token), 401, UNKNOWN)


def test_an_expired_token_is_not_valid(tmp_path: Path) -> None:
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    tokens = Tokens(Database.of(Secured(tmp_path).settings.database_url), lambda: moment)
    token = tokens.create(Role.READ, lifetime=timedelta(days=1))
    assert tokens.principal(token) is not None
    moment += timedelta(days=1)
    assert tokens.principal(token) is None
    assert [each.state for each in tokens.entries()] == ["expired"]


def test_the_comparison_takes_as_long_for_an_unknown_token(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []
    true = hmac.compare_digest

    def compare(left: bytes, right: bytes) -> bool:
        compared.append((len(left), len(right)))
        return true(left, right)

    monkeypatch.setattr("reachproof.api.tokens.hmac.compare_digest", compare)
    token = secured.token("read")
    assert secured.tokens.principal(token) is not None
    assert secured.tokens.principal("rp_" + "f" * 12 + token[15:]) is None
    assert compared == [(32, 32), (32, 32)]


def test_the_database_has_no_secret(secured: Secured, tmp_path: Path) -> None:
    token = secured.token("read")
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert token[3:15].encode() in stored
    assert token[16:].encode() not in stored


@pytest.mark.parametrize("query", ["access_token=x", "a=1&TOKEN=x", "q=rp_0123456789ab_secret"])
def test_a_token_in_an_address_is_refused(secured: Secured, query: str) -> None:
    response = secured.ask(secured.token("read"), path=f"/query?{query}")
    assert response.status_code == 400
    assert "secret" not in response.text


def test_a_revoked_token_is_remembered_for_seconds_only(secured: Secured) -> None:
    at = 100.0
    authenticator = TokenAuthenticator(secured.tokens, lambda: at)
    token = secured.token("read")
    first = asyncio.run(authenticator.principal(token))
    secured.tokens.revoke(token[3:15])
    assert asyncio.run(authenticator.principal(token)) == first
    at += REMEMBERED_SECONDS
    with pytest.raises(AccessDenied):
        asyncio.run(authenticator.principal(token))


def test_tokens_that_cannot_be_looked_up_are_not_let_in(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    token = secured.token("read")

    def fail(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(Tokens, "principal", fail)
    response = secured.ask(token)
    check_problem(response, 503, "tokens cannot be looked up now")
    assert response.headers["retry-after"] == "5"


def test_metrics_are_open_where_that_is_set(tmp_path: Path) -> None:
    assert Secured(tmp_path, open_metrics=True).ask(None, "GET", "/metrics").status_code == 200


def test_the_document_says_who_may_ask(secured: Secured) -> None:
    document = secured.client.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert document["paths"]["/query"]["post"]["security"] == [{"bearer": []}]
    assert {"401", "403"} <= set(document["paths"]["/query"]["post"]["responses"])
    assert "security" not in document["paths"]["/healthz"]["get"]
