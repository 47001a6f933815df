"""Several queries in one request: answered all, or refused with the problems of all."""

from __future__ import annotations

from typing import NoReturn

import pytest

from reachproof.api import batch
from tests.api.requests import ISOLATED, check_problem, client, error, tenants


def test_the_problems_of_all_queries_are_told_each_with_its_place_and_nothing_is_decided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def decide(*_arguments: object) -> NoReturn:
        raise AssertionError("a query was answered")

    monkeypatch.setattr(batch, "answer", decide)
    wrong = ["can tenant C reach tenant A?", "can tenant A reech tenant B?"]
    response = client(tenants()).post("/query", json={"queries": [ISOLATED, *wrong]})
    check_problem(
        response,
        422,
        "the query or the manifests are wrong: 2 problems",
        error(
            f"no tenant C in the snapshot; it has A, B\n    {wrong[0]}\n               ^",
            file="query",
            line=1,
            column=12,
            path="queries.1",
        ),
        error(
            "found `reech`, expected `reach`, `except`, `or` or a condition such as `in namespace NAME` or `labelled "
            f"app=web`; did you mean `reach`?\n    {wrong[1]}\n                 ^^^^^\n  write\n"
            "    can pods in tenant A reach pods in tenant B\n    all tenants are isolated\n"
            "    why can't pods in tenant A reach pods in tenant B",
            file="query",
            line=1,
            column=14,
            path="queries.2",
        ),
    )
