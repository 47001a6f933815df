"""Boxes over equivalence classes, and rules, policies and tiers encoded as them (by `solver.encoding`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import OtherNodePeer, OwnNodePeer, Peer, Policy, Rule
from reachproof.network.tier import DirectedPolicy, TierOf


class Near(Enum):
    """A relation between a subject and a node, or a host-network pod: they are on one node, or on two."""

    OWN_NODE = "own node"
    OTHER_NODE = "other node"


@dataclass(frozen=True, slots=True)
class Box:
    """Subject classes x peer classes x ports (sets of classes of the role that each end has in the direction).

    `near`: of these, only the pairs where the peer is a node, or a host-network pod, in this relation to the subject.
    `may`: it may or may not hold.
    """

    subjects: int
    peers: int
    ports: IntervalSet
    near: Near | None = None
    may: bool = False


def near_of(peer: Peer) -> Near | None:
    """The relation to the subject that the peer is about; None for peers that are the same for every subject."""
    match peer:
        case OwnNodePeer():
            return Near.OWN_NODE
        case OtherNodePeer():
            return Near.OTHER_NODE
        case _:
            return None


@dataclass(frozen=True, slots=True)
class EncodedRule:
    """A rule, or one of the built-in rules of isolation; it matches where one of its boxes holds."""

    rule: Rule
    policy: Policy | None
    boxes: tuple[Box, ...]


EncodedPolicy: TypeAlias = DirectedPolicy[int, EncodedRule]
"""Its subjects are classes."""
EncodedTier: TypeAlias = TierOf[EncodedPolicy, EncodedRule]


@dataclass(frozen=True, slots=True)
class Classes:
    """One role's partition of the points: `members[c]` are the points of class c."""

    members: tuple[int, ...]
