"""Sentences that are well formed but do not fit the snapshot."""

from __future__ import annotations

from reachproof.grammar.ast import Span
from reachproof.network.errors import InputError, Problem


class QueryError(InputError):
    """A name that does not exist, a form that is not answered, a set that cannot be where it stands."""


def query_problem(message: str, span: Span) -> Problem:
    """A problem at a span of the query; `column` counts from 1."""
    return Problem(file="query", line=1 if span.end else 0, column=span.start + 1 if span.end else 0, message=message)
