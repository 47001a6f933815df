"""Problems and bugs, as the owner of some namespaces is told them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from reachproof.api.http_error import HttpError
from reachproof.api.namespace_view import NamespaceView
from reachproof.api.redaction.policies import NOT_SHOWN
from reachproof.network.errors import InputError, InternalError, Problem

NOT_FOUND = "not found, or not yours to see; name objects of your own namespaces"


@contextmanager
def redacted_errors(view: NamespaceView | None) -> Iterator[None]:
    """Errors raised inside name nobody else's objects, where there is a view."""
    try:
        yield
    except InputError as error:
        if view is None:
            raise
        raise InputError(map(partial(shown_problem, view=view), error.problems)) from None
    except HttpError as error:
        if view is None:
            raise
        problems = map(partial(shown_problem, view=view), error.problems)
        detail = view.text(error.detail, NOT_SHOWN)
        raise HttpError(error.status, detail, problems, retry_after=error.retry_after) from None
    except InternalError as error:
        if view is None:
            raise
        raise InternalError(view.text(str(error), f"internal error; {NOT_SHOWN}")) from None


def shown_problem(problem: Problem, view: NamespaceView) -> Problem:
    """A problem of a question, or of what it is about."""
    told = replace(
        problem,
        subject=view.text(problem.subject, ""),
        path=view.text(problem.path, ""),
        message=view.text(problem.message, NOT_FOUND),
    )
    return replace(told, file="snapshot", line=0, column=0) if view.names_others(problem.file) else told


def guarded(blocks: Callable[[], Iterable[bytes]], view: NamespaceView) -> Iterator[bytes]:
    """The blocks of a document that is made while it is read."""
    with redacted_errors(view):
        yield from blocks()
