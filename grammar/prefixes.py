"""Prefixes of a statement, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from reachproof.grammar.phrases import NOWHERE, Group, Name, SetExpr, Span
from reachproof.network.labels import Selector


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
