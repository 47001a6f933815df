"""Questions answered in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reachproof.documents import report as documents
from reachproof.documents.answer import Answer
from reachproof.documents.diff import Diff
from reachproof.documents.findings import Findings
from reachproof.documents.words import By, Partial
from reachproof.face.connectivity import Connectivity
from reachproof.face.progress import bar
from reachproof.face.source import Asked, Source
from reachproof.network.cluster import Notice
from reachproof.queries.answer_document import answer_document, report_document
from reachproof.queries.ask import Session
from reachproof.queries.connectivity import Connectivity as Report
from reachproof.queries.connectivity import connectivity, request
from reachproof.queries.connectivity_document import end_document, exposure_document
from reachproof.queries.diff_document import diff_document
from reachproof.queries.difference import difference
from reachproof.queries.document_parts import notices as assumptions_of
from reachproof.queries.document_parts import warnings as warnings_of
from reachproof.queries.explain import explain
from reachproof.queries.exposure import Exposure, exposure
from reachproof.queries.findings import findings_document
from reachproof.queries.hygiene import lint
from reachproof.queries.packs import PackText, check, count_statements, library
from reachproof.queries.possible_exposure import with_possible
from reachproof.queries.report_nodes import partial_by
from reachproof.render.report_edges import Access, exposure_of
from reachproof.render.report_nodes import end_of, named
from reachproof.solver.budget import Budget
from reachproof.solver.z3_backend import Prover


@dataclass(frozen=True, slots=True)
class Local:
    """A snapshot in this process, prepared at the first question and then kept. From one thread at a time."""

    session: Session

    @property
    def digest(self) -> str:
        """See `Source`; so do all methods below."""
        return self.session.snapshot.digest

    def query(self, text: str, since: Mapping[str, Source], seconds: float) -> Answer:
        """One answer."""
        session = self.session.since(_sessions(since)) if since else self.session
        return answer_document(session.ask(text, Budget(seconds=seconds)))

    def explain(self, source: str, destination: str, port: str, seconds: float) -> Answer:
        """One answer with flows."""
        return answer_document(explain(self.session, source, destination, port, Budget(seconds=seconds)))

    def check(self, packs: Sequence[PackText] | None, since: Mapping[str, Source], seconds: float) -> documents.Report:
        """The report, with a bar."""
        given = library() if packs is None else packs
        others = {name: session.snapshot for name, session in _sessions(since).items()}
        with bar("checking", count_statements(given)) as advance:
            report = check(
                self.session.snapshot,
                given,
                budget=Budget(seconds=seconds),
                others=others,
                progress=lambda done, _total, name: advance(done, name),
            )
        return report_document(report)

    def connectivity(self, asked: Asked, seconds: float) -> Connectivity:
        """The report, with a bar. OutOfBudget when it takes too long."""
        wanted = request(asked.by, asked.src, asked.dst, asked.ports)
        with bar("connections", 3) as advance:
            advance(0, "preparing")
            _ = self.session.encoding
            advance(1, "deciding")
            budget = Budget(seconds=seconds).start()
            report = connectivity(self.session, wanted, budget)
            advance(2, "exposure" if asked.exposure else "")
            if not asked.exposure:
                return _view(report, (), asked.by)
            exposures, notices = with_possible(report, tuple(exposure(report)), Budget(seconds=seconds), Prover())
            return _view(report, exposures, asked.by, notices)

    def lint(self, seconds: float) -> Findings:
        """The findings."""
        return findings_document(lint(self.session.encoding, Budget(seconds=seconds), Prover()))

    def difference(self, new: Source, by: By, seconds: float) -> Diff:
        """The difference to `new`: what it allows more, or less."""
        (other,) = _sessions({"new": new}).values()
        return diff_document(
            difference(self.session.encoding, other.encoding, Budget(seconds=seconds), Prover(), by=by)
        )


def _sessions(others: Mapping[str, Source]) -> dict[str, Session]:
    found: dict[str, Session] = {}
    for name, other in others.items():
        if not isinstance(other, Local):
            raise TypeError("found a snapshot of a service and one of this process, expected two of one place")
        found[name] = other.session
    return found


def _view(report: Report, exposures: Sequence[Exposure], by: By, notices: Sequence[Notice] = ()) -> Connectivity:
    """The report without its document, of which a large one would be millions of rows."""
    snapshot = report.snapshot
    return Connectivity(
        by=str(by),
        ends=tuple(named(end_of(end_document(snapshot, end), by) for end in report.ends).values()),
        accesses=tuple(
            Access(ports=each.ports, open=each.open, partial=each.partial, partial_by=partial if each.partial else None)
            for partial in Partial
            for each in report.matrix.accesses
        ),
        places=_Places(report),
        exposures=tuple(exposure_of(exposure_document(snapshot, each), by) for each in exposures),
        assumptions=assumptions_of(report.assumptions),
        warnings=warnings_of((*report.warnings, *notices)),
        snapshot=snapshot.digest,
    )


@dataclass(frozen=True, slots=True)
class _Places:
    """The rows of a report as numbers, made one by one and as often as they are wanted.

    Accesses are numbered once for each cause of `partial`, in the order of `Partial`.
    """

    report: Report

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        ends, accesses = self.report.ends, self.report.matrix.accesses
        first = {by: place * len(accesses) for place, by in enumerate(Partial)}
        for src, dst, number in self.report.places():
            by = partial_by(ends[src], ends[dst]) if accesses[number].partial else Partial.PODS
            yield src, dst, first[by] + number
