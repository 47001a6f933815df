"""Objects that decide what may be reached and are not read: policies whose rules may or may not match.

| Stands | Rules | Because |
|---|---|---|
| before every other tier, the exemption of the own node too | may allow, may deny | whatever it says of a flow covers |
| the same, with contents that are understood | the first that matches may do what it says | no other rule can decide |
| first in the tier of Istio's mesh | may pass, may deny | a mesh lets nothing through that the network denies |

An object that can only deny has the rule that denies alone. Each rule is one choice for each flow, so these choices
include every effect that an object can have on the flows of its scope; of others it says nothing.

Trusted by every verdict about an input with such objects; checked by tests/laws/test_not_read_laws.py, which puts
policies that are read in their place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reachproof.engines.own_tiers import MESH, NOT_READ
from reachproof.network.policy import Action, Direction, Extension, Policy, Rule, TierId
from reachproof.network.tier import Group, Tier


@dataclass(frozen=True, slots=True)
class NotRead(Extension):
    """Mark of a policy that has the place of an object which is not read."""


@dataclass(frozen=True, slots=True)
class Understood(Extension):
    """Mark of a rule that is in the contents of an object: it does what it says where the object is enforced."""


@dataclass(frozen=True, slots=True)
class PastOthers(Extension):
    """Mark of a rule by which an object lets past policies, but not those of the implementation that the input shows.

    That one has no profile of its own: it does as specified.
    """


def is_not_read(policy: Policy) -> bool:
    """True if the policy stands for an object that is not read; false once it is settled what the object does."""
    return stands_apart(policy) and any(rule.may for rule in (*policy.egress, *policy.ingress))


def apart(policies: Iterable[Policy]) -> tuple[list[Policy], list[Policy]]:
    """The policies that were read, and those that have the place of objects that were not."""
    every = list(policies)
    return [each for each in every if not stands_apart(each)], [each for each in every if stands_apart(each)]


def stands_apart(policy: Policy) -> bool:
    """True if the policy has the place of an object that is not read, also where it is settled what that does."""
    return isinstance(policy.extension, NotRead)


def of_host_network(policy: Policy, *, as_pods: bool) -> Policy:
    """The policy, which but for a mesh's is about pods on the host network too where policies select these."""
    return policy if policy.tier == MESH else replace(policy, subject=replace(policy.subject, host_network=as_pods))


def groups(policies: Iterable[Policy], direction: Direction, *, mesh: bool) -> tuple[Group, ...]:
    """The policies of one direction, each in a group of its own; `mesh`: those of Istio's tier, else the others."""
    found = (each for each in policies if (each.tier == MESH) is mesh and each.rules(direction))
    return tuple((each,) for each in sorted(found, key=_name))


def first_tier(policies: Iterable[Policy], direction: Direction) -> tuple[Tier, ...]:
    """The tiers before all others; none that would be empty.

    An object whose contents are understood has a tier of its own, since a rule of it that passes leaves the tier.
    """
    every = list(policies)
    alone = [each for each in every if each.tier == NOT_READ and _is_understood(each)]
    together = [each for each in every if each not in alone]
    chains = [groups(together, direction, mesh=False), *(groups([each], direction, mesh=False) for each in alone)]
    return tuple(Tier(name=NOT_READ, chains=(chain,)) for chain in chains if chain)


def _is_understood(policy: Policy) -> bool:
    return any(isinstance(rule.extension, Understood) for rule in policy.egress)


def resolutions(policies: Iterable[Policy]) -> tuple[tuple[Policy, ...], ...]:
    """The policies with objects that are not read as ones that do nothing, or the most, in each direction.

    Whatever is the same in all of these cases is the same whatever the objects say: what a policy that was read changes
    of a flow that an object denies, or allows on both ends, is nothing. One case where every object was read.
    """
    every = tuple(policies)
    unread = [each for each in every if is_not_read(each)]
    steps: list[Tiers] = [frozenset()]
    if any(each.tier == MESH for each in unread):
        steps.append(frozenset((MESH,)))
    if unread:
        steps.append(frozenset((MESH, NOT_READ)))
    return tuple(tuple(_resolved(each, out, into) for each in every) for out in steps for into in steps)


def at_best(policies: Iterable[Policy]) -> tuple[Policy, ...]:
    """The policies with each object that is not read as the one that lets most through."""
    everywhere = frozenset((MESH, NOT_READ))
    return tuple(_resolved(each, everywhere, everywhere) for each in policies)


Tiers = frozenset[TierId]


def _resolved(policy: Policy, out: Tiers, into: Tiers) -> Policy:
    """The policy, where it is not read, with what lets most through in these tiers, and nothing in others."""
    if not is_not_read(policy):
        return policy
    egress = _most(policy.egress) if policy.tier in out else ()
    return replace(policy, egress=egress, ingress=_most(policy.ingress) if policy.tier in into else ())


def _most(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(replace(rule, may=False) for rule in rules if rule.action is not Action.DENY)


def without(tiers: Iterable[Tier]) -> tuple[Tier, ...]:
    """The tiers as if the objects that are not read did nothing but what is certain."""
    return tuple(each.map(_certain, lambda rule: rule).filter(_acts) for each in tiers)


def _certain(policy: Policy) -> Policy:
    if not is_not_read(policy):
        return policy
    egress, ingress = (tuple(rule for rule in rules if not rule.may) for rules in (policy.egress, policy.ingress))
    return replace(policy, egress=egress, ingress=ingress)


def _acts(policy: Policy) -> bool:
    return not stands_apart(policy) or bool(policy.egress or policy.ingress)


def _name(policy: Policy) -> tuple[str, str, str]:
    return policy.ref.kind, policy.ref.namespace, policy.ref.name
