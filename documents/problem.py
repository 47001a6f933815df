"""Problems of input, and the errors of the service."""

from __future__ import annotations

from collections.abc import Iterable

from reachproof.documents.parts import Part
from reachproof.network.errors import Problem


class FieldError(Part, frozen=True, kw_only=True):
    """One problem of a request, its query or its manifests.

    `file`: query, manifests, options, body, or a file. `line` and `column` count from 1; 0 is unknown. `path`: the
    field, such as `spec.ingress[0].from`.
    """

    file: str
    line: int
    column: int
    path: str
    message: str


class ProblemDetails(Part, frozen=True, kw_only=True):
    """RFC 9457 problem details, with every problem in `errors`."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[FieldError, ...]


def field_errors(found: Iterable[Problem]) -> tuple[FieldError, ...]:
    """Problems of input; what each is about is the beginning of its message."""
    return tuple(
        FieldError(
            file=each.file,
            line=each.line,
            column=each.column,
            path=each.path,
            message=f"{each.subject}: {each.message}" if each.subject else each.message,
        )
        for each in found
    )
