"""What a flow comes to in two snapshots, in every way to settle what they leave open: by the evaluator alone.

A choice is the same in both where it is about one thing: a condition of a policy's rules, whether the ends are on one
node, the order of two policies that did not change, the order of two kinds. Each way of making the choices makes other
programs, in which nothing is open, and the evaluator is asked with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product

from reachproof.network.flow import Flow
from reachproof.network.origin import Origin
from reachproof.network.policy import (
    Action,
    AnyPeer,
    Direction,
    DomainPeer,
    Match,
    OtherNodePeer,
    OwnNodePeer,
    Policy,
    Rule,
)
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import BUILT_IN, Chain, Tier
from reachproof.semantics.evaluate import tiers, ways
from reachproof.semantics.match import Matched, any_match, in_pod_set, subject
from tests.strategies.pairs import Change

MOST_CONDITIONS = 6
MOST_TIED = 4
Key = tuple[object, ...]
OLD = ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy")


class TooManyError(Exception):
    """There are more choices than are tried out here."""


def ends(change: Change, flows: tuple[Flow, Flow]) -> set[tuple[bool, bool]]:
    """Whether the flow is allowed (before, after), for every way to make the choices."""
    same = unchanged(change)
    sides = list(zip(("before", "after"), (change.before, change.after), flows, strict=True))
    programs = {
        (side, direction): _met(snapshot, flow, direction, tiers(snapshot, flow, direction))
        for side, snapshot, flow in sides
        for direction in Direction
    }
    conditions = sorted({key for p in programs.values() for rule in _rules(p) if (key := _condition(rule))}, key=repr)
    tied = sorted({key for where, p in programs.items() for key in _tied(p, where, same)}, key=repr)
    if len(conditions) > MOST_CONDITIONS or len(tied) > MOST_TIED:
        raise TooManyError
    found = set()
    for told in product((False, True), repeat=len(conditions)):
        chosen = dict(zip(conditions, told, strict=True))
        for order in permutations(tied):
            for old_first in (False, True):
                allowed = []
                for side, snapshot, flow in sides:
                    made = {
                        direction: _settled(
                            programs[side, direction], (side, direction), same, chosen, order, old_first=old_first
                        )
                        for direction in Direction
                    }
                    allowed.append(all(_allows(snapshot, flow, each, made[each]) for each in Direction))
                found.add((allowed[0], allowed[1]))
    return found


def unchanged(change: Change) -> set[object]:
    """The policies that both snapshots have and that say the same, what is not modelled included."""
    old = {policy.ref: policy for policy in change.before.policies}
    return {
        policy.ref
        for policy in change.after.policies
        if change.before.options == change.after.options
        and policy.ref in old
        and _bare(old[policy.ref]) == _bare(policy)
    }


def _bare(policy: Policy) -> object:
    nowhere = Origin(file="")
    rules = [replace(rule, origin=nowhere) for direction in Direction for rule in policy.rules(direction)]
    conditions = [rule.condition for rule in rules]
    return replace(policy, origin=nowhere, egress=(), ingress=()), rules, conditions


def _allows(snapshot: Snapshot, flow: Flow, direction: Direction, program: tuple[Tier, ...]) -> bool:
    found = ways(snapshot, flow, direction, program)
    assert len(found) == 1, "something was left open"
    return Action.ALLOW in found


# ---------------------------------------------------------------- what a flow meets


def _met(snapshot: Snapshot, flow: Flow, direction: Direction, program: tuple[Tier, ...]) -> tuple[Tier, ...]:
    """The program with the rules that match the flow or may; those that may are marked by `may`, and no others."""

    def rules(policy: Policy, given: tuple[Rule, ...]) -> tuple[Rule, ...]:
        found = []
        for rule in given:
            as_pods = policy.subject.host_network
            matched = any_match(snapshot, rule.matches, flow, direction, host_network=as_pods)
            if matched is not Matched.NO:
                found.append(replace(rule, may=rule.may or matched is Matched.MAYBE, reason=_sort(rule)))
        return tuple(found)

    def policy(each: Policy) -> Policy:
        return replace(each, egress=rules(each, each.egress), ingress=rules(each, each.ingress))

    party = subject(flow, direction)[0]
    found = []
    for tier in program:
        chains = tuple(
            tuple(tuple(policy(p) for p in group if in_pod_set(snapshot, p.subject, party)) for group in chain)
            for chain in tier.chains
        )
        first = next((p for chain in chains for group in chain for p in group if direction in p.isolates), None)
        isolation = rules(first, tier.isolation) if first else ()
        found.append(replace(tier, chains=chains, isolation=isolation))
    return tuple(found)


def _sort(rule: Rule) -> str:
    """`node` where all that is open about a rule is where the ends run; `not node` where it is about other nodes."""
    if rule.may and rule.origin != BUILT_IN:
        return ""
    kinds = {kind for match in rule.matches for kind in (OwnNodePeer, OtherNodePeer) if isinstance(match.peer, kind)}
    if len(kinds) != 1 or any(isinstance(match.peer, DomainPeer) for match in rule.matches):
        return ""
    return "node" if kinds == {OwnNodePeer} else "not node"


def _rules(program: tuple[Tier, ...]) -> Iterator[tuple[object, Rule]]:
    for tier in program:
        for chain in tier.chains:
            for group in chain:
                for policy in group:
                    yield from ((policy.ref, rule) for rule in (*policy.egress, *policy.ingress))
        yield from ((None, rule) for rule in tier.isolation)


def _condition(found: tuple[object, Rule]) -> Key:
    """The name of what it depends on; nothing where it does not."""
    ref, rule = found
    if not rule.may:
        return ()
    if rule.reason in ("node", "not node"):
        return ("node",)
    written = rule.condition or repr(replace(rule, origin=Origin(file="")))
    return (ref, str(rule.action), rule.reason_code, written)


def _actions(policy: Policy) -> set[Action]:
    return {rule.action for rule in (*policy.egress, *policy.ingress)}


def _tied(program: tuple[Tier, ...], where: tuple[str, Direction], same: set[object]) -> set[Key]:
    return {
        _policy_key(policy, where, same)
        for tier in program
        for chain in tier.chains
        for group in chain
        if len(set().union(*map(_actions, group))) > 1
        for policy in group
    }


def _policy_key(policy: Policy, where: tuple[str, Direction], same: set[object]) -> Key:
    side, direction = where
    built_in = policy.origin == BUILT_IN
    return (policy.ref, direction) if policy.ref in same or built_in else (policy.ref, direction, side)


# ---------------------------------------------------------------- programs in which nothing is open


def _settled(
    program: tuple[Tier, ...],
    where: tuple[str, Direction],
    same: set[object],
    chosen: dict[Key, bool],
    order: tuple[Key, ...],
    *,
    old_first: bool,
) -> tuple[Tier, ...]:
    def rules(ref: object, given: tuple[Rule, ...]) -> tuple[Rule, ...]:
        found = []
        for rule in given:
            key = _condition((ref, rule))
            if not key or chosen[key] is not (rule.reason == "not node"):
                found.append(replace(rule, may=False, matches=(Match(AnyPeer()),)))
        return tuple(found)

    def policy(each: Policy) -> Policy:
        return replace(each, egress=rules(each.ref, each.egress), ingress=rules(each.ref, each.ingress))

    def chain(given: Chain) -> Chain:
        groups = []
        for group in given:
            placed = sorted(group, key=lambda p: order.index(k) if (k := _policy_key(p, where, same)) in order else -1)
            groups += [(policy(each),) for each in placed]
        return tuple(groups)

    found = []
    for tier in program:
        chains = sorted(tier.chains, key=lambda each: _is_old(each) is not old_first)
        together = tuple(group for each in chains for group in chain(each))
        found.append(replace(tier, chains=(together,) if together else (), isolation=rules(None, tier.isolation)))
    return tuple(found)


def _is_old(chain: Chain) -> bool:
    return all(policy.ref.kind in OLD for group in chain for policy in group)
