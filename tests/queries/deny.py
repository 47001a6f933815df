"""Default deny and selection by brute force: each flow through the tiers, with all their outcomes."""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.grammar import ast
from reachproof.network.cluster import Pod
from reachproof.network.flow import External, Flow
from reachproof.network.options import Enforcement
from reachproof.network.policy import Action, Direction, TierName
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import BUILT_IN
from reachproof.semantics.evaluate import tiers
from reachproof.semantics.match import in_pod_set
from reachproof.semantics.outcomes import Case, Outcomes, tier_outcomes
from tests.queries.world import End, Test, Triple, World, as_flow, exempt, inside

LEFT_OPEN = {None, Action.PASS}


def denies_by_default(world: World, claim: ast.DefaultDeny, there: Test) -> tuple[bool, bool]:
    """Whether the claim holds in every outcome, and whether it is about any flow."""
    about = False
    for direction in (claim.direction,) if claim.direction else tuple(Direction):
        for triple in _asked(world, claim, direction, there):
            about = True
            assert isinstance(claim.tier, ast.DenyTier)
            if _gets_through(world.snapshot, claim.tier, as_flow(triple), direction):
                return False, True
    return True, about


def _asked(world: World, claim: ast.DefaultDeny, direction: Direction, there: Test) -> Iterator[Triple]:
    """The flows of the scope, to or from every pod, and the outside where the tier can see it. No host network."""
    sees = claim.tier in (ast.DenyTier.NETWORK_POLICIES, ast.DenyTier.CLUSTER)
    outside = sees or claim.including_external or direction is Direction.EGRESS

    def on_the_pod_network(end: End) -> bool:
        return isinstance(end.party, Pod) and not end.party.host_network

    def asked(source: End, destination: End, port: object) -> bool:
        own, far = (source, destination) if direction is Direction.EGRESS else (destination, source)
        if not on_the_pod_network(own) or not inside(world, claim.scope, own, far):
            return False
        return on_the_pod_network(far) or (outside and isinstance(far.party, External))

    for triple in world.flows(lambda s, d, p: asked(s, d, p) and there(s, d, p)):
        if not exempt(world, claim.exceptions, triple):
            yield triple


def _gets_through(snapshot: Snapshot, tier: ast.DenyTier, flow: Flow, direction: Direction) -> bool:
    match tier:
        case ast.DenyTier.BASELINE:
            kept = tuple(p for p in snapshot.policies if p.tier is not TierName.NETWORK_POLICY)
            decided, undecided = _walk(snapshot.with_policies(kept), flow, direction)
            return undecided or (TierName.BASELINE, Action.ALLOW) in decided
        case ast.DenyTier.ADMIN:
            kept = tuple(p for p in snapshot.policies if p.tier is TierName.ADMIN)
            decided, undecided = _walk(snapshot.with_policies(kept), flow, direction)
            return undecided or (TierName.ADMIN, Action.ALLOW) in decided
        case ast.DenyTier.NETWORK_POLICIES:
            pod = flow.source if direction is Direction.EGRESS else flow.destination
            return not isolated(snapshot, pod, direction)
        case ast.DenyTier.CLUSTER:
            return _walk(snapshot, flow, direction)[1]


def _walk(snapshot: Snapshot, flow: Flow, direction: Direction) -> tuple[set[tuple[str, Action]], bool]:
    """Who can decide the flow and how, and whether it can come to the end with no rule of a policy deciding it."""
    decided: set[tuple[str, Action]] = set()
    case = Case(snapshot=snapshot, flow=flow, direction=direction)
    for tier in tiers(snapshot, flow, direction):
        outcomes = tier_outcomes(case, tier)
        name = str(tier.name).removeprefix("kube-")
        decided |= {(name, action) for action in outcomes if action not in LEFT_OPEN and action is not None}
        if _ends_without_a_rule(outcomes):
            return decided, True
        if not outcomes.keys() & LEFT_OPEN:
            return decided, False
    return decided, True


def _ends_without_a_rule(outcomes: Outcomes) -> bool:
    """Where selection by a NetworkPolicy ends the baseline tier, the flow is let through by no rule of it."""
    allowed = outcomes.get(Action.ALLOW)
    return allowed is not None and allowed.rule is not None and allowed.rule.origin == BUILT_IN


def isolated(snapshot: Snapshot, party: object, direction: Direction) -> bool:
    """Whether a NetworkPolicy isolates the pod."""
    return (
        isinstance(party, Pod)
        and snapshot.options.enforcement is not Enforcement.NONE
        and any(
            policy.tier is TierName.NETWORK_POLICY
            and direction in policy.isolates
            and in_pod_set(snapshot, policy.subject, party)
            for policy in snapshot.policies
        )
    )


def all_selected(world: World, claim: ast.Selected, there: Test) -> tuple[bool, bool]:
    """Whether every pod of the scope, but those on the host network, is isolated; and whether there is any."""
    ends = [end for end in world.ends if inside(world, claim.scope, end, end) and there(end, end, world.ports[0])]
    pods = [end.party for end in ends if isinstance(end.party, Pod)]
    asked = [pod for pod in pods if not pod.host_network]
    directions = (claim.direction,) if claim.direction else tuple(Direction)
    return all(isolated(world.snapshot, pod, direction) for pod in asked for direction in directions), bool(asked)
