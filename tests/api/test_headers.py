"""Headers of every response."""

from __future__ import annotations

from pathlib import Path

import pytest

from reachproof.api.security_headers import NOTHING, SECURITY_HEADERS
from tests.api.requests import client
from tests.api.secured import QUESTION, Secured


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/query", 200),
        ("GET", "/query", 405),
        ("GET", "/elsewhere", 404),
        ("POST", "/check", 422),
        ("GET", "/healthz", 200),
        ("GET", "/metrics", 200),
        ("GET", "/openapi.json", 200),
    ],
)
def test_every_response_has_them(method: str, path: str, status: int) -> None:
    response = client().request(method, path, json=QUESTION if method == "POST" else None)
    assert response.status_code == status
    assert {name: response.headers.get(name) for name in SECURITY_HEADERS} == dict(SECURITY_HEADERS)
    assert "server" not in response.headers


def test_refusals_have_them_too(tmp_path: Path) -> None:
    response = Secured(tmp_path).ask(None)
    assert response.headers["content-security-policy"] == NOTHING
    assert "x-request-id" in response.headers


def test_the_page_of_the_interface_runs_no_script_and_asks_no_other_host() -> None:
    response = client().get("/docs")
    policy = response.headers["content-security-policy"]
    assert policy.startswith(f"{NOTHING}; style-src 'sha256-")
    assert "script" not in policy
    assert "<script" not in response.text
    assert "http://" not in response.text and "https://" not in response.text
    for shown in ("POST /query", "GET /healthz", "Answer", "ProblemDetails"):
        assert shown in response.text
