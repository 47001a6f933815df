"""Sentences in plain speech, read with the names of a snapshot.

A sentence that is none of plain speech either gets the message of the exact language.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from reachproof.grammar.ast import Query
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.parse import Plain, attempt
from reachproof.grammar.plain.lexicon import Lexicon
from reachproof.grammar.plain.understand import understand
from reachproof.network.snapshot import Snapshot
from reachproof.queries.plain_names import lexicon_of


def plain_reader(snapshot: Snapshot) -> Plain:
    """The reader of plain sentences about a snapshot."""
    return partial(_read, lexicon_of(snapshot))


def _read(lexicon: Lexicon, text: str) -> Query | Mistake:
    found = understand(text, lexicon)
    return found if isinstance(found, Query | Mistake) else attempt(text)


def in_plain(query: Query, mistakes: Iterable[Mistake]) -> tuple[Mistake, ...]:
    """Mistakes of a sentence at places of its text; of one in plain speech at the whole of it, with its meaning."""
    if not query.exact:
        return tuple(mistakes)
    return tuple(Mistake(f"{each.message} (understood as `{query.exact}`)", query.span) for each in mistakes)
