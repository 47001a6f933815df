"""Sentences in plain speech, read with the names of a snapshot.

A sentence that is none of plain speech either gets the message of the exact language.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from reachproof.grammar.ast import Query, Span
from reachproof.grammar.mistakes import Mistake, shortened
from reachproof.grammar.parse import Plain, attempt
from reachproof.grammar.plain.understand import NotPlain, understand
from reachproof.network.snapshot import Snapshot
from reachproof.queries.plain_names import lexicon_of

_ICMP = frozenset(("ping", "pinged", "icmp", "traceroute"))


def plain_reader(snapshot: Snapshot) -> Plain:
    """The reader of plain sentences about a snapshot; its names are gathered at the first of them."""
    return partial(_read, snapshot)


def _read(snapshot: Snapshot, text: str) -> Query | Mistake:
    found = understand(text, lexicon_of(snapshot))
    if not isinstance(found, NotPlain):
        return found
    exact = attempt(text)
    if not isinstance(exact, Mistake):
        return exact
    stopped = found.stopped
    end = len(text.rstrip())
    if found.begun and exact.span.start < end:
        return Mistake("the sentence is incomplete", Span(end, end + 1), found.instead)
    if stopped is not None and stopped.span.start > exact.span.start:
        icmp = "; network policies cannot tell ICMP apart" if stopped.key in _ICMP else ""
        return Mistake(f"`{shortened(stopped.text)}` is not understood here{icmp}", stopped.span, found.instead)
    return Mistake(exact.message, exact.span, found.instead)


def in_plain(query: Query, mistakes: Iterable[Mistake]) -> tuple[Mistake, ...]:
    """Mistakes of a sentence at places of its text; of one in plain speech at the whole of it, with its meaning."""
    if not query.exact:
        return tuple(mistakes)
    return tuple(Mistake(f"{each.message} (understood as `{query.exact}`)", query.span) for each in mistakes)
