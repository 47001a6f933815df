"""Continuations of the beginning of a plain sentence: words, names of the snapshot, and whole questions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reachproof.grammar.ast import Name
from reachproof.grammar.format import format_name
from reachproof.grammar.plain.forms import FORMS
from reachproof.grammar.plain.lexicon import Kind, Lexicon, Thing, meanings
from reachproof.grammar.plain.patterns import Matcher, pattern
from reachproof.grammar.plain.readings import WRAPPERS, whole
from reachproof.grammar.plain.sentence import INSIDE, OF, Sentence
from reachproof.grammar.plain.slots import POLICY_WORDS, Slots
from reachproof.grammar.plain.vocabulary import LISTED, PLACES
from reachproof.grammar.plain.words import MOST_WORDS, words

_BEGUN = re.compile(r"[^\s,]*\Z")
_SETS = frozenset(("a", "b", "c", "s", "o", "a!", "a*", "a+", "to", "targets", "on-ports", "g", "h", "i", "j", "scope"))
_MOST_NAMES = 200
_HOMES = frozenset((Kind.NAMESPACE, Kind.TENANT))
_QUESTIONS = (
    *("can {0} reach {1}?", "why can't {0} reach {1}?", "who can reach {1}?", "what can {0} reach?"),
    *("is {0} exposed to the internet?", "only {0} can reach {1}", "which policies apply to {0}?"),
    *("does namespace {n} have default deny?", "are all tenants isolated?", "which pods have no network policy?"),
)


@dataclass(frozen=True, slots=True)
class Continuation:
    """Text that may stand from `start` to the end of what is typed, and what kind of thing it is."""

    start: int
    text: str
    kind: str


def continuations(prefix: str, lexicon: Lexicon, *, alone: bool) -> tuple[Continuation, ...]:
    """Continuations of the beginning of a sentence: names first, then words; most only where one is begun.

    `alone`: the exact language has nothing there, so that words are offered at once. Cost: as to understand the text.
    """
    begun = _BEGUN.search(prefix)
    start = begun.start() if begun else len(prefix)
    typed = prefix[start:].lower().lstrip("\"'")
    before = words(prefix[:start] + " .", lexicon.by_name)
    if before and before[-1].key in ("the", "my", "our"):
        before = before[:-1]
    if len(before) > MOST_WORDS:
        return ()
    matcher = _matched(Sentence(prefix[:start], before, lexicon))
    last = before[-1].key if before else ""
    found = list(_names(matcher, last, typed, lexicon)) if typed or alone else []
    found += [(each, "word") for each in matcher.next_words if typed or alone]
    if "noun" in matcher.next_slots:
        found += [(each, "word") for each in dict.fromkeys(LISTED.values())]
    kinds: dict[str, str] = {}
    for text, kind in found:
        plain = text.lower().lstrip("\"'")
        if plain.startswith(typed) or (typed and plain.partition("/")[2].startswith(typed)):
            kinds.setdefault(text, kind)
    return tuple(Continuation(start, text, kind) for text, kind in kinds.items())


def _matched(sentence: Sentence) -> Matcher:
    slots = Slots.of(sentence)
    end = len(sentence.words)

    def ends(name: str, at: int) -> Iterable[tuple[int, bool]]:
        return slots.ends(name, at, end)

    matcher = Matcher([word.key for word in sentence.words], ends)
    for sequence in (*map(whole, FORMS), *map(pattern, WRAPPERS)):
        for _ in matcher.fits(sequence):
            pass  # what is wanted is what the matcher has seen at the end
    return matcher


def _names(matcher: Matcher, last: str, typed: str, lexicon: Lexicon) -> Iterator[tuple[str, str]]:
    """The names that may follow: any where a set may begin, places behind `in`, policies where one is asked for."""
    wanted = frozenset(Kind) if _SETS & matcher.next_slots.keys() else _HOMES if last in INSIDE | OF else frozenset()
    fitting = [each for each in lexicon.things if each.kind in wanted and _begins(each, typed)]
    yield from _shown(lexicon, sorted(fitting, key=lambda each: (each.kind, each.name, each.namespace))[:_MOST_NAMES])
    if len(wanted) == len(Kind):
        yield from ((each, "word") for each in PLACES)
    if "policy" in matcher.next_slots or last in POLICY_WORDS:
        yield from ((f"{each.namespace}/{each.name}".lstrip("/"), "policy") for each in lexicon.policies)


def _begins(thing: Thing, typed: str) -> bool:
    """True if a name begins with what is typed: alone, or with its namespace or its kind."""
    texts = (thing.name, f"{thing.namespace}/{thing.name}", thing.text)
    return any(text.lower().startswith(typed) for text in texts)


def _shown(lexicon: Lexicon, things: Iterable[Thing]) -> Iterator[tuple[str, str]]:
    """Each thing as it is typed: by its name, or with its namespace where the name alone could be another."""
    for thing in things:
        kind = thing.kind.name.lower()
        whole_name = f"{thing.namespace}/{thing.name}"
        if len(meanings(lexicon.named(thing.name))) == 1:
            yield format_name(Name(thing.name)), kind
        elif thing.namespace and len(meanings(lexicon.named(whole_name))) == 1:
            yield whole_name, kind
        else:
            yield thing.text, kind


def questions(prefix: str, lexicon: Lexicon) -> tuple[Continuation, ...]:
    """Whole questions of the snapshot's names that begin with what is typed."""
    workloads = [each for each in lexicon.things if each.kind is Kind.WORKLOAD]
    ends = [text for text, _ in _shown(lexicon, workloads[:2])]
    homes = [each.name for each in lexicon.things if each.kind is Kind.NAMESPACE and each.pods]
    if len(ends) < 2 or not homes:
        return ()
    typed = prefix.lower().lstrip()
    found = (each.replace("{n}", homes[0]).format(*ends) for each in _QUESTIONS)
    return tuple(
        Continuation(0, text, "question") for text in found if text.lower().startswith(typed) and text != prefix
    )
