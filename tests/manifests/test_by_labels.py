"""Things found by their labels are those that a look at each of them finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reachproof.manifests.kinds.calico.peers import ByLabels
from reachproof.network.labels import Operator, Requirement
from reachproof.network.predicate import (
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

KEYS = st.sampled_from(("app", "tier", "projectcalico.org/namespace"))
VALUES = st.sampled_from(("web", "db", ""))
TESTS = st.one_of(
    st.builds(
        lambda key, operator, values: Requirement(key, operator, tuple(sorted(values))),
        KEYS,
        st.sampled_from((Operator.IN, Operator.NOT_IN)),
        st.sets(VALUES, max_size=2),
    ),
    st.builds(Requirement, KEYS, st.sampled_from((Operator.EXISTS, Operator.DOES_NOT_EXIST))),
    st.builds(Textual, KEYS, st.sampled_from(How), st.sampled_from(("", "w", "b"))),
)
PREDICATES = st.recursive(
    st.one_of(TESTS.map(Needs), st.sampled_from((ALWAYS, NEVER))),
    lambda inner: st.one_of(
        inner.map(Negation),
        *(st.lists(inner, max_size=3).map(tuple).map(kind) for kind in (Conjunction, Disjunction)),
    ),
    max_leaves=6,
)
LABELS = st.dictionaries(KEYS, VALUES)


@given(st.lists(LABELS, max_size=6), PREDICATES)
def test_it_finds_what_a_look_at_each_finds(labels: list[dict[str, str]], predicate: Predicate) -> None:
    found = ByLabels(enumerate(labels)).meeting(predicate)
    assert list(found) == [n for n, each in enumerate(labels) if holds(predicate, {Holder.POD: each})]
