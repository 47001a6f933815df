"""Conditions on labels as text, in the syntax of Calico's selectors."""

from __future__ import annotations

from typing import assert_never

from reachproof.network.labels import NAMESPACE_NAME, Operator
from reachproof.network.predicate import (
    ACCOUNT_NAME,
    Conjunction,
    Disjunction,
    Holder,
    Needs,
    Negation,
    Predicate,
    Textual,
)

NAMESPACE = "projectcalico.org/namespace"
ACCOUNT = "projectcalico.org/serviceaccount"


def predicate_text(predicate: Predicate, account_key: str = ACCOUNT) -> str:
    """The text in Calico's syntax; labels of namespaces and accounts have its prefixes.

    `account_key`: the key of the name of a service account.
    """
    match predicate:
        case Needs():
            return _test(predicate, account_key)
        case Conjunction(()):
            return "all()"
        case Disjunction(()):
            return "!all()"
        case Conjunction(items):
            return " && ".join(_inside(item, account_key) for item in items)
        case Disjunction(items):
            return " || ".join(_inside(item, account_key) for item in items)
        case Negation(item):
            return f"!{_inside(item, account_key)}"
        case _:
            assert_never(predicate)


def _inside(predicate: Predicate, account_key: str) -> str:
    """The text as a part of another one."""
    text = predicate_text(predicate, account_key)
    return f"({text})" if isinstance(predicate, Conjunction | Disjunction) and predicate.items else text


def _test(needs_: Needs, account_key: str) -> str:
    test = needs_.test
    key = _key(test.key, needs_.of, account_key)
    if isinstance(test, Textual):
        return f"{key} {test.how} {_quoted(test.text)}"
    match test.operator:
        case Operator.EXISTS:
            return f"has({key})"
        case Operator.DOES_NOT_EXIST:
            return f"!has({key})"
        case Operator.IN | Operator.NOT_IN:
            positive = test.operator is Operator.IN
            if len(test.values) == 1:
                return f"{key} {'==' if positive else '!='} {_quoted(test.values[0])}"
            listed = ", ".join(map(_quoted, test.values))
            return f"{key} {'in' if positive else 'not in'} {{{listed}}}"
        case _:
            assert_never(test.operator)


def _key(key: str, of: Holder, account_key: str) -> str:
    match of:
        case Holder.POD:
            return key
        case Holder.NAMESPACE:
            return NAMESPACE if key == NAMESPACE_NAME else f"pcns.{key}"
        case Holder.MESH:
            return f"mesh.{key}"
        case Holder.ACCOUNT:
            return account_key if key == ACCOUNT_NAME else f"pcsa.{key}"
        case _:
            assert_never(of)


def _quoted(text: str) -> str:
    return f'"{text}"' if "'" in text else f"'{text}'"
