"""Error messages for text that is no sentence of the language.

`Mistake` travels inside grammar only: an offset and what to say. `QuerySyntaxError` is what callers see; its problems
show the line, a marker under the words that are meant, what was expected, and a suggestion where one is near.
"""

from __future__ import annotations

import bisect
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reachproof.grammar.ast import Span
from reachproof.network.errors import InputError, Problem

WIDEST_LINE = 100
_INSTEAD = "\n  write"


class QuerySyntaxError(InputError):
    """Text that is not a sentence of the query language, or not a pack; `problems` are in order of place."""


class Mistake(Exception):
    """One thing that is wrong with a text: what, and the span it is about.

    `instead`: whole sentences that can be written in its place.
    """

    def __init__(self, message: str, span: Span, instead: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.instead = instead

    def moved(self, by: int) -> Mistake:
        """The same mistake in a text that has `by` more characters before it."""
        return Mistake(self.message, Span(self.span.start + by, self.span.end + by), self.instead)


@dataclass(frozen=True, slots=True)
class Page:
    """A text under the name that its problems carry, and where its lines begin."""

    text: str
    name: str
    starts: tuple[int, ...]

    @staticmethod
    def of(text: str, name: str) -> Page:
        """The page of a text; lines end at a line feed."""
        return Page(text, name, (0, *(at + 1 for at, char in enumerate(text) if char == "\n")))

    def problem(self, mistake: Mistake) -> Problem:
        """The mistake with its line and column (both from 1), the line itself and a marker under the span."""
        start = min(mistake.span.start, len(self.text))
        line = bisect.bisect_right(self.starts, start)
        first = self.starts[line - 1]
        end_of_line = self.text.find("\n", first)
        shown = self.text[first : end_of_line if end_of_line >= 0 else len(self.text)].rstrip("\r")
        column = start - first
        instead = "".join(f"\n    {sentence}" for sentence in mistake.instead)
        if not shown.strip():
            return Problem(file=self.name, line=line, column=column + 1, message=f"{mistake.message}{instead}")
        width = min(max(mistake.span.end - start, 1), max(len(shown) - column, 1))
        return Problem(
            file=self.name,
            line=line,
            column=column + 1,
            message=f"{mistake.message}\n{_excerpt(shown, column, width)}{instead and f'{_INSTEAD}{instead}'}",
        )


def _excerpt(line: str, column: int, width: int) -> str:
    """The line, cut around the marker where it is long, above the marker."""
    left = max(0, column - WIDEST_LINE // 2) if len(line) > WIDEST_LINE else 0
    right = min(len(line), left + WIDEST_LINE)
    before, after = "..." if left else "", "..." if right < len(line) else ""
    shown = "".join(char if char.isprintable() else " " for char in line[left:right])
    marker = " " * (len(before) + column - left) + "^" * min(width, max(right - column, 1))
    return f"    {before}{shown}{after}\n    {marker}"


def refuse(page: Page, mistakes: Iterable[Mistake]) -> QuerySyntaxError:
    """The error that lists all the mistakes in a page, in order of place."""
    return QuerySyntaxError(page.problem(each) for each in sorted(mistakes, key=lambda each: each.span.start))


def shortened(word: str) -> str:
    """The word, or its beginning where it is too long to be shown."""
    return word if len(word) <= 60 else word[:57] + "..."


def nearest(word: str, candidates: Mapping[str, str]) -> str | None:
    """The value of the candidate (in lower case) nearest to a misspelt word, or None."""
    found = difflib.get_close_matches(word.lower(), sorted(candidates), n=1, cutoff=0.7)
    return candidates[found[0]] if found else None
