"""Whole sentences to offer for one that is not understood: exact, of this snapshot's names, the likest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from reachproof.grammar.plain.exact_sets import near_names
from reachproof.grammar.plain.lexicon import Kind, Lexicon, Thing, meanings
from reachproof.grammar.plain.sentence import Sentence

MOST_SENTENCES = 3
_MOST_LOOKED_FOR = 4


@dataclass(frozen=True, slots=True)
class _Offer:
    """A sentence with places for names, and the words that ask for its like."""

    exact: str
    words: frozenset[str]


def _offer(exact: str, words: str) -> _Offer:
    return _Offer(exact, frozenset(words.split()))


_OFFERS = (
    _offer("can {a} reach {b}", "can could does is reach talk access connect traffic allowed path ping curl open"),
    _offer("why can't {a} reach {b}", "why not blocked denied fails unable broken unreachable timeout refused"),
    _offer("which pods can reach {b}", "who what which list show everything reach accessible open"),
    _offer("which pods can {a} reach", "where what which egress outgoing go depends"),
    _offer("no {a} can reach {b}", "no not block deny prevent forbid must never isolate restrict stop"),
    _offer("only {a} can reach {b}", "only allow restrict except just lock"),
    _offer("can the internet reach {b}", "internet exposed public outside external world open"),
    _offer("can {a} reach the internet", "internet egress outbound external outside"),
    _offer("which policies select {b}", "policy policies netpol apply affect select rules"),
    _offer("network policies enforce default deny for {n}", "default deny default-deny policy isolated"),
    _offer("all tenants are isolated", "tenant tenants isolated isolation"),
    _offer("all namespaces are isolated", "namespace namespaces isolated isolation"),
    _offer("which pods are selected by no network policy", "without uncovered unprotected no policy policies"),
)


def suggested(sentence: Sentence) -> tuple[str, ...]:
    """Up to MOST_SENTENCES exact sentences, with the names that the sentence has, or else with others."""
    named = list(_named(sentence))
    if not sentence.lexicon.things:
        return ()
    said = {word.key for word in sentence.words}
    text = sentence.text.lower()
    ranked = sorted(
        (
            (-_likeness(offer, said), -_alike(filled, text), place, filled)
            for place, offer in enumerate(_OFFERS)
            if "{" in offer.exact or _likeness(offer, said)
            for filled in _filled(offer.exact, named, sentence.lexicon)
        ),
    )
    return tuple(dict.fromkeys(filled for *_, filled in ranked))[:MOST_SENTENCES]


def _likeness(offer: _Offer, said: set[str]) -> int:
    return len(offer.words & said)


def _alike(filled: str, text: str) -> float:
    return round(SequenceMatcher(None, filled.lower(), text, autojunk=False).ratio(), 3)


def _named(sentence: Sentence) -> Iterator[Thing]:
    """The things that the sentence names, in order; those with several meanings are left out."""
    seen: set[Thing] = set()
    looked_for = 0
    for at, word in enumerate(sentence.words):
        kind = sentence.kind(at - 1) if at else ""
        if not kind and not sentence.may_be_name(at):
            continue
        near: list[str] = []
        if word.text not in sentence.lexicon.by_name and looked_for < _MOST_LOOKED_FOR:
            looked_for += 1
            near = near_names(sentence.lexicon, word.text)[:1]
        found = meanings(sentence.lexicon.named(*(near or [word.text]), word="" if kind == "pod" else kind))
        if len(found) == 1 and found[0].thing not in seen:
            seen.add(found[0].thing)
            yield found[0].thing


def _filled(exact: str, named: list[Thing], lexicon: Lexicon) -> Iterator[str]:
    """The sentence with names in its places: those that are named first, each at most once."""
    workloads = [each for each in lexicon.things if each.kind is Kind.WORKLOAD]
    others = [each for each in (workloads or lexicon.things) if each not in named]
    homes = [each for each in (*named, *lexicon.things) if each.kind is Kind.NAMESPACE]
    if "{n}" in exact:
        yield from (exact.replace("{n}", home.text) for home in homes[:1])
        return
    ends = [each for each in (*named, *others) if each.kind is not Kind.NODE]
    if "{a}" in exact and "{b}" in exact:
        if len(ends) > 1:
            yield exact.replace("{a}", ends[0].text).replace("{b}", ends[1].text)
    elif ends:
        # Of two names the last is more likely to be the one that is reached.
        target = named[-1] if named and named[-1].kind is not Kind.NODE else ends[0]
        yield exact.replace("{a}", ends[0].text).replace("{b}", target.text)
