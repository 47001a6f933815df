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
from itertools import groupby

from reachproof.engines import calico
from reachproof.engines.cilium import tiers as cilium
from reachproof.engines.cilium.dns import with_learned_names
from reachproof.engines.istio import hbone
from reachproof.engines.istio import tiers as istio
from reachproof.engines.istio.membership import NO_MESH, Mesh, mesh_of
from reachproof.engines.namespace_programs import NamespacePrograms
from reachproof.engines.profile import PROFILES, Profile
from reachproof.network.errors import InputError, Problem
from reachproof.network.labels import EVERYTHING
from reachproof.network.options import CidrMatches, Enforcement, HostNetworkPods, Options
from reachproof.network.policy import (
    Action,
    AddressPeer,
    AnyPeer,
    Direction,
    Match,
    OwnNodePeer,
    PartyKind,
    Peer,
    PodSet,
    Policy,
    PolicyRef,
    Rule,
    TierName,
    Union,
)
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import BUILT_IN, Chain, Programs, Tier, perhaps_isolating

EXEMPTION = PolicyRef(kind="", namespace="", name="node exemption")
_PARTIES = {
    CidrMatches.ALL: frozenset(PartyKind),
    CidrMatches.WORLD_AND_NODES: frozenset((PartyKind.NODE, PartyKind.EXTERNAL)),
    CidrMatches.WORLD_AND_PODS: frozenset((PartyKind.POD, PartyKind.EXTERNAL)),
    CidrMatches.WORLD: frozenset((PartyKind.EXTERNAL,)),
}


def programs(snapshot: Snapshot) -> Programs:
    """The policies of the snapshot arranged under its options; made once. InputError as for `assemble`."""
    return snapshot.derived(_programs)


def programs_in(snapshot: Snapshot, namespace: str) -> Programs:
    """The programs without the policies that select no pod of the namespace; made once."""
    return snapshot.derived(_namespace_programs).of(snapshot.namespace_of[namespace])


def _programs(snapshot: Snapshot) -> Programs:
    return assemble(snapshot.policies, snapshot.options, mesh_of(snapshot))


def _namespace_programs(snapshot: Snapshot) -> NamespacePrograms:
    return NamespacePrograms(programs(snapshot))


def assemble(policies: Iterable[Policy], options: Options, mesh: Mesh = NO_MESH) -> Programs:
    """The programs that a cluster with these policies runs, under the options' profile; `mesh` is that of its objects.

    Policies without a rule in a direction, that do not isolate in it, are left out of that direction. InputError where
    the profile does not have what the policies, or the options, need.
    """
    policies = calico.enforced(policies, with_staged=options.with_staged)
    network = hbone.seen(_network([each for each in policies if each.tier is not TierName.ISTIO], options), mesh)
    before = istio.programs([each for each in policies if each.tier is TierName.ISTIO], mesh)
    return Programs(egress=(*before.egress, *network.egress), ingress=(*before.ingress, *network.ingress))


def _network(policies: list[Policy], options: Options) -> Programs:
    """The programs of the cluster's network, without those of a mesh."""
    profile = PROFILES[options.cni]
    _require_profile(policies, options, profile)
    enforced = [_adapted(policy, options, profile) for policy in policies if _enforced(policy, options, profile)]
    enforced.sort(key=lambda policy: (policy.priority, policy.ref.kind, policy.ref.namespace, policy.ref.name))
    if profile.normal_tier:
        adapted = with_learned_names(cilium.adapted(policy) for policy in enforced)
        egress, ingress = (cilium.tiers(adapted, direction, options) for direction in Direction)
        return Programs(egress=egress, ingress=ingress)
    if profile.calico_tiers:
        programmed = [calico.programmed(policy, profile) for policy in enforced]
        egress, ingress = ((*_exemption(direction), *calico.tiers(programmed, direction)) for direction in Direction)
        return Programs(egress=egress, ingress=ingress)
    return Programs(
        egress=_tiers(enforced, Direction.EGRESS, profile), ingress=_tiers(enforced, Direction.INGRESS, profile)
    )


def _require_profile(policies: Iterable[Policy], options: Options, profile: Profile) -> None:
    if options.enforcement is Enforcement.ALWAYS and not profile.normal_tier:
        message = f"found the value always with cni {options.cni}, expected the option cni cilium"
        raise InputError([Problem(file="options", path="enforcement", message=message)])
    if profile.calico_tiers and options.cidr_matches not in (None, CidrMatches.ALL):
        message = (
            f"{options.cidr_matches} is not possible with cni calico, which matches a CIDR with whatever has the "
            "address; leave the option out"
        )
        raise InputError([Problem(file="options", path="cidrMatches", message=message)])
    has = {TierName.CALICO: profile.calico_tiers, TierName.NORMAL: profile.normal_tier}
    foreign = [policy for policy in policies if not has.get(policy.tier, True)]
    if foreign:
        origin, own = foreign[0].origin, "Calico" if foreign[0].tier is TierName.CALICO else "Cilium"
        message = f"found a policy of {own} with cni {options.cni}, expected the option cni {own.lower()}"
        raise InputError([Problem(file=origin.file, line=origin.line, subject=str(foreign[0].ref), message=message)])


def _enforced(policy: Policy, options: Options, profile: Profile) -> bool:
    if options.enforcement is Enforcement.NONE or policy.ref.kind in profile.kinds_not_read:
        return False
    if policy.tier in (TierName.NETWORK_POLICY, TierName.NORMAL):
        return True
    if options.enforcement is Enforcement.NETWORK_POLICY:
        return False
    last = profile.last_admin_priority
    return last is None or policy.ref.kind != "AdminNetworkPolicy" or policy.priority <= last


def _adapted(policy: Policy, options: Options, profile: Profile) -> Policy:
    """The policy with its peers restricted or widened to what the options let them match."""
    parties = _PARTIES[options.cidr_matches or profile.cidr_matches]
    as_pods = options.host_network_pods is HostNetworkPods.PODS and policy.tier is TierName.NETWORK_POLICY
    if policy.placement is not None or (not as_pods and parties == frozenset(PartyKind)):
        return policy

    def peer(original: Peer) -> Peer:
        if isinstance(original, PodSet):
            return original if original.host_network is as_pods else replace(original, host_network=as_pods)
        if isinstance(original, AddressPeer):
            return replace(original, parties=original.parties & parties)
        if isinstance(original, Union):
            return Union(tuple(peer(item) for item in original.items))
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


def _tiers(policies: list[Policy], direction: Direction, profile: Profile) -> tuple[Tier, ...]:
    def acting(tier: TierName) -> list[Policy]:
        return [p for p in policies if p.tier is tier and p.acts(direction)]

    tiers = [
        *_exemption(direction),
        *_ranked(TierName.ADMIN, acting(TierName.ADMIN), profile),
        *_network_policy(acting(TierName.NETWORK_POLICY), direction, profile),
        *(_selection_ends(policies) if profile.selection_ends_baseline else ()),
        *_ranked(TierName.BASELINE, acting(TierName.BASELINE), profile),
    ]
    return tuple(tier for tier in tiers if tier.chains)


def _exemption(direction: Direction) -> tuple[Tier, ...]:
    """NetworkPolicy v1: a pod always accepts traffic from the node it runs on."""
    if direction is Direction.EGRESS:
        return ()
    rule = Rule(action=Action.ALLOW, matches=(Match(OwnNodePeer()),), name="own node", origin=BUILT_IN)
    pods = PodSet(EVERYTHING, EVERYTHING, host_network=True)
    exemption = Policy(ref=EXEMPTION, tier=TierName.DEFAULT, subject=pods, ingress=(rule,), origin=BUILT_IN)
    return (Tier(name=TierName.DEFAULT, chains=(((exemption,),),)),)


def _ranked(name: TierName, policies: list[Policy], profile: Profile) -> tuple[Tier, ...]:
    """Admin kinds: one chain per API, ordered by priority; the APIs are not ordered against each other."""
    cluster = _chain([p for p in policies if p.ref.kind == "ClusterNetworkPolicy"], profile)
    admin = _chain([p for p in policies if p.ref.kind != "ClusterNetworkPolicy"], profile)
    chains = tuple(chain for chain in (cluster, admin) if chain)
    if profile.cluster_policies_first:
        return tuple(Tier(name=name, chains=(chain,)) for chain in chains)
    return (Tier(name=name, chains=chains),)


def _chain(policies: list[Policy], profile: Profile) -> Chain:
    def rank(policy: Policy) -> tuple[float, str]:
        return policy.priority, policy.ref.name if profile.ties_by_name else ""

    return tuple(tuple(group) for _, group in groupby(policies, key=rank))


def _network_policy(policies: list[Policy], direction: Direction, profile: Profile) -> tuple[Tier, ...]:
    if not policies:
        return ()
    deny = Rule(action=Action.DENY, matches=(Match(AnyPeer()),), name="isolation", origin=BUILT_IN)
    own_node = Rule(
        action=Action.ALLOW,
        matches=(Match(OwnNodePeer()),),
        may=not profile.own_node_egress_allowed,
        name="own node",
        origin=BUILT_IN,
    )
    isolation = (own_node, deny) if direction is Direction.EGRESS else (deny,)
    perhaps = [replace(rule, may=True) for rule in isolation]
    chain = (tuple(policies), *perhaps_isolating(policies, direction, perhaps))
    return (Tier(name=TierName.NETWORK_POLICY, chains=(chain,), isolation=isolation),)


def _selection_ends(policies: list[Policy]) -> tuple[Tier, ...]:
    """A pod that any NetworkPolicy selects, in whichever direction, never meets the baseline."""
    allow = Rule(action=Action.ALLOW, matches=(Match(AnyPeer()),), name="selected", origin=BUILT_IN)
    selecting = tuple(
        replace(policy, egress=(allow,), ingress=(allow,), isolates=frozenset())
        for policy in policies
        if policy.tier is TierName.NETWORK_POLICY
    )
    return (Tier(name=TierName.NETWORK_POLICY, chains=((selecting,),)),) if selecting else ()
