"""The one meaning of a plain sentence as an exact sentence, or why it has none.

| Readings | Then |
|---|---|
| one | it is the meaning |
| several | the sentence is refused with all of them |
| none but with names that are nothing | it is refused for these names |
| none | it is no plain sentence |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lark.exceptions import UnexpectedInput

from reachproof.grammar.ast import Query, Span
from reachproof.grammar.build import build
from reachproof.grammar.engine import read
from reachproof.grammar.format import format_query
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.plain.lexicon import Lexicon
from reachproof.grammar.plain.readings import Reading, readings
from reachproof.grammar.plain.sentence import Sentence
from reachproof.grammar.plain.slots import Slots
from reachproof.grammar.plain.words import MOST_WORDS, is_question, words

MOST_CHOICES = 6


@dataclass(frozen=True, slots=True)
class NotPlain:
    """Words that no form of plain speech fits."""


def understand(text: str, lexicon: Lexicon) -> Query | Mistake | NotPlain:
    """The meaning of one sentence without comments, as the syntax tree of the exact sentence; `exact` is its text."""
    found = words(text, lexicon.by_name)
    if not found or len(found) > MOST_WORDS:
        return NotPlain()
    slots = Slots.of(Sentence(text, found, lexicon))
    possible = readings(slots, question=is_question(text))
    meant = tuple(dict.fromkeys(query for each in possible if not each.unknown and (query := _parsed(each.text))))
    span = Span(found[0].span.start, len(text.rstrip()))
    if len(meant) == 1:
        return replace(meant[0], span=span)
    if meant:
        return _several(meant, span)
    return _nameless(possible) or NotPlain()


def _parsed(text: str) -> Query | None:
    """The syntax tree of an exact sentence, if it is one."""
    try:
        found = build(read(text, "query"), 0)
    except (UnexpectedInput, Mistake):
        return None
    assert isinstance(found, Query)
    return replace(found, exact=format_query(found))


def _several(meant: Iterable[Query], span: Span) -> Mistake:
    listed = tuple(each.exact for each in meant)
    shown = listed[:MOST_CHOICES]
    more = f" ({len(listed) - len(shown)} more)" if len(listed) > len(shown) else ""
    return Mistake(f"this can be read in {len(listed)} ways; write the one that is meant{more}", span, instead=shown)


def _nameless(possible: Iterable[Reading]) -> Mistake | None:
    """Why the names of the sentence are nothing, in the first of its readings."""
    return next((each.unknown for each in possible if each.unknown), None)
