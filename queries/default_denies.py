"""Policies that deny by default: what they do for pods that may come is not seen in any flow of today.

Trusted by REDUNDANT_POLICY alone, which is not said of such a policy; checked by tests/queries/test_hygiene.py.
"""

from __future__ import annotations

from reachproof.engines.not_read import stands_apart
from reachproof.engines.policies import in_force
from reachproof.network.labels import EVERYTHING
from reachproof.network.policy import Action, AnyPeer, Direction, PodSet, Policy
from reachproof.network.snapshot import Snapshot

_ALL = (AnyPeer(), PodSet(EVERYTHING, EVERYTHING))


def guards_alone(policy: Policy, snapshot: Snapshot) -> bool:
    """True if it denies by default in some direction, and no other policy of its tier would for all pods to come.

    A policy that only denies is alone beside policies that allow something too: these may go with what they are for.
    """
    others = [
        each
        for each in snapshot.policies
        if each.ref.namespace in ("", policy.ref.namespace)  # a policy of a namespace selects pods of it alone
        and each.tier == policy.tier
        and each.ref != policy.ref
        and in_force(each, snapshot.options)
        and not stands_apart(each)
        and _covers(each.subject, policy.subject)
    ]
    return any(
        _denies(policy, direction) and not any(_as_strict(each, policy, direction) for each in others)
        for direction in Direction
    )


def _as_strict(other: Policy, policy: Policy, direction: Direction) -> bool:
    """True if the other denies by default too, and allows something only if the policy does."""
    return _denies(other, direction) and (_allows(policy, direction) or not _allows(other, direction))


def _allows(policy: Policy, direction: Direction) -> bool:
    return any(rule.action is not Action.DENY for rule in policy.rules(direction))


def _denies(policy: Policy, direction: Direction) -> bool:
    """True if what no rule of the policy allows is denied, at least from or to all pods."""
    everything = any(
        rule.action is Action.DENY and match.ports is None and match.subject == AnyPeer() and match.peer in _ALL
        for rule in policy.rules(direction)
        for match in rule.matches
    )
    return everything or direction in policy.isolates


def _covers(wide: PodSet, narrow: PodSet) -> bool:
    """True if every pod that could be in one set would be in the other, as their conditions show."""
    return (
        set(wide.namespaces.requirements) <= set(narrow.namespaces.requirements)
        and set(wide.pods.requirements) <= set(narrow.pods.requirements)
        and wide.where in (None, narrow.where)
        and wide.host_network >= narrow.host_network
    )
