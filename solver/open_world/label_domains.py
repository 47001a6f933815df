"""Labels of what does not exist yet: per key a small finite domain that no selector can tell from all labels.

| Code | Stands for |
|---|---|
| 0 | the key is absent |
| 1 .. others | any value that nothing names; several where values of two ends are compared |
| above | the named values, sorted |

Exact, not an approximation: selectors compare values with named ones only (meta/v1 LabelSelector), so two values that
nothing names are told apart by no selector, and by a comparison of two ends only as equal or not. Where Calico's
selectors ask for a part of a value, there is a named value for every choice of such tests that can be met together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from reachproof.network.errors import ReachproofError
from reachproof.network.labels import Requirement, Selector
from reachproof.network.predicate import How, Textual

MOST_TEXTUAL = 8


class NotModelledError(ReachproofError):
    """A policy asks something of possible pods that is not modelled; the text is fit for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """The values of one key. `always`: the key is never absent. `unnamed`: texts for the values that nothing names."""

    key: str
    values: tuple[str, ...]
    unnamed: tuple[str, ...]
    always: bool = False

    @property
    def size(self) -> int:
        """Number of codes."""
        return 1 + len(self.unnamed) + len(self.values)

    def codes(self, test: Requirement | Textual) -> list[int]:
        """The codes that meet a condition on this key, ascending."""
        return [code for code in range(self.size) if test.matches(self.labels(code))]

    def labels(self, code: int) -> dict[str, str]:
        """The key with the value of a code, or nothing."""
        text = self.text(code)
        return {} if text is None else {self.key: text}

    def text(self, code: int) -> str | None:
        """The value that a code stands for; None where the key is absent."""
        unnamed = len(self.unnamed)
        return None if code == 0 else self.unnamed[code - 1] if code <= unnamed else self.values[code - 1 - unnamed]


def domains(
    selectors: Iterable[Selector],
    *,
    textual: Iterable[Textual] = (),
    compared: Collection[str] = (),
    taken: Iterable[str] = (),
    name_key: str = "",
) -> tuple[Domain, ...]:
    """The domain of every key that the selectors mention or that is `compared`, sorted by key.

    `name_key`: a key that is never absent and has none of the values that are `taken` (the names of what exists).
    NotModelledError where more tests look for parts of one key's values than can be told apart here.
    """
    taken = frozenset(taken)
    values: dict[str, set[str]] = {key: set() for key in compared}
    for selector in selectors:
        for requirement in selector.requirements:
            values.setdefault(requirement.key, set()).update(requirement.values)
    parts: dict[str, set[Textual]] = {}
    for test in textual:
        parts.setdefault(test.key, set()).add(test)
    for key, tests in parts.items():
        values.setdefault(key, set()).update(_combined(key, sorted(tests), taken if key == name_key else frozenset()))
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


def _combined(key: str, tests: list[Textual], taken: frozenset[str]) -> Iterator[str]:
    """A value for every choice of the tests that a value can meet: their texts, with a filler that none of them has."""
    if len(tests) > MOST_TEXTUAL:
        raise NotModelledError(
            f"{len(tests)} selectors look for a part of the label {key}; of possible pods at most {MOST_TEXTUAL} are "
            "told apart"
        )
    named = "".join(test.text for test in tests)
    filler = next(letter for letter in _FILLERS if letter not in named)
    for chosen in product((False, True), repeat=len(tests)):
        inside = [test for test, wanted in zip(tests, chosen, strict=True) if wanted]
        starts, middle, ends = ([test.text for test in inside if test.how is how] for how in _PLACES)
        value = filler.join((max(starts, key=len, default=""), *middle, max(ends, key=len, default="")))
        while value in taken:
            value = value.replace(filler, filler * 2)
        if all(test.matches({key: value}) for test in inside):
            yield value


_PLACES = (How.STARTS_WITH, How.CONTAINS, How.ENDS_WITH)
# More than the letters of the longest texts that are told apart: one of them is in none.
_FILLERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + "".join(map(chr, range(0x100, 0x2000)))


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
