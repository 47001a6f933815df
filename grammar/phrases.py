"""The parts of sentences: names, filters, sets, ports and exceptions, as frozen values.

Every name carries the span of text it was read from, which takes no part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from reachproof.network.labels import Selector
from reachproof.network.ports import Protocol


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets into the text of the query, `end` exclusive."""

    start: int = 0
    end: int = 0


NOWHERE = Span()


@dataclass(frozen=True, slots=True)
class Name:
    """A name of the user's cluster, exactly as written (without quotes)."""

    text: str
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class ObjectName:
    """`namespace/name`, as in `pod shop/web-1`."""

    namespace: str
    name: str
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Group(StrEnum):
    """Ways to group endpoints."""

    POD = "pod"
    WORKLOAD = "workload"
    NAMESPACE = "namespace"
    TENANT = "tenant"


# ---------------------------------------------------------------- filters of `pods ...`, all ANDed


@dataclass(frozen=True, slots=True)
class InNamespaces:
    """`in namespace shop`, `in namespaces shop or web`."""

    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class InNamespacesLabelled:
    """`in namespaces labelled env=prod`."""

    selector: Selector
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class InPossibleNamespaces:
    """`in possible namespaces` (open world)."""


@dataclass(frozen=True, slots=True)
class InTenants:
    """`in tenant a`, `in tenants a or b`."""

    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class InAny:
    """`in any tenant` (of the pods whose namespace belongs to one), `in any namespace`."""

    group: Group


@dataclass(frozen=True, slots=True)
class Labelled:
    """`labelled app=web,tier!=db`."""

    selector: Selector
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class OnNode:
    """`on node worker-1`."""

    name: Name


@dataclass(frozen=True, slots=True)
class WithServiceAccount:
    """`with service account shop/api`."""

    name: ObjectName


@dataclass(frozen=True, slots=True)
class Relative:
    """`in the same namespace`, `in a different tenant`: relative to the other end of the flow."""

    group: Group
    same: bool


@dataclass(frozen=True, slots=True)
class Outside:
    """`outside namespace shop`, `outside tenant a`: the complement within pods."""

    group: Group
    names: tuple[Name, ...]


Filter = (
    InNamespaces
    | InNamespacesLabelled
    | InPossibleNamespaces
    | InTenants
    | InAny
    | Labelled
    | OnNode
    | WithServiceAccount
    | Relative
    | Outside
)


def is_of_any_namespace(filter_: Filter) -> bool:
    """True if it says `namespaces` without saying which, so that labels right behind it could be theirs."""
    match filter_:
        case InPossibleNamespaces():
            return True
        case InAny(group) | Relative(group):
            return group is Group.NAMESPACE
        case _:
            return False


# ---------------------------------------------------------------- sets


@dataclass(frozen=True, slots=True)
class Pods:
    """`pods`, `pods in tenant a labelled app=web`; `namespace shop` and `tenant a` are pods with one filter.

    `possible`: open world, every pod that could ever be created.
    """

    filters: tuple[Filter, ...] = ()
    possible: bool = False
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class PodNamed:
    """`pod shop/web-1`."""

    name: ObjectName


@dataclass(frozen=True, slots=True)
class WorkloadNamed:
    """`deployment shop/web`; kind is lower case, or `workload` for whichever kind has that name."""

    kind: str
    name: ObjectName


@dataclass(frozen=True, slots=True)
class ServiceNamed:
    """`service shop/web`: its endpoints, with ports resolved."""

    name: ObjectName


@dataclass(frozen=True, slots=True)
class NodeNamed:
    """`node worker-1`."""

    name: Name


@dataclass(frozen=True, slots=True)
class Nodes:
    """`nodes`, `nodes labelled zone=a`."""

    selector: Selector = field(default_factory=Selector)
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Addresses:
    """`10.0.0.0/8`, `192.168.1.5`, `10.0.0.1-10.0.0.9`: `text` as written, `low` and `high` on the address line."""

    text: str
    low: int
    high: int
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Internet:
    """`the internet`: addresses outside the cluster that are globally routable."""


@dataclass(frozen=True, slots=True)
class IngressController:
    """`the ingress controller`: its pods, or one that stands for it where the input has none."""


@dataclass(frozen=True, slots=True)
class OutsideCluster:
    """`outside the cluster`: any address that is no pod, node or service."""


@dataclass(frozen=True, slots=True)
class Domain:
    """`domain api.example.com`."""

    name: Name


@dataclass(frozen=True, slots=True)
class Anything:
    """`anything`: every endpoint."""


@dataclass(frozen=True, slots=True)
class Union:
    """`A or B`, `A, B`: at least two."""

    items: tuple[SetExpr, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """`A except B`."""

    base: SetExpr
    removed: SetExpr


SetExpr = (
    Pods
    | PodNamed
    | WorkloadNamed
    | ServiceNamed
    | NodeNamed
    | Nodes
    | Addresses
    | Internet
    | IngressController
    | OutsideCluster
    | Domain
    | Anything
    | Union
    | Difference
)


class Quantifier(StrEnum):
    """`any`/`some`/`a`, `every`/`all`/`each`, or none written."""

    ANY = "any"
    EVERY = "every"
    BARE = ""


@dataclass(frozen=True, slots=True)
class Quantified:
    """A set with the quantifier written before it."""

    quantifier: Quantifier
    set: SetExpr


# ---------------------------------------------------------------- ports


@dataclass(frozen=True, slots=True)
class PortNumbers:
    """`tcp/5432`, `tcp/8000-8999`, `tcp` (1..65535), `port 5432` (TCP)."""

    protocol: Protocol
    low: int
    high: int
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class PortNamed:
    """`port http`: the container port of that name at the destination."""

    name: Name


@dataclass(frozen=True, slots=True)
class Ports:
    """A list of ports; `items` empty is `any port`.

    `any_of`: `on any of ...`, or `on any port` as written: under a universal, one of them is enough. Else each.
    """

    items: tuple[PortNumbers | PortNamed, ...] = ()
    any_of: bool = False


ANY_PORT = Ports()


# ---------------------------------------------------------------- exceptions


@dataclass(frozen=True, slots=True)
class Exempt:
    """`except from A`, `except to B on udp/53`, `except on tcp/443`, `except within the same namespace`.

    The parts that are written are ANDed. `within` is the group that both ends must share.
    """

    source: SetExpr | None = None
    destination: SetExpr | None = None
    ports: Ports | None = None
    within: Group | None = None


class Listed(StrEnum):
    """Things that `which` lists."""

    PODS = "pods"
    NAMESPACES = "namespaces"
    TENANTS = "tenants"
    WORKLOADS = "workloads"
    SERVICES = "services"
    NODES = "nodes"
    ADDRESSES = "addresses"


class Hygiene(StrEnum):
    """Faults of a policy set in itself: subject and predicate as they are written."""

    SHADOWED = "rule shadowed"
    REDUNDANT = "policy redundant"
    MATCHES_NOTHING = "selector matches nothing"
    AMBIGUOUS = "verdict ambiguous"


class ChangeForm(StrEnum):
    """The three forms of a question on two snapshots."""

    WHAT = "what changed"
    NOTHING_NEW = "nothing is newly allowed"
    NOTHING = "nothing changed"
