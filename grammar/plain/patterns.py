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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
Ends = Callable[[str, int], Iterable[int]]
"""By slot and first word: where the words that the slot can take may end."""


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


def fits(sequence: Elements, keys: Sequence[str], ends: Ends, at: int = 0) -> Iterator[Taken]:
    """All the ways in which the words from `at` to the last fit the pattern."""
    for end, taken in _match(sequence, keys, ends, at):
        if end == len(keys):
            yield taken


def _match(sequence: Elements, keys: Sequence[str], ends: Ends, at: int) -> Iterator[tuple[int, Taken]]:
    if not sequence:
        yield at, ()
        return
    first, rest = sequence[0], sequence[1:]
    match first:
        case Literal(key):
            if at < len(keys) and keys[at] == key:
                yield from _match(rest, keys, ends, at + 1)
        case Slot(name):
            for end in ends(name, at):
                for last, taken in _match(rest, keys, ends, end):
                    yield last, ((name, at, end), *taken)
        case Choice(options):
            for option in options:
                yield from _match((*option, *rest), keys, ends, at)


def literals(sequence: Elements) -> Iterator[str]:
    """The words of a pattern."""
    for each in sequence:
        match each:
            case Literal(key):
                yield key
            case Choice(options):
                for option in options:
                    yield from literals(option)


def vocabulary(patterns: Iterable[str], wordings: Mapping[str, Sequence[str]] = WORDINGS) -> frozenset[str]:
    """All the words of patterns and wordings."""
    texts = (*patterns, *(each for listed in wordings.values() for each in listed))
    return frozenset(word for text in texts for word in literals(pattern(text)))
