"""A sentence as words: contractions spelt out, quotes kept as names, punctuation at its end left out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from reachproof.grammar.ast import Span
from reachproof.grammar.words import ADDRESS

MOST_WORDS = 60

_PIECE = re.compile(r"""(?<!\w)"[^"\n]*"|“[^”\n]*”|(?<!\w)'[^'\n]*'|(?<!\w)`[^`\n]*`|[(),;]|[^\s(),;"“”`]+""")
_QUOTES = {'"': '"', "“": "”", "'": "'", "`": "`"}
_ADDRESS = re.compile(ADDRESS, re.IGNORECASE)
_WITH_PORT = re.compile(r"([a-z][-\w./]*|[0-9]+(?:\.[0-9]+){3}):([0-9]+(?:-[0-9]+)?)", re.IGNORECASE)
_CONTRACTIONS = {
    "cannot": "can not",
    "can't": "can not",
    "couldn't": "could not",
    "shouldn't": "should not",
    "mustn't": "must not",
    "isn't": "is not",
    "aren't": "are not",
    "doesn't": "does not",
    "don't": "do not",
    "hasn't": "has not",
    "haven't": "have not",
    "what's": "what is",
    "who's": "who is",
    "there's": "there is",
}
# They leave what is asked as it is, and may stand anywhere.
_FILLERS = {"please", "kindly", "ever", "still", "currently", "actually", "directly"}


@dataclass(frozen=True, slots=True)
class Word:
    """One word: as it is written, without quotes; its key, in lower case, is empty if it is quoted."""

    text: str
    key: str
    span: Span


def words(text: str, names: Collection[str] = ()) -> tuple[Word, ...]:
    """The words of one sentence. `names` that are used are kept, although they look like fillers."""
    pieces = list(_PIECE.finditer(text))
    found: list[Word] = []
    for place, piece in enumerate(pieces):
        found += _words(piece[0], piece.start(), last=place == len(pieces) - 1)
    kept = [word for word in _joined(found) if word.key not in _FILLERS or word.text in names]
    while kept and kept[-1].key == ",":
        kept.pop()
    return tuple(kept)


def _joined(found: list[Word]) -> Iterator[Word]:
    """The words, with `no one` as one."""
    before: Word | None = None
    for word in found:
        if before is not None and (before.key, word.key) == ("no", "one"):
            word = Word("noone", "noone", Span(before.span.start, word.span.end))
        elif before is not None:
            yield before
        before = word
    if before is not None:
        yield before


def is_question(text: str) -> bool:
    """True if the sentence ends with a question mark."""
    return "?" in text.rstrip()[-3:]


def _words(piece: str, start: int, *, last: bool) -> Iterator[Word]:
    if _QUOTES.get(piece[0]) == piece[-1] and len(piece) > 1:
        yield Word(piece[1:-1], "", Span(start, start + len(piece)))
        return
    if last:
        piece = piece.rstrip("?.!")
    colon = piece.endswith(":") and not _ADDRESS.fullmatch(piece)
    bare = piece.removesuffix(":") if colon else piece
    yield from _bare(bare, start)
    if colon:
        yield Word(":", ":", Span(start + len(bare), start + len(piece)))


def _bare(piece: str, start: int) -> Iterator[Word]:
    if not piece:
        return
    span = Span(start, start + len(piece))
    spelt = _CONTRACTIONS.get(piece.lower().replace("’", "'"))
    if spelt is not None:
        yield from (Word(each, each, span) for each in spelt.split())
        return
    with_port = None if _ADDRESS.fullmatch(piece) else _WITH_PORT.fullmatch(piece)
    if with_port is None:
        yield Word(piece, piece.lower(), span)
        return
    middle = start + with_port.end(1)
    yield Word(with_port[1], with_port[1].lower(), Span(start, middle))
    yield Word(f":{with_port[2]}", f":{with_port[2]}", Span(middle, span.end))
