"""Ports as people write them, as the exact language does: `5432`, `tcp 5432`, `53/udp`, `port 80 and 443`, `https`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

from reachproof.grammar.format import format_port_name
from reachproof.grammar.plain.lexicon import Lexicon, Numbers
from reachproof.grammar.plain.vocabulary import WELL_KNOWN
from reachproof.grammar.plain.words import Word
from reachproof.network.ports import Protocol

BEFORE = frozenset(("on", "over", "via", "using", "through", "at"))
MOST_READINGS = 8

_NUMBER = re.compile(r":?([0-9]{1,5}(?:-[0-9]{1,5})?)")
_WITH_PROTOCOL = re.compile(r"([0-9]{1,5}(?:-[0-9]{1,5})?)/(tcp|udp|sctp)|(tcp|udp|sctp)/([0-9]{1,5}(?:-[0-9]{1,5})?)")
_PROTOCOLS = frozenset(("tcp", "udp", "sctp"))
_JOINS = frozenset((",", "or", "and"))
# Every port would be one of them in a question, and each of them in a claim.
_WHOLE = {("any", "port"): "any port", ("any", "ports"): "any port"}


@dataclass(frozen=True, slots=True)
class PortList:
    """Ports as they read after `on`. `numbers`: those that are given by number; `names`: those by name.

    `join`: the word between several, `and` or `or`; empty between those that say it themselves (`any of`).
    """

    text: str
    numbers: Numbers = frozenset()
    names: frozenset[str] = frozenset()
    join: str = ""


def port_lists(words: Sequence[Word], lexicon: Lexicon) -> tuple[PortList, ...]:
    """All readings of words as a list of ports, without the `on` before them; none if they are no ports."""
    keys = tuple(word.key for word in words)
    if keys in _WHOLE:
        return (PortList(_WHOLE[keys]),)
    if keys[:2] in (("any", "of"), ("each", "of")):
        return tuple(
            PortList(f"{keys[0]} of {found.text}", found.numbers, found.names, "and" if keys[0] == "each" else "")
            for found in _listed(words[2:], lexicon)
        )
    join = next((key for key in ("and", "or") if key in keys), "")
    return tuple(replace(found, join=join) for found in _listed(words, lexicon))


def _listed(words: Sequence[Word], lexicon: Lexicon) -> tuple[PortList, ...]:
    items: list[tuple[PortList, ...]] = []
    rest = list(words)
    called_port = False
    while rest:
        if items:
            joins = 2 if [word.key for word in rest[:2]] in ([",", "and"], [",", "or"]) else 1
            if rest[0].key not in _JOINS:
                return ()
            rest = rest[joins:]
        called_port = called_port or bool(rest and rest[0].key in ("port", "ports"))
        size = next((size for size in (3, 2, 1) if len(rest) >= size and _item(rest[:size], lexicon, called_port)), 0)
        if not size:
            return ()
        items.append(_item(rest[:size], lexicon, called_port))
        rest = rest[size:]
    return tuple(map(_together, list(product(*items))[:MOST_READINGS])) if items else ()


def _together(items: tuple[PortList, ...]) -> PortList:
    return PortList(
        ", ".join(each.text for each in items),
        frozenset(number for each in items for number in each.numbers),
        frozenset(name for each in items for name in each.names),
    )


def _item(words: Sequence[Word], lexicon: Lexicon, called_port: bool) -> tuple[PortList, ...]:
    """The readings of one port."""
    rest = list(words)
    protocol = ""
    before = [word.key for word in rest[:2]]
    if before and before[0] in ("port", "ports"):
        rest = rest[1:]
    elif before and before[0] in _PROTOCOLS and len(rest) > 1:
        protocol = before[0]
        rest = rest[2:] if before[1] in ("port", "ports") else rest[1:]
    if len(rest) == 2 and rest[1].key in _PROTOCOLS and not protocol:
        protocol, rest = rest[1].key, rest[:1]
    if len(rest) != 1:
        return ()
    return _one(rest[0], protocol, lexicon, called_port)


def _one(word: Word, protocol: str, lexicon: Lexicon, called_port: bool) -> tuple[PortList, ...]:
    number = _NUMBER.fullmatch(word.key)
    if number:
        return tuple(
            _numbered(each, number[1]) for each in ((protocol,) if protocol else _protocols(number[1], lexicon))
        )
    if protocol:
        return ()
    with_protocol = _WITH_PROTOCOL.fullmatch(word.key)
    if with_protocol:
        first, behind, before, last = with_protocol.groups()
        return (_numbered(behind or before, first or last),)
    if word.key in _PROTOCOLS:
        return (PortList(word.key),)
    return _by_name(word, lexicon, called_port)


def _protocols(number: str, lexicon: Lexicon) -> tuple[str, ...]:
    """TCP, unless somebody declares the number under another protocol."""
    declared = lexicon.protocols.get(int(number), frozenset()) if number.isdigit() else frozenset()
    return tuple(sorted(each.lower() for each in declared | {Protocol.TCP}))


def _numbered(protocol: str, number: str) -> PortList:
    single = number.isdigit()
    found = frozenset({(Protocol(protocol.upper()), int(number))}) if single else frozenset()
    return PortList(f"{protocol}/{number}", found)


def _by_name(word: Word, lexicon: Lexicon, called_port: bool) -> tuple[PortList, ...]:
    """A name that ports of the snapshot go by, or that people use for a number; both, if they differ."""
    declared = lexicon.port_names.get(word.text)
    known = WELL_KNOWN.get(word.key) if word.key else None
    found: list[PortList] = []
    by_number = _together(tuple(_numbered(p.lower(), str(n)) for p, n in known)) if known else None
    if declared is not None and not (by_number and declared == by_number.numbers):
        found.append(PortList(f"port {format_port_name(word.text)}", names=frozenset((word.text,))))
    if by_number and not (called_port and found):
        found.append(by_number)
    return tuple(found)
