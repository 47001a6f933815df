"""The slots of sentence patterns: which words each takes, and the readings of these words in exact text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import product

from reachproof.grammar.ast import Span
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.plain.exceptions import exceptions
from reachproof.grammar.plain.lexicon import Kind
from reachproof.grammar.plain.sentence import GROUPS, Phrase, Sentence
from reachproof.grammar.plain.sets import Sets
from reachproof.grammar.plain.targets import Target, Targets
from reachproof.grammar.plain.vocabulary import LISTED, NOBODY, PODS
from reachproof.grammar.plain.words import Word

_MOST_TARGETS = 6
_GROUPED = frozenset(("pods", "workloads", "namespaces", "tenants"))
POLICY_WORDS = frozenset(("network", "policy", "policies", "networkpolicy", "networkpolicies", "netpol"))
_OF_KUBERNETES = frozenset(("networkpolicy", "networkpolicies", "netpol"))
_BOTH = "ingress and egress"
_DIRECTIONS = {"ingress": " for ingress", "egress": " for egress", _BOTH: "", "both directions": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One reading of the words in a slot. `phrase`: if they are one set; `alone`: an exception without its side.

    `join`: the word between several ports, `and` or `or`.
    """

    text: str
    phrase: Phrase | None = None
    on: str = ""
    join: str = ""
    alone: Phrase | None = None
    unknown: Mistake | None = None


def _of(phrase: Phrase, text: str | None = None) -> Value:
    return Value(text=phrase.text if text is None else text, phrase=phrase, unknown=phrase.unknown)


def _of_target(target: Target) -> Value:
    on = f" on {target.on}" if target.on else ""
    phrase = target.phrase
    return Value(text=f"{phrase.text}{on}", phrase=phrase, on=on, join=target.join, unknown=phrase.unknown)


@dataclass(frozen=True)
class Slots:
    """The slots of the patterns over the words of one sentence."""

    sentence: Sentence
    targets: Targets
    nobody: Sets
    _known: dict[tuple[str, int, int], tuple[Value, ...]] = field(default_factory=dict)

    @staticmethod
    def of(sentence: Sentence) -> Slots:
        """The slots of a sentence."""
        words = sentence.words
        anything = tuple(Word("anything", "anything", each.span) if each.key in NOBODY else each for each in words)
        return Slots(sentence, Targets(Sets(sentence)), Sets(replace(sentence, words=anything)))

    def ends(self, name: str, start: int, end: int) -> Iterator[tuple[int, bool]]:
        """Possible ends of a slot that begins at `start`, each with True if its words are something that exists."""
        for at in range(start + 1, end + 1):
            if name == "rest":
                yield at, True
            elif found := self.values(name, start, at):
                yield at, any(each.unknown is None for each in found)

    def values(self, name: str, start: int, end: int) -> tuple[Value, ...]:
        """All readings of the words in a slot; none if it does not take them."""
        found = self._known.get((name, start, end))
        if found is None:
            reader = _READERS[name]
            found = self._known[name, start, end] = tuple(dict.fromkeys(reader(self, start, end)))
        return found

    def sets(self, start: int, end: int) -> Iterator[Phrase]:
        """The readings of words as one set."""
        return (each for each in self.targets.sets.between(start, end) if not each.joined)

    def joint(self, start: int, end: int, first: int, last: int, *, bare: bool) -> tuple[Value, ...]:
        """The readings of words as a set on the ports that other words say, `bare` without the `on` before them."""
        ports = self.targets.ports(first, last) if bare else self.targets.on(first, last)
        return tuple(map(_of_target, self.targets.together(tuple(self.sets(start, end)), ports)))


# ---------------------------------------------------------------- sets


def _set(slots: Slots, start: int, end: int) -> Iterator[Value]:
    yield from map(_of, slots.sets(start, end))


def _open(slots: Slots, start: int, end: int) -> Iterator[Value]:
    yield from (each for each in slots.values("b", start, end) if each.text not in ("anything", "any anything"))


def _bare(slots: Slots, start: int, end: int) -> Iterator[Value]:
    yield from (_of(each) for each in slots.sets(start, end) if not each.quantifier)


def _every(slots: Slots, start: int, end: int) -> Iterator[Value]:
    yield from (_of(each) for each in slots.sets(start, end) if each.quantifier == "every")


def _whole(slots: Slots, start: int, end: int) -> Iterator[Value]:
    yield from (_of(each) for each in slots.sets(start, end) if each.quantifier != "any")


def _one(slots: Slots, start: int, end: int) -> Iterator[Value]:
    """No list, and not `anything`: that `someone cannot` is no denial of all."""
    found = (each for each in slots.values("a!", start, end) if each.phrase and not each.phrase.several)
    yield from (each for each in found if each.text != "anything")


def _one_whole(slots: Slots, start: int, end: int) -> Iterator[Value]:
    yield from (_of(each) for each in slots.sets(start, end) if each.quantifier != "any" and not each.several)


def _list(slots: Slots, start: int, end: int) -> Iterator[Value]:
    yield from (_of(each) for each in slots.targets.sets.between(start, end) if not each.quantifier)


def _nobody(slots: Slots, start: int, end: int) -> Iterator[Value]:
    words = slots.sentence.words
    if words[start].key in NOBODY:
        yield from (_of(each, each.core) for each in slots.nobody.between(start, end) if not each.joined)


def _pods(slots: Slots, start: int, end: int) -> Iterator[Value]:
    if slots.sentence.words[start].key in PODS and end - start > 1:
        yield from (_of(each) for each in slots.sets(start, end))


def _group(slots: Slots, start: int, end: int) -> Iterator[Value]:
    """A namespace or a tenant."""
    for each in slots.sets(start, end):
        thing = each.meant.thing.word if each.meant else ""
        words = each.core.split()
        exact = len(words) == 2 and words[0].lower() in GROUPS
        if not each.quantifier and (thing in GROUPS or exact):
            yield _of(each)


def _apart(slots: Slots, start: int, end: int) -> Iterator[Value]:
    """A set whose pods are known, to be set against another."""
    for each in slots.sets(start, end):
        service = each.meant is not None and each.meant.thing.kind is Kind.SERVICE
        if each.extent and not each.quantifier and not service and not {"or", "except"} & set(each.core.split()):
            yield _of(each)


# ---------------------------------------------------------------- targets, ports, exceptions


def _target(slots: Slots, start: int, end: int) -> Iterator[Value]:
    yield from (_of_target(each) for each in slots.targets.between(start, end) if not each.phrase.joined)


def _ported(slots: Slots, start: int, end: int) -> Iterator[Value]:
    yield from (each for each in slots.values("to", start, end) if each.on)


def _targets(slots: Slots, start: int, end: int) -> Iterator[Value]:
    """`A on P, B on Q and C`: all but the last have ports, or none has. In `A or B on P` those of A are not said."""
    whole = ((each, each.phrase) for each in slots.values("to", start, end) if each.phrase is not None)
    yield from (each for each, phrase in whole if not phrase.quantifier and not (phrase.several and each.on))
    for items in _split(slots, start, end, _MOST_TARGETS):
        ported = [bool(each.on) for each in items]
        if all(ported[:-1]) or not any(ported):
            join = ", or " if ported[0] else " or "
            yield Value(text=join.join(each.text for each in items), unknown=_first_unknown(items))


def _split(slots: Slots, start: int, end: int, most: int) -> Iterator[tuple[Value, ...]]:
    """Two targets or more, joined by a comma, `and` or `or`."""
    words = slots.sentence.words
    for middle in range(start + 1, end - 1):
        if words[middle].key not in (",", "and", "or") or most < 2:
            continue
        after = middle + 2 if words[middle].key == "," and words[middle + 1].key in ("and", "or") else middle + 1
        if after >= end:
            continue
        firsts = [each for each in slots.values("to", start, middle) if _is_simple(each)]
        lasts: list[tuple[Value, ...]] = [(each,) for each in slots.values("to", after, end) if _is_simple(each)]
        for first, rest in product(firsts, [*lasts, *_split(slots, after, end, most - 1)]):
            yield first, *rest


def _is_simple(value: Value) -> bool:
    phrase = value.phrase
    return phrase is not None and not (phrase.quantifier or phrase.conditions or phrase.parts)


def _on(slots: Slots, start: int, end: int) -> Iterator[Value]:
    yield from (Value(text=f" on {each.text}") for each in slots.targets.on(start, end))


def _ports(slots: Slots, start: int, end: int) -> Iterator[Value]:
    yield from (Value(text=each.text) for each in slots.targets.ports(start, end))


def _exceptions(slots: Slots, start: int, end: int) -> Iterator[Value]:
    for each in exceptions(slots.targets, start, end):
        yield Value(text=each.text, on=each.on, alone=each.alone, unknown=each.unknown)


def _sided(slots: Slots, start: int, end: int) -> Iterator[Value]:
    yield from (each for each in slots.values("x", start, end) if each.alone is None or each.on)


# ---------------------------------------------------------------- words


def _noun(slots: Slots, start: int, end: int) -> Iterator[Value]:
    noun = LISTED.get(slots.sentence.key(start, end))
    if noun:
        yield Value(text=noun)


def _grouped(slots: Slots, start: int, end: int) -> Iterator[Value]:
    yield from (each for each in slots.values("noun", start, end) if each.text in _GROUPED)


def _podlike(slots: Slots, start: int, end: int) -> Iterator[Value]:
    yield from (each for each in slots.values("noun", start, end) if each.text in ("pods", "workloads"))


def _direction(slots: Slots, start: int, end: int) -> Iterator[Value]:
    key = slots.sentence.key(start, end)
    for before in ("for ", "on ", ""):
        if key.startswith(before) and key.removeprefix(before) in _DIRECTIONS:
            yield Value(text=_DIRECTIONS[key.removeprefix(before)])
            return


def _scope(slots: Slots, start: int, end: int) -> Iterator[Value]:
    """`every namespace`, `all tenants`, or a set of which all is meant."""
    sentence = slots.sentence
    words = sentence.key(start, end).split()
    if words in (["ingress"], ["egress"]):
        return  # a direction, whatever the names of namespaces
    if words and words[0] in ("every", "each", "all", "the"):
        words = words[1:]
    if words[:1] == ["the"]:
        words = words[1:]
    if words in (["namespace"], ["namespaces"], ["tenant"], ["tenants"]) and end - start <= 3:
        yield Value(text=f"every {words[0].removesuffix('s')}")
        return
    yield from _whole(slots, start, end)


def _policy(slots: Slots, start: int, end: int) -> Iterator[Value]:
    """A policy by its name, alone or with its namespace; the word may be missing if nothing else has the name."""
    sentence = slots.sentence
    first, last = sentence.past_the(start, end), end
    while last - first > 1 and sentence.words[first].key in POLICY_WORDS:
        first += 1
    while last - first > 1 and sentence.words[last - 1].key in POLICY_WORDS:
        last -= 1
    of_kind = any(word.key in _OF_KUBERNETES for word in (*sentence.words[start:first], *sentence.words[last:end]))
    called = last - first < end - sentence.past_the(start, end)
    if last - first != 1 or (not called and sentence.words[first].text in sentence.lexicon.by_name):
        return
    word, start = sentence.words[first], first
    policies = [each for each in sentence.lexicon.policies if not of_kind or each.kind == "networkpolicy"]
    found = [each for each in policies if word.text in (each.name, f"{each.namespace}/{each.name}")]
    yield from (Value(text=each.text) for each in found)
    if not found and slots.sentence.may_be_name(start):
        known = sorted({each.name for each in policies} | {f"{each.namespace}/{each.name}" for each in policies})
        near = get_close_matches(word.text, known, n=3, cutoff=0.7)
        hint = f"; did you mean `{'` or `'.join(near)}`?" if near else ""
        what = "NetworkPolicy" if of_kind else "policy"
        yield Value(text=word.text, unknown=Mistake(f"no {what} is named {word.text}{hint}", word.span))


def _called_policy(slots: Slots, start: int, end: int) -> Iterator[Value]:
    """A policy that is called one."""
    if any(word.key in POLICY_WORDS for word in slots.sentence.words[start:end]):
        yield from _policy(slots, start, end)


def dns(slots: Slots) -> tuple[Value, ...]:
    """The cluster's DNS on its ports."""
    lexicon = slots.sentence.lexicon
    if not lexicon.dns:
        unknown = Mistake("the input has no Service of the cluster's DNS", Span(0, len(slots.sentence.text)))
        return (Value(text="dns", unknown=unknown),)
    return tuple(Value(text=f"{each} on udp/53, tcp/53") for each in lexicon.dns)


def _first_unknown(values: Iterable[Value]) -> Mistake | None:
    return next((each.unknown for each in values if each.unknown), None)


_READERS: dict[str, Callable[[Slots, int, int], Iterator[Value]]] = {
    **dict.fromkeys(("a", "b", "s"), _set),
    **dict.fromkeys(("a!", "c"), _bare),
    "o": _open,
    "d": _one,
    "f": _one_whole,
    "a+": _list,
    "s*": _every,
    "every": _every,
    "nobody": _nobody,
    "w": _pods,
    **dict.fromkeys(("g", "h"), _group),
    **dict.fromkeys(("i", "j"), _apart),
    "to": _target,
    "on-ports": _ported,
    "targets": _targets,
    "on": _on,
    "p": _ports,
    "x": _exceptions,
    "e": _sided,
    "noun": _noun,
    "pods": _podlike,
    "group": _grouped,
    "dir": _direction,
    "scope": _scope,
    "policy": _policy,
    "called-policy": _called_policy,
}
