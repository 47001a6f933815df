"""A comment in the input by which somebody accepts a finding of lint."""

from __future__ import annotations

from dataclasses import dataclass

from reachproof.network.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreComment:
    """`# reachproof: ignore CODE reason`, about the object whose lines are `first` to `last`, bounds included.

    `code` and `reason` are as written, and empty where they are not there.
    """

    code: str
    reason: str
    origin: Origin
    first: int
    last: int

    def is_about(self, origin: Origin) -> bool:
        """True if the place is in the object."""
        return origin.file == self.origin.file and self.first <= origin.line <= self.last
