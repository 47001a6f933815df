"""The report on packs: the answer to each statement, and the statements that were left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reachproof.documents.answer import Answer
from reachproof.documents.parts import Part
from reachproof.documents.waivers import Waived
from reachproof.documents.words import Severity, Status, Verdict


class Skipped(Part, frozen=True, kw_only=True):
    """A statement that was not checked, and why."""

    name: str
    reason: str


class Report(Part, frozen=True, kw_only=True):
    """The verdict on all statements, and their answers in order.

    `violated` if a statement failed, `unknown` if one is undecided or none was checked, else `holds`. `waivers`:
    failures that are accepted, and waivers that accept nothing. They change the exit code, and no verdict.
    """

    verdict: Verdict
    answers: tuple[Answer, ...]
    skipped: tuple[Skipped, ...]
    waivers: tuple[Waived, ...] = ()


KIND_MISSING = "KIND_MISSING"
LACKING = ("NO_POLICIES", KIND_MISSING)
"""The codes of warnings that say of what the input has nothing at all."""
POLICIES_SKIPPED = "POLICIES_SKIPPED"
"""The code of the assumption that a file which was passed over holds no policy."""
_VERDICTS = {Status.PASSED: Verdict.HOLDS, Status.FAILED: Verdict.VIOLATED, Status.UNDECIDED: Verdict.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One invariant or expectation: where it stands (`line` from 1), and what its pack says about it.

    `expected`: the verdict that passes. An expectation is named by its text, or without one by its sentence.
    """

    pack: str
    line: int
    name: str
    severity: Severity
    text: str
    expected: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A statement and its answer, with its status.

    `truths`: the verdicts on the witness before and now, where the statement compares two snapshots. `waiver`: by which
    its failure is accepted.
    """

    statement: Statement
    answer: Answer
    truths: tuple[str, str] | None = None
    waiver: Waived | None = None

    @property
    def status(self) -> Status:
        """The status of the answer."""
        return self.answer.status or Status.UNDECIDED


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A statement of the shipped library that does not apply, and why."""

    statement: Statement
    reason: str

    @property
    def document(self) -> Skipped:
        """The statement as the report names it."""
        return Skipped(name=self.statement.name, reason=self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """Results in the order of packs and statements, with the places of statements, which the JSON leaves out.

    `idle`: the waivers that accept nothing.
    """

    results: tuple[Result, ...]
    skipped: tuple[LeftOut, ...] = ()
    idle: tuple[Waived, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """`violated` if a statement failed, `unknown` if one is undecided or none was checked, else `holds`."""
        return verdict_of(result.status for result in self.results)

    @property
    def gate(self) -> Verdict:
        """The verdict on the statements whose failure is not accepted, for an exit code; `holds` where all are."""
        left = [result.status for result in self.results if result.waiver is None]
        return verdict_of(left) if left or not self.results else Verdict.HOLDS

    @property
    def document(self) -> Report:
        """The verdict on all statements, every answer, and what was left out with the reason."""
        return Report(
            verdict=self.verdict,
            answers=tuple(result.answer for result in self.results),
            skipped=tuple(each.document for each in self.skipped),
            waivers=(*(each.waiver for each in self.results if each.waiver is not None), *self.idle),
        )


def verdict_of(statuses: Iterable[Status]) -> Verdict:
    """The verdict on all statements that were checked, as `CheckReport.verdict` says."""
    return together(_VERDICTS[status] for status in statuses)


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """`violated` if one is, `holds` if all are and there is one, else `unknown`."""
    found = set(verdicts)
    if Verdict.VIOLATED in found:
        return Verdict.VIOLATED
    return Verdict.HOLDS if found == {Verdict.HOLDS} else Verdict.UNKNOWN
