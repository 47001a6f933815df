"""A text before it is parsed: its limits, its comments, and where its sentences begin and end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from reachproof.grammar.ast import Span
from reachproof.grammar.mistakes import Mistake

LONGEST_QUERY = 10_000
LONGEST_PACK = 1_000_000
DEEPEST = 50

_PIECE = re.compile(r"""(?<![\w])'[^'\n]*'?|"[^"\n]*"?|\#[^\n]*|[()]""")
_END_OF_SENTENCE = re.compile(r"[?.](?=\s|\Z|[?.;])|[?;]|\n\s*")
_GOES_ON = re.compile(
    r"[,)]|(?:except|on(?!\s+which)|or|and|in|labell?ed|with(?!\s+only)|including|to|from|is|are|reach)\b"
    r"|can\s+(?:only\s+|exactly\s+)?reach\b",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(
    r"(?:[:,(]|(?<!\S)(?:and|or|except|on|to|from|in|reach|only|can|no|every|any|that|labell?ed|prove))\s*\Z",
    re.IGNORECASE,
)
# `which pods can A reach` is a whole sentence, though `can A reach` is none.
_REACHED = re.compile(r"\bwhich\s[^:]*\bcan\s+(?!reach\b)[^:]*\sreach\s*\Z", re.IGNORECASE)
CHECK = re.compile(
    r"""\s*(?:invariant\s+(?:"[^"\n]*"|'[^'\n]*'|[-\w./]+)\s*(?:\(\s*\w+\s*\))?|expect\s+\w+)\s*(?:"[^"\n]*"|'[^'\n]*')?\s*:""",
    re.IGNORECASE,
)
"""The part of a check of a pack that stands before its sentence."""
_ITEM = re.compile(r"^[ \t]*(?=(?:define|invariant|expect)\b)", re.IGNORECASE | re.MULTILINE)


def check_characters(text: str) -> None:
    """Refuses characters that cannot be seen: control and format characters other than tab and line ends."""
    for at, char in enumerate(text):
        if char not in "\t\n\r" and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"}:
            raise Mistake(f"the character U+{ord(char):04X} cannot be part of a query", Span(at, at + 1))


def check_length(text: str, longest: int, what: str) -> None:
    """Refuses a text that is longer than `longest` characters."""
    if len(text) > longest:
        raise Mistake(f"the text has {len(text)} characters; {what} has at most {longest}", Span())


def without_comments(text: str) -> str:
    """The text with each comment replaced by as many blanks, so that places stay; unclosed quotes are refused."""
    parts: list[str] = []
    done = 0
    for match in _PIECE.finditer(text):
        piece = match[0]
        if piece.startswith("#"):
            parts += (text[done : match.start()], " " * len(piece))
            done = match.end()
        elif piece[0] in "'\"" and (len(piece) == 1 or piece[-1] != piece[0]):
            raise Mistake(f"the quote {piece[0]} is not closed on its line", Span(match.start(), match.start() + 1))
    return "".join((*parts, text[done:]))


def check_parentheses(text: str) -> None:
    """Refuses parentheses that do not match, or nest deeper than DEEPEST. The text has no comments."""
    open_at: list[int] = []
    for match in _PIECE.finditer(text):
        place = Span(match.start(), match.start() + 1)
        if match[0] == "(":
            open_at.append(match.start())
            if len(open_at) > DEEPEST:
                raise Mistake(f"parentheses nest at most {DEEPEST} deep", place)
        elif match[0] == ")":
            if not open_at:
                raise Mistake("this parenthesis closes none that was opened", place)
            open_at.pop()
    if open_at:
        raise Mistake("this parenthesis is never closed", Span(open_at[-1], open_at[-1] + 1))


def sentences(text: str) -> Iterator[Span]:
    """Where the sentences of a text without comments stand, in order; none is blank.

    A sentence ends at `?`, `.`, `;` or the end of a line. A line goes on with the next one where it ends in a colon,
    a comma or a word that cannot end a sentence, or where the next line begins with one that cannot begin it.
    """
    quoted = [match.span() for match in _PIECE.finditer(text) if match[0][0] in "'\""]
    start = 0
    for match in _END_OF_SENTENCE.finditer(text):
        while quoted and quoted[0][1] <= match.start():
            quoted.pop(0)
        inside = quoted and quoted[0][0] <= match.start()
        line_ends = match[0][0] == "\n"
        if inside or (line_ends and _continues(text, start, match.start(), match.end())):
            continue
        yield from _stripped(text, start, match.start() if line_ends or match[0] == ";" else match.end())
        start = match.end()
    yield from _stripped(text, start, len(text))


def _continues(text: str, start: int, line_end: int, next_line: int) -> bool:
    unfinished = _UNFINISHED.search(text, max(start, line_end - 20), line_end)
    if unfinished and not _REACHED.search(text, start, line_end):
        return True
    return _GOES_ON.match(text, next_line) is not None


def items(text: str) -> Iterator[Span]:
    """Where the items of a pack without comments stand: each from its first word to the next item."""
    starts = [match.end() for match in _ITEM.finditer(text)]
    for start, end in pairwise((0, *starts, len(text))):
        yield from _stripped(text, start, end)


def _stripped(text: str, start: int, end: int) -> Iterator[Span]:
    """The span without the white space around it; nothing where it holds no word but the mark at its end."""
    piece = text[start:end]
    if piece.strip().strip("?."):
        left = start + len(piece) - len(piece.lstrip())
        yield Span(left, start + len(piece.rstrip()))
