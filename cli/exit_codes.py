"""Exit codes: nothing but proof gives 0. Other programs rely on them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from reachproof.documents.words import State, Verdict

if TYPE_CHECKING:
    from reachproof.documents.audit import Audited


class ExitCode(IntEnum):
    """Exit codes of the process."""

    PROVED = 0
    REFUTED = 1
    BAD_INPUT = 2
    UNDECIDED = 3
    UNREACHABLE_SERVER = 4
    OUR_BUG = 70
    INTERRUPTED = 130


_WORST_FIRST = (
    ExitCode.OUR_BUG,
    ExitCode.BAD_INPUT,
    ExitCode.UNREACHABLE_SERVER,
    ExitCode.REFUTED,
    ExitCode.UNDECIDED,
    ExitCode.PROVED,
)
_OF_STATE = {
    State.REFUSED: ExitCode.BAD_INPUT,
    State.BROKEN: ExitCode.OUR_BUG,
    State.LOST: ExitCode.UNDECIDED,
    State.UNREACHABLE: ExitCode.UNREACHABLE_SERVER,
    State.UNFINISHED: ExitCode.INTERRUPTED,
}
OF_REPORT = {
    Verdict.HOLDS: ExitCode.PROVED,
    Verdict.VIOLATED: ExitCode.REFUTED,
    Verdict.UNKNOWN: ExitCode.UNDECIDED,
}
"""The codes of the verdicts of reports."""


class Decided(Protocol):
    """An answer, of this process or of a service."""

    @property
    def verdict(self) -> Verdict:
        """The verdict."""

    @property
    def vacuous(self) -> bool:
        """True if there was nothing to check."""


def exit_code(answers: Iterable[Decided], *, expect: str | None, allow_vacuous: bool) -> ExitCode:
    """The code for all answers together: the worst of them."""
    return worst(_one(answer, expect=expect, allow_vacuous=allow_vacuous) for answer in answers)


def audited_code(audited: Audited) -> ExitCode:
    """The exit code that this snapshot alone would lead to."""
    if audited.state is not State.CHECKED:
        return _OF_STATE[audited.state]
    return worst(
        _OF_STATE[pack.state] if pack.report is None else OF_REPORT[pack.report.verdict] for pack in audited.packs
    )


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The one that counts for all together; INTERRUPTED is the caller's business, and there must be another."""
    found = set(codes)
    return next(code for code in _WORST_FIRST if code in found)


def _one(answer: Decided, *, expect: str | None, allow_vacuous: bool) -> ExitCode:
    if answer.verdict is Verdict.UNKNOWN:
        return ExitCode.PROVED if expect == "unknown" else ExitCode.UNDECIDED
    if expect is not None and answer.verdict != expect:
        return ExitCode.REFUTED
    if expect is None and answer.verdict is Verdict.VIOLATED:
        return ExitCode.REFUTED
    if answer.vacuous and not allow_vacuous:
        return ExitCode.UNDECIDED
    return ExitCode.PROVED
