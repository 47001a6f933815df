"""The sets engine on tables small enough to be worked out by hand: first match, tiers, and all that is left open."""

from __future__ import annotations

from reachproof.network.address import parse_cidr
from reachproof.network.flow import Flow, Party
from reachproof.network.labels import EVERYTHING, Selector
from reachproof.network.options import Cni, Options
from reachproof.network.policy import (
    Action,
    AddressPeer,
    AnyPeer,
    Direction,
    DomainPeer,
    Policy,
    PolicyRef,
    PortMatch,
    Rule,
    TierName,
)
from reachproof.network.ports import Protocol, port_range
from reachproof.solver.bitset_engine import verdicts
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import prepare
from reachproof.solver.goal import TRUE
from reachproof.solver.slice import cut
from tests.semantics.stage import (
    DB,
    HOST,
    JOB,
    N1,
    N2,
    ORIGIN,
    PODS,
    WEB,
    WORLD,
    admin_policy,
    flow,
    network_policy,
    rule,
    snapshot,
)
from tests.solver.asked import verdict_of

ALLOW, DENY, PASS = Action.ALLOW, Action.DENY, Action.PASS
EGRESS, INGRESS = Direction.EGRESS, Direction.INGRESS
PORT_80 = PortMatch(numbers=port_range(Protocol.TCP, 80, 80))
WEB_POD = Selector.equal("app", "web")


def says(*policies: Policy, of: Flow | None = None, options: Options | None = None) -> str:
    """What the tables of everything say of a flow; by default from web to db."""
    part = cut(prepare(snapshot(*policies, options=options or Options())), (TRUE,), Budget())
    return verdict_of(part, verdicts(part, Budget()), of or flow(WEB, DB))


def other_kind(name: str, tier: TierName, *rules: Rule) -> Policy:
    """A ClusterNetworkPolicy for egress of all pods."""
    ref = PolicyRef(kind="ClusterNetworkPolicy", namespace="", name=name)
    return Policy(ref=ref, tier=tier, subject=PODS, egress=rules, origin=ORIGIN)


class TestFirstMatch:
    def test_nothing_is_denied_without_policies(self) -> None:
        assert says() == "allowed"

    def test_the_first_rule_that_matches_decides(self) -> None:
        assert says(admin_policy("p", egress=(rule(ALLOW, AnyPeer()), rule(DENY, AnyPeer(), index=1)))) == "allowed"
        assert says(admin_policy("p", egress=(rule(DENY, AnyPeer()), rule(ALLOW, AnyPeer(), index=1)))) == "denied"

    def test_a_rule_for_other_ports_does_not(self) -> None:
        rules = (rule(ALLOW, AnyPeer(), PORT_80), rule(DENY, AnyPeer(), index=1))
        assert says(admin_policy("p", egress=rules)) == "denied"
        assert says(admin_policy("p", egress=rules), of=flow(WEB, DB, 80)) == "allowed"

    def test_lower_priority_goes_first(self) -> None:
        policies = [admin_policy("a", priority=2, egress=(rule(DENY, AnyPeer()),))]
        policies.append(admin_policy("z", priority=1, egress=(rule(ALLOW, AnyPeer()),)))
        assert says(*policies) == "allowed"

    def test_both_directions_have_to_allow(self) -> None:
        assert says(admin_policy("p", egress=(rule(ALLOW, AnyPeer()),), ingress=(rule(DENY, AnyPeer()),))) == "denied"


class TestTiers:
    def test_pass_leaves_its_whole_tier(self) -> None:
        early = admin_policy("early", priority=1, egress=(rule(PASS, AnyPeer()),))
        late = admin_policy("late", priority=2, egress=(rule(DENY, AnyPeer()),))
        assert says(early, late) == "allowed"

    def test_isolation_denies_what_no_rule_allows_and_ends_the_question(self) -> None:
        closed = network_policy("closed", WEB_POD, isolates=(EGRESS,))
        baseline = other_kind("base", TierName.BASELINE, rule(ALLOW, AnyPeer()))
        assert says(closed, baseline) == "denied"
        assert says(closed, baseline, of=flow(DB, WEB)) == "allowed"

    def test_isolation_is_per_direction(self) -> None:
        assert says(network_policy("closed", EVERYTHING, isolates=(INGRESS,)), of=flow(WEB, WORLD)) == "allowed"
        assert says(network_policy("closed", EVERYTHING, isolates=(EGRESS,)), of=flow(WORLD, WEB)) == "allowed"

    def test_policies_of_a_namespace_add_up(self) -> None:
        closed = network_policy("closed", EVERYTHING)
        opening = network_policy("opening", EVERYTHING, ingress=(rule(ALLOW, AnyPeer(), PORT_80),))
        assert says(closed, opening, of=flow(WEB, DB, 80)) == "allowed"
        assert says(closed, opening, of=flow(WEB, DB, 81)) == "denied"

    def test_the_baseline_is_asked_last(self) -> None:
        baseline = other_kind("base", TierName.BASELINE, rule(DENY, AnyPeer()))
        assert says(baseline) == "denied"
        assert says(baseline, admin_policy("top", egress=(rule(ALLOW, AnyPeer()),))) == "allowed"
        assert says(baseline, admin_policy("top", egress=(rule(PASS, AnyPeer()),))) == "denied"


class TestOpen:
    def test_a_tie_has_both_outcomes_unless_the_profile_orders_it(self) -> None:
        tied = (
            admin_policy("a", egress=(rule(ALLOW, AnyPeer()),)),
            admin_policy("b", egress=(rule(DENY, AnyPeer()),)),
        )
        assert says(*tied) == "either"
        assert says(*tied, options=Options(cni=Cni.CALICO)) == "allowed"

    def test_a_tie_of_policies_that_agree_is_none(self) -> None:
        tied = (admin_policy("a", egress=(rule(DENY, AnyPeer()),)), admin_policy("b", egress=(rule(DENY, AnyPeer()),)))
        assert says(*tied) == "denied"

    def test_a_tie_in_which_one_is_silent_is_none(self) -> None:
        silent = admin_policy("b", egress=(rule(ALLOW, AnyPeer(), PORT_80),))
        assert says(admin_policy("a", egress=(rule(DENY, AnyPeer()),)), silent) == "denied"

    def test_a_tie_between_pass_and_deny_goes_on_or_ends(self) -> None:
        tied = (admin_policy("a", egress=(rule(PASS, AnyPeer()),)), admin_policy("b", egress=(rule(DENY, AnyPeer()),)))
        assert says(*tied) == "either"
        closed = network_policy("closed", EVERYTHING, isolates=(EGRESS,))
        assert says(*tied, closed) == "denied"

    def test_a_later_group_is_not_asked_where_a_tie_decides(self) -> None:
        tied = (admin_policy("a", egress=(rule(PASS, AnyPeer()),)), admin_policy("b", egress=(rule(ALLOW, AnyPeer()),)))
        later = admin_policy("late", priority=9, egress=(rule(DENY, AnyPeer()),))
        assert says(*tied, later) == "allowed"

    def test_kinds_that_nothing_orders_are_open_where_they_disagree(self) -> None:
        cluster = other_kind("c", TierName.ADMIN, rule(DENY, AnyPeer()))
        admin = admin_policy("a", egress=(rule(ALLOW, AnyPeer()),))
        assert says(cluster, admin) == "either"
        assert says(cluster, admin, options=Options(cni=Cni.ANTREA)) == "denied"

    def test_a_domain_name_may_stand_for_an_address_outside_and_never_for_a_pod(self) -> None:
        rules = (rule(ALLOW, DomainPeer(("example.com",))), rule(DENY, AnyPeer(), index=1))
        policy = admin_policy("p", egress=rules)
        assert says(policy, of=flow(WEB, WORLD)) == "either"
        assert says(policy) == "denied"

    def test_an_unknown_address_is_judged_piece_by_piece(self) -> None:
        to_block = rule(DENY, AddressPeer(parse_cidr("10.0.9.0/24")))
        policy = admin_policy("p", egress=(to_block,))
        assert says(policy, of=flow(WEB, JOB, at=("10.0.0.1", "10.0.9.9"))) == "denied"
        assert says(policy, of=flow(WEB, JOB, at=("10.0.0.1", "10.0.8.9"))) == "allowed"


class TestNodes:
    CLOSED = network_policy("closed", EVERYTHING, isolates=(INGRESS, EGRESS))

    def to_pod(self, node: Party, pod: Party) -> str:
        return says(self.CLOSED, of=flow(node, pod))

    def test_the_own_node_always_reaches_its_pods_and_another_does_not(self) -> None:
        assert self.to_pod(N1, WEB) == "allowed"
        assert self.to_pod(N2, WEB) == "denied"
        assert self.to_pod(HOST, DB) == "allowed"
        assert self.to_pod(HOST, WEB) == "denied"

    def test_where_the_node_of_the_pod_is_unknown_it_may(self) -> None:
        assert says(self.CLOSED, of=flow(N1, JOB)) == "either"

    def test_egress_to_the_own_node_is_open_and_to_another_is_not(self) -> None:
        assert says(self.CLOSED, of=flow(WEB, N1)) == "either"
        assert says(self.CLOSED, of=flow(WEB, N2)) == "denied"
        settled = Options(cni=Cni.KUBE_NETWORK_POLICIES)
        assert says(self.CLOSED, of=flow(WEB, N1), options=settled) == "allowed"

    def test_host_network_pods_are_no_subjects(self) -> None:
        assert says(self.CLOSED, of=flow(HOST, WORLD)) == "allowed"


class TestManyPorts:
    """More kinds of ports than one word of 64 bits holds."""

    ODD = tuple(port for port in range(1001, 1301, 2))

    def policy(self) -> Policy:
        """Every rule is for another peer as well, so that the ports are no single atom."""
        shared = parse_cidr("10.0.0.0/24")
        rules = tuple(
            rule(
                ALLOW,
                AddressPeer(parse_cidr(f"10.0.{index}.0/24") | shared),
                PortMatch(numbers=port_range(Protocol.TCP, port, port)),
                index=index,
            )
            for index, port in enumerate(self.ODD)
        )
        return network_policy("many", Selector.equal("app", "db"), ingress=rules)

    def test_each_port_has_its_own_verdict_in_every_word(self) -> None:
        part = cut(prepare(snapshot(self.policy())), (TRUE,), Budget())
        assert len(part.atoms) > 128
        tables = verdicts(part, Budget())
        for port in range(1000, 1302):
            expected = "allowed" if port in self.ODD else "denied"
            assert verdict_of(part, tables, flow(WEB, DB, port)) == expected

    def test_the_subject_alone_is_isolated(self) -> None:
        part = cut(prepare(snapshot(self.policy())), (TRUE,), Budget())
        assert verdict_of(part, verdicts(part, Budget()), flow(DB, WEB, 1000)) == "allowed"
