"""Selectors: each operator as meta/v1 has it, and their text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachproof.network.labels import EVERYTHING, Operator, Requirement, Selector

KEYS = st.sampled_from(("app", "tier"))
VALUES = st.sampled_from(("", "a", "b"))
LABELS = st.dictionaries(KEYS, VALUES)
REQUIREMENTS = st.one_of(
    st.builds(
        lambda key, operator, values: Requirement(key, operator, tuple(sorted(values))),
        KEYS,
        st.sampled_from((Operator.IN, Operator.NOT_IN)),
        st.sets(VALUES, min_size=1),
    ),
    st.builds(Requirement, KEYS, st.sampled_from((Operator.EXISTS, Operator.DOES_NOT_EXIST))),
)


@pytest.mark.parametrize(
    ("operator", "values", "absent", "empty", "a", "c"),
    [
        (Operator.IN, ("a", "b"), False, False, True, False),
        (Operator.IN, ("",), False, True, False, False),
        (Operator.NOT_IN, ("a", "b"), True, True, False, True),
        (Operator.NOT_IN, ("",), True, False, True, True),
        (Operator.EXISTS, (), False, True, True, True),
        (Operator.DOES_NOT_EXIST, (), True, False, False, False),
    ],
)
def test_an_operator_on_a_key_that_is_absent_empty_or_has_a_value(
    operator: Operator, values: tuple[str, ...], absent: bool, empty: bool, a: bool, c: bool
) -> None:
    requirement = Requirement("k", operator, values)
    carried: list[dict[str, str]] = [{"other": "a"}, {"k": ""}, {"k": "a"}, {"k": "c"}]
    assert [requirement.matches(labels) for labels in carried] == [absent, empty, a, c]


@given(st.lists(REQUIREMENTS, max_size=3), LABELS)
def test_a_selector_matches_where_all_its_requirements_do(parts: list[Requirement], labels: dict[str, str]) -> None:
    assert Selector.of(*parts).matches(labels) is all(part.matches(labels) for part in parts)


@given(st.lists(REQUIREMENTS, max_size=3))
def test_order_and_doubles_make_no_other_selector(parts: list[Requirement]) -> None:
    assert Selector.of(*parts) == Selector.of(*reversed(parts), *parts)


@given(REQUIREMENTS, LABELS)
def test_an_operator_and_its_opposite_divide_all_labels(part: Requirement, labels: dict[str, str]) -> None:
    opposite = {
        Operator.IN: Operator.NOT_IN,
        Operator.NOT_IN: Operator.IN,
        Operator.EXISTS: Operator.DOES_NOT_EXIST,
        Operator.DOES_NOT_EXIST: Operator.EXISTS,
    }[part.operator]
    assert part.matches(labels) is not Requirement(part.key, opposite, part.values).matches(labels)


def test_nothing_required_selects_everything() -> None:
    assert EVERYTHING.matches({})
    assert EVERYTHING.matches({"a": "b"})


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        (EVERYTHING, "everything"),
        (Selector.equal("app", "web"), "app=web"),
        (Selector.equal("app", "web", "db", "web"), "app in (db,web)"),
        (Selector.of(Requirement("app", Operator.NOT_IN, ("db",))), "app!=db"),
        (Selector.of(Requirement("app", Operator.NOT_IN, ("a", "b"))), "app notin (a,b)"),
        (Selector.of(Requirement("b", Operator.EXISTS), Requirement("a", Operator.DOES_NOT_EXIST)), "!a,b"),
    ],
)
def test_the_text_of_a_selector_is_what_kubectl_takes(selector: Selector, text: str) -> None:
    assert str(selector) == text


@given(st.lists(REQUIREMENTS, max_size=4), LABELS)
def test_what_matches_some_labels_is_not_unsatisfiable(parts: list[Requirement], labels: dict[str, str]) -> None:
    selector = Selector.of(*parts)
    assert not (selector.matches(labels) and selector.unsatisfiable())


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (EVERYTHING, False),
        (Selector.of(Requirement("a", Operator.IN, ("x",)), Requirement("a", Operator.IN, ("x", "y"))), False),
        (Selector.of(Requirement("a", Operator.IN, ("x",)), Requirement("a", Operator.IN, ("y",))), True),
        (Selector.of(Requirement("a", Operator.IN, ("x",)), Requirement("a", Operator.NOT_IN, ("x",))), True),
        (Selector.of(Requirement("a", Operator.EXISTS), Requirement("a", Operator.DOES_NOT_EXIST)), True),
        (Selector.of(Requirement("a", Operator.NOT_IN, ("x",)), Requirement("a", Operator.DOES_NOT_EXIST)), False),
        (Selector.of(Requirement("a", Operator.NOT_IN, ("x",)), Requirement("a", Operator.EXISTS)), False),
        (Selector.of(Requirement("a", Operator.IN, ("x",)), Requirement("b", Operator.DOES_NOT_EXIST)), False),
    ],
)
def test_requirements_that_contradict_each_other_are_noticed(selector: Selector, expected: bool) -> None:
    assert selector.unsatisfiable() is expected
