"""The programs without the policies that can select no pod of a namespace.

Every NetworkPolicy names its namespace, so those that name another one are never looked at. Trusted by every replay;
checked by tests/laws/test_restricted_laws.py against a look at every policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reachproof.network.labels import NAMESPACE_NAME, Labels, Operator, Selector
from reachproof.network.policy import Policy
from reachproof.network.program import Group, Programs, Tier


@dataclass(frozen=True, slots=True)
class _NamedGroup:
    """A group, each policy with its place: by the namespaces that it names, or in `others` if it names none."""

    named: dict[str, list[tuple[int, Policy]]]
    others: list[tuple[int, Policy]]

    @staticmethod
    def of(group: Group) -> _NamedGroup:
        found = _NamedGroup({}, [])
        for placed in enumerate(group):
            names = _names(placed[1].subject.namespaces)
            for name in names or ():
                found.named.setdefault(name, []).append(placed)
            if names is None:
                found.others.append(placed)
        return found

    def within(self, namespace: Labels) -> Group:
        """The policies of the group that select pods there, in its order."""
        near = self.named.get(namespace.get(NAMESPACE_NAME, ""), [])
        places = sorted((*near, *self.others), key=lambda placed: placed[0])
        return tuple(policy for _, policy in places if policy.subject.namespaces.matches(namespace))


def _names(selector: Selector) -> tuple[str, ...] | None:
    """The names of which a namespace must have one, once each; None where the selector names none."""
    for requirement in selector.requirements:
        if requirement.key == NAMESPACE_NAME and requirement.operator is Operator.IN:
            return requirement.values
    return None


class Restricted:
    """Programs that can be had for one namespace after the other."""

    def __init__(self, programs: Programs) -> None:
        self._egress = [_named(tier) for tier in programs.egress]
        self._ingress = [_named(tier) for tier in programs.ingress]

    def to(self, namespace: Labels) -> Programs:
        """What is left for pods of a namespace with these labels, of which one is its name."""
        return Programs(
            egress=tuple(_within(tier, chains, namespace) for tier, chains in self._egress),
            ingress=tuple(_within(tier, chains, namespace) for tier, chains in self._ingress),
        )


NamedChains = list[list[_NamedGroup]]


def _named(tier: Tier) -> tuple[Tier, NamedChains]:
    return tier, [[_NamedGroup.of(group) for group in chain] for chain in tier.chains]


def _within(tier: Tier, chains: NamedChains, namespace: Labels) -> Tier:
    return replace(tier, chains=tuple(_chains(chains, namespace)))


def _chains(chains: NamedChains, namespace: Labels) -> Iterator[tuple[Group, ...]]:
    for chain in chains:
        groups = tuple(group for each in chain if (group := each.within(namespace)))
        if groups:
            yield groups
