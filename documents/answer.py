"""The answer to one sentence, also that of `explain`: verdict, what shows it, and what it rests on."""

from __future__ import annotations

from msgspec import field, structs

from reachproof.documents.near import NearMiss
from reachproof.documents.parts import Document, Notice, Part, Rule, TracedFlow
from reachproof.documents.words import Access, Severity, Status, Verdict, World

Row = dict[str, str | tuple[str, ...]]
"""A row of a list: a text, or several, under each of the answer's columns."""


class _NoRows(tuple[Row, ...]):
    """The rows of an answer that is no list: left out, which the rows of an empty list are not."""

    def __reduce__(self) -> str:
        return "NO_ROWS"  # the same one in every process


NO_ROWS: tuple[Row, ...] = _NoRows()


class ServiceName(Part, frozen=True, kw_only=True, tag_field="kind", tag="service"):
    """The name of a Service."""

    namespace: str
    name: str


class Via(Part, frozen=True, kw_only=True):
    """The Service that a flow was asked for by."""

    service: ServiceName

    def __str__(self) -> str:
        return f"{self.service.namespace}/{self.service.name}"


class Earlier(TracedFlow, frozen=True, kw_only=True):
    """A flow as it was in another snapshot; `name` is what the question calls that."""

    name: str = field(name="since")


class Witness(TracedFlow, frozen=True, kw_only=True):
    """A flow that shows a verdict, replayed.

    `before`: the same flow in the snapshot that the question compares with. `lost`: only that one has it.
    """

    via: Via | None
    lost: bool = False
    before: Earlier | None = None


class Explained(Part, frozen=True, kw_only=True):
    """One kind of flow of an explanation. `because`: all blockers of one that is or may be denied, else what allows.

    `near`: the rules that came nearest to letting it through.
    """

    access: Access
    witness: Witness
    because: tuple[Rule, ...]
    near: tuple[NearMiss, ...] = ()


class Evidence(Part, frozen=True, kw_only=True):
    """Evidence of a verdict. `replayed`: the evaluator judged the witness, or samples of the proof, alike.

    `cross_checked`: Z3 and the sets engine agreed. Times are in milliseconds. `snapshot` and `since` are the digests
    of the input, and of the snapshot that the question compares with.
    """

    replayed: bool
    cross_checked: bool
    engine: str
    solver_ms: float
    total_ms: float
    snapshot: str
    since: str = ""


class Answer(Document, frozen=True, kw_only=True):
    """The answer to one sentence.

    `plain`: the sentence is in plain speech, and was understood as `normalized`. `reason` is that of the verdict
    `unknown`. `vacuous`: the sentence has nothing to check. `because`: what a proof rests on. `columns` and `rows`: of
    a list. `flows`: of an explanation, one of each kind. `near`: the rules that came nearest to letting the witness
    through. `name`, `severity`, `expected` (the verdict that passes) and
    `status`: of a statement in a pack.
    """

    query: str
    normalized: str
    plain: bool = False
    form: str
    name: str = ""
    severity: Severity | None = None
    expected: Verdict | None = None
    verdict: Verdict
    reason: str
    vacuous: bool
    world: World
    witness: Witness | None
    because: tuple[Rule, ...]
    near: tuple[NearMiss, ...] = ()
    assumptions: tuple[Notice, ...]
    warnings: tuple[Notice, ...]
    evidence: Evidence
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = NO_ROWS
    flows: tuple[Explained, ...] = ()
    status: Status | None = None


def with_reason(answer: Answer, reason: str) -> Answer:
    """The answer with another reason."""
    return structs.replace(answer, reason=reason)
