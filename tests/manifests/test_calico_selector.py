"""Calico's selector language: what texts mean, what is said about mistakes, and two laws."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.engines.selector_text import predicate_text
from reachproof.manifests.kinds.calico.selector import Global, SelectorMistake, parse_selector
from reachproof.network.labels import Operator, Requirement
from reachproof.network.predicate import (
    ACCOUNT_NAME,
    ALWAYS,
    NEVER,
    Conjunction,
    Disjunction,
    Holder,
    How,
    Needs,
    Negation,
    Predicate,
    Textual,
    holds,
)
from tests.manifests.naive_selector import Naive

KEYS = ("app", "in", "has", "all", "contains", "not", "a.b/c-d_e", "pcns.x")
OPERATOR = "an operator: ==, !=, in, not in, contains, starts with or ends with"
CONDITION = "a condition such as app == 'web', has(app) or all()"
VALUES = ("web", "db", "w", "we'b", 'w"b', "", "a && b", "}")


def meets(text: str, **labels: str) -> bool:
    found = parse_selector(text)
    assert not isinstance(found, Global)
    return holds(found, {Holder.POD: labels})


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("", {}, True),
        (" \t", {}, True),
        ("all()", {}, True),
        ("all( )", {}, True),
        ("app == 'web'", {"app": "web"}, True),
        ("app == 'web'", {}, False),
        ("app != 'web'", {}, True),
        ("app != 'web'", {"app": "db"}, True),
        ("app in {'web', \"db\",}", {"app": "db"}, True),
        ("app in {}", {"app": "db"}, False),
        ("app not in {}", {}, True),
        ("app not  in{'web'}", {"app": "web"}, False),
        ("app notin {'web'}", {}, True),
        ("app contains 'e'", {"app": "web"}, True),
        ("app contains 'e'", {}, False),
        ("app starts with 'we'", {"app": "web"}, True),
        ("app startswith 'eb'", {"app": "web"}, False),
        ("app ends\twith 'eb'", {"app": "web"}, True),
        ("has(app)", {"app": ""}, True),
        ("!has(app)", {}, True),
        ("!!has(app)", {}, False),
        ("!app == 'web' && has(x)", {"x": ""}, True),
        ("app == 'a' || app == 'b' && has(x)", {"app": "a"}, True),
        ("(app == 'a' || app == 'b') && has(x)", {"app": "a"}, False),
        ("in in {'in'}", {"in": "in"}, True),
        ("has == 'x'", {"has": "x"}, True),
        ("all != 'x'", {"all": "x"}, False),
        ("has(has)", {"has": ""}, True),
        ('app == "it\'s"', {"app": "it's"}, True),
    ],
)
def test_what_a_selector_says_of_labels(text: str, labels: dict[str, str], expected: bool) -> None:
    assert meets(text, **labels) is expected


def test_global_stands_alone() -> None:
    assert parse_selector("global()") == Global()
    assert parse_selector(" global( ) ") == Global()


@pytest.mark.parametrize(
    ("text", "message", "span"),
    [
        ("app", "found the end at column 4, expected OPERATOR", (3, 3)),
        ("app = 'x'", 'found "=" at column 5, expected OPERATOR', (4, 5)),
        ("app == x", 'found "x" at column 8, expected text in quotes', (7, 8)),
        ("a == 'b' &&", "found the end at column 12, expected CONDITION", (11, 11)),
        ("a == 'b' c", 'found "c" at column 10, expected &&, || or the end', (9, 10)),
        ("(a == 'b'", "found the end at column 10, expected )", (9, 9)),
        ("a == 'b')", 'found ")" at column 9, expected the end', (8, 9)),
        ("has()", 'found ")" at column 5, expected a label key', (4, 5)),
        ("has (a)", 'found "(a)" at column 5, expected OPERATOR', (4, 7)),
        ("a in 'b'", "found \"'b'\" at column 6, expected values in braces, such as {'a', 'b'}", (5, 8)),
        ("a in {'b' 'c'}", "found \"'c'}\" at column 11, expected a comma or }", (10, 14)),
        ("a in {", "found the end at column 7, expected text in quotes or }", (6, 6)),
        ("a ==\n'b'", "found a line break at column 5, expected text in quotes", (4, 5)),
        ("a == 'b' && global()", "global() at column 13 must stand alone", (12, 19)),
        ("global() || a == 'b'", 'found "||" at column 10, expected the end', (9, 11)),
        ("!" * 150 + "has(a)", "more than 100 levels of nesting", (0, 156)),
        (f"has({'k' * 513})", "key too long (513 characters; the limit is 512)", (4, 517)),
    ],
)  # fmt: skip
def test_what_is_said_about_a_mistake(text: str, message: str, span: tuple[int, int]) -> None:
    with pytest.raises(SelectorMistake) as caught:
        parse_selector(text)
    message = message.replace("OPERATOR", OPERATOR).replace("CONDITION", CONDITION)
    assert (caught.value.message, (caught.value.start, caught.value.end)) == (message, span)


@pytest.mark.parametrize(
    ("test", "of", "text"),
    [
        (Requirement("app", Operator.EXISTS), Holder.POD, "has(app)"),
        (Requirement("app", Operator.DOES_NOT_EXIST), Holder.POD, "!has(app)"),
        (Requirement("app", Operator.IN, ("we'b",)), Holder.POD, 'app == "we\'b"'),
        (Requirement("app", Operator.NOT_IN, ("db", "web")), Holder.POD, "app not in {'db', 'web'}"),
        (Textual("app", How.CONTAINS, "w"), Holder.NAMESPACE, "pcns.app contains 'w'"),
        (Requirement("tier", Operator.IN, ("a",)), Holder.ACCOUNT, "pcsa.tier == 'a'"),
        (Requirement(ACCOUNT_NAME, Operator.IN, ("robot",)), Holder.ACCOUNT, "account == 'robot'"),
    ],
)
def test_a_condition_has_the_text_that_calico_has_for_it(test: Requirement | Textual, of: Holder, text: str) -> None:
    assert predicate_text(Needs(test, of), "account") == text


def test_the_name_of_an_account_has_the_key_of_calico_where_no_other_is_given() -> None:
    name = Needs(Requirement(ACCOUNT_NAME, Operator.IN, ("robot",)), Holder.ACCOUNT)
    assert predicate_text(name) == "projectcalico.org/serviceaccount == 'robot'"


def test_everything_and_nothing_have_a_text() -> None:
    assert (predicate_text(ALWAYS), predicate_text(NEVER)) == ("all()", "!all()")


# ---------------------------------------------------------------- laws

_keys = st.sampled_from(KEYS)
_values = st.sampled_from(VALUES)
_sets = st.lists(_values, max_size=3).map(lambda values: tuple(sorted(set(values))))
_tests: st.SearchStrategy[Requirement | Textual] = st.one_of(
    st.builds(Requirement, _keys, st.sampled_from((Operator.IN, Operator.NOT_IN)), _sets),
    st.builds(Requirement, _keys, st.just(Operator.EXISTS)),
    st.builds(Textual, _keys, st.sampled_from(How), _values),
)


def _larger(inner: st.SearchStrategy[Predicate]) -> st.SearchStrategy[Predicate]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Negation, inner), st.builds(Conjunction, several), st.builds(Disjunction, several))


predicates = st.recursive(st.one_of(st.builds(Needs, _tests), st.just(ALWAYS)), _larger, max_leaves=8)
labels = st.dictionaries(_keys, _values, max_size=4)


@settings(max_examples=200)
@given(predicates)
def test_reading_the_text_of_a_predicate_gives_the_predicate(predicate: Predicate) -> None:
    assert parse_selector(predicate_text(predicate)) == predicate


@settings(max_examples=200)
@given(predicates, labels)
def test_a_second_evaluator_that_works_on_the_text_says_the_same(predicate: Predicate, given_: dict[str, str]) -> None:
    text = predicate_text(predicate)
    assert meets(text, **given_) is Naive(text, given_).value(), text
