"""The grammar itself: its class, its tables, and what long or odd texts do to it."""

from __future__ import annotations

import logging
import re

import lark as lark_package
import pytest

from reachproof.grammar import ast
from reachproof.grammar.engine import STARTS, digest, grammar, lark, made
from reachproof.grammar.mistakes import QuerySyntaxError
from reachproof.grammar.parse import parse, parse_many
from reachproof.grammar.words import END_OF_TEXT, RESERVED_WORDS, WORDS, is_plain_name, is_slot
from tests.grammar.tables import FILE
from tests.grammar.test_sentences import STATEMENTS


def test_the_grammar_is_lalr_without_conflicts(caplog: pytest.LogCaptureFixture) -> None:
    options = lark().options
    assert (options.parser, options.lexer) == ("lalr", "contextual")
    level = lark_package.logger.level
    lark_package.logger.setLevel(logging.DEBUG)
    lark_package.logger.addHandler(caplog.handler)
    try:
        lark_package.Lark(grammar(), parser="lalr", start=list(STARTS), maybe_placeholders=False, debug=True)
    finally:
        lark_package.logger.setLevel(level)
        lark_package.logger.removeHandler(caplog.handler)
    assert [record.getMessage() for record in caplog.records if "onflict" in record.getMessage()] == []


def test_the_tables_that_are_kept_are_those_of_the_grammar() -> None:
    version, kept = FILE.read_bytes().partition(b"\n")[0].decode().split()
    assert kept == digest(), "run python -m tests.grammar.tables"
    assert (lark().source_path == "<deserialized>") is (version == lark_package.__version__)


def test_the_tables_read_what_the_grammar_reads() -> None:
    from_grammar = made()
    for text, _ in STATEMENTS:
        assert lark().parse(text, start="query") == from_grammar.parse(text, start="query")


def test_every_terminal_is_shown_to_users_in_some_way() -> None:
    assert {terminal.name for terminal in lark().terminals} - {"__IGNORE_0"} == set(WORDS) - {END_OF_TEXT}


def test_every_word_that_is_shown_is_what_its_terminal_reads() -> None:
    looks_ahead = {
        "JOIN_EXCEPT": " to",
        "JOIN_PORT": " tcp",
        "JOIN_SET": " pods",
        "JOIN_NAME": " x",
        "LABEL_COMMA": "x=y",
    }
    looks_ahead |= {"EXCEPT_CLAIM": " to", "FILTER_AND": " in", "ANY": " pod"}
    for terminal in lark().terminals:
        pattern = re.compile(terminal.pattern.to_regexp())
        for word in WORDS.get(terminal.name, ()):
            if not is_slot(word) and "/PORT" not in word:
                match = pattern.match(word + looks_ahead.get(terminal.name, ""))
                assert match is not None, terminal.name
                assert match[0].strip() == word


@pytest.mark.parametrize("word", sorted({word.replace("?", "") for word in RESERVED_WORDS}))
def test_a_word_of_the_language_is_a_name_in_quotes_only(word: str) -> None:
    assert not is_plain_name(word)
    quoted = parse(f'can pods in namespaces x or "{word}" reach nodes').statement
    assert isinstance(quoted, ast.Can)
    assert quoted.source.set == ast.Pods((ast.InNamespaces((ast.Name("x"), ast.Name(word))),))
    with pytest.raises(QuerySyntaxError):
        parse(f"can pods in namespace {word} reach nodes")


@pytest.mark.parametrize(
    "word", ["default", "a", "an", "admin", "tcp", "port", "ingress", "prove", "snapshot", "T", "0"]
)
def test_a_word_that_is_no_keyword_there_is_a_name_without_quotes(word: str) -> None:
    for text in ("pods in namespace {}", "pods in tenants x or {}", "node {}", "pods outside namespaces {}, x"):
        with_quotes = text.format(f'"{word}"')
        assert parse(f"can {text.format(word)} reach nodes") == parse(f"can {with_quotes} reach nodes")


def test_parentheses_nest_fifty_deep() -> None:
    deepest = "(" * 50 + "pods except nodes" + ")" * 50
    assert parse(f"can {deepest} reach nodes") == parse("can pods except nodes reach nodes")


def test_a_long_list_is_one_union() -> None:
    statement = parse("can " + ", ".join(f"node n{number}" for number in range(800)) + " reach pods").statement
    assert isinstance(statement, ast.Can)
    assert isinstance(statement.source.set, ast.Union)
    assert len(statement.source.set.items) == 800


# Runs of one kind of character or word: a pattern that tries every way to divide them would hang on some.
GARBAGE = [
    *("(" * 9_999, "can " * 2_400, "pods except " * 800, "a" * 9_999, "1." * 4_999, '"a" ' * 2_400, "x/" * 4_999),
    *(":" * 9_999, "not " * 2_400, "! " * 4_999, "'" * 9_999, "a\n" * 4_999, "\n\t " * 3_000, "can pods\n" * 1_000),
    *("can pods," + " " * 9_000 + "x", "can pods or" + " " * 9_000 + "x", "can pods labelled a" + " " * 9_000 + "!"),
    *(
        "can pods labelled " + "a," * 4_900,
        "can pods labelled " + "a-" * 4_900,
        "can pods labelled a in (" + "(" * 9_000,
    ),
    *("can pods labelled a," + " " * 9_000 + "=", "can pods labelled a" + " " * 9_000 + "~", "\n" * 9_900),
    *("can pods labelled a in (" + " " * 9_000 + "x y)", "can pods in namespace " + "a, " * 3_000),
    *("can pods reach " + ":" * 9_000, "can pods reach " + "1.1" * 3_000, "can pods reach " + "1-" * 4_900),
    *("can pods reach 1.1" + " " * 9_000 + "-", "no pod can reach pods except " + "from pods to nodes, " * 480),
]


@pytest.mark.parametrize("text", GARBAGE, ids=[f"{number}" for number in range(len(GARBAGE))])
def test_long_garbage_is_refused_with_short_messages(text: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_many(text)
    assert all(len(problem.message) < 600 for problem in caught.value.problems)
