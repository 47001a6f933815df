"""The output of `-o json` is described by the schema that the command's help names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from reachproof.documents.schema import PUBLISHED, published
from reachproof.queries import audit_places
from tests.cli.terminal import Terminal
from tests.cli.test_audit import Inline
from tests.documents.test_schemas import strict

ASKED = {
    "query": ("-f", "tenants", "can any pod in tenant A reach 10.0.0.0/8 on tcp/5432?"),
    "check": ("-f", "tenants"),
    "connectivity": ("tenants", "--explain", "--exposure"),
    "explain": ("-f", "tenants", "tenant A", "tenant B", "80"),
    "diff": ("tenants", "tenants-broken"),
    "lint": ("tenants-broken",),
    "audit": ("--jobs", "1", "--pack", "isolated.reach", "--snapshots", "tenants", "missing"),
}
UNDECIDED = ("query", "check", "connectivity", "explain", "diff", "lint")


def schema_of(command: str, terminal: Terminal) -> str:
    """The name of the schema that the help of a command names."""
    told = " ".join(terminal.run("help", command).out.split())
    [name] = re.findall(r"`reachproof schema (\w+)` describes the JSON", told)
    return str(name)


def demand_described(text: str, name: str) -> None:
    Draft202012Validator(strict(published(name))).validate(json.loads(text))


@pytest.mark.parametrize("command", ASKED)
def test_the_json_of_a_command_is_described(command: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("isolated.reach").write_text("invariant isolated: all tenants are isolated\n", encoding="utf-8")
    monkeypatch.setattr(audit_places, "local_places", lambda _jobs: (Inline(),))
    ran = terminal.run(command, *ASKED[command], "-o", "json")
    assert ran.code in (0, 1, 2)
    demand_described(ran.out, schema_of(command, terminal))


@pytest.mark.parametrize("command", UNDECIDED)
def test_the_json_of_a_command_that_ran_out_of_time_is_described_too(command: str, terminal: Terminal) -> None:
    ran = terminal.run(command, *ASKED[command], "-o", "json", "--timeout", "0.000001")
    assert ran.code == 3
    demand_described(ran.out, schema_of(command, terminal))


def test_several_answers_are_a_list_of_those_that_are_described(terminal: Terminal) -> None:
    ran = terminal.run("query", *ASKED["query"], "which pods are exposed to the internet?", "-o", "json")
    answers = json.loads(ran.out)
    assert [answer["form"] for answer in answers] == ["can", "which"]
    for answer in answers:
        demand_described(json.dumps(answer), "answer")


@pytest.mark.parametrize("name", PUBLISHED)
def test_schema_prints_a_published_one(name: str, terminal: Terminal) -> None:
    ran = terminal.run("schema", name)
    assert (ran.code, ran.err, json.loads(ran.out)) == (0, "", published(name))
