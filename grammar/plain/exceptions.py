"""Exceptions at the end of a plain sentence: `except from prometheus`, `except to kube-dns on 53/udp`, `except api`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.plain.sentence import GROUPS, Phrase
from reachproof.grammar.plain.targets import Targets
from reachproof.grammar.plain.vocabulary import EXCEPT

_BEGINS = frozenset(("from", "to", "on", "over", "via", "within"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exempt:
    """One reading: exact words, or a set alone, perhaps on ports, of which it is not said on which side it is."""

    text: str = ""
    on: str = ""
    alone: Phrase | None = None
    unknown: Mistake | None = None


def exceptions(targets: Targets, start: int, end: int) -> Iterator[Exempt]:
    """All readings of words as exceptions; none if they do not begin with `except` or its like."""
    keys = [word.key for word in targets.sets.sentence.words[start:end]]
    words = next((words for words in EXCEPT if tuple(keys[: len(words)]) == words), None)
    if words is None or len(keys) == len(words):
        return
    first = start + len(words)
    if keys[len(words)] in _BEGINS:
        if words[0] in ("except", "but"):
            yield from _several(targets, first, end)
        return
    for each in targets.between(first, end):
        if each.on and each.phrase.quantifier:
            continue  # `port 22` stands for any pod on it
        yield Exempt(on=f" on {each.on}" if each.on else "", alone=each.phrase, unknown=each.phrase.unknown)


def _several(targets: Targets, start: int, end: int) -> Iterator[Exempt]:
    """`from A`, and what goes on behind `and except` or a comma."""
    words = targets.sets.sentence.words
    for text, unknown in _parts(targets, start, end):
        yield Exempt(text=f" except {text}", unknown=unknown)
    for middle in range(start + 2, end - 2):
        if words[middle].key not in ("and", ","):
            continue
        after = middle + 1
        while after < end and words[after].key in ("and", "except"):
            after += 1
        if after < end and words[after].key in _BEGINS:
            for (text, unknown), rest in product(_parts(targets, start, middle), _several(targets, after, end)):
                yield Exempt(
                    text=f" except {text} and{rest.text.removeprefix(' except')}", unknown=unknown or rest.unknown
                )


def _parts(targets: Targets, start: int, end: int) -> Iterator[tuple[str, Mistake | None]]:
    """The readings of one exception: `from A to B on P`, in any order."""
    if start >= end:
        yield "", None
        return
    words = targets.sets.sentence.words
    key = words[start].key
    for middle in range(start + 2, end + 1):
        if middle < end and words[middle].key not in _BEGINS:
            continue
        for text, unknown in _part(targets, key, start + 1, middle):
            for rest, more in _parts(targets, middle, end):
                yield f"{text} {rest}".strip(), unknown or more


def _part(targets: Targets, key: str, start: int, end: int) -> Iterator[tuple[str, Mistake | None]]:
    sentence = targets.sets.sentence
    if key in ("from", "to"):
        yield from (
            (f"{key} {each.text}", each.unknown) for each in targets.sets.between(start, end) if not each.joined
        )
    elif key == "within":
        at = sentence.past_the(start, end)
        if end - at == 2 and sentence.words[at].key == "same" and sentence.kind(at + 1) in GROUPS:
            yield f"within the same {sentence.kind(at + 1)}", None
    else:
        yield from ((f"on {each.text}", None) for each in targets.ports(start, end))
