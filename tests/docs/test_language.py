"""docs/language.md and docs/packs.md: each example parses, and has the verdict behind its `#` once it can be asked."""

from __future__ import annotations

from functools import cache

import pytest

from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.parse import attempt, parse, parse_many, parse_pack
from reachproof.manifests.load import load
from reachproof.network.errors import InputError
from reachproof.queries.ask import Session
from tests.docs.pages import phrases, tagged
from tests.house.places import ROOT

PAGE = "docs/language.md"
LINES = [line for block in tagged(PAGE, "reach") for line in block.splitlines() if line]


@cache
def example() -> Session:
    today, monday = (Session(load(ROOT / "queries" / "examples" / name)) for name in ("tenants", "tenants-broken"))
    return today.since({"monday": monday})


def outcome(sentence: str) -> str:
    """The verdict, or what kind of refusal there is."""
    try:
        answer = example().ask(sentence)
    except InputError as error:
        first = error.problems[0].message.splitlines()[0]
        return "not yet" if "not answered yet" in first else f"error: {first}"
    return f"{answer.verdict}, vacuous" if answer.vacuous else str(answer.verdict)


@pytest.mark.parametrize("line", LINES)
def test_an_example_has_the_outcome_behind_it(line: str) -> None:
    sentence, _, expected = (part.strip() for part in line.partition("#"))
    parse(sentence)
    assert outcome(sentence) == expected


@pytest.mark.parametrize("line", [line for block in tagged(PAGE, "reach-plain") for line in block.splitlines()])
def test_a_plain_example_has_the_outcome_behind_it(line: str) -> None:
    sentence, _, expected = (part.strip() for part in line.partition("#"))
    assert outcome(sentence) == expected
    assert isinstance(attempt(sentence), Mistake)


@pytest.mark.parametrize("block", tagged(PAGE, "reach"))
def test_a_block_can_be_asked_as_a_whole(block: str) -> None:
    assert len(parse_many(block)) == len(block.splitlines())


@pytest.mark.parametrize("block", tagged("docs/packs.md", "reach-pack"))
def test_a_pack_parses(block: str) -> None:
    assert parse_pack(block).checks


@pytest.mark.parametrize("phrase", phrases(PAGE, "Sets"))
def test_a_set_of_the_table_parses(phrase: str) -> None:
    parse(f"can {phrase} reach {phrase}?")


@pytest.mark.parametrize("phrase", phrases(PAGE, "Ports"))
def test_ports_of_the_table_parse(phrase: str) -> None:
    parse(f"can pods reach nodes on {phrase}?")
