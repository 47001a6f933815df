"""The query language as frozen values: what a sentence says, before anyone looks at a cluster.

Sentences and packs are here, their parts in `grammar.phrases` and `grammar.prefixes`; this module gives out all of
them. Two sentences that differ in white space, case of keywords or synonyms have equal ASTs; `grammar.format` writes
the canonical text of one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from reachproof.grammar.phrases import (
    ANY_PORT,
    NOWHERE,
    Addresses,
    Anything,
    ChangeForm,
    Difference,
    Domain,
    Exempt,
    Filter,
    Group,
    Hygiene,
    InAny,
    IngressController,
    InNamespaces,
    InNamespacesLabelled,
    InPossibleNamespaces,
    InTenants,
    Internet,
    Labelled,
    Listed,
    Name,
    NodeNamed,
    Nodes,
    ObjectName,
    OnNode,
    Outside,
    OutsideCluster,
    PodNamed,
    Pods,
    PortNamed,
    PortNumbers,
    Ports,
    Quantified,
    Quantifier,
    Relative,
    ServiceNamed,
    SetExpr,
    Span,
    Union,
    WithServiceAccount,
    WorkloadNamed,
)
from reachproof.grammar.phrases import is_of_any_namespace as is_of_any_namespace
from reachproof.grammar.prefixes import (
    AssumingAnyPolicies,
    AssumingNone,
    DenyTier,
    ForEvery,
    NamedTier,
    PolicyName,
    Prefix,
    WithOnly,
    Without,
)
from reachproof.network.labels import Selector
from reachproof.network.policy import Direction

__all__ = [
    "ANY_PORT",
    "NOWHERE",
    "Addresses",
    "Anything",
    "AssumingAnyPolicies",
    "AssumingNone",
    "Can",
    "ChangeForm",
    "Changed",
    "DefaultDeny",
    "DefineTenant",
    "DefineTenants",
    "DenyTier",
    "Difference",
    "Domain",
    "Every",
    "Exempt",
    "Expect",
    "Filter",
    "ForEvery",
    "Group",
    "Hygiene",
    "HygieneQuestion",
    "InAny",
    "InNamespaces",
    "InNamespacesLabelled",
    "InPossibleNamespaces",
    "InTenants",
    "IngressController",
    "Internet",
    "Invariant",
    "Isolated",
    "Labelled",
    "Listed",
    "Name",
    "NamedTier",
    "No",
    "NodeNamed",
    "Nodes",
    "ObjectName",
    "OnNode",
    "Only",
    "Outside",
    "OutsideCluster",
    "Pack",
    "PodNamed",
    "Pods",
    "PolicyName",
    "PortNamed",
    "PortNumbers",
    "Ports",
    "Prefix",
    "Quantified",
    "Quantifier",
    "Query",
    "ReachOnly",
    "Relative",
    "Selected",
    "ServiceNamed",
    "SetExpr",
    "Severity",
    "Show",
    "Span",
    "Statement",
    "Target",
    "Union",
    "Which",
    "WhichPolicies",
    "WhichPorts",
    "Why",
    "WithOnly",
    "WithServiceAccount",
    "Without",
    "WorkloadNamed",
]

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
    | Show
    | HygieneQuestion
    | Changed
)


@dataclass(frozen=True, slots=True)
class Query:
    """One sentence: prefixes in the order written, then the statement. `span`: from its first to its last word."""

    statement: Statement
    prefixes: tuple[Prefix, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)


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
