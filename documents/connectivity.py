"""The report of connections as JSON: every allowed connection as a row between ends, and what ends are exposed to."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from reachproof.documents.json import viewed
from reachproof.documents.near import NearMiss
from reachproof.documents.parts import ABSENT, Absent, Document, Notice, Origin, Part, Rule
from reachproof.documents.words import By, Partial
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.policy import Direction
from reachproof.network.ports import ALL_PORTS, Protocol, port_range, ranges

Spans: TypeAlias = tuple[tuple[int, int], ...]
"""Inclusive ranges of ports, ascending and disjoint."""


class Ranges(Part, frozen=True, kw_only=True):
    """The ports of each protocol."""

    tcp: Spans = msgspec.field(name="TCP")
    udp: Spans = msgspec.field(name="UDP")
    sctp: Spans = msgspec.field(name="SCTP")


Connections: TypeAlias = Ranges | Literal["all"]
"""The ports of a row: all of them, or ranges."""


def connections(ports: IntervalSet) -> Connections:
    """A set of ports as a document says it."""
    if ports == ALL_PORTS:
        return "all"
    found = ranges(ports)
    tcp, udp, sctp = (found.get(protocol, ()) for protocol in (Protocol.TCP, Protocol.UDP, Protocol.SCTP))
    return Ranges(tcp=tcp, udp=udp, sctp=sctp)


def ports_of(found: Connections | None) -> IntervalSet:
    """The set of ports that a document says; none for None."""
    if found is None:
        return EMPTY
    if isinstance(found, str):
        return ALL_PORTS
    spans = ((Protocol.TCP, found.tcp), (Protocol.UDP, found.udp), (Protocol.SCTP, found.sctp))
    return IntervalSet.of(
        span for protocol, pairs in spans for low, high in pairs for span in port_range(protocol, low, high)
    )


class _End(Part, frozen=True, kw_only=True):
    @property
    def kind(self) -> str:
        """The kind of end, as the document says it."""
        return str(self.__struct_config__.tag)

    @property
    def external(self) -> bool:
        """True for addresses outside the cluster."""
        return isinstance(self, OutsideEnd)


class InsideEnd(_End, frozen=True, kw_only=True):
    """An end inside the cluster. What it does not have is null or empty."""

    namespace: str | None
    name: str
    workload: str | None
    ip: str | None
    tenant: str | None
    labels: dict[str, str]
    possible: bool

    @property
    def cidrs(self) -> tuple[str, ...]:
        """None: it is not outside."""
        return ()

    def __hash__(self) -> int:
        return hash((self.kind, self.namespace, self.name))

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class PodEnd(InsideEnd, frozen=True, kw_only=True, tag_field="kind", tag="pod"):
    """A pod; or a workload, with the name that its pods are made from and the labels that all of them have."""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class WorkloadEnd(PodEnd, frozen=True, kw_only=True, tag_field="kind", tag="pod"):
    """A pod's end in a report by workloads: its JSON is that of a pod, and its text names the kind of workload."""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}[{(self.workload or '').partition('/')[0]}]"


class NamespaceEnd(InsideEnd, frozen=True, kw_only=True, tag_field="kind", tag="namespace"):
    """The pods of a namespace, with its labels."""


class TenantEnd(InsideEnd, frozen=True, kw_only=True, tag_field="kind", tag="tenant"):
    """The pods of a tenant, with the labels that all of them have."""


class NodeEnd(InsideEnd, frozen=True, kw_only=True, tag_field="kind", tag="node"):
    """A node; in a difference nodes with the same change share an end, their names joined by commas."""


class OutsideEnd(_End, frozen=True, kw_only=True, tag_field="kind", tag="external"):
    """Addresses outside the cluster: the fewest CIDRs; those of different ends do not overlap.

    There are none where a service does not tell which: to a token that is limited to namespaces.
    """

    cidrs: tuple[str, ...]

    @property
    def namespace(self) -> None:
        """None: it is not inside."""

    @property
    def tenant(self) -> None:
        """None: it is not inside."""

    def __str__(self) -> str:
        return ", ".join(self.cidrs) or "outside"


ReportEnd: TypeAlias = PodEnd | NamespaceEnd | TenantEnd | NodeEnd | OutsideEnd
"""One end of the rows of a report."""


def end_by(end: ReportEnd, by: By) -> ReportEnd:
    """The end as a report by pods, workloads, namespaces or tenants has it, once it is decoded."""
    if by is By.WORKLOAD and isinstance(end, PodEnd) and end.workload:
        return viewed(WorkloadEnd, end)
    return end


class Access(Part, frozen=True, kw_only=True):
    """The connections of a row, with the fields of one."""

    connections: Connections
    depends: Connections | None = None
    partial: Connections | None = None
    partial_by: Partial | None = None

    @property
    def ports(self) -> IntervalSet:
        """Ports on which something is allowed."""
        return ports_of(self.connections)


class Connection(Part, frozen=True, kw_only=True):
    """A pair of ends with something allowed from `src` to `dst`.

    `depends`: the part of the connections that is undetermined. `partial`: the part that some of the pods or addresses
    lack, and `partial_by` what tells them apart. `because`, where it is asked for: the rules that allow it.
    """

    src: ReportEnd
    dst: ReportEnd
    connections: Connections
    depends: Connections | None = None
    partial: Connections | None = None
    partial_by: Partial | None = None
    because: tuple[Rule, ...] | Absent = ABSENT

    @property
    def ports(self) -> IntervalSet:
        """Ports on which something is allowed."""
        return ports_of(self.connections)


class BlockedPair(Part, frozen=True, kw_only=True):
    """A pair of ends with nothing allowed, and all that blocks. `near`: the rules that came nearest, whatever the port.

    Only reports of few pairs have `near`.
    """

    src: ReportEnd
    dst: ReportEnd
    because: tuple[Rule, ...]
    near: tuple[NearMiss, ...] = ()


class Route(Part, frozen=True, kw_only=True):
    """A route that leads from outside to an end, and the ports that it leads to there.

    `doubt`: the reason why it may lead nowhere; empty where it certainly leads there.
    """

    kind: str
    namespace: str
    name: str
    connections: Connections
    doubt: str
    origin: Origin

    def __str__(self) -> str:
        perhaps = f" perhaps ({self.doubt})" if self.doubt else ""
        return f"{self.kind} {self.namespace}/{self.name}{perhaps}"


class WayIn(Part, frozen=True, kw_only=True):
    """Connections that requests from outside become: from a proxy (`src`) by routes to their backends (`dst`).

    The fields are those of a `Connection`. `depends`: the part that is undetermined, also since no route certainly
    leads there. A way that policy stops has no `connections`, and is listed where explanations are asked for.
    """

    src: ReportEnd
    dst: ReportEnd
    connections: Connections
    depends: Connections | None = None
    partial: Connections | None = None
    partial_by: Partial | None = None
    routes: tuple[Route, ...]
    because: tuple[Rule, ...] | Absent = ABSENT

    @property
    def access(self) -> Access:
        """Its connections."""
        return Access(
            connections=self.connections, depends=self.depends, partial=self.partial, partial_by=self.partial_by
        )


class OutsideAccess(Part, frozen=True, kw_only=True):
    """Connections with addresses outside."""

    end: ReportEnd
    connections: Connections
    depends: Connections | None = None
    partial: Connections | None = None


class PossibleAccess(Part, frozen=True, kw_only=True):
    """Connections with some pod that could be created; `pod` is such a pod in words. No two share a port."""

    connections: Connections
    pod: str


class Facing(Part, frozen=True, kw_only=True):
    """One direction of an end: addresses outside, every other pod, and pods that could be created.

    Each is null where it was not looked at, as for a side that the report narrows down.
    """

    outside: tuple[OutsideAccess, ...] | None
    entire_cluster: Connections | None
    possible_pods: tuple[PossibleAccess, ...] | None

    @property
    def looked_at(self) -> bool:
        """True if anything was looked at."""
        return not (self.outside is None and self.entire_cluster is None and self.possible_pods is None)


class Exposure(Part, frozen=True, kw_only=True):
    """Traffic that an end inside the cluster receives and sends; null for a direction that is not asked for."""

    end: ReportEnd
    ingress: Facing | None
    egress: Facing | None

    def facing(self, direction: Direction) -> Facing | None:
        """One direction."""
        return self.ingress if direction is Direction.INGRESS else self.egress

    def with_possible(self, direction: Direction, pods: tuple[PossibleAccess, ...]) -> Exposure:
        """The same, with what possible pods may do in a direction that is asked for."""
        facing = self.facing(direction)
        found = facing and viewed(Facing, facing, possible_pods=pods)
        return viewed(Exposure, self, **{direction.value: found})


class ConnectivityEvidence(Part, frozen=True, kw_only=True):
    """Counts of flows that the evaluator judged and of kinds of flow, and the digest of the input."""

    judged: int
    flows: int
    snapshot: str


class Connectivity(Document, frozen=True, kw_only=True):
    """The whole report; pairs of ends that are not in `rows` have no connection.

    `ends`: all of the report, also those without a row. `absent`: with explanations, the other pairs. `exposure`: where
    it is asked for. `ways_in`: how requests from outside come in by Ingresses and other routes; absent where the input
    has none, or the report is not about the outside.
    """

    by: By
    rows: tuple[Connection, ...]
    absent: tuple[BlockedPair, ...] | Absent = ABSENT
    ends: tuple[ReportEnd, ...]
    exposure: tuple[Exposure, ...] | Absent = ABSENT
    ways_in: tuple[WayIn, ...] | Absent = ABSENT
    assumptions: tuple[Notice, ...]
    warnings: tuple[Notice, ...]
    evidence: ConnectivityEvidence


class Unfinished(Document, frozen=True, kw_only=True):
    """The document in place of a report when time or memory ended first. It has no rows, so nobody counts on them."""

    verdict: Literal["unknown"]
    reason: str
