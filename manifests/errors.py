"""The error of this layer, and the problems that it is made of.

Their number is bounded: hostile input must not fill the memory with complaints about itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from reachproof.manifests.limits import DEFAULT_LIMITS
from reachproof.network.errors import InputError, Problem


class ManifestError(InputError):
    """Every problem of every source, each once, ordered by file, line and field."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__(sorted(set(problems)))


class EnoughError(Exception):
    """Raised when there are as many problems as anyone will read. Never leaves this layer."""


class Problems(list[Problem]):
    """Problems in the order in which they were found; `append` raises EnoughError when there are `most`."""

    def __init__(self, most: int = DEFAULT_LIMITS.problems) -> None:
        super().__init__()
        self.most = most

    def append(self, problem: Problem) -> None:
        """Adds a problem. After an EnoughError it is in the list as well."""
        super().append(problem)
        if self.full:
            raise EnoughError

    @property
    def full(self) -> bool:
        """True if there are `most` problems or more."""
        return len(self) >= self.most
