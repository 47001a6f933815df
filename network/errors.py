"""The error tree.

    ReachproofError            everything we raise on purpose
    +-- InputError             the user can mend it: exit code 2, HTTP 400 or 422
    |     ManifestError        (manifests) problems in Kubernetes objects
    |     QuerySyntaxError     (grammar)   text that is not a sentence of the language
    |     QueryError           (queries)   a sentence that does not fit the snapshot
    +-- ServiceError           (face)      a service that cannot be asked, now or by this caller
    +-- InternalError          our bug: exit code 70, HTTP 500; a verdict is never given

A question that ran out of its budget is neither: it is the verdict `unknown` with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One thing that is wrong, and where: a document in a file, or a span of a query.

    `line` and `column` count from 1; 0 means unknown. `path` is the field (`spec.ingress[0].from`) or, for a query,
    empty. `subject` is `kind namespace/name` of the object, or empty.
    """

    file: str = ""
    line: int = 0
    column: int = 0
    subject: str = ""
    path: str = ""
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        where = " ".join(part for part in (place, self.subject, self.path) if part)
        return f"{where}: {self.message}" if where else self.message


class ReachproofError(Exception):
    """Base of every error that reachproof raises on purpose."""


class InputError(ReachproofError):
    """Input that cannot be used; `problems` lists everything that is wrong with it, in order of place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class ServiceError(ReachproofError):
    """A service that cannot be asked: not there, not for this caller, busy, or no service of ours.

    `status`: that of HTTP, 0 where nothing answered. `retry_after`: seconds after which a busy one may be asked again,
    None where it did not say.
    """

    def __init__(self, message: str, *, status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class InternalError(ReachproofError):
    """Two of our own engines disagree, or an invariant of ours is broken. Never a verdict."""
