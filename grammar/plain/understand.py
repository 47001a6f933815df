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
from difflib import get_close_matches

from lark.exceptions import UnexpectedInput

from reachproof.grammar import ast
from reachproof.grammar.ast import Quantifier, Query, Span
from reachproof.grammar.build import build
from reachproof.grammar.engine import read
from reachproof.grammar.format import format_query
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.plain.exact_sets import near_names
from reachproof.grammar.plain.lexicon import Lexicon
from reachproof.grammar.plain.readings import Readings, known_words, readings
from reachproof.grammar.plain.sentence import Sentence
from reachproof.grammar.plain.slots import Slots
from reachproof.grammar.plain.suggest import MOST_SENTENCES, suggested
from reachproof.grammar.plain.words import MOST_WORDS, Word, is_question, words

MOST_CHOICES = 6


@dataclass(frozen=True, slots=True)
class NotPlain:
    """Words that no form of plain speech fits. `stopped`: at the word that does not go on with any.

    `begun`: some form goes on at the end. `instead`: whole sentences that can be written in their place.
    """

    stopped: Word | None = None
    begun: bool = False
    instead: tuple[str, ...] = ()


def understand(text: str, lexicon: Lexicon) -> Query | Mistake | NotPlain:
    """The meaning of one sentence without comments, as the syntax tree of the exact sentence; `exact` is its text."""
    found = words(text, lexicon.by_name)
    if not found or len(found) > MOST_WORDS:
        return NotPlain()
    sentence = Sentence(text, found, lexicon)
    possible = readings(Slots.of(sentence), question=is_question(text))
    meant = _meant(possible)
    span = Span(found[0].span.start, len(text.rstrip()))
    if len(meant) == 1:
        return replace(meant[0], span=span)
    if meant:
        return _several(meant, span)
    unknown = next((each.unknown for each in possible.found if each.unknown), None)
    if unknown is not None:
        return Mistake(unknown.message, unknown.span, _renamed(sentence, unknown) or _offered(sentence))
    stopped = _stopped(sentence, possible.furthest)
    spelt = _respelt(sentence, stopped) if stopped is not None else ()
    instead = tuple(dict.fromkeys((*spelt, *_offered(sentence))))[:MOST_SENTENCES]
    return NotPlain(stopped, stopped is None, instead)


def _stopped(sentence: Sentence, furthest: int) -> Word | None:
    """The word up to which some form fits; the first, if that is neither a word of plain speech nor a name."""
    first = sentence.words[0]
    if first.key not in known_words() and first.text not in sentence.lexicon.by_name:
        return first
    return sentence.words[furthest] if furthest < len(sentence.words) else None


def _meant(possible: Readings) -> tuple[Query, ...]:
    """The different sentences among the readings."""
    readable = [_parsed(each.text) for each in possible.found if not each.unknown]
    return tuple(dict.fromkeys(said for query in readable if query is not None for said in _by_ports(query)))


def _by_ports(query: Query) -> tuple[Query, ...]:
    """The sentence; where it is about all of a set, and says no ports, both that it may mean: any, and every one.

    The ports of a Service are its own, and all of them are meant. About all of `A or B` nothing is asked: it could be
    about one of the two.
    """
    match query.statement:
        case ast.Can(source, destination) if Quantifier.EVERY in (source.quantifier, destination.quantifier):
            sets = source.set, destination.set
        case ast.Every(of, destination):
            sets = of, destination.set
        case _:
            return (query,)
    if any(isinstance(each, ast.Union) for each in sets):
        return ()
    if query.statement.ports != ast.ANY_PORT or isinstance(sets[1], ast.ServiceNamed):
        return (query,)
    some = replace(query, statement=replace(query.statement, ports=ast.Ports(any_of=True)))
    exact = format_query(some)
    return replace(some, exact=exact), replace(query, exact=exact.replace(" on any port", " on every port"))


def _renamed(sentence: Sentence, unknown: Mistake) -> tuple[str, ...]:
    """The meanings of the sentence with near names in the place of one that is nothing."""
    name = sentence.text[unknown.span.start : unknown.span.end]
    return _with(sentence, unknown.span, near_names(sentence.lexicon, name))


def _offered(sentence: Sentence) -> tuple[str, ...]:
    """Sentences with the names of the snapshot, as answers would show them."""
    readable = (_parsed(each) for each in suggested(sentence))
    return tuple(query.exact for query in readable if query is not None)


def _respelt(sentence: Sentence, stopped: Word) -> tuple[str, ...]:
    """The meanings of the sentence with the nearest word of plain speech in the place of one."""
    return _with(sentence, stopped.span, get_close_matches(stopped.key, sorted(known_words()), n=1, cutoff=0.7))


def _with(sentence: Sentence, span: Span, others: Iterable[str]) -> tuple[str, ...]:
    """The meanings of the sentence with other words in one place."""
    found: list[str] = []
    for word in others:
        text = f"{sentence.text[: span.start]}{word}{sentence.text[span.end :]}"
        other = Sentence(text, words(text, sentence.lexicon.by_name), sentence.lexicon)
        found += (each.exact for each in _meant(readings(Slots.of(other), question=is_question(text))))
    return tuple(dict.fromkeys(found))[:MOST_SENTENCES]


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
