"""Documents of every kind keep all that they say on their way out and back."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from reachproof.documents.answer import NO_ROWS, Answer, Evidence
from reachproof.documents.connectivity import Connectivity
from reachproof.documents.diff import Diff
from reachproof.documents.findings import Findings
from reachproof.documents.json import decoded, encoded, in_ascii, once, plain, pretty, streamed
from reachproof.documents.parts import Notice, Origin
from reachproof.documents.report import Report
from reachproof.documents.words import Severity, Truth, Verdict, When, World
from reachproof.grammar import ast
from reachproof.semantics import trace
from reachproof.solver import endpoint_matching
from tests.face.samples import documents

KINDS: dict[str, type[Any]] = {
    "report": Report,
    "findings": Findings,
    "connectivity": Connectivity,
    "diff": Diff,
}


def kind_of(name: str) -> type[Any]:
    """The class of a sample; most are answers."""
    return KINDS.get(name, Answer)


def answer(**fields: Any) -> Answer:
    """An answer with little in it."""
    evidence = Evidence(
        replayed=True, cross_checked=True, engine="z3", solver_ms=1.5, total_ms=2.0, snapshot="sha256:0"
    )
    given: dict[str, Any] = {
        "query": "q",
        "normalized": "q",
        "form": "can",
        "verdict": Verdict.REACHABLE,
        "reason": "",
        "vacuous": False,
        "world": World.CLOSED,
        "witness": None,
        "because": (),
        "assumptions": (),
        "warnings": (),
        "evidence": evidence,
    }
    return Answer(**given | fields)


@pytest.mark.parametrize("name", documents())
def test_what_is_read_back_and_written_again_is_the_same(name: str) -> None:
    document = documents()[name]
    found = decoded(document, kind_of(name))
    assert plain(found) == document
    assert json.loads(pretty(found)) == document


@pytest.mark.parametrize("name", documents())
def test_a_document_travels_to_another_process(name: str) -> None:
    found = decoded(documents()[name], kind_of(name))
    assert encoded(pickle.loads(pickle.dumps(found))) == encoded(found)


@pytest.mark.parametrize("name", documents())
def test_fields_of_a_later_release_are_ignored(name: str) -> None:
    document = documents()[name]
    assert decoded(document | {"addedLater": [1]}, kind_of(name)) == decoded(document, kind_of(name))


def test_another_version_is_refused() -> None:
    document = plain(answer()) | {"apiVersion": "reachproof/v2"}
    with pytest.raises(ValueError) as caught:
        decoded(document, Answer)
    assert str(caught.value) == "Invalid value 'reachproof/v2' - at `$.apiVersion`"


def test_a_list_of_nothing_has_rows_and_what_is_no_list_has_none() -> None:
    empty, other = answer(columns=("pod",), rows=()), answer()
    assert (plain(empty)["rows"], "rows" in plain(other), "columns" in plain(other)) == ([], False, False)
    assert other.rows == () and other.rows is NO_ROWS
    assert pickle.loads(pickle.dumps(other)).rows is NO_ROWS


def test_a_warning_has_a_place_or_null_and_an_assumption_has_none() -> None:
    place = Origin(file="a.yaml", line=3, path="spec")
    written = [plain(Notice(code="A", text="b", **at)) for at in ({}, {"origin": None}, {"origin": place})]
    assert [each.get("origin", "absent") for each in written] == [
        "absent",
        None,
        {"file": "a.yaml", "line": 3, "path": "spec"},
    ]


def test_a_file_name_that_is_no_unicode_is_escaped() -> None:
    document = answer(warnings=(Notice(code="A", text="b", origin=Origin(file="\udcff.yaml", line=1, path="")),))
    assert json.loads(encoded(document))["warnings"][0]["origin"]["file"] == "\udcff.yaml"
    assert rb"\udcff.yaml" in encoded(document)


def test_text_for_a_terminal_is_in_ascii() -> None:
    content = encoded(answer(query="caf\u00e9 \U0001f600 \\u0041", reason="plain"))
    assert in_ascii(content).isascii()
    assert json.loads(in_ascii(content)) == json.loads(content)
    assert in_ascii(encoded(answer())) == encoded(answer()).decode()


def test_a_streamed_document_is_the_whole_one_with_a_row_to_a_line() -> None:
    whole = decoded(documents()["connectivity"], Connectivity)
    bare = decoded(documents()["connectivity"] | {"rows": []}, Connectivity)
    text = b"".join(streamed(bare, "rows", (once(row) for row in whole.rows)))
    assert json.loads(text) == plain(whole)
    assert text.count(b"\n") == len(whole.rows)
    assert b"".join(streamed(bare, "rows", ())) == encoded(bare)


def test_the_words_are_those_of_the_language_and_the_evaluator() -> None:
    assert list(map(str, Severity)) == list(map(str, ast.Severity))
    assert list(map(str, Truth)) == list(map(str, trace.Truth))
    assert list(map(str, When)) == list(map(str, endpoint_matching.When))
