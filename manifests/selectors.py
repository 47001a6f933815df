"""meta/v1 LabelSelector to Selector, with the checks of the API server; `lax` where the schema of a CRD has fewer.

| Form | Selects |
|---|---|
| `{}`, empty matchLabels, empty matchExpressions | everything |
| matchLabels | key present and equal, all of them |
| matchExpressions | In, NotIn (also where the key is absent), Exists, DoesNotExist, all of them |

What an absent selector means depends on the field, so the caller decides that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reachproof.manifests.field_reader import Field, listed
from reachproof.manifests.k8s_names import is_label_key, is_label_value
from reachproof.network.labels import EVERYTHING, Operator, Requirement, Selector

OPERATORS = {operator.value: operator for operator in Operator}
LABEL_KEY = "a label key: at most 63 letters, digits, dashes, dots and underscores, perhaps after a DNS name and /"
LABEL_VALUE = "a label value: at most 63 letters, digits, dashes, dots and underscores"
# No labels have a value out of none.
NOTHING = Selector.of(Requirement("kubernetes.io/metadata.name", Operator.IN))
_DIFFERS = "implementations refuse the policy or the selector, or leave the condition out"


def read_stored_selector(field: Field, hints: Mapping[str, str] | None = None, *, refused: bool = False) -> Selector:
    """The selector here, of a custom resource, whose schema stores what the API server checks in its own kinds.

    Where implementations make different things of it, that is a doubt about the object, and the selector is the widest
    of these. `refused`: the implementation is known to take such a selector for one of nothing.
    """
    doubts = field.place.doubts
    before = len(doubts)
    found = read_selector(field, hints, lax=not field.place.strict)
    if refused and len(doubts) > before:
        del doubts[before:]
        return NOTHING
    return found


def read_old_selector(field: Field) -> Selector:
    """The selector here, of a built-in kind, whose values older API servers did not check.

    No object has a label with such a value: In never matches it, and NotIn always does. That is a doubt about the
    policy all the same, since implementations may refuse it.
    """
    return Selector.of(*filter(None, map(_without_wrong_values, read_selector(field, old=True).requirements)))


def _without_wrong_values(requirement: Requirement) -> Requirement | None:
    values = tuple(value for value in requirement.values if is_label_value(value))
    if values == requirement.values:
        return requirement
    return replace(requirement, values=values) if values or requirement.operator is Operator.IN else None


def read_selector(
    field: Field, hints: Mapping[str, str] | None = None, *, lax: bool = False, old: bool = False
) -> Selector:
    """The selector here; after a report, any selector. `hints` are for fields that once stood here.

    `old`: values that are none of a label are noted and kept.
    """
    if not field.only("matchLabels", "matchExpressions", hints=hints):
        return EVERYTHING
    requirements = [*read_match_labels(field.get("matchLabels"), lax=lax, old=old)]
    for expression in field.get("matchExpressions").items():
        requirements += _expression(expression, lax=lax, old=old)
    return Selector.of(*requirements)


def read_match_labels(field: Field, *, lax: bool = False, old: bool = False) -> list[Requirement]:
    """The requirements of a map of labels."""
    requirements = []
    for key, value in field.labels().items():
        entry = field.get(key)
        if not is_label_key(key):
            _wrong_key(entry, key, lax=lax)
        if not is_label_value(value):
            _wrong_value(entry, lax=lax, old=old)
        requirements.append(Requirement(key, Operator.IN, (value,)))
    return requirements


def _wrong_key(entry: Field, key: str, *, lax: bool) -> None:
    if lax:
        entry.notice("STORED_AS_IT_IS", f'"{key}" is not {LABEL_KEY}; {_DIFFERS}')
        entry.place.doubts.append(f'{entry.path} has the key "{key}"')
    else:
        entry.report(f'found "{key}", expected {LABEL_KEY}')


def _wrong_value(field: Field, *, lax: bool, old: bool) -> None:
    if old:
        field.stored(LABEL_VALUE, "no object has such a label, so that it never matches", doubt=True)
    else:
        _wrong(field, LABEL_VALUE, lax=lax)


def _wrong(field: Field, what: str, *, lax: bool) -> None:
    if lax:
        field.stored(what, _DIFFERS, doubt=True)
    else:
        field.expected(what)


def _expression(field: Field, *, lax: bool, old: bool) -> list[Requirement]:
    if not field.only("key", "operator", "values"):
        return []
    key = field.get("key").text()
    if key is None or not is_label_key(key):
        _wrong(field.get("key"), LABEL_KEY, lax=lax and key is not None)
    operator = _operator(field.get("operator"), lax=lax)
    values = field.get("values").texts()
    for item in field.get("values").items():
        if isinstance(item.value, str) and not is_label_value(item.value):
            _wrong_value(item, lax=lax, old=old)
    if operator is None or key is None:
        return []
    needs = operator in (Operator.IN, Operator.NOT_IN)
    if needs and not field.get("values").value:
        _wrong(field.get("values"), f"at least one value, since the operator is {operator}", lax=lax)
    if not needs and field.get("values").value:
        _wrong(field.get("values"), f"no values, since the operator is {operator}", lax=lax)
    return [Requirement(key, operator, tuple(sorted(set(values))) if needs or not lax else ())]


def _operator(field: Field, *, lax: bool) -> Operator | None:
    """The operator; None, as some implementations leave the condition out, for a word that is none."""
    if lax and isinstance(field.value, str) and field.value not in OPERATORS:
        _wrong(field, listed(OPERATORS, "or"), lax=True)
        return None
    return field.choice(OPERATORS)
