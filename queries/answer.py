"""The answer to one sentence while it is made: with flows and traces, and else as its document has it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from reachproof.documents import answer as documents
from reachproof.documents import parts
from reachproof.documents.answer import Evidence
from reachproof.documents.json import viewed
from reachproof.documents.near import NearMiss
from reachproof.documents.words import Access, Severity, Status, Verdict, World
from reachproof.network.cluster import Notice, Service
from reachproof.network.flow import Flow
from reachproof.network.policy import Direction
from reachproof.network.snapshot import Snapshot
from reachproof.queries import document_parts
from reachproof.semantics.trace import Step, Trace, Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A flow as it was in another snapshot, which the question calls by a name, with its replayed trace there."""

    name: str
    snapshot: Snapshot
    flow: Flow
    trace: Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A flow that shows the verdict, with its replayed trace.

    `via`: the service it was asked for by. `direction`: the only one that the verdict is about, if it is about one.
    `before`: the same flow in the snapshot that the question compares with, if it does. `lost`: only that snapshot has
    it, so that flow and trace are those of `before`.
    """

    flow: Flow
    trace: Trace
    via: Service | None = None
    direction: Direction | None = None
    before: Earlier | None = None
    lost: bool = False

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that matter to the verdict; none where the flow is gone."""
        if self.lost:
            return ()
        return self.trace.steps if self.direction is None else self.trace.side(self.direction).steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One kind of flow of an explanation: its truth, a flow that shows it, and the rules that make it so.

    `because`: all blockers of a flow that is or may be denied, else what lets it through. `near`: the rules that came
    nearest to letting it through.
    """

    truth: Truth
    witness: Witness
    because: tuple[parts.Rule, ...]
    near: tuple[NearMiss, ...] = ()

    @property
    def access(self) -> Access:
        """The truth in the word of documents."""
        return Access.DEPENDS if self.truth is Truth.EITHER else Access(self.truth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`vacuous`: the claim has nothing to check. `reason` is set when the verdict is `unknown`. `rows`: of a list.
    `flows`: of an explanation, one of each kind. `near`: the rules that came nearest to letting the witness through.

    `plain`: the sentence is in plain speech. `name`, `severity` and `expected` (the verdict that is a pass) are those
    of a statement in a pack. `snapshot` is what was asked about.
    """

    query: str
    normalized: str
    plain: bool = False
    form: str
    name: str = ""
    severity: Severity | None = None
    expected: Verdict | None = None
    verdict: Verdict
    reason: str = ""
    vacuous: bool = False
    world: World = World.CLOSED
    witness: Witness | None = None
    because: tuple[parts.Rule, ...] = ()
    near: tuple[NearMiss, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[documents.Row, ...] = ()
    flows: tuple[Explained, ...] = ()
    assumptions: tuple[parts.Notice, ...] = ()
    warnings: tuple[parts.Notice, ...] = ()
    evidence: Evidence
    snapshot: Snapshot

    def assuming(self, notices: Iterable[Notice]) -> Answer:
        """The answer with more assumptions, each once."""
        return replace(self, assumptions=tuple(dict.fromkeys((*self.assumptions, *document_parts.notices(notices)))))

    def warning(self, notices: Iterable[Notice]) -> Answer:
        """The answer with more warnings, each once."""
        return replace(self, warnings=tuple(dict.fromkeys((*self.warnings, *document_parts.warnings(notices)))))

    def checked(self, *, replayed: bool, cross_checked: bool) -> Answer:
        """The answer with what was checked of it."""
        return self.with_evidence(replayed=replayed, cross_checked=cross_checked)

    def timed(self, started: float) -> Answer:
        """The answer with the time of the solver, which began at `started` of `time.perf_counter`."""
        solver_ms = round((time.perf_counter() - started) * 1000, 3)
        return self.with_evidence(solver_ms=solver_ms)

    def with_evidence(self, **fields: object) -> Answer:
        """The answer with other values for some fields of its evidence."""
        return replace(self, evidence=viewed(Evidence, self.evidence, **fields))

    def unknown(self, reason: object) -> Answer:
        """The answer without a verdict, for this reason."""
        return replace(self, verdict=Verdict.UNKNOWN, reason=str(reason))

    def __bool__(self) -> bool:
        """A verdict has more than two values: compare `verdict` instead."""
        raise TypeError("an answer is neither true nor false; look at its verdict")


def answer_document(answer: Answer, status: Status | None = None) -> documents.Answer:
    """The whole answer; `status`: of a statement in a pack."""
    snapshot = answer.snapshot
    return documents.Answer(
        query=answer.query,
        normalized=answer.normalized,
        plain=answer.plain,
        form=answer.form,
        name=answer.name,
        severity=answer.severity,
        expected=answer.expected,
        verdict=answer.verdict,
        reason=answer.reason,
        vacuous=answer.vacuous,
        world=answer.world,
        witness=_witness(snapshot, answer.witness) if answer.witness else None,
        because=answer.because,
        near=answer.near,
        assumptions=answer.assumptions,
        warnings=answer.warnings,
        evidence=answer.evidence,
        columns=answer.columns,
        rows=answer.rows if answer.columns else documents.NO_ROWS,
        flows=tuple(
            documents.Explained(
                access=each.access, witness=_witness(snapshot, each.witness), because=each.because, near=each.near
            )
            for each in answer.flows
        ),
        status=status,
    )


def _witness(snapshot: Snapshot, witness: Witness) -> documents.Witness:
    before, via = witness.before, None
    if witness.via:
        via = documents.Via(service=documents.ServiceName(namespace=witness.via.namespace, name=witness.via.name))
    return documents.Witness(
        **document_parts.flow_fields(before.snapshot if before and witness.lost else snapshot, witness.flow),
        steps=document_parts.steps(witness.steps),
        via=via,
        lost=witness.lost,
        before=_earlier(before) if before else None,
    )


def _earlier(earlier: Earlier) -> documents.Earlier:
    fields = document_parts.flow_fields(earlier.snapshot, earlier.flow)
    return documents.Earlier(**fields, steps=document_parts.steps(earlier.trace.steps), name=earlier.name)


def truths(answer: Answer) -> tuple[str, str] | None:
    """The verdicts on the witness, before and now, of which the document of an answer has only the steps."""
    witness = answer.witness
    return (str(witness.before.trace.truth), str(witness.trace.truth)) if witness and witness.before else None
