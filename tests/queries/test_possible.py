"""Pods that do not exist yet: which labels they would need, and what policies keep from them all."""

from __future__ import annotations

import pytest

from reachproof.documents.json import plain
from reachproof.network.cluster import Pod
from reachproof.queries.answer import Answer, answer_document
from tests.queries.given import (
    DENY_ALL,
    DENY_PODS_IN,
    Manifest,
    admin_policy,
    baseline,
    codes,
    deployment,
    namespace,
    network_policy,
    node,
    notice,
    pod,
    refused,
    session,
    shown,
    texts,
    verdict,
)

TENANTS = (
    namespace("web", tenant="a"),
    namespace("data", tenant="b"),
    namespace("tools"),
    pod("web/front", "10.0.0.1"),
    pod("data/db", "10.0.0.2", ports=[("sql", 5432)]),
)


def gate(**labels: str) -> Manifest:
    """Only pods with these labels in namespaces of tenant a get to the database."""
    peer = {"namespaceSelector": {"matchLabels": {"tenant": "a"}}, "podSelector": {"matchLabels": labels}}
    return network_policy("data/gate", policyTypes=["Ingress"], ingress=[{"from": [peer]}])


def source(answer: Answer) -> Pod:
    assert answer.witness is not None
    assert isinstance(answer.witness.flow.source, Pod)
    return answer.witness.flow.source


class TestWhatAWitnessInvents:
    def test_pods_that_exist_may_not_reach_what_a_possible_pod_can(self) -> None:
        asked = session(*TENANTS, gate(role="gateway"))
        assert verdict(asked, "no pod in tenant a can reach tenant b") == "holds"
        answer = asked.ask("no possible pod in tenant a can reach tenant b")
        assert (answer.verdict, answer.world) == ("violated", "open")
        assert dict(source(answer).labels) == {"role": "gateway"}
        assert notice(answer, "INVENTED_POD") == (
            "pod web/(possible) does not exist yet: a pod in namespace web labelled role=gateway, with no other label "
            "that a policy asks for"
        )

    def test_no_label_is_invented_that_no_object_can_have(self) -> None:
        asked = session(*TENANTS, gate(role="my gateway"), cni="calico")
        assert verdict(asked, "no possible pod in tenant a can reach tenant b") == "holds"

    def test_a_pod_that_exists_is_shown_rather_than_an_invented_one(self) -> None:
        answer = session(*TENANTS, gate(app="front")).ask("no possible pod in tenant a can reach tenant b")
        assert shown(answer) == "pod web/front (10.0.0.1) -> pod data/db (10.0.0.2) on tcp/5432"
        assert answer.evidence.cross_checked
        assert not answer.snapshot.possible

    def test_no_more_labels_are_invented_than_are_needed(self) -> None:
        either = network_policy(
            "data/gate",
            policyTypes=["Ingress"],
            ingress=[
                {"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"x": "1", "y": "1", "z": "1"}}}]},
                {"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"y": "2", "z": "2"}}}]},
                {"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "1", "b": "1", "c": "1"}}}]},
            ],
        )
        answer = session(*TENANTS, either).ask("can any possible pod in tenant a reach tenant b?")
        assert dict(source(answer).labels) == {"y": "2", "z": "2"}

    def test_a_label_that_is_excluded_gets_another_value(self) -> None:
        wall = admin_policy(
            "wall",
            1,
            ingress=[
                {
                    "action": "Deny",
                    "from": [
                        {
                            "pods": {
                                "namespaceSelector": {},
                                "podSelector": {"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]},
                            }
                        },
                        {"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"zone": "dirty"}}}},
                    ],
                }
            ],
        )
        answer = session(*TENANTS, wall).ask("can any possible pod in tenant a reach tenant b?")
        assert dict(source(answer).labels) == {"zone": "other"}

    def test_a_named_port_is_declared_where_the_rule_needs_it(self) -> None:
        only_http = network_policy("data/http", policyTypes=["Ingress"], ingress=[{"ports": [{"port": "http"}]}])
        answer = session(*TENANTS, only_http).ask("can pod web/front reach possible pods in tenant b on tcp/8080?")
        assert answer.witness is not None
        flow = answer.witness.flow
        assert isinstance(flow.destination, Pod)
        assert [(port.name, port.number) for port in flow.destination.ports] == [("http", 8080)]
        assert notice(answer, "INVENTED_POD") == (
            "pod data/(possible-2) does not exist yet: a pod in namespace data declaring http=tcp/8080 with no label "
            "that a policy asks for"
        )

    def test_a_named_port_that_no_protocol_fits_is_declared_by_nobody(self) -> None:
        only_http = network_policy("data/http", policyTypes=["Ingress"], ingress=[{"ports": [{"port": "http"}]}])
        asked = session(*TENANTS, only_http)
        assert verdict(asked, "can pod web/front reach possible pods in tenant b on udp/8080?") == "unreachable"

    def test_the_address_is_one_that_the_rule_asks_for(self) -> None:
        block = network_policy(
            "data/block", policyTypes=["Ingress"], ingress=[{"from": [{"ipBlock": {"cidr": "10.9.0.0/30"}}]}]
        )
        answer = session(*TENANTS, block, podCidr="10.0.0.0/8").ask("can any possible pod reach tenant b?")
        assert answer.witness is not None
        assert 0 <= answer.witness.flow.source_address - (10 << 24 | 9 << 16) < 4

    def test_a_pod_is_not_created_at_the_address_of_its_peer(self) -> None:
        own = network_policy(
            "data/own", policyTypes=["Ingress"], ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.2/32"}}]}]
        )
        asked = session(*TENANTS, own)
        assert verdict(asked, "no possible pod can reach pod data/db") == "holds"

    def test_a_pod_can_be_created_at_an_address_that_another_has_now(self) -> None:
        one = network_policy(
            "data/one", policyTypes=["Ingress"], ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]}]
        )
        answer = session(*TENANTS, one).ask("can any possible pod in namespace tools reach pod data/db?")
        assert shown(answer) == "pod tools/(possible) (10.0.0.1) -> pod data/db (10.0.0.2) on tcp/5432"

    def test_an_unknown_address_is_not_the_one_of_an_invented_pod(self) -> None:
        """Whether the verdict depends on the address of a pod is asked about addresses that are left for it."""
        block = [{"from": [{"ipBlock": {"cidr": "10.0.0.8/30"}}]}]
        asked = session(
            *TENANTS[:3],
            deployment("data/db"),
            network_policy("data/in", policyTypes=["Ingress"], ingress=block),
            network_policy("web/out", policyTypes=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.8/30"}}]}]),
            podCidr="10.0.0.8/29",
        )
        answer = asked.ask("can possible pods in namespace web reach deployment data/db on tcp/80?")
        assert answer.verdict == "reachable"
        assert "DEPENDS_ON_ADDRESS" in codes(answer)

    def test_it_is_told_in_json(self) -> None:
        answer = session(*TENANTS, gate(role="gateway")).ask("no possible pod in tenant a can reach tenant b")
        told = plain(answer_document(answer))
        assert told["world"] == "open"
        witness = told["witness"]
        assert isinstance(witness, dict)
        assert isinstance(witness["source"], dict)
        assert isinstance(witness["destination"], dict)
        assert (witness["source"]["possible"], witness["destination"]["possible"]) == (True, False)
        assert (witness["source"]["tenant"], witness["source"]["labels"]) == ("a", {"role": "gateway"})
        assert told["evidence"] | {"solverMs": 0, "totalMs": 0} == {
            "replayed": True,
            "crossChecked": False,
            "engine": answer.evidence.engine,
            "solverMs": 0,
            "totalMs": 0,
            "snapshot": answer.evidence.snapshot,
        }


class TestWhereItCanBe:
    def test_it_is_in_namespaces_that_exist_unless_new_ones_are_named(self) -> None:
        label = {"matchLabels": {"trusted": "yes"}}
        trust = network_policy(
            "data/trust", policyTypes=["Ingress"], ingress=[{"from": [{"namespaceSelector": label}]}]
        )
        asked = session(*TENANTS, trust)
        assert verdict(asked, "no possible pod can reach tenant b") == "holds"
        answer = asked.ask("no possible pod in possible namespaces can reach tenant b")
        assert answer.verdict == "violated"
        assert notice(answer, "INVENTED_POD") == (
            "pod (new)/(possible) does not exist yet: a pod in a new namespace labelled trusted=yes with no label that "
            "a policy asks for"
        )

    def test_a_namespace_that_a_policy_names_can_be_created(self) -> None:
        peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
        scrape = network_policy("data/scrape", policyTypes=["Ingress"], ingress=[{"from": [peer]}])
        answer = session(*TENANTS, scrape).ask("can possible pods in possible namespaces reach tenant b?")
        assert notice(answer, "INVENTED_POD") == (
            "pod monitoring/(possible) does not exist yet: a pod in a new namespace monitoring without labels with no "
            "label that a policy asks for"
        )

    def test_a_new_namespace_has_not_the_name_of_one_that_exists(self) -> None:
        peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "web"}}}
        only_web = network_policy("data/web", policyTypes=["Ingress"], ingress=[{"from": [peer]}])
        asked = session(*TENANTS, only_web)
        sentence = "no possible pod in possible namespaces outside namespace web can reach tenant b"
        assert verdict(asked, sentence) == "holds"

    def test_a_new_namespace_of_a_tenant_has_the_label_of_that_tenant(self) -> None:
        label = {"matchExpressions": [{"key": "env", "operator": "Exists"}]}
        staged = network_policy("data/env", policyTypes=["Ingress"], ingress=[{"from": [{"namespaceSelector": label}]}])
        answer = session(*TENANTS, staged).ask("can possible pods in tenant a in possible namespaces reach tenant b?")
        assert notice(answer, "INVENTED_POD") == (
            "pod (new)/(possible) does not exist yet: a pod in a new namespace labelled env=other,tenant=a with no "
            "label that a policy asks for"
        )

    def test_tenants_that_do_not_exist_are_kept_apart_as_well(self) -> None:
        own = [{"action": "Pass", "from": [{"namespaces": {"matchLabels": {"tenant": name}}}]} for name in ("a", "b")]
        policies = [admin_policy(f"own-{name}", 5 + n, ingress=[own[n]]) for n, name in enumerate(("a", "b"))]
        for policy, name in zip(policies, ("a", "b"), strict=True):
            policy["spec"]["subject"] = {"namespaces": {"matchLabels": {"tenant": name}}}
        asked = session(*TENANTS, *policies, baseline(ingress=[]), admin_policy("rest", 9, ingress=[DENY_PODS_IN]))
        apart = "no possible pod in any tenant can reach possible pods in a different tenant"
        assert verdict(asked, apart) == "holds"
        assert verdict(asked, apart.replace("any tenant", "any tenant in possible namespaces")) == "holds"
        together = "no possible pod in any tenant can reach possible pods in the same tenant"
        assert verdict(asked, together) == "violated"

    def test_two_pods_of_one_new_namespace_have_its_labels_both(self) -> None:
        red = {"namespaces": {"matchLabels": {"team": "red"}}}
        wall = admin_policy("red-only", 1, ingress=[{"action": "Pass", "from": [red]}, DENY_PODS_IN])
        wall["spec"]["subject"] = {"namespaces": {"matchLabels": {"team": "blue"}}}
        asked = session(*TENANTS, wall, admin_policy("rest", 2, ingress=[DENY_PODS_IN]))
        new = "possible pods in possible namespaces outside namespaces web, data or tools"
        assert verdict(asked, f"can {new} reach possible pods in possible namespaces in the same namespace?") == (
            "unreachable"
        )
        assert verdict(asked, f"can {new} reach possible pods in possible namespaces in a different namespace?") == (
            "reachable"
        )

    def test_a_new_namespace_has_no_network_policies(self) -> None:
        closed = [network_policy(f"{home}/closed", policyTypes=["Egress"]) for home in ("web", "data", "tools")]
        asked = session(*TENANTS, *closed)
        assert verdict(asked, "no possible pod can reach outside the cluster") == "holds"
        assert verdict(asked, "no possible pod in possible namespaces can reach outside the cluster") == "violated"

    def test_it_is_on_the_node_that_is_named(self) -> None:
        isolated = network_policy("web/closed", policyTypes=["Ingress"])
        asked = session(*TENANTS, node("n1", "192.168.0.1"), node("n2", "192.168.0.2"), isolated)
        assert verdict(asked, "can node n1 reach possible pods in namespace web on node n1?") == "reachable"
        assert verdict(asked, "can node n1 reach possible pods in namespace web on node n2?") == "unreachable"
        assert verdict(asked, "can node n1 reach possible pods in namespace web?") == "reachable"

    def test_it_has_the_service_account_of_a_namespace(self) -> None:
        asked = session(*TENANTS, network_policy("web/closed", policyTypes=["Egress"]))
        assert verdict(asked, "no possible pod with service account web/default can reach pods") == "holds"
        assert verdict(asked, "no possible pod with service account data/default can reach pods") == "violated"

    def test_where_no_namespace_is_like_that_nothing_is_claimed(self) -> None:
        answer = session(*TENANTS).ask("no possible pod in namespaces labelled nobody=1 can reach pods")
        assert (answer.verdict, answer.vacuous) == ("holds", True)
        assert notice(answer, "EMPTY_SET") == (
            "'possible pods in namespaces labelled nobody=1': no such pod can exist, since no namespace matches"
        )


class TestWhatIsProved:
    def test_a_proof_names_the_rules_that_it_rests_on(self) -> None:
        answer = session(*TENANTS, admin_policy("wall", 1, ingress=[DENY_PODS_IN]), gate(role="gateway")).ask(
            "no possible pod in tenant a can reach tenant b"
        )
        assert (answer.verdict, answer.world) == ("holds", "open")
        assert texts(answer) == ["AdminNetworkPolicy wall ingress rule 0 denies"]
        assert (answer.evidence.replayed, answer.evidence.cross_checked) == (True, False)
        assert notice(answer, "POSSIBLE_PODS") == (
            "a possible pod has any labels, any named ports, any node and any address in 10.0.0.0/8, 100.64.0.0/10, "
            "172.16.0.0/12, 192.168.0.0/16, and is in a namespace of the snapshot; add `in possible namespaces` to ask "
            "about new ones as well; it is on the pod network: who may create pods with hostNetwork is decided by "
            "admission control"
        )

    def test_what_every_possible_pod_can_reach(self) -> None:
        dns = pod("tools/dns", "10.0.0.9")
        open_ = admin_policy(
            "dns",
            1,
            egress=[{"action": "Allow", "to": [{"namespaces": {"matchLabels": {"team": "tools"}}}]}, DENY_ALL],
        )
        home = namespace("tools", team="tools")
        asked = session(*TENANTS[:2], *TENANTS[3:], home, dns, open_)
        assert verdict(asked, "every possible pod can reach pod tools/dns on udp/53") == "holds"
        assert verdict(asked, "every possible pod can reach tenant b on udp/53") == "violated"

    def test_only_pods_with_a_label_can_ever_reach_the_database(self) -> None:
        asked = session(*TENANTS, gate(role="gateway"))
        claim = "only possible pods labelled role=gateway in namespace web can reach pods in tenant b"
        assert verdict(asked, claim) == "holds"
        answer = asked.ask("only possible pods labelled role=admin in namespace web can reach pods in tenant b")
        assert dict(source(answer).labels) == {"role": "gateway"}

    def test_what_possible_pods_can_reach_only(self) -> None:
        out = [{"to": [{"podSelector": {"matchLabels": {"app": "front"}}}]}]
        asked = session(*TENANTS, network_policy("web/out", policyTypes=["Egress"], egress=out))
        assert verdict(asked, "possible pods in namespace web can reach only pod web/front") == "holds"
        assert verdict(asked, "possible pods in namespace web can reach only possible pods labelled app=front") == (
            "holds"
        )
        assert verdict(asked, "possible pods in namespace web can reach only possible pods labelled app=x") == (
            "violated"
        )

    def test_default_deny_holds_for_pods_that_do_not_exist(self) -> None:
        floor = baseline(egress=[DENY_ALL], ingress=[DENY_PODS_IN])
        asked = session(*TENANTS, floor)
        claim = "BANP enforces default deny for possible pods in any tenant"
        assert verdict(asked, claim) == "holds"
        floor["spec"]["subject"] = {
            "pods": {
                "namespaceSelector": {},
                "podSelector": {"matchExpressions": [{"key": "exempt", "operator": "DoesNotExist"}]},
            }
        }
        answer = session(*TENANTS, floor).ask(claim)
        assert answer.verdict == "violated"
        assert dict(source(answer).labels) == {"exempt": "other"}

    def test_a_tie_leaves_a_possible_flow_open(self) -> None:
        deny, allow = (
            admin_policy(action.lower(), 5, ingress=[{"action": action, "from": [{"namespaces": {}}]}])
            for action in ("Deny", "Allow")
        )
        asked = session(*TENANTS, deny, allow)
        answer = asked.ask("can possible pods in namespace tools reach tenant b?")
        assert answer.verdict == "reachable"
        assert "TIE" in codes(answer)
        assert verdict(asked, "every possible pod in namespace tools can reach tenant b") == "violated"

    def test_a_policy_that_selects_none_of_them_does_not_undo_one_before_it(self) -> None:
        """Found by brute force: after such a policy, the rest of the tier saw again what was decided already."""
        first = admin_policy("first", 1, egress=[{"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}])
        other = admin_policy("other", 2, egress=[{"action": "Deny", "to": [{"networks": ["10.0.0.0/8"]}]}])
        other["spec"]["subject"] = {"namespaces": {"matchLabels": {"tenant": "b"}}}
        unordered = {
            "apiVersion": "policy.networking.k8s.io/v1alpha2",
            "kind": "ClusterNetworkPolicy",
            "metadata": {"name": "v6"},
            "spec": {
                "tier": "Admin",
                "priority": 1,
                "subject": {"namespaces": {}},
                "egress": [{"action": "Accept", "to": [{"networks": ["2001:db8::/32"]}]}],
            },
        }
        asked = session(*TENANTS, first, other, unordered)
        assert verdict(asked, "no possible pod in tenant a can reach outside the cluster") == "holds"


class TestGuardRails:
    def test_whatever_a_tenant_writes_an_admin_policy_keeps_even_possible_pods_in(self) -> None:
        metadata = {"action": "Deny", "to": [{"networks": ["169.254.169.254/32"]}]}
        rail = (
            "assuming whatever network policies tenant a writes: no possible pod in tenant a can reach 169.254.169.254"
        )
        assert verdict(session(*TENANTS, admin_policy("metadata", 1, egress=[metadata])), rail) == "holds"
        assert verdict(session(*TENANTS), rail) == "violated"

    def test_new_namespaces_of_the_tenant_write_what_they_like_too(self) -> None:
        floor = baseline(egress=[DENY_ALL])
        rail = "assuming whatever network policies tenant a writes: "
        claim = "no possible pod in tenant a in possible namespaces can reach tenant b"
        asked = session(*TENANTS, floor)
        assert verdict(asked, claim) == "holds"
        assert verdict(asked, rail + claim) == "violated"

    def test_labels_that_are_assumed_away_are_not_invented(self) -> None:
        asked = session(*TENANTS, gate(role="gateway"))
        claim = "no possible pod in tenant a can reach tenant b"
        assert verdict(asked, f"assuming no pod in tenant a is labelled role=gateway: {claim}") == "holds"
        assert verdict(asked, f"assuming no pod in tenant b is labelled role=gateway: {claim}") == "violated"

    def test_the_name_in_for_every_is_bound_in_possible_pods(self) -> None:
        asked = session(*TENANTS, gate(role="gateway"))
        claim = "for every tenant T: no possible pod outside tenant T can reach tenant T"
        assert verdict(asked, claim) == "violated"
        assert verdict(asked, f"assuming no pod is labelled role=gateway: {claim}") == "violated"
        walls = [admin_policy("wall", 1, ingress=[DENY_PODS_IN])]
        assert verdict(session(*TENANTS, *walls), claim) == "holds"


@pytest.mark.parametrize(
    ("sentence", "problem"),
    [
        (
            "which pods can reach possible pods?",
            "22: possible pods cannot be listed or explained; ask with `can`, `no`, `every`, `only` or `default deny`",
        ),
        (
            "why can't possible pods reach tenant b?",
            "11: possible pods cannot be listed or explained; ask with `can`, `no`, `every`, `only` or `default deny`",
        ),
        (
            "every possible pod can reach some pod in tenant b",
            "7: quantifiers that alternate (every ... some ...) are not answered for possible pods; ask about every "
            "one",
        ),
        (
            "can pods in possible namespaces reach pods?",
            "5: no pod is in a possible namespace yet: write `possible pods in possible namespaces`",
        ),
        ("no possible pod in tenant c can reach pods", "27: no tenant c in the snapshot; it has a, b"),
    ],
)
def test_what_cannot_be_asked_about_possible_pods_is_refused(sentence: str, problem: str) -> None:
    assert refused(session(*TENANTS), sentence) == [problem]
