"""The notation of sentence patterns, and all the ways in which words fit one.

| Notation | Fits |
|---|---|
| `word` | that word, in any case, unless it is quoted |
| `(one|two words)` | one of them |
| `[may stand]` | that, or nothing |
| `<name>` | one of the wordings of `grammar.plain.vocabulary` by that name |
| `{slot}` | words that a slot takes |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from reachproof.grammar.plain.vocabulary import WORDINGS

_PART = re.compile(r"\{[^{}]+\}|<[-\w]+>|[()|\[\]]|[^\s()|\[\]<>{}]+")


@dataclass(frozen=True, slots=True)
class Literal:
    """One word."""

    key: str


@dataclass(frozen=True, slots=True)
class Slot:
    """Words that are taken by the slot of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several sequences."""

    options: tuple[Elements, ...]


Element = Literal | Slot | Choice
Elements = tuple[Element, ...]
Taken = tuple[tuple[str, int, int], ...]
"""The slots of a pattern, each with the first of its words and the one after its last."""
Ends = Callable[[str, int], Iterable[tuple[int, bool]]]
"""By slot and first word: where the words that the slot takes may end, and whether they are something that exists."""


@cache
def pattern(text: str) -> Elements:
    """The pattern that a text in the notation stands for."""
    parts = _PART.findall(text)
    found, rest = _options(parts)
    assert not rest, text
    return found.options[0] if len(found.options) == 1 else (found,)


def _options(parts: Sequence[str]) -> tuple[Choice, Sequence[str]]:
    options: list[Elements] = []
    current: list[Element] = []
    while parts:
        part, parts = parts[0], parts[1:]
        if part in ")]":
            return Choice((*options, tuple(current))), [part, *parts]
        if part == "|":
            options.append(tuple(current))
            current = []
        elif part in "([":
            inner, parts = _options(parts)
            current.append(inner if part == "(" else Choice((*inner.options, ())))
            parts = parts[1:]
        else:
            current.append(_element(part))
    return Choice((*options, tuple(current))), parts


def _element(part: str) -> Element:
    if part.startswith("{"):
        return Slot(part[1:-1])
    if part.startswith("<"):
        return Choice(tuple(pattern(each) for each in WORDINGS[part[1:-1]]))
    return Literal(part)


class Matcher:
    """All the ways in which words fit patterns.

    `furthest`: the last word that was looked at and did not fit. `next_words`, `next_slots`: what could follow all.
    Ways with a slot that takes what is nothing count as ways, but neither as far nor as followed by anything.
    """

    def __init__(self, keys: Sequence[str], ends: Ends) -> None:
        self._keys = keys
        self._ends = ends
        self.furthest = 0
        self.next_words: dict[str, None] = {}
        self.next_slots: dict[str, None] = {}

    def fits(self, sequence: Elements, at: int = 0) -> Iterator[Taken]:
        """The slots, for each way in which the words from `at` to the last fit the pattern."""
        for end, taken in self._match(sequence, at, known=True):
            if end == len(self._keys):
                yield taken

    def _match(self, sequence: Elements, at: int, *, known: bool) -> Iterator[tuple[int, Taken]]:
        if known:
            self.furthest = max(self.furthest, at)
        if not sequence:
            yield at, ()
            return
        first, rest = sequence[0], sequence[1:]
        match first:
            case Literal(key):
                if at < len(self._keys) and self._keys[at] == key:
                    yield from self._match(rest, at + 1, known=known)
                elif at == len(self._keys) and known:
                    self.next_words[key] = None
            case Slot(name):
                if at == len(self._keys) and known:
                    self.next_slots[name] = None
                for end, is_known in self._ends(name, at):
                    for last, taken in self._match(rest, end, known=known and is_known):
                        yield last, ((name, at, end), *taken)
            case Choice(options):
                for option in options:
                    yield from self._match((*option, *rest), at, known=known)


def literals(sequence: Elements) -> Iterator[str]:
    """The words of a pattern."""
    for each in sequence:
        match each:
            case Literal(key):
                yield key
            case Choice(options):
                for option in options:
                    yield from literals(option)


def vocabulary(patterns: Iterable[str]) -> frozenset[str]:
    """All the words of some patterns."""
    return frozenset(word for text in patterns for word in literals(pattern(text)))
