"""Names, labels, addresses and places of the objects of a snapshot, namespace by namespace."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

from reachproof.network.address import format_address, format_cidrs
from reachproof.network.cluster import Node, Pod, Service
from reachproof.network.intervals import IntervalSet, Span
from reachproof.network.origin import Origin
from reachproof.network.policy import AddressPeer
from reachproof.network.snapshot import Snapshot

CLUSTER = ""
"""Stands for the namespace of objects that are in none: nodes, and policies of administrators."""
# Sentences of ours about an object, and words of implementations: whoever is shown one is shown the name too.
_SENTENCES = frozenset(
    ("kind", "engine", "type", "reason", "reason_code", "doubts", "condition", "written", "what", "text", "open")
)
_RUN = re.compile(r"[A-Za-z0-9_./:-]+")
_EDGES = "._-/:"
_LETTER = re.compile(r"[A-Za-z]")
_MARK = re.compile(r"[/:]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectWords:
    """The words of some objects.

    `words`: runs of letters, digits and `_./:-` in their names, labels, selectors and the like. `addresses`: theirs,
    and CIDRs of their policies. `spans`: of addresses that their policies tell apart. `places`: files and lines.
    """

    words: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    spans: frozenset[Span] = frozenset()
    places: frozenset[tuple[str, int]] = frozenset()


def together(given: Sequence[ObjectWords]) -> ObjectWords:
    """The words of all."""
    return ObjectWords(
        words=frozenset().union(*(each.words for each in given)),
        addresses=frozenset().union(*(each.addresses for each in given)),
        spans=frozenset().union(*(each.spans for each in given)),
        places=frozenset().union(*(each.places for each in given)),
    )


def words_by_namespace(snapshot: Snapshot) -> Mapping[str, ObjectWords]:
    """The words of the objects of each namespace, and of those in none under CLUSTER."""
    grouped: dict[str, list[Any]] = {each.name: [each] for each in snapshot.namespaces}
    for node in snapshot.nodes:
        grouped.setdefault(CLUSTER, []).append(node)
    for policy in snapshot.policies:
        grouped.setdefault(policy.ref.namespace, []).append(policy)
    for each in (*snapshot.pods, *snapshot.services, *snapshot.idle, *snapshot.ingresses, *snapshot.accounts):
        grouped.setdefault(each.namespace, []).append(each)
    for unread in snapshot.unread:
        grouped.setdefault(unread.namespace, []).append(unread)
    return {namespace: _words_of(objects) for namespace, objects in grouped.items()}


def _words_of(objects: list[Any]) -> ObjectWords:
    words: set[str] = set()
    sets: set[IntervalSet] = set()
    places: set[tuple[str, int]] = set()
    singles: set[int] = set()
    for each in _parts(objects):
        match each:
            case Origin(file=file, line=line):
                places.add((file, line))
            case str():
                words.update(runs(each))
            case AddressPeer(addresses=addresses):
                sets.add(addresses)
            case Pod() | Node():
                singles.update(each.addresses)
            case Service():
                singles.update((*each.virtual_ips, *each.external_ips))
                sets.add(each.source_ranges)
            case _:
                assert each is None or isinstance(each, int | float)
    told = {format_address(address) for address in singles}
    return ObjectWords(
        words=frozenset(words),
        addresses=frozenset(told.union(*(format_cidrs(each) for each in sets))),
        spans=frozenset(span for each in sets for span in each.spans),
        places=frozenset(places),
    )


def _parts(value: Any) -> Iterator[Any]:
    """Texts, numbers and places inside, and those objects that have addresses."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Enum | IntervalSet):
            continue
        if isinstance(each, Mapping):
            waiting += (*each.keys(), *each.values())
        elif isinstance(each, tuple | list | frozenset | set):
            waiting += each
        elif is_dataclass(each) and not isinstance(each, Origin):
            waiting += (getattr(each, field.name) for field in fields(each) if field.name not in _SENTENCES)
            if isinstance(each, AddressPeer | Pod | Node | Service):
                yield each
        else:
            yield each


def marked_runs(text: str) -> Iterator[str]:
    """Runs of letters, digits and `_./:-` in a text, with `:` also at their ends, as addresses have it."""
    for found in _RUN.findall(text):
        if run := found.strip(_EDGES.replace(":", "")):
            yield run


def runs(text: str) -> Iterator[str]:
    """Runs of letters, digits and `_./:-` in a text, without those signs at their ends."""
    for found in _RUN.findall(text):
        if run := found.strip(_EDGES):
            yield run


def pieces(texts: Iterable[str]) -> Iterator[str]:
    """The runs in texts, and what is between `/` and `:` in each of them, also several together."""
    for text in texts:
        for run in runs(text):
            yield run
            yield from _between(r"([/:])", run)


def parts_of_words(words: Iterable[str]) -> Iterator[str]:
    """The parts between `.` and `_` of each word, also several together; nothing of numbers and addresses."""
    for word in words:
        if _LETTER.search(word) and not _MARK.search(word):
            yield from _between(r"([._])", word)


def _between(mark: str, word: str) -> Iterator[str]:
    parts = re.split(mark, word)
    marks = range(0, len(parts), 2)
    found = ("".join(parts[start : end + 1]) for start in marks for end in marks if start <= end < start + 7)
    yield from (each for each in found if each)
