"""A list of problems with an end: hostile input must not fill the memory with complaints about itself."""

from __future__ import annotations

from reachproof.manifests.limits import DEFAULT_LIMITS
from reachproof.network.errors import Problem


class EnoughError(Exception):
    """As many problems have been found as anyone will read. Never leaves this layer."""


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
        """Whether there are `most` problems or more."""
        return len(self) >= self.most
