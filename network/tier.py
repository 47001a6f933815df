"""Tiers, chains and groups: what a program is made of. How policies are arranged into them: `network.program`."""

from __future__ import annotations

from dataclasses import dataclass

from reachproof.network.origin import Origin
from reachproof.network.policy import Direction, Policy, Rule, TierId

BUILT_IN = Origin(file="")

Group = tuple[Policy, ...]
Chain = tuple[Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One tier of one direction; `isolation` is empty where policies of the tier never isolate."""

    name: TierId
    chains: tuple[Chain, ...]
    isolation: tuple[Rule, ...] = ()

    @property
    def policies(self) -> tuple[Policy, ...]:
        """All policies of the tier, in the order of chains and groups."""
        return tuple(policy for chain in self.chains for group in chain for policy in group)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The tiers of both directions, first to last."""

    egress: tuple[Tier, ...]
    ingress: tuple[Tier, ...]

    def tiers(self, direction: Direction) -> tuple[Tier, ...]:
        """The tiers of one direction."""
        return self.egress if direction is Direction.EGRESS else self.ingress
