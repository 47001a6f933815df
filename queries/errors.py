"""Sentences that are well formed but do not fit the snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from reachproof.grammar.mistakes import Mistake, Page
from reachproof.network.errors import InputError, Problem

Result = TypeVar("Result")


def together(readings: Iterable[Callable[[], Result]]) -> list[Result]:
    """Collect the results, in order. Raises InputError with the problems of all that raise one."""
    found: list[Result] = []
    problems: list[Problem] = []
    for reading in readings:
        try:
            found.append(reading())
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return found


class QueryError(InputError):
    """A name that does not exist, a form that is not answered, a set that cannot be where it stands.

    `problems` are in order of place, each once. With the text that the spans count in, each has its line and column,
    and its message ends with the line and a marker under the words, as in a QuerySyntaxError; without, they have no
    place. `name` stands for the file.
    """

    def __init__(self, mistakes: Iterable[Mistake], text: str = "", name: str = "query") -> None:
        once = {(each.span, each.message): each for each in mistakes}
        self.mistakes = tuple(sorted(once.values(), key=lambda each: each.span.start))
        page = Page.of(text, name)
        super().__init__(
            page.problem(each) if text and each.span.end else Problem(file=name, message=each.message)
            for each in self.mistakes
        )
