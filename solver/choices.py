"""The choices that two snapshots leave open for a flow, by names: the same name where it is the same choice.

| Open | Choice | The same in both snapshots |
|---|---|---|
| a rule may match (source ports, requests, domain names, ...) | it does, or not | for a condition of one policy |
| whether the ends are on one node, and may then talk | they are, or not | always |
| what an object that is not read does | it allows or denies | where policies and labels are the same in both |
| which policy of equal priority comes first | their order | of policies that did not change |
| which of two kinds of policy comes first | their order | always |

An object that is not read may stand behind a policy that decides a flow in one snapshot only, so what it then does is
not what it did; one that can only deny is a filter of its own, which looks at labels alone.

With every choice made a flow has one verdict in either snapshot. Two of them are tied together only where they are
about one thing: a rule's condition is all that it depends on besides its matches (`network.policy.Rule`).

Trusted by both engines when snapshots are compared; checked by tests/agreement/test_pairs.py, where the evaluator
makes the choices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from reachproof.engines.cilium.port_names import names_a_port, numbers_of
from reachproof.engines.not_read import is_not_read
from reachproof.engines.registry import profile_of
from reachproof.network.policy import Action, Direction, DomainPeer, OtherNodePeer, OwnNodePeer, PolicyRef, TierId
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import BUILT_IN, DirectedPolicy, TierOf, all_rules
from reachproof.solver.bitset import Positions
from reachproof.solver.slice import Patch, Slice, SlicedPolicy, SlicedRule, SlicedTier

Key = tuple[object, ...]
OWN_NODE: Key = ("own node",)
_OLD_KINDS = frozenset(("AdminNetworkPolicy", "BaselineAdminNetworkPolicy"))


@dataclass(frozen=True, slots=True)
class Literal:
    """A rule matches where it may match if the choice is `wish`."""

    key: Key
    wish: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRule:
    """A rule, and the choice it depends on where it may match. `ident` is the same for one rule of two snapshots."""

    ident: Key
    action: Action
    certain: tuple[Patch, ...]
    possible: tuple[Patch, ...]
    literal: Literal


@dataclass(frozen=True, slots=True)
class OpenPolicy(DirectedPolicy[Positions, OpenRule]):
    """A policy; `key` is the same for one policy of two snapshots that did not change."""

    key: Key


OpenGroup: TypeAlias = tuple[OpenPolicy, ...]
OpenTier: TypeAlias = TierOf[OpenPolicy, OpenRule]
OpenProgram: TypeAlias = tuple[OpenTier, ...]


def order_of_kinds(tier: TierOf[object, object]) -> Key:
    """The choice that is true where a chain of the older admin kinds comes before another one, in one direction."""
    return ("order of kinds", tier.name)


def is_of_old_kinds(chain: Iterable[Iterable[DirectedPolicy[object, object]]]) -> bool:
    """True if the chain is that of the older admin kinds."""
    return all(policy.policy.ref.kind in _OLD_KINDS for group in chain for policy in group)


class HasAction(Protocol):
    """A rule in some form."""

    @property
    def action(self) -> Action:
        """The action of the choice."""


def one_action(group: Iterable[DirectedPolicy[object, HasAction]]) -> bool:
    """True if all rules do the same, so that the order of the policies has no effect."""
    return len({rule.action for policy in group for rule in policy.rules}) <= 1


def may_be_open(part: Slice) -> bool:
    """True if some choice may be left open in a slice."""
    return any(
        any(rule.possible for rule in all_rules(tier)) or len(tier.chains) > 1 or _has_tie(tier)
        for tier in (*part.egress, *part.ingress)
    )


def _has_tie(tier: SlicedTier) -> bool:
    groups = (group for group in tier.groups if len(group) > 1)
    return any(len({rule.rule.action for policy in group for rule in policy.rules}) > 1 for group in groups)


def unchanged(before: Snapshot, after: Snapshot) -> frozenset[PolicyRef]:
    """The policies that both have, and that do the same; none where the snapshots are read in two ways.

    A port name that stands for a number of the whole cluster does the same while that is the same number.
    """
    if before.options != after.options:
        return frozenset()
    shared = profile_of(after.options).one_number_per_name
    moved = shared and numbers_of(before.pods) != numbers_of(after.pods)
    old = {policy.ref: policy for policy in before.policies}
    same = (policy for policy in after.policies if policy.ref in old and old[policy.ref].does_as(policy))
    return frozenset(policy.ref for policy in same if not (moved and any(map(names_a_port, policy.egress))))


def built_in(part: Slice) -> frozenset[PolicyRef]:
    """The policies of a slice that nobody wrote."""
    written = {policy.ref for policy in part.view.universe.snapshot.policies}
    return frozenset(
        {policy.policy.ref for tier in (*part.egress, *part.ingress) for policy in tier.policies} - written
    )


@dataclass(frozen=True, slots=True)
class Settled:
    """The common ground of two snapshots: all their policies, and the labels of endpoints that are in both."""

    policies: bool
    labels: bool

    @staticmethod
    def of(before: Snapshot, after: Snapshot, same: frozenset[PolicyRef]) -> Settled:
        """Their common ground; `same`: the policies that did not change."""
        return Settled(
            policies=all(policy.ref in same for each in (before, after) for policy in each.policies),
            labels=all(pod.labels == found.labels for pod in before.pods if (found := after.pod_of.get(pod.key)))
            and all(
                home.labels == new.labels for home in before.namespaces if (new := after.namespace_of.get(home.name))
            ),
        )


class Naming:
    """Names the choices of one slice; `side` tells those apart that only this snapshot has."""

    def __init__(self, part: Slice, side: str, same: frozenset[PolicyRef], *, settled: Settled) -> None:
        self._part = part
        self._side = side
        self._same = same
        self._settled = settled

    def program(self, direction: Direction) -> OpenProgram:
        """The tiers of a direction with their choices."""
        seen: Counter[Key] = Counter()
        return tuple(self._tier(tier, direction, seen) for tier in self._part.tiers(direction))

    def _tier(self, tier: SlicedTier, direction: Direction, seen: Counter[Key]) -> OpenTier:
        def rule(each: SlicedRule) -> OpenRule:
            return self._rule(each, tier.name, direction, seen)

        def policy(each: SlicedPolicy) -> OpenPolicy:
            ref = each.policy.ref
            key = ("policy", ref, direction, *(() if ref in self._same else (self._side,)))
            return OpenPolicy(each.policy, each.subjects, tuple(map(rule, each.rules)), key)

        return tier.map(policy, rule)

    def _rule(self, rule: SlicedRule, tier: TierId, direction: Direction, seen: Counter[Key]) -> OpenRule:
        written = rule.rule
        ref = rule.policy.ref if rule.policy is not None else None
        own: Key = () if ref is None or ref in self._same else (self._side,)
        ident = _next(
            (tier, ref, direction, written.index, written.name, written.action, written.may, written.reason_code, *own),
            seen,
        )
        return OpenRule(
            ident=ident,
            action=written.action,
            certain=rule.certain,
            possible=rule.possible,
            literal=_literal(rule, direction, () if self._is_settled(rule) else (self._side,)),
        )

    def _is_settled(self, rule: SlicedRule) -> bool:
        """False for a rule of an object that is not read and may do something else in the other snapshot."""
        policy = rule.policy
        if policy is None or not is_not_read(policy):
            return True
        filters = all(each.action is Action.DENY for each in (*policy.egress, *policy.ingress))
        return self._settled.labels and (filters or self._settled.policies)


def _literal(rule: SlicedRule, direction: Direction, own: Key) -> Literal:
    if _is_about_nodes(rule):
        others = any(isinstance(match.peer, OtherNodePeer) for match in rule.rule.matches)
        return Literal(OWN_NODE, not others)
    written = rule.rule
    ref = rule.policy.ref if rule.policy is not None else None
    condition = written.condition or repr(written.placeless)
    return Literal(("rule", ref, direction, written.action, written.reason_code, condition, *own))


def _is_about_nodes(rule: SlicedRule) -> bool:
    """True if all that is open about the rule is where the ends of a flow run, or what a built-in rule means."""
    if rule.rule.may and rule.rule.origin != BUILT_IN:
        return False
    peers = [match.peer for match in rule.rule.matches]
    near = [isinstance(peer, kind) for kind in (OwnNodePeer, OtherNodePeer) for peer in peers]
    both = all(any(isinstance(peer, kind) for peer in peers) for kind in (OwnNodePeer, OtherNodePeer))
    return any(near) and not both and not any(isinstance(peer, DomainPeer) for peer in peers)


def _next(key: Key, seen: Counter[Key]) -> Key:
    """The key with its number among equal ones."""
    seen[key] += 1
    return (*key, seen[key])


def same_patches(one: Iterable[Patch], other: Iterable[Patch]) -> bool:
    """True if these are the same patches in the same order."""
    ones, others = list(one), list(other)
    return len(ones) == len(others) and all(
        a.atoms == b.atoms and a.subjects.tobytes() == b.subjects.tobytes() and a.peers.tobytes() == b.peers.tobytes()
        for a, b in zip(ones, others, strict=True)
    )


Programs = Mapping[Direction, tuple[OpenProgram, OpenProgram]]


def open_programs(before: Slice, after: Slice, same: frozenset[PolicyRef]) -> Programs:
    """The programs of two joint slices, before and after, by direction; `same`: the policies that are `unchanged`."""
    snapshots = [part.view.universe.snapshot for part in (before, after)]
    if snapshots[0].options == snapshots[1].options:
        same |= built_in(before) | built_in(after)
    settled = Settled.of(snapshots[0], snapshots[1], same)
    naming = [Naming(part, side, same, settled=settled) for part, side in ((before, "before"), (after, "after"))]
    return {direction: (naming[0].program(direction), naming[1].program(direction)) for direction in Direction}
