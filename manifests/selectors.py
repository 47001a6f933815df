"""meta/v1 LabelSelector to Selector, with the checks of the API server (also where a CRD would accept more).

| Form | Selects |
|---|---|
| `{}`, empty matchLabels, empty matchExpressions | everything |
| matchLabels | key present and equal, all of them |
| matchExpressions | In, NotIn (also where the key is absent), Exists, DoesNotExist, all of them |

What an absent selector means depends on the field, so the caller decides that.
"""

from __future__ import annotations

from collections.abc import Mapping

from reachproof.manifests.fields import Field
from reachproof.manifests.syntax import is_label_key, is_label_value
from reachproof.network.labels import EVERYTHING, Operator, Requirement, Selector

OPERATORS = {operator.value: operator for operator in Operator}
LABEL_KEY = "a label key: at most 63 letters, digits, dashes, dots and underscores, perhaps after a DNS name and /"
LABEL_VALUE = "a label value: at most 63 letters, digits, dashes, dots and underscores"


def read_selector(field: Field, hints: Mapping[str, str] | None = None) -> Selector:
    """The selector here; after a report, any selector. `hints` are for fields that once stood here."""
    if not field.only("matchLabels", "matchExpressions", hints=hints):
        return EVERYTHING
    requirements = [*read_match_labels(field.get("matchLabels"))]
    for expression in field.get("matchExpressions").items():
        requirements += _expression(expression)
    return Selector.of(*requirements)


def read_match_labels(field: Field) -> list[Requirement]:
    """The requirements of a map of labels."""
    requirements = []
    for key, value in field.labels().items():
        entry = field.get(key)
        if not is_label_key(key):
            entry.report(f'found the key "{key}", expected {LABEL_KEY}')
        if not is_label_value(value):
            entry.expected(LABEL_VALUE)
        requirements.append(Requirement(key, Operator.IN, (value,)))
    return requirements


def _expression(field: Field) -> list[Requirement]:
    if not field.only("key", "operator", "values"):
        return []
    key = field.get("key").text()
    if key is None or not is_label_key(key):
        field.get("key").expected(LABEL_KEY)
    operator = field.get("operator").choice(OPERATORS)
    values = field.get("values").texts()
    for item in field.get("values").items():
        if isinstance(item.value, str) and not is_label_value(item.value):
            item.expected(LABEL_VALUE)
    if operator is None or key is None:
        return []
    needs = operator in (Operator.IN, Operator.NOT_IN)
    if needs and not field.get("values").value:
        field.get("values").expected(f"at least one value, since the operator is {operator}")
    if not needs and field.get("values").value:
        field.get("values").expected(f"no values, since the operator is {operator}")
    return [Requirement(key, operator, tuple(sorted(set(values))))]
