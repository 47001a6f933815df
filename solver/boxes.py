"""Rules, policies and tiers encoded as boxes over equivalence classes (by `solver.encoding`), and their index.

    row = a distinct set of classes of one side, as packed bits

In the index a box is (row of its subjects, row of its peers, number of its ports). An encoding has a thousand policies,
and most questions are about a few of them: one AND over all rows replaces a walk over all policies.

Trusted by both engines, as the slice is; checked by tests/agreement and tests/solver/test_boxes.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import Direction, OtherNodePeer, OwnNodePeer, Peer, Policy, Rule
from reachproof.network.tier import DirectedPolicy, TierOf
from reachproof.solver.bitset import Flags, Positions
from reachproof.solver.goal import PEER, SUBJECT, Side

Value = TypeVar("Value")
_WORD = 8


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


# ---------------------------------------------------------------- the index


class Numbered(Generic[Value]):
    """Distinct values, numbered in order of appearance."""

    def __init__(self) -> None:
        self.numbers: dict[Value, int] = {}

    def array(self, values: Iterable[Value]) -> Positions:
        """The numbers of these values."""
        numbers = self.numbers
        return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.intp)


@dataclass(frozen=True)
class Rows:
    """Distinct sets of the classes 0 .. `count` - 1; `numbers` has the row of each."""

    numbers: dict[int, int]
    count: int

    @cached_property
    def _bytes(self) -> NDArray[np.uint8]:
        width = (self.count + 8 * _WORD - 1) // (8 * _WORD) * _WORD
        raw = b"".join(classes.to_bytes(width, "little") for classes in self.numbers)
        return np.frombuffer(raw, dtype=np.uint8).reshape(len(self.numbers), width)

    def meeting(self, classes: int) -> Flags:
        """Rows that have a class in common with this set."""
        width = self._bytes.shape[1]
        wanted = np.frombuffer(classes.to_bytes(width, "little"), dtype=np.uint64)
        found: Flags = np.any(self._bytes.view(np.uint64) & wanted, axis=1)
        return found

    def columns(self, rows: Positions, classes: Positions) -> Flags:
        """True if a class is in a row. Shape (rows, classes), in the given orders."""
        bits = np.unpackbits(self._bytes[rows], axis=1, count=self.count, bitorder="little")
        return bits.view(np.bool_)[:, classes]

    def inside(self, rows: Positions, flags: Flags) -> dict[int, Positions]:
        """The positions that are true in each row of a table, by the set of classes that the row is."""
        sets = list(self.numbers)
        found = np.nonzero(flags)[1]
        ends = np.cumsum(np.count_nonzero(flags, axis=1)).tolist()
        starts = [0, *ends][:-1]
        return {sets[row]: found[start:end] for row, start, end in zip(rows.tolist(), starts, ends, strict=True)}


@dataclass(frozen=True)
class _Numbers:
    subjects: Numbered[int]
    peers: Numbered[int]
    ports: Numbered[IntervalSet]


@dataclass(frozen=True)
class Boxes:
    """The boxes of some rules, flat and in order; `rule_of` gives the rule of each, `ports` number sets of ports."""

    rules: tuple[EncodedRule, ...]
    boxes: tuple[Box, ...]
    rule_of: Positions
    subjects: Positions
    peers: Positions
    ports: Positions

    @staticmethod
    def of(rules: Sequence[EncodedRule], numbered: _Numbers) -> Boxes:
        """The boxes of these rules; the sets in them are numbered."""
        boxes = [(number, box) for number, rule in enumerate(rules) for box in rule.boxes]
        return Boxes(
            rules=tuple(rules),
            boxes=tuple(box for _, box in boxes),
            rule_of=np.array([number for number, _ in boxes], dtype=np.intp),
            subjects=numbered.subjects.array(box.subjects for _, box in boxes),
            peers=numbered.peers.array(box.peers for _, box in boxes),
            ports=numbered.ports.array(box.ports for _, box in boxes),
        )

    def meeting(self, subjects: Flags, peers: Flags, ports: Flags) -> Positions:
        """The boxes of which each set is flagged, ascending."""
        return np.nonzero(subjects[self.subjects] & peers[self.peers] & ports[self.ports])[0]

    def with_only(self, chosen: Positions) -> dict[int, EncodedRule]:
        """The rules that have any of these boxes, by number and in order, with no other box."""
        found: dict[int, list[Box]] = {}
        for number, rule in zip(chosen.tolist(), self.rule_of[chosen].tolist(), strict=True):
            found.setdefault(rule, []).append(self.boxes[number])
        rules = ((number, self.rules[number], tuple(boxes)) for number, boxes in found.items())
        return {number: EncodedRule(rule.rule, rule.policy, boxes) for number, rule, boxes in rules}


@dataclass(frozen=True)
class TierIndex:
    """One tier of one direction, flat. `groups[p]` is the (chain, group) of policy p, `policy_of` is by rule.

    `selecting[p]` and `isolating[i]` are rows of the subject's side.
    """

    tier: EncodedTier
    groups: tuple[tuple[int, int], ...]
    policies: tuple[EncodedPolicy, ...]
    policy_of: Positions
    selecting: Positions
    isolating: Positions
    of_policies: Boxes
    of_isolation: Boxes

    @staticmethod
    def of(tier: EncodedTier, numbered: _Numbers) -> TierIndex:
        """The index of a tier; the sets in it are numbered."""
        places = [
            ((number, at), policy)
            for number, chain in enumerate(tier.chains)
            for at, group in enumerate(chain)
            for policy in group
        ]
        rules = [(number, rule) for number, (_, policy) in enumerate(places) for rule in policy.rules]
        return TierIndex(
            tier=tier,
            groups=tuple(place for place, _ in places),
            policies=tuple(policy for _, policy in places),
            policy_of=np.array([number for number, _ in rules], dtype=np.intp),
            selecting=numbered.subjects.array(policy.subjects for _, policy in places),
            isolating=numbered.subjects.array(policy.subjects for policy in tier.isolating),
            of_policies=Boxes.of([rule for _, rule in rules], numbered),
            of_isolation=Boxes.of(tier.isolation, numbered),
        )

    def kept(self, subjects: Flags, peers: Flags, ports: Flags) -> Kept:
        """The rest of the tier when only flagged sets matter."""
        boxes = self.of_policies.meeting(subjects, peers, ports)
        built_in = self.of_isolation.meeting(subjects, peers, ports)
        isolating = np.nonzero(subjects[self.isolating])[0]
        rules = self.of_policies.with_only(boxes)
        isolation = self.of_isolation.with_only(built_in)
        tier = TierOf(
            self.tier.name,
            self._chains(rules),
            tuple(self.tier.isolating[number] for number in isolating.tolist()),
            tuple(
                isolation.get(number) or EncodedRule(rule.rule, rule.policy, ())
                for number, rule in enumerate(self.tier.isolation)
            ),
        )
        selecting = self.selecting[self.policy_of[np.array([*rules], dtype=np.intp)]]
        both = ((self.of_policies, boxes), (self.of_isolation, built_in))
        return Kept(
            tier=tier,
            subjects=np.concatenate([selecting, self.isolating[isolating], *(each.subjects[at] for each, at in both)]),
            peers=np.concatenate([each.peers[at] for each, at in both]),
            ports=np.concatenate([each.ports[at] for each, at in both]),
        )

    def _chains(self, rules: dict[int, EncodedRule]) -> tuple[tuple[tuple[EncodedPolicy, ...], ...], ...]:
        """The policies that have any of these rules, with no other rule, in their chains and groups."""
        of_policy: dict[int, list[EncodedRule]] = {}
        for number, rule in rules.items():
            of_policy.setdefault(int(self.policy_of[number]), []).append(rule)
        chains: dict[int, dict[int, list[EncodedPolicy]]] = {}
        for number, own in of_policy.items():
            chain, group = self.groups[number]
            policy = self.policies[number]
            kept = DirectedPolicy(policy.policy, policy.subjects, tuple(own))
            chains.setdefault(chain, {}).setdefault(group, []).append(kept)
        return tuple(tuple(map(tuple, groups.values())) for groups in chains.values())


@dataclass(frozen=True)
class Kept:
    """The rest of a tier, and its sets: rows of the subject's and of the peer's side, numbers of ports.

    Each may be there several times.
    """

    tier: EncodedTier
    subjects: Positions
    peers: Positions
    ports: Positions


@dataclass(frozen=True)
class Index:
    """The tiers of both directions; `rows` are the sets of classes of each side, `ports` the sets of ports."""

    rows: dict[Side, Rows]
    ports: tuple[IntervalSet, ...]
    tiers: dict[Direction, tuple[TierIndex, ...]]

    @staticmethod
    def of(tiers: dict[Direction, tuple[EncodedTier, ...]], counts: dict[Side, int]) -> Index:
        """The index of the tiers of both directions, over this many classes of each side."""
        sets = {side: Numbered[int]() for side in Side}
        ports = Numbered[IntervalSet]()
        indexed = {
            direction: tuple(
                TierIndex.of(tier, _Numbers(sets[SUBJECT[direction]], sets[PEER[direction]], ports))
                for tier in tiers[direction]
            )
            for direction in Direction
        }
        rows = {side: Rows(sets[side].numbers, counts[side]) for side in Side}
        return Index(rows=rows, ports=tuple(ports.numbers), tiers=indexed)

    def kept(self, classes: dict[Side, int], ports: IntervalSet) -> dict[Direction, list[Kept]]:
        """The tiers without what cannot match a flow between these classes on these ports.

        A policy that isolates stays even when none of its rules do; so do the rules of isolation.
        """
        meeting = {side: self.rows[side].meeting(classes[side]) for side in Side}
        wanted = np.array([bool(each & ports) for each in self.ports], dtype=np.bool_)
        return {
            direction: [
                tier.kept(meeting[SUBJECT[direction]], meeting[PEER[direction]], wanted)
                for tier in self.tiers[direction]
            ]
            for direction in Direction
        }
