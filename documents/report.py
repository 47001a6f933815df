"""The report on packs: the answer to each statement, and the statements that were left out."""

from __future__ import annotations

from reachproof.documents.answer import Answer
from reachproof.documents.parts import Part
from reachproof.documents.words import Verdict


class Skipped(Part, frozen=True, kw_only=True):
    """A statement that was not checked, and why."""

    name: str
    reason: str


class Report(Part, frozen=True, kw_only=True):
    """The verdict on all statements, and their answers in order.

    `violated` if a statement failed, `unknown` if one is undecided or none was checked, else `holds`.
    """

    verdict: Verdict
    answers: tuple[Answer, ...]
    skipped: tuple[Skipped, ...]
