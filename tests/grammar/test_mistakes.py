"""Each wrong query of `wrong_queries.txt` is refused with exactly the message that stands below it there."""

from __future__ import annotations

from pathlib import Path

import pytest

from reachproof.grammar.mistakes import QuerySyntaxError
from reachproof.grammar.parse import parse
from reachproof.network.errors import InputError, Problem

BLOCKS = (Path(__file__).parent / "wrong_queries.txt").read_text(encoding="utf-8").split("====\n")
WRONG = [tuple(block.rstrip("\n").split("\n--\n", 1)) for block in BLOCKS]


def test_there_are_many_wrong_queries() -> None:
    assert len({query for query, _ in WRONG}) == len(WRONG) >= 40


@pytest.mark.parametrize(("query", "message"), WRONG, ids=[query for query, _ in WRONG])
def test_a_wrong_query_is_refused_with(query: str, message: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse(query)
    assert str(caught.value) == message


def test_a_problem_carries_line_and_column_and_is_an_input_error() -> None:
    with pytest.raises(InputError) as caught:
        parse("can pods\n  reech nodes")
    assert caught.value.problems == (
        Problem(
            file="query",
            line=2,
            column=3,
            message="found `reech`, expected `reach`, `except`, `or` or a condition such as `in namespace NAME` or "
            "`labelled app=web`; did you mean `reach`?\n      reech nodes\n      ^^^^^",
        ),
    )


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "# a comment"])
def test_a_text_without_words_is_refused(text: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse(text)
    assert caught.value.problems[0].message.splitlines()[0] == "empty question"


def test_a_query_of_more_than_ten_thousand_characters_is_refused() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse(" " * 10_001)
    assert str(caught.value) == "query:1: the text has 10001 characters; a query has at most 10000"
