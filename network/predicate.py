"""Conditions on labels that are more than a conjunction: and, or and not over single tests.

    Predicate = Needs(test on one key, whose labels: the pod's, its namespace's, its service account's)
              | Conjunction | Disjunction | Negation

A `Selector` is what label selectors of Kubernetes can say; this is what Calico's can; as text: `engines.selector_text`.

Trusted by every verdict about policies that use it; checked by tests/manifests/test_calico_selector.py against a second
evaluator, and by tests/agreement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from reachproof.network.labels import NO_LABELS, Labels, Requirement

ACCOUNT_NAME = "projectcalico.org/name"
"""The key, among the labels of a service account, of its name."""


class Holder(StrEnum):
    """Whose labels a test looks at."""

    POD = "pod"
    NAMESPACE = "namespace"
    ACCOUNT = "account"
    MESH = "mesh"
    """What the pod shows of a mesh of Istio (`Pod.mesh`), as if these were labels; a possible pod shows nothing."""


class How(StrEnum):
    """Comparison of the value of a label with a text that is a part of it."""

    CONTAINS = "contains"
    STARTS_WITH = "starts with"
    ENDS_WITH = "ends with"


@dataclass(frozen=True, slots=True, order=True)
class Textual:
    """The key is present and its value has `text` in it, at its start or at its end."""

    key: str
    how: How
    text: str

    def matches(self, labels: Labels) -> bool:
        """True if labels meet the condition."""
        value = labels.get(self.key)
        if value is None:
            return False
        match self.how:
            case How.CONTAINS:
                return self.text in value
            case How.STARTS_WITH:
                return value.startswith(self.text)
            case How.ENDS_WITH:
                return value.endswith(self.text)
            case _:
                assert_never(self.how)


@dataclass(frozen=True, slots=True)
class Needs:
    """One test on one key of a holder's labels."""

    test: Requirement | Textual
    of: Holder = Holder.POD


@dataclass(frozen=True, slots=True)
class Conjunction:
    """All of them; true where there are none."""

    items: tuple[Predicate, ...] = ()


@dataclass(frozen=True, slots=True)
class Disjunction:
    """Any of them; false where there are none."""

    items: tuple[Predicate, ...] = ()


@dataclass(frozen=True, slots=True)
class Negation:
    """Not this one."""

    item: Predicate


Predicate = Needs | Conjunction | Disjunction | Negation
ALWAYS = Conjunction()
NEVER = Disjunction()


def holds(predicate: Predicate, labels: Mapping[Holder, Labels]) -> bool:
    """True if the predicate is true of these labels."""
    match predicate:
        case Needs(test, of):
            return test.matches(labels.get(of, NO_LABELS) if of is Holder.MESH else labels[of])
        case Conjunction(items):
            return all(holds(item, labels) for item in items)
        case Disjunction(items):
            return any(holds(item, labels) for item in items)
        case Negation(item):
            return not holds(item, labels)
        case _:
            assert_never(predicate)


def both(*items: Predicate) -> Predicate:
    """All of them, flat and without what is always true."""
    flat = [part for item in items for part in (item.items if isinstance(item, Conjunction) else (item,))]
    if NEVER in flat:
        return NEVER
    return flat[0] if len(flat) == 1 else Conjunction(tuple(flat))


def either(*items: Predicate) -> Predicate:
    """Any of them, flat and without what is never true."""
    flat = [part for item in items for part in (item.items if isinstance(item, Disjunction) else (item,))]
    if ALWAYS in flat:
        return ALWAYS
    return flat[0] if len(flat) == 1 else Disjunction(tuple(flat))


def negated(item: Predicate) -> Predicate:
    """Not this one; two negations are none."""
    if item in (ALWAYS, NEVER):
        return NEVER if item == ALWAYS else ALWAYS
    return item.item if isinstance(item, Negation) else Negation(item)


def with_key(test: Requirement | Textual, key: str) -> Requirement | Textual:
    """The same test of another key."""
    return replace(test, key=key)


def with_prefix(predicate: Predicate, prefix: str) -> Predicate:
    """The predicate with every key behind a prefix."""
    match predicate:
        case Needs(test, of):
            return Needs(with_key(test, prefix + test.key), of)
        case Conjunction(items):
            return Conjunction(tuple(with_prefix(item, prefix) for item in items))
        case Disjunction(items):
            return Disjunction(tuple(with_prefix(item, prefix) for item in items))
        case Negation(item):
            return Negation(with_prefix(item, prefix))
        case _:
            assert_never(predicate)


def with_always(predicate: Predicate, meaning: Predicate) -> Predicate:
    """The predicate with something else in the place of what is always true."""
    match predicate:
        case Needs():
            return predicate
        case Conjunction(()):
            return meaning
        case Conjunction(items):
            return Conjunction(tuple(with_always(item, meaning) for item in items))
        case Disjunction(items):
            return Disjunction(tuple(with_always(item, meaning) for item in items))
        case Negation(item):
            return Negation(with_always(item, meaning))
        case _:
            assert_never(predicate)


def needs(predicate: Predicate) -> Iterator[Needs]:
    """The tests in it, left to right."""
    match predicate:
        case Needs():
            yield predicate
        case Conjunction(items) | Disjunction(items):
            for item in items:
                yield from needs(item)
        case Negation(item):
            yield from needs(item)
        case _:
            assert_never(predicate)
