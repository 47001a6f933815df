"""A cluster as the owner of some namespaces may see it: what is named to them, and what is not.

Trusted by every answer to a token that is limited to namespaces. It errs on one side: a text that has a word of
somebody else's object is not shown at all, also where the word is a common one. Checked by
tests/api/test_namespace_law.py, which looks for words of other objects in the responses of all routes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_interface

from reachproof.api.namespace_words import (
    ObjectWords,
    marked_runs,
    parts_of_words,
    pieces,
    together,
    words_by_namespace,
)
from reachproof.network.address import ALL_V4, ALL_V6, parse_cidrs
from reachproof.network.snapshot import Snapshot
from reachproof.queries.tenancy import tenant_of

OUTSIDE = "(outside your namespaces)"
"""Stands for a name, and for whole texts."""
_QUOTED = re.compile(r"`([^`]*)`|\"([^\"]*)\"|'([^' ]*)'")
_EDGES = frozenset(edge for span in (*ALL_V4.spans, *ALL_V6.spans) for edge in span)
# In sentences of ours about no cluster at all.
_ANYWHERE = frozenset(("0.0.0.0/0", "::/0", "10.0.0.0/8"))
_V4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?")


@dataclass(frozen=True, kw_only=True)
class NamespaceView:
    """The view of the owner of `namespaces`; `others` are those that they do not own.

    `own`: the words of their objects. `foreign`: those of all other objects. `question`: the pieces of what is asked.
    `tenants`: of their namespaces. `counts`: of their namespaces, pods, services and policies, by digest of snapshots.
    """

    namespaces: frozenset[str]
    others: frozenset[str]
    own: ObjectWords
    foreign: ObjectWords
    question: frozenset[str]
    tenants: frozenset[str]
    counts: Mapping[str, tuple[int, int, int, int]]

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(pieces(self.own.words)) | self.own.addresses | self.question

    @cached_property
    def _forbidden(self) -> frozenset[str]:
        return (self.foreign.words | self.foreign.addresses | self.others) - self._known

    @cached_property
    def _files(self) -> frozenset[str]:
        return frozenset(file for file, _ in self.foreign.places - self.own.places) - self.own_files

    @cached_property
    def _own_places(self) -> frozenset[tuple[str, int]]:
        return self.own.places - self.foreign.places

    @cached_property
    def own_files(self) -> frozenset[str]:
        """The files that their objects are in."""
        return frozenset(file for file, _ in self.own.places)

    def owns(self, namespace: str | None) -> bool:
        """True for one of their namespaces."""
        return namespace in self.namespaces

    def is_own_place(self, file: str, line: int) -> bool:
        """True for the place of an object or a rule of theirs, and of nobody else's: a line may hold a whole list."""
        return (file, line) in self._own_places

    def names_others(self, text: str) -> bool:
        """True if a text may name somebody else's object, its labels, addresses or file."""
        found = set(pieces((text,)))
        found.update(parts_of_words(found - self._known))
        if found & self._forbidden or any(file and file in text for file in self._files):
            return True
        if set(_addresses(text)) - self._known - _ANYWHERE:
            return True
        return any(each.partition("/")[0] in self.others for each in found - self.question if "/" in each)

    def text(self, text: str, otherwise: str = OUTSIDE) -> str:
        """The text, or another one if it may name somebody else's object."""
        return otherwise if self.names_others(text) else text

    def is_plain(self, text: str) -> bool:
        """True if a text names nobody else's object, and quotes only what is theirs or asked for."""
        quoted = ["".join(parts) for parts in _QUOTED.findall(text)]
        return not self.names_others(text) and all(set(pieces((each,))) <= self._known for each in quoted)

    def tells(self, cidrs: Iterable[str]) -> bool:
        """True if a set of addresses is one that their own policies, or the question, tell apart from others."""
        given = tuple(cidrs)
        edges = _EDGES | {edge for span in self.own.spans for edge in (*span, span[0] - 1, span[1] + 1)}
        return set(given) <= self._known or all(edge in edges for span in parse_cidrs(given).spans for edge in span)


def _addresses(text: str) -> Iterator[str]:
    """Addresses and CIDRs in a text, also at both ends of a range."""
    yield from _V4.findall(text)
    for each in {end for run in marked_runs(text) if ":" in run for end in run.split("-")}:
        for written in dict.fromkeys((each, each.strip(":"), each.removesuffix(":"), each.removesuffix("/"))):
            with suppress(ValueError):
                ip_interface(written)
                yield written
                break


def view_of(namespaces: Iterable[str], snapshots: Iterable[Snapshot], question: Iterable[str]) -> NamespaceView:
    """The view of these snapshots. `question`: all texts that the client sent."""
    owned = frozenset(namespaces)
    asked = tuple(question)
    own: list[ObjectWords] = []
    foreign: list[ObjectWords] = []
    others: set[str] = set()
    tenants: set[str | None] = set()
    counts: dict[str, tuple[int, int, int, int]] = {}
    for snapshot in snapshots:
        for name, words in snapshot.derived(words_by_namespace).items():
            (own if name in owned else foreign).append(words)
        others |= snapshot.namespace_of.keys() - owned
        tenants |= {tenant_of(snapshot, each) for each in owned & snapshot.namespace_of.keys()}
        counts[snapshot.digest] = _counts(snapshot, owned)
    return NamespaceView(
        namespaces=owned,
        others=frozenset(others),
        own=together(own),
        foreign=together(foreign),
        question=frozenset((*pieces(asked), *(address for each in asked for address in _addresses(each)))),
        tenants=frozenset(each for each in tenants if each is not None),
        counts=counts,
    )


def _counts(snapshot: Snapshot, owned: frozenset[str]) -> tuple[int, int, int, int]:
    return (
        sum(each.name in owned for each in snapshot.namespaces),
        sum(each.namespace in owned for each in snapshot.pods),
        sum(each.namespace in owned for each in snapshot.services),
        sum(each.ref.namespace in owned for each in snapshot.policies),
    )
