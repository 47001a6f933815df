"""format and parse are inverse to each other, over every AST that can be drawn."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.grammar.ast import Anything, Can, Ports, Quantified, Quantifier, Query, SetExpr
from reachproof.grammar.format import format_ports, format_query, format_set
from reachproof.grammar.parse import parse, parse_many
from tests.grammar import strategies


@pytest.mark.heavy
@settings(max_examples=1_000)
@given(strategies.queries)
def test_parsing_the_text_of_an_ast_gives_the_ast(query: Query) -> None:
    text = format_query(query)
    assert parse(text) == query
    assert format_query(parse(text)) == text


@given(strategies.sets)
def test_the_text_of_a_set_is_that_set_in_a_sentence(expression: SetExpr) -> None:
    source = Quantified(Quantifier.BARE, expression)
    statement = parse(f"can {format_set(expression)} reach anything").statement
    assert statement == Can(source, Quantified(Quantifier.BARE, Anything()))


@given(strategies.ports)
def test_the_text_of_ports_is_those_ports_in_a_sentence(ports: Ports) -> None:
    anything = Quantified(Quantifier.BARE, Anything())
    assert parse(f"can anything reach anything on {format_ports(ports)}").statement == Can(anything, anything, ports)


@pytest.mark.heavy
@given(st.lists(strategies.queries, min_size=1, max_size=3))
def test_sentences_on_lines_of_their_own_are_read_as_each_alone(queries: list[Query]) -> None:
    lines = [format_query(query) for query in queries]
    assert parse_many("\n".join(lines)) == tuple(queries)
    assert parse_many(" ; ".join(lines)) == tuple(queries)
    assert parse_many(". ".join(lines)) == tuple(queries)
