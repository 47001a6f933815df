"""What documents of answers are made of, read back into values: ends, rules, steps, traces and flows.

The documents are those of docs/interfaces.md, whoever wrote them: this process or a service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reachproof.face.cells import Cell, Cells
from reachproof.face.html import Html
from reachproof.face.markup import steps
from reachproof.face.shown import Shown
from reachproof.network.cluster import Notice
from reachproof.network.origin import Origin
from reachproof.network.policy import Action, Direction, PolicyRef
from reachproof.queries.answer import Because, Evidence

Json = Mapping[str, Any]
"""An object of a document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of a flow: a pod, a node, or an address outside. What it does not have is None or empty."""

    kind: str
    namespace: str | None
    name: str | None
    workload: str | None
    ip: str | None
    tenant: str | None
    possible: bool
    labels: Mapping[str, str] = field(hash=False)

    @property
    def title(self) -> str:
        """What it is called, without its address if it has another name."""
        match self.kind:
            case "pod":
                return f"{self.namespace}/{self.name}"
            case "external":
                return self.ip or "outside"
            case kind:
                return f"{kind} {self.name}"

    def __str__(self) -> str:
        kind = "pod " if self.kind == "pod" else ""
        address = f" ({self.ip})" if self.ip and self.kind != "external" else ""
        return f"{kind}{self.title}{address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One decision on the way of a flow. The last step of a direction decides it; `text` is a whole sentence.

    `tier` is the name of a tier: one of the words of docs/interfaces.md, or that of a tier of Calico.
    """

    direction: Direction
    subject: str
    tier: str
    action: Action
    policy: PolicyRef | None
    rule_index: int | None
    rule_name: str
    origin: Origin | None
    text: str

    def __str__(self) -> str:
        return f"{self.direction:<7} {self.action:<5} {self.text}{place(self.origin)}"


@dataclass(frozen=True, slots=True, repr=False)
class Trace(Shown):
    """The steps of a flow, egress of its source first. A direction that the question is not about has none."""

    steps: tuple[Step, ...]

    def __iter__(self) -> Iterator[Step]:
        """The steps."""
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def side(self, direction: Direction | str) -> tuple[Step, ...]:
        """The steps of one direction."""
        return tuple(step for step in self.steps if step.direction == direction)

    def cells(self) -> Cells:
        """A row for each step."""
        columns = ("direction", "action", "tier", "policy", "rule", "text", "file", "line")
        return columns, (_cells_of(step) for step in self.steps)

    def lines(self) -> Iterator[str]:
        """A line for each step."""
        return map(str, self.steps)

    def html(self) -> Html:
        """The steps as a list."""
        return steps(self.steps)

    @property
    def title(self) -> str:
        """What it is, on one line."""
        return f"Trace: steps {len(self.steps)}"


def _cells_of(step: Step) -> tuple[Cell, ...]:
    policy = str(step.policy) if step.policy else None
    file, line = (step.origin.file, step.origin.line) if step.origin else (None, None)
    return str(step.direction), str(step.action), step.tier, policy, step.rule_index, step.text, file, line


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A connection, and the trace of it."""

    source: End
    destination: End
    protocol: str
    port: int
    trace: Trace

    def __str__(self) -> str:
        return f"{self.source} -> {self.destination} on {self.protocol.lower()}/{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier(Flow):
    """A flow as it was in another snapshot, which the question calls by a `name`."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness(Flow):
    """A flow that shows the verdict. `via`: the Service that it was asked for by, as `namespace/name`.

    `before`: the same flow in the snapshot that the question compares with. `lost`: only that one has it.
    """

    via: str | None = None
    before: Earlier | None = None
    lost: bool = False


def place(origin: Origin | None) -> str:
    """Where something is written, in brackets; nothing where that is not known."""
    return f"  [{origin}]" if origin and origin.file else ""


def origin_of(document: Json | None) -> Origin | None:
    """A place in the input."""
    return Origin(**document) if document else None


def policy_of(document: Json | None) -> PolicyRef | None:
    """The identity of a policy; an empty namespace is written as null by some."""
    if document is None:
        return None
    return PolicyRef(kind=document["kind"], namespace=document["namespace"] or "", name=document["name"])


def notices_of(documents: Iterable[Json]) -> tuple[Notice, ...]:
    """Assumptions or warnings."""
    return tuple(
        Notice(code=each["code"], text=each["text"], origin=origin_of(each.get("origin"))) for each in documents
    )


def rule_of(document: Json) -> Because:
    """A rule that a verdict rests on."""
    rule = document["rule"]
    return Because(
        policy=policy_of(document["policy"]) or PolicyRef(kind="", namespace="", name=""),
        rule_index=rule["index"] if rule else None,
        rule_name=rule["name"] if rule else "",
        direction=Direction(document["direction"]),
        action=Action(document["action"]),
        origin=origin_of(document["origin"]) or Origin(file=""),
        text=document["text"],
    )


def rules_of(documents: Iterable[Json]) -> tuple[Because, ...]:
    """The rules that a verdict rests on."""
    return tuple(rule_of(each) for each in documents)


def end_of(document: Json) -> End:
    """An end of a flow."""
    return End(
        kind=document["kind"],
        namespace=document["namespace"],
        name=document["name"],
        workload=document["workload"],
        ip=document["ip"],
        tenant=document["tenant"],
        possible=document["possible"],
        labels=document["labels"],
    )


def trace_of(documents: Iterable[Json]) -> Trace:
    """The steps of a flow."""
    return Trace(tuple(_step(each) for each in documents))


def _step(document: Json) -> Step:
    rule = document["rule"]
    return Step(
        direction=Direction(document["direction"]),
        subject=document["subject"],
        tier=document["tier"],
        action=Action(document["action"]),
        policy=policy_of(document["policy"]),
        rule_index=rule["index"] if rule else None,
        rule_name=rule["name"] if rule else "",
        origin=origin_of(document["origin"]),
        text=document["text"],
    )


def flow_of(document: Json) -> Flow:
    """A flow with its trace."""
    return Flow(**_flow(document))


def witness_of(document: Json) -> Witness:
    """A flow that shows a verdict."""
    before, via = document.get("before"), document.get("via")
    service = via["service"] if via else None
    return Witness(
        **_flow(document),
        via=f"{service['namespace']}/{service['name']}" if service else None,
        before=Earlier(**_flow(before), name=before["since"]) if before else None,
        lost=document.get("lost", False),
    )


def _flow(document: Json) -> dict[str, Any]:
    return {
        "source": end_of(document["source"]),
        "destination": end_of(document["destination"]),
        "protocol": document["protocol"],
        "port": document["port"],
        "trace": trace_of(document["trace"]),
    }


def evidence_of(document: Json) -> Evidence:
    """How a verdict was reached."""
    return Evidence(
        replayed=document["replayed"],
        cross_checked=document["crossChecked"],
        engine=document["engine"],
        solver_ms=document["solverMs"],
        total_ms=document["totalMs"],
        snapshot=document["snapshot"],
        since=document.get("since", ""),
    )
