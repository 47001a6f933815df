"""The two sentences that reachproof is for, proved and refuted, on the command line and over HTTP alike."""

from __future__ import annotations

import json

import pytest

from reachproof.cli.main import main
from tests.api.requests import EXAMPLES, client, tenants

DATABASE = "can any pod in tenant A reach 10.0.0.0/8 on tcp/5432?"
FLOOR = "BANP enforces default deny for every tenant"


@pytest.mark.parametrize(
    ("sentence", "folder", "verdict", "code"),
    [
        (DATABASE, "tenants", "unreachable", 0),
        (DATABASE, "tenants-broken", "reachable", 0),
        (FLOOR, "floor", "holds", 0),
        (FLOOR, "tenants", "violated", 1),
    ],
)
def test_both_mouths_say_the_same(
    sentence: str, folder: str, verdict: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["query", "-q", "-o", "json", "-f", str(EXAMPLES / folder), sentence])
    on_the_line = json.loads(capsys.readouterr().out)
    over_http = client(tenants(folder)).post("/query", json={"query": sentence}).json()
    assert ended.value.code == code
    for answer in (on_the_line, over_http):
        assert answer["verdict"] == verdict
        assert answer["evidence"]["replayed"] and answer["evidence"]["crossChecked"]
        del answer["evidence"]
    assert on_the_line == over_http
    assert bool(on_the_line["witness"]) is (verdict in ("reachable", "violated"))
    assert bool(on_the_line["because"]) is (verdict in ("unreachable", "holds"))
