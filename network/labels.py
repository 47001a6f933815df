"""Labels and label selectors (meta/v1 LabelSelector), as requirements that are all ANDed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

NAMESPACE_NAME = "kubernetes.io/metadata.name"

Labels = Mapping[str, str]
NO_LABELS: Labels = {}
"""One value for all that have none; nobody changes it."""


class Operator(StrEnum):
    """The four operators of meta/v1 LabelSelectorRequirement."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


@dataclass(frozen=True, slots=True, order=True)
class Requirement:
    """One condition on one label key; `values` is sorted, without doubles, and empty for Exists and DoesNotExist."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Labels) -> bool:
        """True if labels meet the condition. NotIn holds where the key is absent (meta/v1)."""
        match self.operator:
            case Operator.IN:
                return self.key in labels and labels[self.key] in self.values
            case Operator.NOT_IN:
                return self.key not in labels or labels[self.key] not in self.values
            case Operator.EXISTS:
                return self.key in labels
            case Operator.DOES_NOT_EXIST:
                return self.key not in labels
            case _:
                assert_never(self.operator)

    def __str__(self) -> str:
        listed = ",".join(self.values)
        match self.operator:
            case Operator.IN:
                return f"{self.key}={listed}" if len(self.values) == 1 else f"{self.key} in ({listed})"
            case Operator.NOT_IN:
                return f"{self.key}!={listed}" if len(self.values) == 1 else f"{self.key} notin ({listed})"
            case Operator.EXISTS:
                return self.key
            case Operator.DOES_NOT_EXIST:
                return f"!{self.key}"
            case _:
                assert_never(self.operator)


@dataclass(frozen=True, slots=True)
class Selector:
    """A conjunction of requirements, sorted; with none it selects everything. Its text is kubectl's `-l` syntax."""

    requirements: tuple[Requirement, ...] = ()

    @staticmethod
    def of(*requirements: Requirement) -> Selector:
        """The selector with these requirements, in canonical order."""
        return Selector(tuple(sorted(set(requirements))))

    @staticmethod
    def equal(key: str, *values: str) -> Selector:
        """The key is present with one of the values."""
        return Selector((Requirement(key, Operator.IN, tuple(sorted(set(values)))),))

    def matches(self, labels: Labels) -> bool:
        """True if labels meet every requirement."""
        return all(requirement.matches(labels) for requirement in self.requirements)

    def unsatisfiable(self) -> bool:
        """True if no labels at all match: two requirements on one key contradict each other."""
        keys = {requirement.key for requirement in self.requirements}
        return not all(self._can_be_met(key) for key in keys)

    def _can_be_met(self, key: str) -> bool:
        """Tries every value of the key that a requirement names, one that none names, and the key left out."""
        own = [requirement for requirement in self.requirements if requirement.key == key]
        named = {value for requirement in own for value in requirement.values}
        unnamed = max(named, default="") + "-"
        tries: list[Labels] = [{}, *({key: value} for value in sorted(named | {unnamed}))]
        return any(all(requirement.matches(labels) for requirement in own) for labels in tries)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements)) or "everything"


EVERYTHING = Selector()
