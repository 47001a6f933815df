"""The query language as frozen values: what a sentence says, before anyone looks at a cluster.

Sentences and packs are here, their parts in `grammar.phrases`; this module gives out all of them. Two sentences that
differ in white space, case of keywords or synonyms have equal ASTs; `grammar.format` writes the canonical text of one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from reachproof.grammar.phrases import ANY_PORT as ANY_PORT
from reachproof.grammar.phrases import NOWHERE as NOWHERE
from reachproof.grammar.phrases import Addresses as Addresses
from reachproof.grammar.phrases import Anything as Anything
from reachproof.grammar.phrases import ChangeForm as ChangeForm
from reachproof.grammar.phrases import Difference as Difference
from reachproof.grammar.phrases import Domain as Domain
from reachproof.grammar.phrases import Exempt as Exempt
from reachproof.grammar.phrases import Filter as Filter
from reachproof.grammar.phrases import Group as Group
from reachproof.grammar.phrases import Hygiene as Hygiene
from reachproof.grammar.phrases import InAny as InAny
from reachproof.grammar.phrases import IngressController as IngressController
from reachproof.grammar.phrases import InNamespaces as InNamespaces
from reachproof.grammar.phrases import InNamespacesLabelled as InNamespacesLabelled
from reachproof.grammar.phrases import InPossibleNamespaces as InPossibleNamespaces
from reachproof.grammar.phrases import InTenants as InTenants
from reachproof.grammar.phrases import Internet as Internet
from reachproof.grammar.phrases import Labelled as Labelled
from reachproof.grammar.phrases import Listed as Listed
from reachproof.grammar.phrases import Name as Name
from reachproof.grammar.phrases import NodeNamed as NodeNamed
from reachproof.grammar.phrases import Nodes as Nodes
from reachproof.grammar.phrases import ObjectName as ObjectName
from reachproof.grammar.phrases import OnNode as OnNode
from reachproof.grammar.phrases import Outside as Outside
from reachproof.grammar.phrases import OutsideCluster as OutsideCluster
from reachproof.grammar.phrases import PodNamed as PodNamed
from reachproof.grammar.phrases import Pods as Pods
from reachproof.grammar.phrases import PortNamed as PortNamed
from reachproof.grammar.phrases import PortNumbers as PortNumbers
from reachproof.grammar.phrases import Ports as Ports
from reachproof.grammar.phrases import Quantified as Quantified
from reachproof.grammar.phrases import Quantifier as Quantifier
from reachproof.grammar.phrases import Relative as Relative
from reachproof.grammar.phrases import ServiceNamed as ServiceNamed
from reachproof.grammar.phrases import SetExpr as SetExpr
from reachproof.grammar.phrases import Span as Span
from reachproof.grammar.phrases import Union as Union
from reachproof.grammar.phrases import WithServiceAccount as WithServiceAccount
from reachproof.grammar.phrases import WorkloadNamed as WorkloadNamed
from reachproof.grammar.phrases import is_of_any_namespace as is_of_any_namespace
from reachproof.network.labels import Selector
from reachproof.network.policy import Direction

# ---------------------------------------------------------------- tiers and prefixes


class DenyTier(StrEnum):
    """The tier that is said to enforce default deny."""

    BASELINE = "the baseline tier"
    ADMIN = "the admin tier"
    NETWORK_POLICIES = "network policies"
    CLUSTER = "the cluster"


@dataclass(frozen=True, slots=True)
class NamedTier:
    """`the tier security`: a tier of Calico."""

    name: Name


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

    tier: DenyTier | NamedTier


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


@dataclass(frozen=True, slots=True)
class DefaultDeny:
    """`TIER enforces default deny [for DIRECTION] for SCOPE`; direction None is both.

    `scope`: `every tenant` is Pods((InAny(TENANT),)), `every namespace` and `every pod` are Pods().
    """

    tier: DenyTier | NamedTier
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
class WhichSelect:
    """`which policies select A?`"""

    scope: SetExpr


@dataclass(frozen=True, slots=True)
class Unselected:
    """`which pods are selected by no network policy for ingress?`; direction None: for neither."""

    group: Group
    direction: Direction | None


@dataclass(frozen=True, slots=True)
class PolicyAllows:
    """`what does networkpolicy shop/db allow?`"""

    policy: PolicyName


@dataclass(frozen=True, slots=True)
class Show:
    """`show reachability between tenants on P`."""

    group: Group
    ports: Ports = ANY_PORT


@dataclass(frozen=True, slots=True)
class HygieneQuestion:
    """`which rules are shadowed?` (`claim` false), `no rule is shadowed` (`claim` true)."""

    hygiene: Hygiene
    claim: bool


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
    | WhichSelect
    | Unselected
    | PolicyAllows
    | Show
    | HygieneQuestion
    | Changed
)


@dataclass(frozen=True, slots=True)
class Query:
    """One sentence: prefixes in the order written, then the statement. `span`: from its first to its last word.

    `exact`: of a sentence in plain speech the exact one that it stands for, in which the spans of its parts count;
    else empty.
    """

    statement: Statement
    prefixes: tuple[Prefix, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)
    exact: str = field(default="", compare=False)


# ---------------------------------------------------------------- packs


class Severity(StrEnum):
    """Severity of a violation."""

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
