"""`TIER enforces default deny`: what each tier's claim looks at, what it leaves out, and what it says about that."""

from __future__ import annotations

import pytest

from tests.queries.given import (
    DENY_ALL,
    DENY_PODS_IN,
    Manifest,
    admin_policy,
    baseline,
    codes,
    namespace,
    network_policy,
    node,
    notice,
    pod,
    session,
    shown,
    texts,
    verdict,
)

STAGE = (
    namespace("shop", tenant="a"),
    namespace("bank", tenant="b"),
    namespace("lab"),
    pod("shop/web", "10.0.0.1"),
    pod("shop/db", "10.0.0.2"),
    pod("bank/web", "10.0.1.1", "fd00::11"),
    pod("lab/x", "10.0.2.1"),
)
FULL = baseline(egress=[DENY_ALL], ingress=[DENY_PODS_IN])
TO_A: Manifest = {"action": "Allow", "to": [{"namespaces": {"matchLabels": {"tenant": "a"}}}]}
ISOLATED = network_policy("shop/all", policyTypes=["Ingress", "Egress"], egress=[{}], ingress=[{}])
BANP = "BANP enforces default deny for"


def test_what_is_judged_is_told_without_kinds_that_the_implementation_has_not() -> None:
    answer = session(*STAGE, ISOLATED).ask("network policies enforce default deny for pod shop/db")
    assert notice(answer, "DEFAULT_DENY_MEANING") == (
        "judged by isolation alone: what rules of NetworkPolicies allow is not looked at"
    )


class TestBaseline:
    def test_without_one_the_claim_is_violated(self) -> None:
        answer = session(*STAGE).ask(f"{BANP} every tenant")
        assert answer.verdict == "violated"
        assert shown(answer) == "pod bank/web (10.0.1.1) -> pod lab/x (10.0.2.1) on tcp/80"

    def test_one_that_denies_all_that_it_can_see_upholds_it(self) -> None:
        answer = session(*STAGE, FULL).ask(f"{BANP} every pod")
        assert answer.verdict == "holds"
        assert texts(answer) == [
            "BaselineAdminNetworkPolicy default egress rule 0 denies",
            "BaselineAdminNetworkPolicy default ingress rule 0 denies",
        ]

    def test_sources_outside_are_left_out_with_a_word_unless_the_claim_includes_them(self) -> None:
        asked = session(*STAGE, FULL)
        without = asked.ask(f"{BANP} every tenant")
        assert notice(without, "TIER_CANNOT_SEE_EXTERNAL_SOURCES") == (
            "ingress from outside the cluster is left out: no peer of the baseline tier can match it, so it cannot be "
            "denied there; add `including from outside the cluster` to ask about it as well"
        )
        included = asked.ask(
            "BANP enforces default deny for ingress for every tenant including from outside the cluster"
        )
        assert included.verdict == "violated"
        assert shown(included) == "1.0.0.1 -> pod bank/web (10.0.1.1) on tcp/80"
        assert codes(included) == ["DEFAULT_DENY_MEANING"]

    def test_for_egress_there_is_nothing_to_leave_out(self) -> None:
        answer = session(*STAGE, FULL).ask("BANP enforces default deny for egress for every tenant")
        assert codes(answer) == ["DEFAULT_DENY_MEANING"]

    def test_a_family_that_it_forgets_is_a_violation(self) -> None:
        four: Manifest = {"action": "Deny", "to": [{"namespaces": {}}, {"networks": ["0.0.0.0/0"]}]}
        answer = session(*STAGE, baseline(egress=[four])).ask("BANP enforces default deny for egress for every tenant")
        assert answer.verdict == "violated"
        assert shown(answer) == "pod bank/web (fd00::11) -> 2000::1 on tcp/80"

    def test_its_own_allow_is_a_violation_unless_it_is_excepted(self) -> None:
        own = session(*STAGE, baseline(egress=[TO_A, DENY_ALL], ingress=[DENY_PODS_IN]))
        answer = own.ask("BANP enforces default deny for egress for tenant a")
        assert shown(answer) == "pod shop/db (10.0.0.2) -> pod shop/web (10.0.0.1) on tcp/80"
        excepted = own.ask("BANP enforces default deny for egress for tenant a except within the same tenant")
        assert excepted.verdict == "holds"
        assert texts(excepted) == [
            "BaselineAdminNetworkPolicy default egress rule 0 does not match this traffic",
            "BaselineAdminNetworkPolicy default egress rule 1 denies",
        ]
        assert verdict(own, "BANP enforces default deny for egress for every tenant except to tenant a") == "holds"

    def test_what_the_admin_tier_decides_is_not_its_business(self) -> None:
        """An admin rule that allows takes the flow away from the baseline, which then has nothing to deny."""
        allows = session(*STAGE, admin_policy("open", 1, egress=[TO_A]), FULL)
        assert verdict(allows, "BANP enforces default deny for egress for every tenant") == "holds"
        decides_all = session(*STAGE, admin_policy("shut", 1, egress=[DENY_ALL]))
        assert verdict(decides_all, "BANP enforces default deny for egress for every tenant") == "holds"

    def test_what_the_admin_tier_passes_is(self) -> None:
        passed: Manifest = {"action": "Pass", "to": [{"namespaces": {}}]}
        some = session(*STAGE, admin_policy("pass", 1, egress=[passed, DENY_ALL]))
        answer = some.ask("BANP enforces default deny for egress for every tenant")
        assert shown(answer) == "pod bank/web (10.0.1.1) -> pod lab/x (10.0.2.1) on tcp/80"

    def test_what_the_namespaces_have_written_does_not_count(self) -> None:
        """Neither for the claim, where they isolate, nor against it, where they allow."""
        assert verdict(session(*STAGE, ISOLATED, FULL), f"{BANP} tenant a") == "holds"
        closed = network_policy("shop/closed", policyTypes=["Ingress", "Egress"])
        assert verdict(session(*STAGE, closed), f"{BANP} tenant a") == "violated"

    def test_several_baselines_of_the_newer_kind_count_together(self) -> None:
        def one(name: str, priority: int, rule: Manifest) -> Manifest:
            return {
                "apiVersion": "policy.networking.k8s.io/v1alpha2",
                "kind": "ClusterNetworkPolicy",
                "metadata": {"name": name},
                "spec": {
                    "tier": "Baseline",
                    "priority": priority,
                    "subject": {"namespaces": {}},
                    "egress": [rule],
                },
            }

        inside = one("inside", 10, {"action": "Deny", "to": [{"namespaces": {}}]})
        outside = one("outside", 20, {"action": "Deny", "to": [{"networks": ["0.0.0.0/0", "::/0"]}]})
        claim = "the baseline tier enforces default deny for egress for every pod"
        assert verdict(session(*STAGE, inside, outside), claim) == "holds"
        assert verdict(session(*STAGE, inside), claim) == "violated"
        assert verdict(session(*STAGE, outside), claim) == "holds"

    def test_pods_outside_the_scope_may_do_as_they_like(self) -> None:
        only_a: Manifest = baseline(egress=[DENY_ALL]) | {}
        only_a["spec"] = only_a["spec"] | {"subject": {"namespaces": {"matchLabels": {"tenant": "a"}}}}
        asked = session(*STAGE, only_a)
        assert verdict(asked, "BANP enforces default deny for egress for tenant a") == "holds"
        assert verdict(asked, "BANP enforces default deny for egress for every tenant") == "violated"
        assert verdict(asked, "BANP enforces default deny for egress for every namespace") == "violated"


class TestAdmin:
    def test_it_has_to_deny_every_flow_itself(self) -> None:
        shut = session(*STAGE, admin_policy("shut", 1, egress=[DENY_ALL], ingress=[DENY_PODS_IN]))
        assert verdict(shut, "ANP enforces default deny for every pod") == "holds"
        assert verdict(session(*STAGE, FULL), "ANP enforces default deny for every pod") == "violated"

    def test_an_allow_or_a_pass_is_a_violation(self) -> None:
        for action in ("Allow", "Pass"):
            rules = [TO_A | {"action": action}, DENY_ALL]
            asked = session(*STAGE, admin_policy("some", 1, egress=rules), FULL)
            answer = asked.ask("the admin tier enforces default deny for egress for every tenant")
            assert shown(answer) == "pod bank/web (10.0.1.1) -> pod shop/db (10.0.0.2) on tcp/80"

    def test_sources_outside_are_left_out_with_a_word(self) -> None:
        answer = session(*STAGE).ask("ANP enforces default deny for ingress for every pod")
        assert notice(answer, "TIER_CANNOT_SEE_EXTERNAL_SOURCES").startswith(
            "ingress from outside the cluster is left out: no peer of the admin tier can match it"
        )

    def test_a_tie_that_could_allow_is_a_violation(self) -> None:
        tied = session(
            *STAGE,
            admin_policy("shut", 1, egress=[DENY_ALL]),
            admin_policy("open", 1, egress=[TO_A | {"action": "Allow"}]),
        )
        answer = tied.ask("ANP enforces default deny for egress for tenant b")
        assert answer.verdict == "violated"
        assert "TIE" in codes(answer)


class TestNetworkPolicies:
    def test_isolation_is_all_that_counts_whatever_the_rules_allow(self) -> None:
        asked = session(*STAGE, ISOLATED)
        assert verdict(asked, "network policies enforce default deny for namespace shop") == "holds"
        assert verdict(asked, "every pod in namespace shop is selected by a network policy") == "holds"

    def test_each_pod_of_the_scope_has_to_be_isolated_in_the_direction(self) -> None:
        asked = session(*STAGE, network_policy("shop/web", {"app": "web"}, policyTypes=["Ingress"]))
        assert verdict(asked, "network policies enforce default deny for ingress for namespace shop") == "violated"
        assert (
            verdict(asked, "network policies enforce default deny for ingress for pods labelled app=web") == "violated"
        )
        own = "pods in namespace shop labelled app=web"
        assert verdict(asked, f"network policies enforce default deny for ingress for {own}") == "holds"
        assert verdict(asked, f"network policies enforce default deny for egress for {own}") == "violated"
        assert verdict(asked, f"network policies enforce default deny for {own}") == "violated"

    def test_admin_and_baseline_rules_do_not_count(self) -> None:
        shut = admin_policy("shut", 1, egress=[DENY_ALL], ingress=[DENY_PODS_IN])
        claim = "network policies enforce default deny for every pod"
        assert verdict(session(*STAGE, shut, FULL), claim) == "violated"

    def test_sources_outside_are_included(self) -> None:
        """A NetworkPolicy sees them, so nothing is left out."""
        answer = session(*STAGE, ISOLATED).ask("network policies enforce default deny for ingress for namespace shop")
        assert codes(answer) == ["DEFAULT_DENY_MEANING"]


class TestCluster:
    CLAIM = "the cluster enforces default deny for egress for every pod"

    def test_what_some_rule_decides_is_no_default_whether_it_allows_or_denies(self) -> None:
        world: Manifest = {"action": "Allow", "to": [{"networks": ["0.0.0.0/0", "::/0"]}]}
        assert verdict(session(*STAGE, admin_policy("all", 1, egress=[world])), self.CLAIM) == "holds"
        assert verdict(session(*STAGE, FULL), self.CLAIM) == "holds"

    def test_what_nothing_decides_is_a_violation(self) -> None:
        answer = session(*STAGE, ISOLATED).ask(self.CLAIM)
        assert shown(answer) == "pod bank/web (10.0.1.1) -> pod lab/x (10.0.2.1) on tcp/80"

    def test_isolation_decides_and_a_pass_does_not(self) -> None:
        assert verdict(session(*STAGE, ISOLATED), self.CLAIM.replace("every pod", "namespace shop")) == "holds"
        passed: Manifest = {"action": "Pass", "to": [{"networks": ["0.0.0.0/0", "::/0"]}]}
        assert verdict(session(*STAGE, admin_policy("pass", 1, egress=[passed])), self.CLAIM) == "violated"

    def test_sources_outside_are_included(self) -> None:
        answer = session(*STAGE, FULL).ask("the cluster enforces default deny for ingress for every pod")
        assert shown(answer) == "1.0.0.1 -> pod bank/web (10.0.1.1) on tcp/80"


class TestScope:
    @pytest.mark.parametrize(
        ("tier", "meaning"),
        [
            (
                "BANP enforces",
                "judged as if no NetworkPolicy were written: what the admin tier leaves open, a baseline rule must "
                "deny",
            ),
            ("ANP enforces", "judged by the admin tier alone"),
            (
                "network policies enforce",
                "judged by isolation alone: what rules of NetworkPolicies allow is not looked at",
            ),
            (
                "the cluster enforces",
                "flows that a rule of any tier allows are not looked at, only those that nothing decides",
            ),
        ],
    )
    def test_an_answer_says_how_its_tier_was_judged(self, tier: str, meaning: str) -> None:
        answer = session(*STAGE).ask(f"{tier} default deny for egress for every pod")
        assert notice(answer, "DEFAULT_DENY_MEANING") == meaning

    def test_pods_on_the_host_network_are_left_out_with_a_word(self) -> None:
        host = (node("n1", "192.168.0.1"), pod("shop/host", "192.168.0.1", host=True, on="n1"))
        answer = session(*STAGE, *host, ISOLATED).ask("network policies enforce default deny for namespace shop")
        assert answer.verdict == "holds"
        assert notice(answer, "HOST_NETWORK_LEFT_OUT") == (
            "pods on the host network are left out: they are no subject of policy and their traffic is their node's"
        )

    def test_nodes_take_no_part(self) -> None:
        asked = session(*STAGE, node("n1", "192.168.0.1"), FULL)
        assert verdict(asked, f"{BANP} every pod") == "holds"

    def test_a_scope_that_matches_nothing_is_vacuous(self) -> None:
        assert verdict(session(*STAGE), f"{BANP} pods labelled app=typo") == "holds, vacuous"

    def test_the_shown_steps_are_those_of_the_direction_in_question(self) -> None:
        answer = session(*STAGE, FULL, ISOLATED).ask(
            "BANP enforces default deny for ingress for tenant b including from outside the cluster"
        )
        assert answer.witness is not None
        assert [str(step.direction) for step in answer.witness.steps] == ["ingress"]
