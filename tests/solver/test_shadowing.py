"""What is found idle, redundant or ambiguous is so for the evaluator, flow by flow; and what is not found is not."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.network.address import parse_cidrs
from reachproof.network.errors import InternalError
from reachproof.network.flow import Flow
from reachproof.network.labels import EVERYTHING, Selector
from reachproof.network.policy import (
    Action,
    AddressPeer,
    Direction,
    DomainPeer,
    OtherNodePeer,
    OwnNodePeer,
    PodSet,
    Policy,
    PortMatch,
    Rule,
    TierName,
)
from reachproof.network.ports import Protocol, port_range
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.encoding import prepare
from reachproof.solver.goal import At, Members, Side
from reachproof.solver.nondeterminism import Ambiguity, Cause, ambiguities
from reachproof.solver.redundancy import Redundancy, redundancy
from reachproof.solver.shadowing import IdleRule, idle_rules, shut_out, whole
from reachproof.solver.z3_backend import Prover
from tests.agreement.engines import asked, prover
from tests.semantics.stage import DB, N1, PODS, WEB, admin_policy, network_policy, rule, snapshot
from tests.strategies.flows import all_flows
from tests.strategies.snapshots import snapshots

BUDGET = Budget()
WEB_PODS = PodSet(EVERYTHING, Selector.equal("app", "web"))


def idle(of: Snapshot) -> tuple[IdleRule, ...]:
    return idle_rules(whole(prepare(of), BUDGET), BUDGET)


def told(of: Snapshot) -> list[str]:
    return [
        f"{each.policy.ref.name}[{each.rule.index}] {each.direction} {'overridden' if each.overridden else 'shadowed'} "
        f"by {', '.join(_taker(taker.policy, taker.rule, taker.action) for taker in each.takers)}"
        for each in idle(of)
    ]


def _taker(policy: Policy, by: Rule | None, action: Action) -> str:
    return f"{action} of {policy.ref.name}{f'[{by.index}]' if by else ''}"


def redundant(of: Snapshot) -> list[Redundancy]:
    encoding = prepare(of)
    found = (redundancy(encoding, policy, BUDGET, prover()) for policy in of.policies)
    return [each for each in found if each is not None]


def ambiguous(of: Snapshot) -> tuple[Ambiguity, ...]:
    return ambiguities(whole(prepare(of), BUDGET), BUDGET)


def some_of(of: Snapshot, count: int, seed: int) -> list[Flow]:
    flows = [flow for flow in all_flows(of) if asked(flow)]
    return random.Random(seed).sample(flows, min(len(flows), count))


def without_rules(of: Snapshot, gone: list[IdleRule]) -> Snapshot:
    def kept(policy: Policy, direction: Direction) -> tuple[Rule, ...]:
        indexes = {each.rule.index for each in gone if (each.policy.ref, each.direction) == (policy.ref, direction)}
        return tuple(each for each in policy.rules(direction) if each.index not in indexes)

    return of.with_policies(
        tuple(
            replace(policy, egress=kept(policy, Direction.EGRESS), ingress=kept(policy, Direction.INGRESS))
            for policy in of.policies
        )
    )


# ---------------------------------------------------------------- cases


def test_a_rule_below_one_that_takes_all_of_its_flows_is_shadowed() -> None:
    wide = rule(Action.ALLOW, PODS)
    narrow = rule(Action.DENY, WEB_PODS, index=1)
    assert told(snapshot(admin_policy("a", ingress=(wide, narrow)))) == [
        "a[1] ingress shadowed by allow of a[0]",
    ]


def test_a_rule_above_a_wider_one_is_not_shadowed() -> None:
    narrow = rule(Action.DENY, WEB_PODS)
    wide = rule(Action.ALLOW, PODS, index=1)
    assert told(snapshot(admin_policy("a", ingress=(narrow, wide)))) == []


def test_a_rule_is_shadowed_by_several_that_share_its_flows() -> None:
    low = PortMatch(port_range(Protocol.TCP, 1, 100))
    rest = PortMatch(port_range(Protocol.TCP, 101) | port_range(Protocol.UDP) | port_range(Protocol.SCTP))
    policies = (
        admin_policy("a", priority=1, ingress=(rule(Action.ALLOW, PODS, low),)),
        admin_policy("b", priority=2, ingress=(rule(Action.DENY, PODS, rest),)),
        admin_policy("c", priority=3, ingress=(rule(Action.DENY, WEB_PODS),)),
    )
    assert told(snapshot(*policies)) == ["c[0] ingress shadowed by allow of a[0], deny of b[0]"]


def test_a_pass_shadows_too() -> None:
    policy = admin_policy("a", ingress=(rule(Action.PASS, PODS), rule(Action.DENY, WEB_PODS, index=1)))
    assert told(snapshot(policy)) == ["a[1] ingress shadowed by pass of a[0]"]


def test_a_rule_is_not_shadowed_by_a_policy_that_it_is_tied_with_and_that_disagrees() -> None:
    policies = (
        admin_policy("a", ingress=(rule(Action.ALLOW, PODS),)),
        admin_policy("b", ingress=(rule(Action.DENY, PODS),)),
    )
    assert told(snapshot(*policies)) == []


def test_a_rule_that_only_may_match_shadows_nothing() -> None:
    world = AddressPeer(parse_cidrs(("203.0.113.0/24",)))
    maybe, certain = rule(Action.ALLOW, DomainPeer(("example.com",))), rule(Action.DENY, world, index=1)
    assert told(snapshot(admin_policy("a", egress=(maybe, certain)))) == []


def test_of_network_policies_the_narrow_rule_is_shadowed_wherever_it_stands() -> None:
    narrow = network_policy("a", Selector.equal("app", "db"), ingress=(rule(Action.ALLOW, WEB_PODS),))
    wide = network_policy("b", EVERYTHING, ingress=(rule(Action.ALLOW, PODS),))
    assert told(snapshot(narrow, wide)) == ["a[0] ingress shadowed by allow of b[0]"]


def test_of_two_equal_rules_of_network_policies_one_is_shadowed() -> None:
    both = [network_policy(name, EVERYTHING, ingress=(rule(Action.ALLOW, PODS),)) for name in ("a", "b")]
    assert told(snapshot(*both)) == ["b[0] ingress shadowed by allow of a[0]"]


def test_an_allow_of_a_network_policy_below_a_deny_of_the_admin_tier_is_overridden() -> None:
    deny = admin_policy("no-web", ingress=(rule(Action.DENY, WEB_PODS),))
    allow = network_policy("allow-web", Selector.equal("app", "db"), ingress=(rule(Action.ALLOW, WEB_PODS),))
    assert told(snapshot(deny, allow)) == ["allow-web[0] ingress overridden by deny of no-web[0]"]


def test_a_baseline_rule_for_isolated_pods_is_overridden_by_the_isolation() -> None:
    base = replace(admin_policy("base", ingress=(rule(Action.ALLOW, WEB_PODS),)), tier=TierName.BASELINE)
    isolating = network_policy("shut", EVERYTHING)
    assert told(snapshot(base, isolating)) == ["base[0] ingress overridden by deny of shut"]


def test_a_rule_that_matches_no_flow_is_no_idle_rule() -> None:
    nobody = PodSet(EVERYTHING, Selector.equal("app", "nobody"))
    policy = admin_policy("a", ingress=(rule(Action.ALLOW, PODS), rule(Action.DENY, nobody, index=1)))
    assert told(snapshot(policy)) == []


def test_a_policy_is_redundant_when_another_decides_the_same() -> None:
    both = [admin_policy(name, priority=n, ingress=(rule(Action.DENY, PODS),)) for n, name in enumerate("ab")]
    assert [(each.policy.ref.name, each.selects, each.confirmed) for each in redundant(snapshot(*both))] == [
        ("a", True, True),
        ("b", True, True),
    ]


def test_a_policy_that_isolates_is_not_redundant() -> None:
    assert redundant(snapshot(network_policy("shut", EVERYTHING))) == []


def test_a_policy_that_selects_nothing_is_redundant_and_says_so() -> None:
    (found,) = redundant(snapshot(network_policy("shut", Selector.equal("app", "nobody"))))
    assert (found.selects, found.confirmed, found.samples) == (False, True, ())


def test_a_redundancy_that_z3_has_no_time_for_is_not_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reachproof.solver.redundancy.WRITTEN_OUT", 0)
    of = snapshot(admin_policy("a", ingress=(rule(Action.ALLOW, PODS),)))
    found = redundancy(prepare(of), of.policies[0], BUDGET, Prover())
    assert found is not None and not found.confirmed


def test_a_tie_is_ambiguous_with_both_policies_and_a_flow() -> None:
    policies = (
        admin_policy("a", ingress=(rule(Action.ALLOW, WEB_PODS),)),
        admin_policy("b", ingress=(rule(Action.DENY, PODS),)),
    )
    (found,) = ambiguous(snapshot(*policies))
    assert (found.cause, found.direction, [each.ref.name for each in found.policies]) == (
        Cause.TIE,
        Direction.INGRESS,
        ["a", "b"],
    )
    assert truth(snapshot(*policies), found.example) is Truth.EITHER


def test_ties_of_two_tiers_are_two_causes() -> None:
    policies = (
        admin_policy("a", ingress=(rule(Action.PASS, WEB_PODS),)),
        admin_policy("b", ingress=(rule(Action.ALLOW, WEB_PODS),)),
        replace(admin_policy("c", ingress=(rule(Action.ALLOW, WEB_PODS),)), tier=TierName.BASELINE),
        replace(admin_policy("d", ingress=(rule(Action.DENY, WEB_PODS),)), tier=TierName.BASELINE),
    )
    found = ambiguous(snapshot(*policies))
    assert [(each.cause, [policy.ref.name for policy in each.policies]) for each in found] == [
        (Cause.TIE, ["a", "b"]),
        (Cause.TIE, ["c", "d"]),
    ]


def test_traffic_with_the_own_node_is_ambiguous_for_a_pod_isolated_for_egress() -> None:
    isolating = network_policy("shut", Selector.equal("app", "web"), isolates=(Direction.EGRESS,))
    (found,) = ambiguous(snapshot(isolating))
    assert (found.cause, found.direction, found.policies) == (Cause.MAY, Direction.EGRESS, ())
    assert (found.example.source, found.example.destination) == (WEB, N1)


def test_an_idle_rule_whose_flows_nothing_takes_is_our_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reachproof.solver.shadowing._before", lambda *_: ())
    wide, narrow = rule(Action.ALLOW, PODS), rule(Action.DENY, WEB_PODS, index=1)
    with pytest.raises(InternalError) as error:
        idle(snapshot(admin_policy("a", ingress=(wide, narrow))))
    assert str(error.value) == (
        "AdminNetworkPolicy a rule 1 decides nothing, but what decides all of its flows was not found; this is a bug "
        "of reachproof, no verdict is given"
    )


def test_pods_that_reach_none_are_shut_out_each_with_a_flow() -> None:
    of = snapshot(network_policy("shut", Selector.equal("app", "web"), isolates=(Direction.EGRESS,)))
    encoding = prepare(of)
    to_db = At(Side.DESTINATION, Members(encoding.universe.by_party["pod shop/db"]))
    ((points, flow),) = shut_out(encoding, to_db, BUDGET)
    assert points == encoding.universe.by_party["pod shop/web"]
    assert (flow.source, flow.destination) == (WEB, DB)


def test_out_of_time_is_said_and_no_answer_given() -> None:
    late = Budget(seconds=1, clock=iter((0.0, *([2.0] * 1000))).__next__).start()
    with pytest.raises(OutOfBudget, match=r"^time limit of 1 s reached$"):
        whole(prepare(snapshot(network_policy("shut", EVERYTHING))), late)


# ---------------------------------------------------------------- laws


@pytest.mark.heavy
@settings(max_examples=max(300, settings().max_examples))
@given(snapshots(), st.integers(0, 2**32))
def test_without_its_shadowed_rules_a_snapshot_has_the_same_truths(of: Snapshot, seed: int) -> None:
    gone = [each for each in idle(of) if not each.overridden]
    if gone:
        rest = without_rules(of, gone)
        for flow in some_of(of, 150, seed):
            assert truth(of, flow) is truth(rest, flow), str(flow)


@pytest.mark.heavy
@settings(max_examples=max(300, settings().max_examples))
@given(snapshots(), st.integers(0, 2**32))
def test_without_an_overridden_rule_a_snapshot_has_the_same_truths(of: Snapshot, seed: int) -> None:
    for each in [found for found in idle(of) if found.overridden]:
        rest = without_rules(of, [each])
        for flow in some_of(of, 80, seed):
            assert truth(of, flow) is truth(rest, flow), str(flow)


def may_match(policy: Policy) -> bool:
    """True if a rule may match, so that it is needed though the truths are the same without it."""
    rules = (rule for direction in Direction for rule in policy.rules(direction))
    doubtful = DomainPeer, OwnNodePeer, OtherNodePeer
    return any(rule.may or any(isinstance(match.peer, doubtful) for match in rule.matches) for rule in rules)


@pytest.mark.heavy
@settings(max_examples=max(150, settings().max_examples))
@given(snapshots(), st.integers(0, 2**32))
def test_a_policy_is_redundant_exactly_when_its_removal_changes_no_truth(of: Snapshot, seed: int) -> None:
    found = {each.policy.ref for each in redundant(of)}
    flows = some_of(of, 150, seed)
    for policy in of.policies:
        rest = of.with_policies(tuple(other for other in of.policies if other is not policy))
        changed = [flow for flow in flows if truth(of, flow) is not truth(rest, flow)]
        if policy.ref in found:
            assert not changed, f"{policy.ref}: {changed[0]}"
        elif not may_match(policy):
            every = (flow for flow in all_flows(of) if asked(flow))
            assert changed or any(truth(of, flow) is not truth(rest, flow) for flow in every), str(policy.ref)


@pytest.mark.heavy
@settings(max_examples=max(300, settings().max_examples))
@given(snapshots(), st.integers(0, 2**32))
def test_verdicts_are_ambiguous_exactly_when_some_flow_can_go_both_ways(of: Snapshot, seed: int) -> None:
    found = ambiguous(of)
    for each in found:
        assert truth(of, each.example) is Truth.EITHER, str(each.example)
    if not found:
        for flow in some_of(of, 200, seed):
            assert truth(of, flow) is not Truth.EITHER, str(flow)
