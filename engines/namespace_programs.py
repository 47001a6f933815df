"""The programs without the policies that can select no pod of a namespace.

Every NetworkPolicy names its namespace, so those that name another one are never looked at. Trusted by every replay;
checked by tests/laws/test_namespace_programs_laws.py against a look at every policy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from heapq import merge
from operator import itemgetter

from reachproof.network.cluster import Namespace
from reachproof.network.labels import NAMESPACE_NAME, Labels, Operator, Selector
from reachproof.network.policy import Policy
from reachproof.network.tier import Chain, Programs, Tier

Placed = tuple[tuple[int, int], Policy]
"""A policy with the number of its group in the chain, and its place there."""


@dataclass(frozen=True, slots=True)
class _NamedChain:
    """A chain by the namespaces that its policies name; those that name none are in `others`."""

    named: dict[str, list[Placed]]
    others: list[Placed]

    @staticmethod
    def of(chain: Chain) -> _NamedChain:
        found = _NamedChain({}, [])
        for number, group in enumerate(chain):
            for place, policy in enumerate(group):
                names = _names(policy.subject.namespaces)
                for name in names or ():
                    found.named.setdefault(name, []).append(((number, place), policy))
                if names is None:
                    found.others.append(((number, place), policy))
        return found

    def within(self, namespace: Labels) -> Chain:
        """The policies that select pods there, in their groups and in order; without groups that have none."""
        near = self.named.get(namespace.get(NAMESPACE_NAME, ""), [])
        groups: dict[int, list[Policy]] = {}
        for (number, _), policy in merge(near, self.others, key=itemgetter(0)):
            if policy.subject.namespaces.matches(namespace):
                groups.setdefault(number, []).append(policy)
        return tuple(map(tuple, groups.values()))


def _names(selector: Selector) -> tuple[str, ...] | None:
    """The names of which a namespace must have one, once each; None where the selector names none."""
    for requirement in selector.requirements:
        if requirement.key == NAMESPACE_NAME and requirement.operator is Operator.IN:
            return requirement.values
    return None


class NamespacePrograms:
    """The programs of each namespace, made when they are first asked for."""

    def __init__(self, programs: Programs) -> None:
        self._egress = [_named(tier) for tier in programs.egress]
        self._ingress = [_named(tier) for tier in programs.ingress]
        self._made: dict[str, Programs] = {}

    def of(self, namespace: Namespace) -> Programs:
        """The programs without the policies that select no pod of the namespace."""
        if namespace.name not in self._made:
            self._made[namespace.name] = Programs(
                egress=tuple(_within(tier, chains, namespace.labels) for tier, chains in self._egress),
                ingress=tuple(_within(tier, chains, namespace.labels) for tier, chains in self._ingress),
            )
        return self._made[namespace.name]


def _named(tier: Tier) -> tuple[Tier, list[_NamedChain]]:
    return tier, [_NamedChain.of(chain) for chain in tier.chains]


def _within(tier: Tier, chains: list[_NamedChain], namespace: Labels) -> Tier:
    return replace(tier, chains=tuple(chain for each in chains if (chain := each.within(namespace))))
