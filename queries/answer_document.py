"""The last stage of a question: its answer as the document that leaves the house."""

from __future__ import annotations

from reachproof.documents import answer as documents
from reachproof.documents.words import Access, Status, World
from reachproof.network.cluster import Service
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer, Earlier, Explained, Row, Witness
from reachproof.queries.document_parts import flow_fields, notices, steps, warnings


def answer_document(answer: Answer, status: Status | None = None) -> documents.Answer:
    """The whole answer; `status`: of a statement in a pack."""
    snapshot = answer.snapshot
    return documents.Answer(
        query=answer.query,
        normalized=answer.normalized,
        form=answer.form,
        name=answer.name,
        severity=answer.severity,
        expected=answer.expected,
        verdict=answer.verdict,
        reason=answer.reason,
        vacuous=answer.vacuous,
        world=World(answer.world),
        witness=_witness(snapshot, answer.witness) if answer.witness else None,
        because=answer.because,
        assumptions=notices(answer.assumptions),
        warnings=warnings(answer.warnings),
        evidence=answer.evidence,
        columns=answer.columns,
        rows=tuple(_row(answer, row) for row in answer.rows) if answer.columns else documents.NO_ROWS,
        flows=tuple(_explained(snapshot, each) for each in answer.flows),
        status=status,
    )


def _row(answer: Answer, row: Row) -> documents.Row:
    return {name: row[name] for name in answer.columns}


def _explained(snapshot: Snapshot, explained: Explained) -> documents.Explained:
    return documents.Explained(
        access=Access(explained.access),
        witness=_witness(snapshot, explained.witness),
        because=explained.because,
    )


def _witness(snapshot: Snapshot, witness: Witness) -> documents.Witness:
    before = witness.before
    return documents.Witness(
        **flow_fields(before.snapshot if before and witness.lost else snapshot, witness.flow),
        steps=steps(witness.steps),
        via=_via(witness.via) if witness.via else None,
        lost=witness.lost,
        before=_earlier(before) if before else None,
    )


def _earlier(earlier: Earlier) -> documents.Earlier:
    fields = flow_fields(earlier.snapshot, earlier.flow)
    return documents.Earlier(**fields, steps=steps(earlier.trace.steps), name=earlier.name)


def truths(answer: Answer) -> tuple[str, str] | None:
    """The verdicts on the witness, before and now, of which the document of an answer has only the steps."""
    witness = answer.witness
    return (str(witness.before.trace.truth), str(witness.trace.truth)) if witness and witness.before else None


def _via(service: Service) -> documents.Via:
    return documents.Via(service=documents.ServiceName(namespace=service.namespace, name=service.name))
