"""The one intermediate form that every policy kind is lowered to (no cluster knowledge, no evaluation).

    Policy = subject, egress rules, ingress rules, tier, priority, the directions in which it isolates its subject
    Rule   = action when any of its matches holds; `may`: whether it matches at all is not known
    Match  = peer AND ports (AND what else is asked of the subject)
    Peer   = a predicate over a party (pod | node | external) and its address, never a bare CIDR test

A flow is one new connection of TCP, UDP or SCTP. The parts of policy objects that it does not show are kept, so that
two snapshots can be compared in them. Trusted by `queries.input_changes`: that a part which decides anything is
recorded (`manifests.kinds.unmodelled`).

How policies are arranged into tiers, and what undefined order means, is `engines.assembly`. What is true of a flow is
defined by `semantics` and computed again by `solver`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.labels import Selector
from reachproof.network.origin import Origin
from reachproof.network.ports import Protocol
from reachproof.network.predicate import Predicate

NOWHERE = Origin(file="")


class Direction(StrEnum):
    """Egress is decided for the source, ingress for the destination."""

    EGRESS = "egress"
    INGRESS = "ingress"


class Action(StrEnum):
    """The effect of a rule: decide, or leave its whole tier (pass). ClusterNetworkPolicy's Accept is `allow` here."""

    ALLOW = "allow"
    DENY = "deny"
    PASS = "pass"


class TierName(StrEnum):
    """The tiers of Kubernetes' kinds in the order of evaluation; `default` is what holds where no policy decides."""

    ADMIN = "admin"
    NETWORK_POLICY = "networkpolicy"
    BASELINE = "baseline"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True, order=True)
class OwnTier:
    """A tier of one implementation: whatever its name, it equals no `TierName` and none of another's."""

    engine: str
    name: str

    def __str__(self) -> str:
        return self.name


TierId = TierName | OwnTier
"""The identity of a tier."""


class Extension:
    """Base of what one implementation alone says of a policy, a rule or a match; the records are in `engines`."""

    __slots__ = ()


class PartyKind(StrEnum):
    """The kind of an endpoint to a CIDR: a host-network pod counts as its node."""

    POD = "pod"
    NODE = "node"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class PodSet:
    """Pods whose namespace's labels match `namespaces` and whose own labels match `pods`.

    `where`: a further condition, on labels of the pod, its namespace and its service account. Host-network pods are in
    it only with `host_network`.
    """

    namespaces: Selector
    pods: Selector
    host_network: bool = False
    where: Predicate | None = None


@dataclass(frozen=True, slots=True)
class AddressPeer:
    """Parties of the given kinds that use an address in the set on this flow (ipBlock, networks)."""

    addresses: IntervalSet
    parties: frozenset[PartyKind] = frozenset(PartyKind)


@dataclass(frozen=True, slots=True)
class NodePeer:
    """Nodes with these labels, and host-network pods, by an address in such a node's status.addresses."""

    nodes: Selector


@dataclass(frozen=True, slots=True)
class DomainPeer:
    """External addresses that may stand behind one of the names (`*.` prefix: one or more labels).

    `patterns` are Cilium's, in which stars mean something else (`network.domains`).
    """

    names: tuple[str, ...]
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyPeer:
    """Every party."""


@dataclass(frozen=True, slots=True)
class OwnNodePeer:
    """The node that the subject runs on, and host-network pods there; unknown where the subject's node is unknown."""


@dataclass(frozen=True, slots=True)
class OtherNodePeer:
    """Nodes that the subject does not run on, and host-network pods there; unknown as for `OwnNodePeer`."""


@dataclass(frozen=True, slots=True)
class PartyPeer:
    """Every party of these kinds, whatever its address."""

    parties: frozenset[PartyKind]


@dataclass(frozen=True, slots=True)
class Intersection:
    """Parties that are in each.

    Peers whose match may not be known (`DomainPeer`, `OwnNodePeer`, `OtherNodePeer`) are never inside.
    """

    items: tuple[Peer, ...]


@dataclass(frozen=True, slots=True)
class Union:
    """Parties that are in any; as for `Intersection`."""

    items: tuple[Peer, ...]


@dataclass(frozen=True, slots=True)
class Complement:
    """Parties that are not in it; as for `Intersection`."""

    item: Peer


Peer = (
    PodSet
    | AddressPeer
    | NodePeer
    | DomainPeer
    | AnyPeer
    | OwnNodePeer
    | OtherNodePeer
    | PartyPeer
    | Intersection
    | Union
    | Complement
)


def parts_of(peer: Peer) -> Iterator[Peer]:
    """The peers that it is made of; itself, where it is made of none."""
    match peer:
        case Intersection(items) | Union(items):
            for item in items:
                yield from parts_of(item)
        case Complement(item):
            yield from parts_of(item)
        case _:
            yield peer


@dataclass(frozen=True, slots=True, order=True)
class NamedPort:
    """The container ports of that name at the destination pod; `protocol` None: whatever protocol they declare."""

    name: str
    protocol: Protocol | None


@dataclass(frozen=True, slots=True)
class PortMatch:
    """A destination port in `numbers`, or one of the named ports of the destination pod.

    But none in `not_numbers`, and none of the named ports `not_names`.
    """

    numbers: IntervalSet = EMPTY
    names: tuple[NamedPort, ...] = ()
    not_numbers: IntervalSet = EMPTY
    not_names: tuple[NamedPort, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """Peer and ports must both match; `ports` None is every port of every protocol.

    `subject`: what is asked of the subject besides that the policy selects it. `extension`: what `engines` makes other
    matches of; none has one in a program.
    """

    peer: Peer
    ports: PortMatch | None = None
    subject: Peer = AnyPeer()
    extension: Extension | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`index` counts from 0 in its policy and direction. `may`: it may or may not match where its matches hold.

    `reason`: why it may not, where that is not plain from its matches; `reason_code` is the notice's. No verdict rests
    on them. `condition`: what it depends on besides its matches, as written. Rules of one policy and direction that
    have the same condition match the same connections where their matches hold, in whichever snapshot. `extension`:
    what `engines` makes other rules of.
    """

    action: Action
    matches: tuple[Match, ...]
    may: bool = False
    reason: str = ""
    reason_code: str = "MAY_MATCH"
    condition: str = field(default="", compare=False)
    extension: Extension | None = None
    index: int = 0
    name: str = ""
    origin: Origin

    @property
    def placeless(self) -> Rule:
        """The rule with an empty origin."""
        return replace(self, origin=NOWHERE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmodelled:
    """A part of an object that flows do not show: `what` it is, and its `text`, the same for two copies of it.

    `open`: it decides about flows (source ports, requests, domain names), so that rules that have it may match. Others
    are about something else (ICMP, TLS settings), or belong to an object that is not modelled at all.
    """

    what: str
    text: str
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """An object that decides what may be reached, of which no policy was made. `what`: why, in words.

    `text` is the same for two copies. `inert`: it changes nothing, whatever it says.
    """

    kind: str
    namespace: str
    name: str
    what: str
    text: str
    inert: bool = False
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRef:
    """The identity of a policy object; `namespace` is empty for cluster-scoped kinds.

    `part` tells the policies of one object apart, where it holds several: it is the path of this one.
    """

    kind: str
    namespace: str
    name: str
    part: str = ""

    def __str__(self) -> str:
        name = f"{self.name} {self.part}" if self.part else self.name
        return f"{self.kind} {self.namespace}/{name}" if self.namespace else f"{self.kind} {name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy object. Lower `priority` comes first within a tier; it is 0 for kinds without one, or infinite.

    `isolates`: the directions in which a selected pod meets the end of the tier where no policy of it decides.
    `may_isolate`: those in which it may or may not do so; what allows in the same tier comes first. `doubts`: why it
    may have no effect at all. `extension`: what it is to its implementation alone. `written`: a digest of what the
    object says, and `unmodelled` the parts of it that flows do not show; of policies that were read only. `left_out`:
    rules of the direction that policyTypes leaves out, which are not in force; for explanations only.
    """

    ref: PolicyRef
    tier: TierId
    priority: float = 0
    extension: Extension | None = None
    subject: PodSet
    egress: tuple[Rule, ...] = ()
    ingress: tuple[Rule, ...] = ()
    isolates: frozenset[Direction] = frozenset()
    may_isolate: frozenset[Direction] = frozenset()
    doubts: str = field(default="", compare=False)
    written: str = field(default="", compare=False)
    unmodelled: tuple[Unmodelled, ...] = field(default=(), compare=False)
    left_out: tuple[Rule, ...] = field(default=(), compare=False)
    origin: Origin

    def acts(self, direction: Direction) -> bool:
        """True if it has any effect in a direction."""
        return bool(self.rules(direction)) or direction in self.isolates or direction in self.may_isolate

    def rules(self, direction: Direction) -> tuple[Rule, ...]:
        """The rules of one direction, first match first."""
        return self.egress if direction is Direction.EGRESS else self.ingress

    @property
    def placeless(self) -> Policy:
        """The policy, and its rules, with an empty origin, so that two copies of one are equal."""
        egress, ingress = (tuple(rule.placeless for rule in rules) for rules in (self.egress, self.ingress))
        return replace(self, origin=NOWHERE, egress=egress, ingress=ingress)

    def does_as(self, other: Policy) -> bool:
        """True if both do the same for the same reasons: equal but for their places, doubts and conditions included."""
        return self.placeless == other.placeless and self._conditions == other._conditions

    @property
    def _conditions(self) -> list[str]:
        return [self.doubts, *(rule.condition for rule in (*self.egress, *self.ingress))]
