"""All readings of a plain sentence as exact sentences: of every form that fits, of every slot in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.plain.forms import FORMS, Form
from reachproof.grammar.plain.lexicon import OUTSIDE
from reachproof.grammar.plain.patterns import Elements, Matcher, Taken, pattern, vocabulary
from reachproof.grammar.plain.sentence import GROUPS, Phrase
from reachproof.grammar.plain.sets import reduced
from reachproof.grammar.plain.slots import Slots, Value, dns

MOST_READINGS = 200
_SOURCES = ("a", "a!", "d", "every", "nobody")
_DESTINATIONS = ("to", "b", "o", "on-ports")

_SLOT = re.compile(r"\{([^{}]+)\}")
_REMOVAL = "<if-removed> {policy}"
WRAPPERS = {
    "<prove> {rest}": "",
    f"{_REMOVAL} [,|:] [then] {{rest}}": "without {policy}: ",
    f"{{rest}} [,] {_REMOVAL}": "without {policy}: ",
    "{rest} without {called-policy}": "without {called-policy}: ",
    "without {called-policy} [,|:] {rest}": "without {called-policy}: ",
}


@cache
def known_words() -> frozenset[str]:
    """Every word that some form has."""
    return vocabulary((*(form.pattern for form in FORMS), *WRAPPERS))


@dataclass(frozen=True, slots=True)
class Reading:
    """An exact sentence; `unknown` is the name in it that is nothing."""

    text: str
    unknown: Mistake | None = None


@dataclass(frozen=True, slots=True)
class Readings:
    """All readings of a sentence, each once. `furthest`: the place of the word up to which some form fits."""

    found: tuple[Reading, ...]
    furthest: int


def readings(slots: Slots, *, question: bool) -> Readings:
    """All readings of the whole sentence; `question`: it ends with a question mark."""
    furthest = [0]
    found = dict.fromkeys(_readings(slots, (0, len(slots.sentence.words)), furthest, question=question, depth=2))
    return Readings(tuple(found)[:MOST_READINGS], max(furthest))


def _readings(
    slots: Slots, place: tuple[int, int], furthest: list[int], *, question: bool, depth: int
) -> Iterator[Reading]:
    start, end = place
    keys = [word.key for word in slots.sentence.words[:end]]

    def ends(name: str, at: int) -> Iterable[tuple[int, bool]]:
        return slots.ends(name, at, end)

    matcher = Matcher(keys, ends)
    for form in FORMS:
        if form.claim and question:
            continue
        for taken in matcher.fits(whole(form), start):
            yield from _filled(slots, form.exact, taken)
    furthest.append(matcher.furthest)
    if not depth:
        return
    wrapping = Matcher(keys, ends)
    for wrapped, prefix in WRAPPERS.items():
        for taken in wrapping.fits(pattern(wrapped), start):
            places = {name: (first, last) for name, first, last in taken}
            rest_of = places.pop("rest")
            inner = list(_readings(slots, rest_of, furthest, question=question, depth=depth - 1))
            outer = list(_filled(slots, prefix, tuple((name, *place) for name, place in places.items())))
            for before, rest in product(outer, inner):
                yield Reading(f"{before.text}{rest.text}", before.unknown or rest.unknown)


def whole(form: Form) -> Elements:
    """The pattern of a form with the ports and exceptions that may follow it."""
    text = form.pattern
    if ("{b}" in form.exact or "{o}" in form.exact) and "{on}" not in text and "{p}" not in text:
        text += " [{on}]"
    for name in ("x", "e"):
        if f"{{{name}}}" in form.exact:
            text += f" [{{{name}}}]"
    return pattern(text)


def _filled(slots: Slots, exact: str, taken: Taken) -> Iterator[Reading]:
    """The exact sentence of a form for each reading of its slots."""
    places: dict[str, tuple[int, int]] = {}
    for name, first, last in taken:
        if name in places:
            return
        places[name] = first, last
    values: dict[str, tuple[Value, ...]] = {name: slots.values(name, *place) for name, place in places.items()}
    for name, ports in product(("b", "o"), ("on", "p")):
        if name in places and ports in places:
            values[name] = slots.joint(*places[name], *places[ports], bare=ports == "p")
            del values[ports]
    if "{dns}" in exact:
        values["dns"] = dns(slots)
    for chosen in product(*values.values()):
        if exact.startswith("can ") and _each_port_or_one(chosen):
            continue
        if exact.startswith("every ") or _of_all(chosen):
            chosen = tuple(map(_on_one_of, chosen))
        yield from _said(exact, dict(zip(values, chosen, strict=True)), slots.sentence.lexicon.pods)


def _each_port_or_one(chosen: tuple[Value, ...]) -> bool:
    """True of `80 and 443` where no set is meant as a whole: a question may mean both ports, or either."""
    return not _of_all(chosen) and any(each.join == "and" for each in chosen)


def _of_all(chosen: tuple[Value, ...]) -> bool:
    return any(each.phrase is not None and each.phrase.quantifier == "every" for each in chosen)


def _on_one_of(value: Value) -> Value:
    """The value with `80 or 443` as one of them, since the exact language means each where all of a set is meant."""
    if value.join != "or" or value.phrase is None:
        return value
    on = value.on.replace(" on ", " on any of ", 1)
    return replace(value, text=f"{value.phrase.text}{on}", on=on)


def _said(exact: str, chosen: dict[str, Value], pods: frozenset[str]) -> Iterator[Reading]:
    """The exact sentence for one reading of each slot; where an exception may be of either side, both."""
    unknown = next((each.unknown for each in chosen.values() if each.unknown), None)
    if "{i/j}" in exact:
        yield from _neither(chosen)
        return
    exempt = next((name for name in ("x", "e") if name in chosen), "")
    alone = chosen[exempt].alone if exempt else None
    if alone is None:
        yield Reading(_text(exact, chosen), unknown)
        return
    if chosen[exempt].on:
        yield from (Reading(text, unknown) for text in _exempt_on(exact, chosen, exempt, pods))
        return
    source = next((name for name in _SOURCES if name in chosen), "")
    destination = next((name for name in _DESTINATIONS if name in chosen), "")
    for name, listed in ((source, " except from "), (destination, " except to ")):
        if name:
            less = _less(chosen[name], alone, keeps=name in ("a", "every", *_DESTINATIONS))
            yield from (Reading(_text(exact, {**chosen, name: each, "x": Value(text="")}), unknown) for each in less)
        elif alone.extent is None or alone.extent & (pods | {OUTSIDE}):
            yield Reading(_text(exact, {**chosen, "x": Value(text=f"{listed}{alone.core}")}), unknown)


def _exempt_on(exact: str, chosen: dict[str, Value], exempt: str, pods: frozenset[str]) -> Iterator[str]:
    """The sentence with an exception of a set on ports, on each side that has some of it."""
    value = chosen[exempt]
    assert value.alone is not None
    sides = {"to": (*_DESTINATIONS, "targets"), **({"from": _SOURCES} if exempt == "x" else {})}
    for side, names in sides.items():
        phrase = next((chosen[name].phrase for name in names if name in chosen), None)
        if exempt == "e" and phrase is None:
            continue
        extent = pods | {OUTSIDE} if phrase is None else phrase.extent
        if extent is None or value.alone.extent is None or extent & value.alone.extent:
            yield _text(exact, {**chosen, exempt: Value(text=f" except {side} {value.alone.text}{value.on}")})


def _less(value: Value, alone: Phrase, *, keeps: bool) -> Iterator[Value]:
    """A set without what is excepted; nothing if that takes nothing away."""
    if value.phrase is not None:
        for each in reduced(value.phrase, alone):
            yield Value(text=f"{each.text if keeps else each.core}{value.on}", phrase=each)


def _neither(chosen: dict[str, Value]) -> Iterator[Reading]:
    """Neither of two sets reaches the other."""
    one, other = chosen["i"].phrase, chosen["j"].phrase
    assert one is not None and other is not None
    kinds = {each.core.partition(" ")[0] for each in (one, other)}
    if len(kinds) == 1 and kinds <= GROUPS:
        return
    if one.extent and other.extent and not one.extent & other.extent:
        both = f"{one.core} or {other.core}"
        within = " and ".join(f"from {each.core} to {each.core}" for each in (one, other))
        yield Reading(f"no {both} can reach {both} except {within}")


def _text(exact: str, chosen: dict[str, Value]) -> str:
    """The exact sentence with its slots filled in; those of which there is nothing are left out."""
    return _SLOT.sub(lambda slot: chosen[slot[1]].text if slot[1] in chosen else "", exact)
