"""The report on a fleet: each snapshot, how far its audit came, and its packs."""

from __future__ import annotations

from reachproof.documents.answer import Answer
from reachproof.documents.parts import Document, Part
from reachproof.documents.problem import FieldError
from reachproof.documents.report import Skipped
from reachproof.documents.words import State, Verdict


class PackAudit(Part, frozen=True, kw_only=True):
    """One pack on one snapshot, with what a report on it has."""

    pack: str
    state: State
    problems: tuple[FieldError, ...]
    verdict: Verdict
    answers: tuple[Answer, ...]
    skipped: tuple[Skipped, ...]


class SnapshotAudit(Part, frozen=True, kw_only=True):
    """One snapshot of the fleet. `snapshot`: its digest, null where it was not read. `reason`: why it has no verdict.

    `attempts`: how many workers were given it.
    """

    name: str
    snapshot: str | None
    state: State
    verdict: Verdict
    reason: str
    problems: tuple[FieldError, ...]
    attempts: int
    packs: tuple[PackAudit, ...]


class Audit(Document, frozen=True, kw_only=True):
    """The verdict on all, how many snapshots came how far (`counts`), and each of them in the order given."""

    verdict: Verdict
    interrupted: bool
    counts: dict[State, int]
    snapshots: tuple[SnapshotAudit, ...]
