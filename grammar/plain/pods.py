"""Pods by conditions in a plain sentence: `pods in prod`, `anything from dev`, `pods not in prod`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.plain.exact_sets import exact_set
from reachproof.grammar.plain.lexicon import Kind
from reachproof.grammar.plain.sentence import GROUPS, INSIDE, OF, Extent, Phrase, Sentence
from reachproof.grammar.plain.vocabulary import ALL_OF, ANYTHING, PODS

_LABELLED = frozenset(("labelled", "labeled"))
_OTHER = frozenset(("other", "another", "different"))
_EACH = frozenset(("any", "every", "all", "each"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Conditions:
    """Conditions behind `pods` in exact words, and the pods that meet them."""

    text: str
    extent: Extent
    unknown: Mistake | None = None

    def also(self, more: _Conditions) -> _Conditions:
        extent = None if self.extent is None or more.extent is None else self.extent & more.extent
        text = f"{self.text} {more.text}".strip()
        return _Conditions(text=text, extent=extent, unknown=self.unknown or more.unknown)


def pods(sentence: Sentence, start: int, end: int) -> Iterator[Phrase]:
    """The readings of words that begin with `pods`, `anything` or `everything` and go on with conditions."""
    head = sentence.words[start].key
    if end - start < 2 or head not in PODS | ANYTHING | ALL_OF:
        return
    if head in PODS:
        yield from _of_workload(sentence, start + 1, end)
    quantifier = "any" if head in ANYTHING else "every" if head in ALL_OF else ""
    noun = "pods" if head == "pods" else "pod"
    for each in _conditions(sentence, start + 1, end):
        if exact_set(f"{noun} {each.text}"):
            extent = None if each.extent is None else each.extent & sentence.lexicon.pods
            core = f"{noun} {each.text}"
            yield Phrase(core=core, quantifier=quantifier, extent=extent, conditions=True, unknown=each.unknown)
            if head in ANYTHING and each.text.startswith("outside "):
                rest = each.text.removeprefix("outside ")
                yield Phrase(core=f"anything except {rest}", conditions=True, unknown=each.unknown)


def _of_workload(sentence: Sentence, at: int, end: int) -> Iterator[Phrase]:
    """`of frontend`, `of deployment frontend`; `in` only where no namespace or tenant has that name."""
    preposition = sentence.words[at].key
    at = sentence.past_the(at + 1, end)
    if preposition not in INSIDE | OF or not 1 <= end - at <= 2:
        return
    name, word = end - 1, sentence.kind(at) if end - at == 2 else ""
    if (end - at == 2 and not word) or not sentence.may_be_name(name):
        return
    things = sentence.lexicon.named(sentence.words[name].text, word=word)
    if preposition in INSIDE and any(each.kind in (Kind.NAMESPACE, Kind.TENANT) for each in things):
        return
    workloads = [each for each in things if each.kind is Kind.WORKLOAD]
    if workloads:
        yield from sentence.by_name(name, workloads)


def _conditions(sentence: Sentence, start: int, end: int) -> Iterator[_Conditions]:
    """All readings of words as conditions, one after the other."""
    if start >= end:
        yield _Conditions(text="", extent=sentence.lexicon.pods)
        return
    for after, first in _condition(sentence, start, end):
        for rest in _conditions(sentence, after, end):
            yield first.also(rest)


def _condition(sentence: Sentence, start: int, end: int) -> Iterator[tuple[int, _Conditions]]:
    """One condition, and the place after it."""
    key, two = sentence.words[start].key, sentence.key(start, min(start + 2, end))
    if key in INSIDE | OF:
        yield from _inside(sentence, start + 1, end)
    elif key == "outside" or two == "not in":
        for after, home in sentence.homes(start + 2 if two in ("not in", "outside of") else start + 1, end):
            extent = None if home.extent is None else sentence.lexicon.pods - home.extent
            yield after, _Conditions(text=f"outside {home.core}", extent=extent, unknown=home.unknown)
    elif key in _LABELLED or two in ("with label", "with labels", "with the"):
        yield from _labelled(sentence, start, end)


def _inside(sentence: Sentence, at: int, end: int) -> Iterator[tuple[int, _Conditions]]:
    at = sentence.past_the(at, end)
    if at >= end:
        return
    word, group = sentence.words[at].key, sentence.kind(at + 1) if at + 1 < end else ""
    if group in GROUPS and word in _OTHER | _EACH | {"same"}:
        which = "the same" if word == "same" else "a different" if word in _OTHER else "any"
        everywhere = which == "any" and group == "namespace"
        extent = sentence.lexicon.pods if everywhere else None
        yield at + 2, _Conditions(text=f"in {which} {group}", extent=extent)
        return
    for after, home in sentence.homes(at, end):
        yield after, _Conditions(text=f"in {home.core}", extent=home.extent, unknown=home.unknown)
        yield from _in_several(sentence, after, end, (home,))


def _in_several(sentence: Sentence, at: int, end: int, before: tuple[Phrase, ...]) -> Iterator[tuple[int, _Conditions]]:
    """`in prod or dev`: of several namespaces, or of several tenants."""
    if at + 1 >= end or sentence.words[at].key not in ("or", ","):
        return
    first = before[0].core.partition(" ")[0]
    for after, home in sentence.homes(at + 2 if sentence.key(at, at + 2) == ", or" else at + 1, end):
        group, _, _ = home.core.partition(" ")
        if group != first or home.unknown:
            continue
        every = (*before, home)
        if sentence.words[at].key == "or" or sentence.key(at, at + 2) == ", or":
            listed = " or ".join(each.core.partition(" ")[2] for each in every)
            extents = [each.extent for each in every if each.extent is not None]
            whole = frozenset[str]().union(*extents) if len(extents) == len(every) else None
            yield after, _Conditions(text=f"in {group}s {listed}", extent=whole)
        else:
            yield from _in_several(sentence, after, end, every)


def _labelled(sentence: Sentence, start: int, end: int) -> Iterator[tuple[int, _Conditions]]:
    """Labels as they are written, up to the next condition or the end."""
    going_on = INSIDE | OF | {"outside"}
    ends = [at for at in range(start + 2, end) if sentence.words[at].key in going_on]
    for after in (*ends, end):
        text = sentence.source(start, after).replace("with the label", "with label")
        if exact_set(f"pods {text}"):
            yield after, _Conditions(text=text, extent=None)
