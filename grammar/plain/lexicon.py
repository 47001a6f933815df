"""The names of a snapshot, as plain speech needs them: what each may be the name of, and which pods that is.

A name of several kinds is one thing only if all of them are the same pods: then the workload is meant, else the pod,
else the Service. A name that is also one of a namespace, a tenant or a node is never one thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

from reachproof.grammar.ast import Name, ObjectName
from reachproof.grammar.format import format_name, format_object
from reachproof.network.ports import Protocol

Numbers = frozenset[tuple[Protocol, int]]
OUTSIDE = "(outside)"
"""In the place of a pod: addresses outside the cluster."""


class Kind(IntEnum):
    """Kinds of things that have names, the one that is meant first among those of the same pods."""

    WORKLOAD = 0
    POD = 1
    SERVICE = 2
    NAMESPACE = 3
    TENANT = 4
    NODE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One object with a name, or a tenant. `word`: what stands before the name in a sentence.

    `pods`: the pods that it is; None where that is not certain. `leads_to`: of a Service that is rewritten, its ports
    and the numbers that each leads to. `port_names`: the numbers at the pods behind the name of a port. `declared`: the
    ports that its pods declare.
    """

    kind: Kind
    word: str
    namespace: str = ""
    name: str
    pods: frozenset[str] | None
    leads_to: Mapping[tuple[Protocol, int], frozenset[int]] = field(default_factory=dict, hash=False)
    port_names: Mapping[str, Numbers] = field(default_factory=dict, hash=False)
    declared: Numbers = frozenset()

    @property
    def text(self) -> str:
        """The set as the exact language writes it."""
        if self.namespace:
            return f"{self.word} {format_object(ObjectName(self.namespace, self.name))}"
        return f"{self.word} {format_name(Name(self.name))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """The one thing that a name is, and the Service of its name that leads to the same pods."""

    thing: Thing
    service: Thing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOf:
    """A policy by its kind in lower case, its namespace if it has one, and its name."""

    kind: str
    namespace: str
    name: str

    @property
    def text(self) -> str:
        """The policy as it stands after `without`."""
        if self.namespace:
            return f"{self.kind} {format_object(ObjectName(self.namespace, self.name))}"
        return f"{self.kind} {format_name(Name(self.name))}"


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """All that plain speech knows of a snapshot.

    `dns`, `api_server`: the exact sets of the cluster's DNS and API server; empty where there is no such Service.
    `metadata`: the addresses of the metadata service. `port_names`: the ports that go by a name, at pods or Services.
    `protocols`: those under which a number is declared.
    """

    things: tuple[Thing, ...] = ()
    policies: tuple[PolicyOf, ...] = ()
    dns: tuple[str, ...] = ()
    api_server: str = ""
    metadata: str = "169.254.169.254"
    port_names: Mapping[str, Numbers] = field(default_factory=dict)
    protocols: Mapping[int, frozenset[Protocol]] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> dict[str, tuple[Thing, ...]]:
        """The things by name, and by `namespace/name`."""
        found: dict[str, list[Thing]] = {}
        for thing in self.things:
            found.setdefault(thing.name, []).append(thing)
            if thing.namespace:
                found.setdefault(f"{thing.namespace}/{thing.name}", []).append(thing)
        return {name: tuple(things) for name, things in found.items()}

    @cached_property
    def pods(self) -> frozenset[str]:
        """Every pod."""
        return frozenset(pod for thing in self.things if thing.kind is Kind.NAMESPACE for pod in thing.pods or ())

    def named(self, name: str, *, word: str = "", home: str = "") -> tuple[Thing, ...]:
        """The things that a name may mean; of one kind if a `word` says so, in one namespace if `home` does."""
        found = self.by_name.get(name, ())
        if word == "workload":
            found = tuple(each for each in found if each.kind is Kind.WORKLOAD)
        elif word:
            found = tuple(each for each in found if each.word == word)
        return tuple(each for each in found if each.namespace == home) if home else found


def meanings(things: Iterable[Thing]) -> tuple[Meant, ...]:
    """The one meaning of things of one name if they are the same pods, else each by itself."""
    ordered = sorted(things, key=lambda each: (each.kind, each.namespace, each.word))
    if len(ordered) > 1 and _same_pods(ordered):
        first, *rest = ordered
        service = next((each for each in rest if each.kind is Kind.SERVICE), None)
        return (Meant(thing=first, service=service),)
    return tuple(Meant(thing=each) for each in ordered)


def _same_pods(things: list[Thing]) -> bool:
    first = things[0].pods
    return bool(first) and all(each.kind <= Kind.SERVICE and each.pods == first for each in things)
