"""The refusal of a request. Apart from `problems`, so that solver workers need no web framework."""

from __future__ import annotations

from collections.abc import Iterable

from reachproof.network.errors import Problem


class HttpError(Exception):
    """A request that is refused with a status and the reasons; `retry_after`: seconds after which to try again."""

    def __init__(
        self, status: int, detail: str, problems: Iterable[Problem] = (), *, retry_after: int | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.problems = tuple(problems)
        self.retry_after = retry_after
