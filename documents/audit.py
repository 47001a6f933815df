"""The report on a fleet: each snapshot, how far its audit came, and its packs."""

from __future__ import annotations

from dataclasses import dataclass

from reachproof.documents.answer import Answer
from reachproof.documents.parts import Document, Part
from reachproof.documents.problem import FieldError, field_errors
from reachproof.documents.report import CheckReport, Skipped, together
from reachproof.documents.words import State, Verdict
from reachproof.network.errors import Problem


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedPack:
    """One pack on one snapshot, with the places of its statements. With `checked`: the report; else the problems."""

    pack: str
    state: State
    report: CheckReport | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def document(self) -> PackAudit:
        """The pack as the JSON has it."""
        found = self.report.document if self.report else None
        return PackAudit(
            pack=self.pack,
            state=self.state,
            problems=field_errors(self.problems),
            verdict=found.verdict if found else Verdict.UNKNOWN,
            answers=found.answers if found else (),
            skipped=found.skipped if found else (),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """The outcome for one snapshot. `packs` in the order given, and empty unless the state is `checked`.

    `reason`: why it has another state, where `problems` do not tell. `trace`: of a bug of ours, for a report of it.
    `attempts`: how many workers were given it, as far as that is known.
    """

    name: str
    state: State
    digest: str = ""
    packs: tuple[AuditedPack, ...] = ()
    problems: tuple[Problem, ...] = ()
    reason: str = ""
    trace: str = ""
    attempts: int = 1

    @property
    def verdict(self) -> Verdict:
        """`violated` if a statement failed, `holds` if every statement of every pack passed, else `unknown`."""
        return together(pack.report.verdict if pack.report else Verdict.UNKNOWN for pack in self.packs)

    @property
    def document(self) -> SnapshotAudit:
        """The snapshot as the JSON has it."""
        return SnapshotAudit(
            name=self.name,
            snapshot=self.digest or None,
            state=self.state,
            verdict=self.verdict,
            reason=self.reason,
            problems=field_errors(self.problems),
            attempts=self.attempts,
            packs=tuple(pack.document for pack in self.packs),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetReport:
    """One outcome for each snapshot, in the order given. `interrupted`: the rest is `unfinished`."""

    snapshots: tuple[Audited, ...]
    interrupted: bool = False

    @property
    def verdict(self) -> Verdict:
        """`violated` if a statement failed anywhere, `holds` if everything passed everywhere, else `unknown`."""
        return together(each.verdict for each in self.snapshots)

    @property
    def document(self) -> Audit:
        """The verdict on all, how many snapshots came how far, and each of them with its packs."""
        states = [each.state for each in self.snapshots]
        return Audit(
            verdict=self.verdict,
            interrupted=self.interrupted,
            counts={state: states.count(state) for state in State},
            snapshots=tuple(each.document for each in self.snapshots),
        )
