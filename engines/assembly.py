"""Policies arranged into tiers: what is evaluated, in which order, and where order is undefined.

    Programs = one tuple of tiers per direction; after the last tier a flow is allowed
    Tier     = chains that nothing orders against each other, then `isolation`
    Chain    = groups in order
    Group    = policies of equal priority, unordered

Outcome of a policy for a flow whose subject it selects: the action of its first matching rule, or nothing. Of a group:
the outcome of any one of its policies that has one. Of a chain: that of its first group that has one. Of a tier: that
of any one of its chains that has one; else, where a policy of the tier isolates the subject in this direction, the
first matching rule of `isolation`; else pass. Pass goes on with the next tier.

A group in which all rules allow (NetworkPolicy) has one outcome whatever the order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reachproof.engines import not_read
from reachproof.engines.calico import tiers as calico
from reachproof.engines.cilium import port_names
from reachproof.engines.istio import hbone
from reachproof.engines.istio import tiers as istio
from reachproof.engines.istio.membership import NO_MESH, Mesh, mesh_of
from reachproof.engines.namespace_programs import NamespacePrograms
from reachproof.engines.own_tiers import MESH, with_network_policies
from reachproof.engines.profile import EngineProfile
from reachproof.engines.registry import PROFILES, profile_of
from reachproof.network.errors import InputError, Problem
from reachproof.network.options import CidrMatches, Cni, Enforcement, HostNetworkPods, Options
from reachproof.network.policy import (
    AddressPeer,
    Complement,
    Direction,
    Intersection,
    Match,
    OwnTier,
    PartyKind,
    Peer,
    PodSet,
    Policy,
    Rule,
    TierName,
    Union,
)
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import Programs

_PARTIES = {
    CidrMatches.ALL: frozenset(PartyKind),
    CidrMatches.WORLD_AND_NODES: frozenset((PartyKind.NODE, PartyKind.EXTERNAL)),
    CidrMatches.WORLD_AND_PODS: frozenset((PartyKind.POD, PartyKind.EXTERNAL)),
    CidrMatches.WORLD: frozenset((PartyKind.EXTERNAL,)),
}
_NO_OBJECTS = Snapshot()


def programs(snapshot: Snapshot) -> Programs:
    """The policies of the snapshot arranged under its options; made once. InputError as for `assemble`."""
    return snapshot.derived(_programs)


def programs_in(snapshot: Snapshot, namespace: str) -> Programs:
    """The programs without the policies that select no pod of the namespace; made once."""
    return snapshot.derived(_namespace_programs).of(snapshot.namespace_of[namespace])


def _programs(snapshot: Snapshot) -> Programs:
    return assemble(snapshot.policies, snapshot.options, mesh_of(snapshot), snapshot)


def _namespace_programs(snapshot: Snapshot) -> NamespacePrograms:
    return NamespacePrograms(programs(snapshot))


def assemble(
    policies: Iterable[Policy], options: Options, mesh: Mesh = NO_MESH, cluster: Snapshot = _NO_OBJECTS
) -> Programs:
    """The programs that a cluster with these policies runs, under the options' profile; `mesh` is that of its objects.

    Of `cluster` only the objects are looked at.

    Policies without a rule in a direction, that do not isolate in it, are left out of that direction. InputError where
    the profile does not have what the policies, or the options, need.
    """
    read, unread = not_read.apart(calico.enforced(policies, with_staged=options.with_staged))
    as_pods = options.host_network_pods is HostNetworkPods.PODS
    profile = profile_of(options)
    settled = [profile.settled(each, [*read, *unread]) for each in unread]
    unread = [not_read.of_host_network(each, as_pods=as_pods) for each in settled]
    network = hbone.seen(_network([each for each in read if each.tier != MESH], options, cluster), mesh)
    before = istio.programs([each for each in read if each.tier == MESH], mesh, unread)
    return Programs(
        egress=(*not_read.first_tier(unread, Direction.EGRESS), *before.egress, *network.egress),
        ingress=(*not_read.first_tier(unread, Direction.INGRESS), *before.ingress, *network.ingress),
    )


def _network(policies: list[Policy], options: Options, cluster: Snapshot) -> Programs:
    """The programs of the cluster's network, without those of a mesh."""
    profile = profile_of(options)
    _require_profile(policies, options, profile)
    enforced = [
        profile.with_hosts(_adapted(policy, options, profile), cluster)
        for policy in policies
        if _enforced(policy, options, profile)
    ]
    if profile.one_number_per_name:
        numbers = port_names.numbers_of(cluster.pods)
        enforced = [port_names.with_numbers(policy, numbers) for policy in enforced]
    enforced.sort(key=lambda policy: (policy.priority, policy.ref.kind, policy.ref.namespace, policy.ref.name))
    return profile.arranged(enforced, options)


def _require_profile(policies: Iterable[Policy], options: Options, profile: EngineProfile) -> None:
    problem = profile.refusal(options)
    if problem is not None:
        raise InputError([problem])
    for policy in policies:
        if isinstance(policy.tier, OwnTier) and policy.tier.engine != profile.name:
            engine = PROFILES[Cni(policy.tier.engine)]
            message = f"a policy of {engine.title} needs the option cni {engine.name} (got {profile.name})"
            origin, subject = policy.origin, str(policy.ref)
            raise InputError([Problem(file=origin.file, line=origin.line, subject=subject, message=message)])


def _enforced(policy: Policy, options: Options, profile: EngineProfile) -> bool:
    if options.enforcement is Enforcement.NONE or policy.ref.kind in profile.kinds_not_read | options.kinds_off:
        return False
    if with_network_policies(policy.tier):
        return True
    if options.enforcement is Enforcement.NETWORK_POLICY:
        return False
    last = profile.last_admin_priority
    return last is None or policy.ref.kind != "AdminNetworkPolicy" or policy.priority <= last


def _adapted(policy: Policy, options: Options, profile: EngineProfile) -> Policy:
    """The policy with its peers restricted or widened to what the options let them match."""
    parties = _PARTIES[options.cidr_matches or profile.cidr_matches]
    as_pods = options.host_network_pods is HostNetworkPods.PODS and policy.tier is TierName.NETWORK_POLICY
    if not as_pods and parties == frozenset(PartyKind):
        return policy

    def peer(original: Peer) -> Peer:
        if isinstance(original, PodSet):
            return original if original.host_network is as_pods else replace(original, host_network=as_pods)
        if isinstance(original, AddressPeer):
            return replace(original, parties=original.parties & parties)
        if isinstance(original, Union | Intersection):
            return type(original)(tuple(peer(item) for item in original.items))
        if isinstance(original, Complement):
            return Complement(peer(original.item))
        return original

    def match(original: Match) -> Match:
        seen = peer(original.peer)
        return original if seen is original.peer else replace(original, peer=seen)

    def rules(original: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(replace(rule, matches=tuple(map(match, rule.matches))) for rule in original)

    return replace(
        policy,
        subject=replace(policy.subject, host_network=as_pods),
        egress=rules(policy.egress),
        ingress=rules(policy.ingress),
    )
