"""The query language as frozen values: what a sentence says, before anyone looks at a cluster.

Every name carries the span of text it was read from, which takes no part in equality: two sentences that differ in
white space, case of keywords or synonyms have equal ASTs. `grammar.format` writes the canonical text of an AST.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from reachproof.network.labels import Selector
from reachproof.network.policy import Direction
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
    """What endpoints can be grouped by."""

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


# ---------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class Can:
    """`can A reach B on P?`"""

    source: Quantified
    destination: Quantified
    ports: Ports = ANY_PORT
    exceptions: tuple[Exempt, ...] = ()


@dataclass(frozen=True, slots=True)
class No:
    """`no A can reach B on P`."""

    source: SetExpr
    destination: SetExpr
    ports: Ports = ANY_PORT
    exceptions: tuple[Exempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Every:
    """`every A can reach B on P`."""

    source: SetExpr
    destination: Quantified
    ports: Ports = ANY_PORT
    exceptions: tuple[Exempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Only:
    """`only A can reach B on P`."""

    source: SetExpr
    destination: SetExpr
    ports: Ports = ANY_PORT
    exceptions: tuple[Exempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """One item of what may be reached: `B on P`."""

    destination: SetExpr
    ports: Ports = ANY_PORT


@dataclass(frozen=True, slots=True)
class ReachOnly:
    """`A can reach only B on P, or C on Q`; `exactly` adds that all of the list is reached."""

    source: SetExpr
    targets: tuple[Target, ...]
    exactly: bool = False
    exceptions: tuple[Exempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Isolated:
    """`all tenants are isolated` (both sides None), `tenant a is isolated from tenant b`."""

    group: Group
    left: Name | None = None
    right: Name | None = None
    exceptions: tuple[Exempt, ...] = ()


class DenyTier(StrEnum):
    """Who is said to enforce default deny."""

    BASELINE = "the baseline tier"
    ADMIN = "the admin tier"
    NETWORK_POLICIES = "network policies"
    CLUSTER = "the cluster"


@dataclass(frozen=True, slots=True)
class DefaultDeny:
    """`TIER enforces default deny [for DIRECTION] for SCOPE`; direction None is both.

    `scope`: `every tenant` is Pods((InAny(TENANT),)), `every namespace` and `every pod` are Pods().
    """

    tier: DenyTier
    direction: Direction | None
    scope: SetExpr
    including_external: bool = False
    exceptions: tuple[Exempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Selected:
    """`every pod in S is selected by a network policy for ingress`; direction None is both."""

    scope: SetExpr
    direction: Direction | None


@dataclass(frozen=True, slots=True)
class Why:
    """`why can A reach B on P?`; `negated`: `why can't`."""

    negated: bool
    source: SetExpr
    destination: SetExpr
    ports: Ports = ANY_PORT


class Listed(StrEnum):
    """What `which` lists."""

    PODS = "pods"
    NAMESPACES = "namespaces"
    TENANTS = "tenants"
    WORKLOADS = "workloads"
    SERVICES = "services"
    NODES = "nodes"
    ADDRESSES = "addresses"


@dataclass(frozen=True, slots=True)
class Which:
    """`which pods can reach B on P?` (`source` None), `which addresses can A reach on P?` (`destination` None)."""

    listed: Listed
    source: SetExpr | None
    destination: SetExpr | None
    ports: Ports = ANY_PORT
    exceptions: tuple[Exempt, ...] = ()


@dataclass(frozen=True, slots=True)
class WhichPorts:
    """`on which ports can A reach B?`"""

    source: SetExpr
    destination: SetExpr


@dataclass(frozen=True, slots=True)
class WhichPolicies:
    """`which policies decide A to B on P?`"""

    source: SetExpr
    destination: SetExpr
    ports: Ports = ANY_PORT


@dataclass(frozen=True, slots=True)
class Show:
    """`show reachability between tenants on P`."""

    group: Group
    ports: Ports = ANY_PORT


class Hygiene(StrEnum):
    """What is wrong with a policy set in itself: subject and predicate as they are written."""

    SHADOWED = "rule shadowed"
    REDUNDANT = "policy redundant"
    MATCHES_NOTHING = "selector matches nothing"
    AMBIGUOUS = "verdict ambiguous"


@dataclass(frozen=True, slots=True)
class HygieneQuestion:
    """`which rules are shadowed?` (`claim` false), `no rule is shadowed` (`claim` true)."""

    hygiene: Hygiene
    claim: bool


class ChangeForm(StrEnum):
    """The three forms of a question on two snapshots."""

    WHAT = "what changed"
    NOTHING_NEW = "nothing is newly allowed"
    NOTHING = "nothing changed"


@dataclass(frozen=True, slots=True)
class Changed:
    """`what changed since snapshot S?`, `nothing changed since snapshot S except from A to B on P`."""

    form: ChangeForm
    snapshot: Name
    exceptions: tuple[Exempt, ...] = ()


Statement = (
    Can
    | No
    | Every
    | Only
    | ReachOnly
    | Isolated
    | DefaultDeny
    | Selected
    | Why
    | Which
    | WhichPorts
    | WhichPolicies
    | Show
    | HygieneQuestion
    | Changed
)


# ---------------------------------------------------------------- prefixes


@dataclass(frozen=True, slots=True)
class PolicyName:
    """`networkpolicy shop/allow-db`, `anp deny-all`; kind is lower case and spelt out; namespace empty if none."""

    kind: str
    namespace: str
    name: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Without:
    """`without networkpolicy shop/allow-db:`."""

    policies: tuple[PolicyName, ...]


@dataclass(frozen=True, slots=True)
class WithOnly:
    """`with only the baseline tier:`."""

    tier: DenyTier


@dataclass(frozen=True, slots=True)
class ForEvery:
    """`for every tenant T:`; `T` may then stand where a name of that group stands."""

    group: Group
    variable: Name


@dataclass(frozen=True, slots=True)
class AssumingNone:
    """`assuming no pod in tenant b is labelled admin=true:`."""

    scope: SetExpr
    selector: Selector


@dataclass(frozen=True, slots=True)
class AssumingAnyPolicies:
    """`assuming whatever network policies tenant a writes:`."""

    scope: SetExpr


Prefix = Without | WithOnly | ForEvery | AssumingNone | AssumingAnyPolicies


@dataclass(frozen=True, slots=True)
class Query:
    """One sentence: prefixes in the order written, then the statement. `span`: from its first to its last word."""

    statement: Statement
    prefixes: tuple[Prefix, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)


# ---------------------------------------------------------------- packs


class Severity(StrEnum):
    """How bad a violation is."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class DefineTenants:
    """`define tenants by label team`."""

    label: str


@dataclass(frozen=True, slots=True)
class DefineTenant:
    """`define tenant acme as namespaces labelled team=acme`."""

    name: Name
    selector: Selector


@dataclass(frozen=True, slots=True)
class Invariant:
    """`invariant NAME (severity) "text": QUERY`."""

    name: str
    severity: Severity
    text: str
    query: Query
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Expect:
    """`expect unreachable "text": QUERY`; `verdict` is `reachable` or `unreachable`."""

    verdict: str
    text: str
    query: Query
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Pack:
    """A `.reach` file."""

    definitions: tuple[DefineTenants | DefineTenant, ...]
    checks: tuple[Invariant | Expect, ...]
