"""Labels of what does not exist yet: per key a small finite domain that no selector can tell from all labels.

| Code | Stands for |
|---|---|
| 0 | the key is absent |
| 1 .. others | any value that nothing names; several where values of two ends are compared |
| above | the named values, sorted |

Exact, not an approximation: selectors compare values with named ones only (meta/v1 LabelSelector), so two values that
nothing names are told apart by no selector, and by a comparison of two ends only as equal or not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from reachproof.network.labels import Operator, Requirement, Selector


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """The values of one key. `always`: the key is never absent. `unnamed`: texts for the values that nothing names."""

    key: str
    values: tuple[str, ...]
    unnamed: tuple[str, ...]
    always: bool = False

    @property
    def size(self) -> int:
        """How many codes there are."""
        return 1 + len(self.unnamed) + len(self.values)

    @property
    def named(self) -> range:
        """The codes of the named values."""
        return range(1 + len(self.unnamed), self.size)

    def codes(self, requirement: Requirement) -> list[int]:
        """The codes that meet a requirement on this key, ascending."""
        inside = [code for code in self.named if self.text(code) in requirement.values]
        match requirement.operator:
            case Operator.IN:
                return inside
            case Operator.NOT_IN:
                return [code for code in range(self.size) if code not in inside]
            case Operator.EXISTS:
                return list(range(1, self.size))
            case Operator.DOES_NOT_EXIST:
                return [0]

    def text(self, code: int) -> str | None:
        """The value that a code stands for; None where the key is absent."""
        return None if code == 0 else (*self.unnamed, *self.values)[code - 1]


def domains(
    selectors: Iterable[Selector], *, compared: Collection[str] = (), taken: Iterable[str] = (), name_key: str = ""
) -> tuple[Domain, ...]:
    """The domain of every key that the selectors mention or that is `compared`, sorted by key.

    `name_key`: a key that is never absent and has none of the values that are `taken` (the names of what exists).
    """
    values: dict[str, set[str]] = {key: set() for key in compared}
    for selector in selectors:
        for requirement in selector.requirements:
            values.setdefault(requirement.key, set()).update(requirement.values)
    if name_key:
        values.setdefault(name_key, set()).difference_update(taken)
    return tuple(
        Domain(
            key=key,
            values=tuple(sorted(found)),
            unnamed=_unnamed(found, 2 if key in compared else 1, "(new)" if key == name_key else "other"),
            always=key == name_key,
        )
        for key, found in sorted(values.items())
    )


def _unnamed(values: set[str], count: int, word: str) -> tuple[str, ...]:
    """Values that nothing names: `other`, `other-2`, ..."""
    found: list[str] = []
    number = 1
    while len(found) < count:
        text = word if number == 1 else f"{word}-{number}"
        if text not in values:
            found.append(text)
        number += 1
    return tuple(found)
