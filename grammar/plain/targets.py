"""Targets of a sentence: a set and the ports that stand with it, with Services resolved.

A name that is a workload and its Service means the workload; on a port of the Service that leads to another number it
means the Service. Where the pods declare that port too, or other ports are asked for beside it, both are readings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product

from reachproof.grammar.plain.lexicon import Kind, Meant, Thing
from reachproof.grammar.plain.ports import BEFORE, PortList, port_lists
from reachproof.grammar.plain.sentence import Phrase, named
from reachproof.grammar.plain.sets import Sets
from reachproof.grammar.plain.vocabulary import DNS

_NOBODY = Thing(kind=Kind.POD, word="pod", name="", pods=None)
_DNS_PORTS = PortList("udp/53, tcp/53")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A set and ports, each as the exact language has it; `on` is empty without ports; `join` as of PortList."""

    phrase: Phrase
    on: str = ""
    join: str = ""


@dataclass(frozen=True)
class Targets:
    """The targets and ports in the words of one sentence, each looked up once."""

    sets: Sets
    _known: dict[tuple[int, int], tuple[Target, ...]] = field(default_factory=dict)
    _ports: dict[tuple[int, int], tuple[PortList, ...]] = field(default_factory=dict)

    def on(self, start: int, end: int) -> tuple[PortList, ...]:
        """The readings of `on 80`, `:80`, `port 80`."""
        words = self.sets.sentence.words
        key = words[start].key
        if key in BEFORE:
            return self.ports(start + 1, end)
        alone = key.startswith(":") or key in ("port", "ports", "tcp", "udp", "sctp")
        return self.ports(start, end) if alone else ()

    def ports(self, start: int, end: int) -> tuple[PortList, ...]:
        """The readings of words as ports."""
        if end <= start:
            return ()
        found = self._ports.get((start, end))
        if found is None:
            sentence = self.sets.sentence
            found = self._ports[start, end] = port_lists(sentence.words[start:end], sentence.lexicon)
        return found

    def between(self, start: int, end: int) -> tuple[Target, ...]:
        """The readings of words as what is to be reached: a set, perhaps with its ports behind or before it."""
        found = self._known.get((start, end))
        if found is None:
            found = self._known[start, end] = tuple(dict.fromkeys(self._targets(start, end)))
        return found

    def _targets(self, start: int, end: int) -> Iterator[Target]:
        for phrase in self.sets.between(start, end):
            yield from resolved(phrase, None)
        for middle in range(start + 1, end):
            yield from self.together(self.sets.between(start, middle), self.on(middle, end))
        yield from self._port_first(start, end)
        yield from self._dns(start, end)

    def together(self, phrases: tuple[Phrase, ...], ports: tuple[PortList, ...]) -> Iterator[Target]:
        """A set on ports, for each reading of both."""
        for phrase, listed in product(phrases, ports):
            yield from resolved(phrase, listed)

    def _port_first(self, start: int, end: int) -> Iterator[Target]:
        """`port 22`, of any pod; `port 22 on frontend`."""
        words = self.sets.sentence.words
        if words[start].key not in ("port", "ports"):
            return
        for listed in self.ports(start, end):
            yield Target(
                phrase=Phrase(core="pod", quantifier="any", extent=self.sets.sentence.lexicon.pods), on=listed.text
            )
        for middle in range(start + 2, end - 1):
            if words[middle].key in ("on", "of", "at"):
                yield from self.together(self.sets.between(middle + 1, end), self.ports(start, middle))

    def _dns(self, start: int, end: int) -> Iterator[Target]:
        sentence = self.sets.sentence
        start = sentence.past_the(start, end)
        if sentence.key(start, end) in DNS:
            yield from (Target(phrase=Phrase(core=each), on=_DNS_PORTS.text) for each in sentence.lexicon.dns)


def resolved(phrase: Phrase, ports: PortList | None) -> Iterator[Target]:
    """The readings of a set on ports; none for a list in which a Service would have to stand for a workload."""
    if ports is None:
        yield Target(phrase=phrase)
        return
    if any(_readings(each, ports)[0] for each in phrase.parts):
        return
    meant = phrase.meant or Meant(thing=_NOBODY)
    by_service, by_workload = _readings(meant, ports)
    if by_workload:
        yield Target(phrase=phrase, on=ports.text, join=ports.join)
    if by_service and meant.service is not None:
        service = replace(named(Meant(thing=meant.service)), quantifier=phrase.quantifier)
        yield Target(phrase=service, on=ports.text, join=ports.join)


def _readings(meant: Meant, ports: PortList) -> tuple[bool, bool]:
    """True if a port may be one of the Service that shares the name; and True if it may be one of the pods."""
    service, thing = meant.service, meant.thing
    if service is None:
        return False, True
    same = frozenset
    moved = {port for port in ports.numbers if service.leads_to.get(port, same({port[1]})) != same({port[1]})}
    renamed = {name for name in ports.names if name in service.port_names and _other(name, service, thing)}
    if not moved and not renamed:
        return False, True
    whole = moved == ports.numbers and renamed == ports.names
    own = moved & thing.declared or renamed & thing.port_names.keys()
    return True, not whole or bool(own)


def _other(name: str, service: Thing, thing: Thing) -> bool:
    return service.port_names[name] != thing.port_names.get(name)
