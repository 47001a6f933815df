"""Failures of statements that are accepted: who does, why, and for how long."""

from __future__ import annotations

from enum import StrEnum

from reachproof.documents.parts import Part


class WaivedBy(StrEnum):
    """Where a failure is accepted."""

    WAIVER = "waiver"
    BASELINE = "baseline"


class WaiverState(StrEnum):
    """Expired: past its last day, so that the statement fails. Unused: the statement did not fail, or is not there."""

    APPLIED = "applied"
    EXPIRED = "expired"
    UNUSED = "unused"


class Waived(Part, frozen=True, kw_only=True):
    """A statement by its name, and the waiver for it. `owner`, `reason`, `expires`: empty for a baseline.

    `expires` is the last day that it holds, as YYYY-MM-DD.
    """

    statement: str
    by: WaivedBy
    state: WaiverState
    owner: str = ""
    reason: str = ""
    expires: str = ""

    def __str__(self) -> str:
        if self.by is WaivedBy.BASELINE:
            return "accepted in the baseline"
        until = "expired after" if self.state is WaiverState.EXPIRED else "until"
        return f"waived by {self.owner} {until} {self.expires}: {self.reason}"
