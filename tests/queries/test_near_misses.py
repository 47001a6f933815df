"""The nearest rules of a blocked flow, in full: one case for each of the commonest mistakes in public policies."""

from __future__ import annotations

from typing import Any

from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.queries.explain import explain
from tests.queries.given import (
    Manifest,
    admin_policy,
    baseline,
    namespace,
    network_policy,
    node,
    pod,
    service,
    session,
)

NAMED: Manifest = {"name": "monitoring", "labels": {"name": "monitoring"}}
ANY_POD: Manifest = {"podSelector": {}}


def labelled(**labels: str) -> Manifest:
    return {"podSelector": {"matchLabels": labels}}


def in_namespaces(**labels: str) -> Manifest:
    return {"namespaceSelector": {"matchLabels": labels}}


def block(cidr: str, *left_out: str) -> Manifest:
    return {"ipBlock": {"cidr": cidr} | ({"except": list(left_out)} if left_out else {})}


DENY_ALL = network_policy("shop/deny", policyTypes=["Ingress", "Egress"])
TO_DNS: Manifest = {"to": [in_namespaces()], "ports": [{"protocol": "UDP", "port": 53}]}


def carrying(manifest: Manifest, labels: dict[str, str]) -> Manifest:
    return manifest | {"metadata": manifest["metadata"] | {"labels": labels}}


def near(answer: Answer) -> list[str]:
    """Each rule, and under it the conditions that are not met."""
    return [
        line
        for rule in answer.near
        for line in (rule.text, *(f"{'?' if each.undetermined else '-'} {each.text}" for each in rule.failing))
    ]


def codes(answer: Answer) -> list[str]:
    return [each.code for rule in answer.near for each in rule.failing]


def why_not(cluster: Session, source: str, destination: str, on: str) -> Answer:
    answer = cluster.ask(f"why can't {source} reach {destination} on {on}?")
    assert answer.verdict == "explained"
    return answer


def lets_through(mended: Session, answer: Answer) -> bool:
    """True if the connection that the answer is about is allowed in the cluster in which the mistake is mended."""
    sentence = answer.normalized.replace("why can't", "can")
    return mended.ask(f"{sentence}?").verdict == "reachable"


def shop(*policies: Manifest, **options: Any) -> Session:
    return session(
        pod("shop/web", "10.0.0.1", ports=[("http", 8080)]),
        pod("shop/front", "10.0.0.2"),
        carrying(pod("kube-system/dns", "10.0.0.9"), {"k8s-app": "kube-dns"}),
        service("shop/web", {"app": "web"}, {"port": 80, "targetPort": 8080}),
        service(
            "kube-system/kube-dns", {"k8s-app": "kube-dns"}, {"port": 53, "protocol": "UDP"}, clusterIP="10.96.0.10"
        ),
        *policies,
        **options,
    )


# ---------------------------------------------------------------- who


def test_a_pod_selector_alone_does_not_reach_into_another_namespace() -> None:
    def cluster_of(peer: Manifest) -> Session:
        rule = {"from": [peer], "ports": [{"port": 80}]}
        pods = pod("pay/web", "10.0.0.1"), pod("ingress-nginx/controller", "10.0.0.2")
        return session(*pods, network_policy("pay/from-nginx", ingress=[rule]))

    cluster = cluster_of(labelled(app="controller"))
    answer = why_not(cluster, "pod ingress-nginx/controller", "pod pay/web", "tcp/80")
    assert near(answer) == [
        "NetworkPolicy pay/from-nginx ingress rule 0 allows tcp/80 from pods labelled app=controller in namespace pay",
        "- the source is in namespace ingress-nginx, not pay; a podSelector without a namespaceSelector means the "
        "policy's own namespace",
    ]
    assert codes(answer) == ["NOT_IN_NAMESPACE"]
    assert lets_through(cluster_of(labelled(app="controller") | in_namespaces()), answer)


def test_a_namespace_without_the_label_that_the_rule_is_for() -> None:
    def cluster_of(home: Manifest) -> Session:
        pods = pod("shop/web", "10.0.0.1"), pod("monitoring/prometheus", "10.0.0.2")
        policy = network_policy("shop/scrape", ingress=[{"from": [in_namespaces(name="monitoring")]}])
        return session(home, *pods, policy)

    cluster = cluster_of(namespace("monitoring"))
    answer = why_not(cluster, "pod monitoring/prometheus", "pod shop/web", "tcp/9090")
    assert near(answer) == [
        "NetworkPolicy shop/scrape ingress rule 0 allows all ports from pods in namespaces labelled name=monitoring",
        "- no namespace has the label name=monitoring; namespace monitoring has kubernetes.io/metadata.name=monitoring",
    ]
    assert codes(answer) == ["NAMESPACE_LABEL_MISSING"]
    assert lets_through(cluster_of({**namespace("monitoring"), "metadata": NAMED}), answer)


def test_a_label_that_another_namespace_has() -> None:
    cluster = session(
        namespace("metrics", team="ops"),
        namespace("monitoring", team="obs"),
        pod("shop/web", "10.0.0.1"),
        pod("monitoring/prometheus", "10.0.0.2"),
        network_policy("shop/scrape", ingress=[{"from": [in_namespaces(team="ops")]}]),
    )
    assert near(why_not(cluster, "pod monitoring/prometheus", "pod shop/web", "tcp/9090"))[1:] == [
        "- namespace monitoring has team=obs, not team=ops; namespace metrics has it",
    ]


def test_a_misspelt_label_value() -> None:
    cluster = shop(network_policy("shop/web", {"app": "web"}, ingress=[{"from": [labelled(app="frnt")]}]))
    answer = why_not(cluster, "pod shop/front", "pod shop/web", "tcp/8080")
    assert near(answer) == [
        "NetworkPolicy shop/web ingress rule 0 allows all ports from pods labelled app=frnt in namespace shop",
        "- the source has app=front, not app=frnt; no pod has app=frnt; did you mean app=front?",
    ]
    assert codes(answer) == ["LABEL_VALUE"]
    mended = shop(network_policy("shop/web", {"app": "web"}, ingress=[{"from": [labelled(app="front")]}]))
    assert lets_through(mended, answer)


def test_a_label_of_another_key() -> None:
    rule = {"from": [labelled(**{"app.kubernetes.io/name": "front"})]}
    cluster = shop(network_policy("shop/web", {"app": "web"}, ingress=[rule]))
    answer = why_not(cluster, "pod shop/front", "pod shop/web", "tcp/8080")
    assert near(answer) == [
        "NetworkPolicy shop/web ingress rule 0 allows all ports from pods labelled app.kubernetes.io/name=front in "
        "namespace shop",
        "- no pod has the label app.kubernetes.io/name=front; the source has app=front",
    ]
    assert codes(answer) == ["LABEL_MISSING"]
    mended = shop(network_policy("shop/web", {"app": "web"}, ingress=[{"from": [labelled(app="front")]}]))
    assert lets_through(mended, answer)


def test_two_selectors_in_one_item_where_either_was_meant() -> None:
    home, space, front = namespace("shop", env="test"), in_namespaces(env="prod"), labelled(app="front")
    cluster = shop(home, network_policy("shop/web", {"app": "web"}, ingress=[{"from": [space | front]}]))
    answer = why_not(cluster, "pod shop/front", "pod shop/web", "tcp/8080")
    assert near(answer) == [
        "NetworkPolicy shop/web ingress rule 0 allows all ports from pods labelled app=front in namespaces labelled "
        "env=prod",
        "- namespace shop has env=test, not env=prod; no namespace has env=prod; the namespaceSelector "
        "and podSelector of one item must both match",
    ]
    assert codes(answer) == ["NAMESPACE_LABEL_VALUE"]
    two = network_policy("shop/web", {"app": "web"}, ingress=[{"from": [space, front]}])
    assert lets_through(shop(home, two), answer)


def test_a_selector_for_what_is_outside_the_cluster() -> None:
    cluster = shop(network_policy("shop/web", {"app": "web"}, ingress=[{"from": [in_namespaces()]}]))
    answer = why_not(cluster, "192.0.2.7", "pod shop/web", "tcp/8080")
    assert near(answer) == [
        "NetworkPolicy shop/web ingress rule 0 allows all ports from pods in any namespace",
        "- the source is outside the cluster; selectors match pods only, addresses need an ipBlock",
    ]
    assert codes(answer) == ["NOT_A_POD"]
    mended = shop(network_policy("shop/web", {"app": "web"}, ingress=[{"from": [block("192.0.2.0/24")]}]))
    assert lets_through(mended, answer)


def test_a_selector_for_a_pod_on_the_host_network() -> None:
    cluster = shop(
        node("n1", "192.168.0.1"),
        pod("ingress-nginx/controller", "192.168.0.1", on="n1", host=True),
        network_policy("shop/web", {"app": "web"}, ingress=[{"from": [in_namespaces()]}]),
    )
    answer = why_not(cluster, "pod ingress-nginx/controller", "pod shop/web", "tcp/8080")
    assert near(answer)[1:] == ["- the source is on the host network; selectors match pods on the pod network only"]
    assert codes(answer) == ["HOST_NETWORK_END"]


# ---------------------------------------------------------------- where to


def test_the_port_of_the_service_where_that_of_the_pod_is_needed() -> None:
    rule = {"from": [labelled(app="front")], "ports": [{"port": 80}]}
    cluster = shop(network_policy("shop/web", {"app": "web"}, ingress=[rule]))
    answer = why_not(cluster, "pod shop/front", "service shop/web", "tcp/80")
    assert near(answer) == [
        "NetworkPolicy shop/web ingress rule 0 allows tcp/80 from pods labelled app=front in namespace shop",
        "- tcp/80 is the port of service shop/web; policies see that of the pod, tcp/8080",
    ]
    assert codes(answer) == ["PORT_OF_SERVICE"]
    rule = {"from": [labelled(app="front")], "ports": [{"port": 8080}]}
    assert lets_through(shop(network_policy("shop/web", {"app": "web"}, ingress=[rule])), answer)


def test_dns_without_the_protocol() -> None:
    cluster = shop(network_policy("shop/out", egress=[{"to": [in_namespaces()], "ports": [{"port": 53}]}]))
    answer = why_not(cluster, "pod shop/front", "service kube-system/kube-dns", "udp/53")
    assert near(answer) == [
        "NetworkPolicy shop/out egress rule 0 allows tcp/53 to pods in any namespace",
        "- the port is udp/53, not tcp/53; an entry without a protocol is TCP",
    ]
    assert codes(answer) == ["OTHER_PROTOCOL"]
    assert lets_through(shop(network_policy("shop/out", egress=[TO_DNS])), answer)


def test_a_port_name_that_no_container_declares() -> None:
    rule = {"from": [ANY_POD], "ports": [{"port": "https"}]}
    cluster = shop(network_policy("shop/web", {"app": "web"}, ingress=[rule]))
    answer = why_not(cluster, "pod shop/front", "pod shop/web", "tcp/8443")
    assert near(answer) == [
        "NetworkPolicy shop/web ingress rule 0 allows port https (tcp) from pods in namespace shop",
        "- the port is tcp/8443, not port https (tcp); the destination declares no port https, only http (tcp/8080)",
    ]
    assert codes(answer) == ["PORT_NAME_NOT_DECLARED"]
    rule = {"from": [ANY_POD], "ports": [{"port": 8443}]}
    assert lets_through(shop(network_policy("shop/web", {"app": "web"}, ingress=[rule])), answer)


def test_a_port_name_of_another_port() -> None:
    rule = {"from": [ANY_POD], "ports": [{"port": "http"}]}
    cluster = shop(network_policy("shop/web", {"app": "web"}, ingress=[rule]))
    answer = why_not(cluster, "pod shop/front", "pod shop/web", "tcp/80")
    assert near(answer)[1:] == ["- the port is tcp/80, not port http (tcp); at the destination, http is tcp/8080"]
    assert codes(answer) == ["PORT_NAME_ELSEWHERE"]


def test_an_address_that_an_except_leaves_out() -> None:
    egress = [{"to": [block("0.0.0.0/0", "10.0.0.0/8", "192.168.0.0/16")]}]
    cluster = shop(network_policy("shop/internet", egress=egress))
    answer = why_not(cluster, "pod shop/front", "192.168.7.7", "tcp/443")
    assert near(answer)[1:] == ["- 192.168.7.7 is in 0.0.0.0/0, but an except leaves it out"]
    assert codes(answer) == ["ADDRESS_EXCEPTED"]
    egress = [{"to": [block("0.0.0.0/0", "10.0.0.0/8")]}]
    assert lets_through(shop(network_policy("shop/internet", egress=egress)), answer)


def test_the_address_of_a_service_where_that_of_the_pod_is_needed() -> None:
    rule = {"to": [block("10.96.0.10/32")], "ports": [{"protocol": "UDP", "port": 53}]}
    cluster = shop(network_policy("shop/dns", egress=[rule]))
    answer = why_not(cluster, "pod shop/front", "service kube-system/kube-dns", "udp/53")
    assert near(answer) == [
        "NetworkPolicy shop/dns egress rule 0 allows udp/53 to 10.96.0.10/32",
        "- 10.96.0.10 is the address of service kube-system/kube-dns; policies see that of the pod, 10.0.0.9",
    ]
    assert codes(answer) == ["ADDRESS_OF_SERVICE"]
    assert lets_through(shop(network_policy("shop/dns", egress=[TO_DNS])), answer)


# ---------------------------------------------------------------- policies that are not in force


def test_a_rule_of_a_direction_that_policy_types_leave_out() -> None:
    cluster = shop(DENY_ALL, network_policy("shop/dns", policyTypes=["Ingress"], egress=[TO_DNS]))
    answer = why_not(cluster, "pod shop/front", "service kube-system/kube-dns", "udp/53")
    assert near(answer) == [
        "NetworkPolicy shop/dns egress rule 0 allows udp/53 to pods in any namespace",
        "- policyTypes leaves Egress out, so this rule is not in force",
    ]
    assert codes(answer) == ["POLICY_TYPES"]
    assert lets_through(shop(DENY_ALL, network_policy("shop/dns", policyTypes=["Egress"], egress=[TO_DNS])), answer)


def test_policy_types_with_a_direction_that_has_no_rule() -> None:
    both = network_policy("shop/web", {"app": "web"}, ingress=[{}], policyTypes=["Ingress", "Egress"])
    answer = why_not(shop(both), "pod shop/web", "service kube-system/kube-dns", "udp/53")
    assert near(answer) == [
        "NetworkPolicy shop/web has no egress rule",
        "- it isolates pod shop/web for egress all the same, unless policyTypes leaves Egress out",
    ]
    assert (codes(answer), answer.near[0].rule) == (["ISOLATES_WITHOUT_RULE"], None)
    assert lets_through(shop(network_policy("shop/web", {"app": "web"}, ingress=[{}], policyTypes=["Ingress"])), answer)
    only = network_policy("shop/front", {"app": "front"}, egress=[{}])
    answer = why_not(shop(only), "pod shop/web", "pod shop/front", "tcp/80")
    assert codes(answer) == ["ISOLATES_WITHOUT_RULE"]
    assert why_not(shop(only, DENY_ALL), "pod shop/web", "pod shop/front", "tcp/80").near == ()


def test_a_policy_in_the_namespace_of_the_client() -> None:
    def cluster_of(key: str) -> Session:
        policy = network_policy(key, {"app": "web"}, ingress=[{"from": [in_namespaces()]}])
        return shop(DENY_ALL, namespace("pay"), pod("pay/till", "10.0.0.5"), policy)

    cluster = cluster_of("pay/web")
    answer = why_not(cluster, "pod pay/till", "pod shop/web", "tcp/8080")
    assert near(answer) == [
        "NetworkPolicy pay/web ingress rule 0 allows all ports from pods in any namespace",
        "- the policy is in namespace pay, where it selects no pod; pod shop/web is in namespace shop",
    ]
    assert codes(answer) == ["POLICY_NAMESPACE"]
    assert lets_through(cluster_of("shop/web"), answer)


def test_a_policy_that_was_applied_without_a_namespace() -> None:
    policy = network_policy("default/web", {"app": "web"}, ingress=[{"from": [labelled(app="front")]}])
    answer = why_not(shop(DENY_ALL, namespace("default"), policy), "192.0.2.7", "pod shop/web", "tcp/8080")
    assert answer.near == ()
    cluster = shop(network_policy("shop/deny", policyTypes=["Ingress"]), namespace("default"), policy)
    answer = why_not(cluster, "pod shop/front", "pod shop/web", "tcp/8080")
    assert near(answer) == [
        "NetworkPolicy default/web ingress rule 0 allows all ports from pods labelled app=front in namespace default",
        "- the policy is in namespace default, where it selects no pod; pod shop/web is in namespace shop",
    ]


def test_a_policy_whose_selector_is_misspelt() -> None:
    policy = network_policy("shop/web", {"app": "wbe"}, ingress=[{"from": [ANY_POD]}])
    cluster = shop(network_policy("shop/deny", policyTypes=["Ingress"]), policy)
    answer = why_not(cluster, "pod shop/front", "pod shop/web", "tcp/8080")
    assert near(answer) == [
        "NetworkPolicy shop/web ingress rule 0 allows all ports from pods in namespace shop",
        "- the policy selects app=wbe, which no pod of its namespace has; pod shop/web has app=web",
    ]
    assert codes(answer) == ["POLICY_SELECTOR"]
    mended = network_policy("shop/web", {"app": "web"}, ingress=[{"from": [ANY_POD]}])
    assert lets_through(shop(network_policy("shop/deny", policyTypes=["Ingress"]), mended), answer)
    front = network_policy("shop/front", {"app": "front"}, ingress=[{"from": [ANY_POD]}])
    cluster = shop(network_policy("shop/deny", policyTypes=["Ingress"]), front)
    assert why_not(cluster, "pod shop/front", "pod shop/web", "tcp/8080").near == ()


# ---------------------------------------------------------------- which rules


def test_rules_that_lack_least_come_first_and_of_those_that_lack_two_things_only_likely_mistakes() -> None:
    unlikely = {"from": [labelled(app="x")], "ports": [{"port": 1}]}
    three = {"from": [labelled(app="frnt", tier="y")], "ports": [{"port": 80}]}
    misspelt = {"from": [labelled(app="frnt")], "ports": [{"port": 1}]}
    of_service = {"from": [labelled(app="x")], "ports": [{"port": 80}]}
    one = {"from": [labelled(app="front", tier="y")], "ports": [{"port": 8080}]}
    rules = [unlikely, three, misspelt, of_service, one]
    cluster = shop(network_policy("shop/web", {"app": "web"}, ingress=rules))
    answer = why_not(cluster, "pod shop/front", "pod shop/web", "tcp/8080")
    assert [each.rule_index for each in answer.near] == [4, 2, 3]


def test_of_several_peers_the_nearest_is_told() -> None:
    rule = {"from": [block("172.16.0.0/12"), labelled(app="frnt")]}
    cluster = shop(network_policy("shop/web", {"app": "web"}, ingress=[rule]))
    assert near(why_not(cluster, "pod shop/front", "pod shop/web", "tcp/8080")) == [
        "NetworkPolicy shop/web ingress rule 0 allows all ports from pods labelled app=frnt in namespace shop (one of "
        "2 peers)",
        "- the source has app=front, not app=frnt; no pod has app=frnt; did you mean app=front?",
    ]
    assert near(why_not(cluster, "192.0.2.7", "pod shop/web", "tcp/8080")) == [
        "NetworkPolicy shop/web ingress rule 0 allows all ports from 172.16.0.0/12 (one of 2 peers)",
        "- the address of the source, 192.0.2.7, is not in 172.16.0.0/12",
    ]


def test_a_rule_for_addresses_is_near_a_pod_only_where_no_rule_for_pods_is() -> None:
    rule, block_alone = {"from": [labelled(app="x")]}, {"from": [block("172.16.0.0/12")]}
    cluster = shop(network_policy("shop/web", {"app": "web"}, ingress=[block_alone, rule]))
    assert codes(why_not(cluster, "pod shop/front", "pod shop/web", "tcp/8080")) == ["LABEL_VALUE"]
    assert codes(why_not(cluster, "192.0.2.7", "pod shop/web", "tcp/8080")) == ["OTHER_ADDRESS"]
    cluster = shop(network_policy("shop/web", {"app": "web"}, ingress=[block_alone]))
    assert codes(why_not(cluster, "pod shop/front", "pod shop/web", "tcp/8080")) == ["OTHER_ADDRESS"]


def test_each_side_that_blocks_has_its_own() -> None:
    cluster = shop(
        network_policy("shop/web", {"app": "web"}, ingress=[{"from": [labelled(app="x")]}]),
        network_policy("shop/front", {"app": "front"}, egress=[{"to": [labelled(app="wep")]}]),
    )
    answer = why_not(cluster, "pod shop/front", "pod shop/web", "tcp/8080")
    assert [(each.direction, str(each.policy)) for each in answer.near] == [
        ("egress", "NetworkPolicy shop/front"),
        ("ingress", "NetworkPolicy shop/web"),
    ]


def test_a_rule_after_the_one_that_denies_is_no_near_miss() -> None:
    early = {"name": "early", "action": "Allow", "from": [{"pods": {"namespaceSelector": {}, **labelled(app="x")}}]}
    deny = {"name": "deny", "action": "Deny", "from": [{"namespaces": {}}]}
    late = early | {"name": "late"}
    cluster = shop(admin_policy("rules", 5, ingress=[early, deny, late]))
    answer = why_not(cluster, "pod shop/front", "pod shop/web", "tcp/8080")
    assert near(answer) == [
        'AdminNetworkPolicy rules ingress rule 0 "early" allows all ports from pods labelled app=x in any namespace',
        "- the source has app=front, not app=x; no pod has app=x",
    ]


def test_a_later_blocker_that_the_nearest_rule_would_spare_is_not_asked_about() -> None:
    allowed = {"action": "Allow", "from": [{"pods": {"namespaceSelector": {}, **labelled(app="y")}}]}
    cluster = shop(
        network_policy("shop/web", {"app": "web"}, ingress=[{"from": [labelled(app="x")]}]),
        baseline(ingress=[allowed, {"action": "Deny", "from": [{"namespaces": {}}]}]),
    )
    answer = why_not(cluster, "pod shop/front", "pod shop/web", "tcp/8080")
    assert [str(each.policy) for each in answer.near] == ["NetworkPolicy shop/web"]


def test_a_claim_that_a_denied_flow_refutes_has_them_and_a_proof_has_none() -> None:
    cluster = shop(network_policy("shop/web", {"app": "web"}, ingress=[{"from": [labelled(app="frnt")]}]))
    refuted = cluster.ask("every pod in namespace shop can reach pod shop/web on tcp/8080")
    assert (refuted.verdict, codes(refuted)) == ("violated", ["LABEL_VALUE"])
    assert cluster.ask("can pod shop/front reach pod shop/web on tcp/8080?").near == ()


def test_explanations_have_them_for_each_kind_of_flow_that_is_denied() -> None:
    cluster = shop(network_policy("shop/web", {"app": "web"}, ingress=[{"from": [labelled(app="frnt")]}]))
    (flow,) = explain(cluster, "shop/front", "shop/web", "8080").flows
    assert [each.code for rule in flow.near for each in rule.failing] == ["LABEL_VALUE"]


# ---------------------------------------------------------------- other implementations


def test_a_domain_name_may_or_may_not_stand_for_an_address() -> None:
    names = {"action": "Accept", "to": [{"domainNames": ["api.example.com"]}]}
    deny = {"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}
    policy: Manifest = {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": "out"},
        "spec": {"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}, "egress": [names, deny]},
    }
    cluster = session(pod("shop/front", "10.0.0.2"), policy, channel="experimental")
    (flow,) = explain(cluster, "shop/front", "192.0.2.7", "443").flows
    assert flow.access == "depends"
    (rule,) = flow.near
    assert [(each.text, each.undetermined) for each in rule.failing] == [
        ("whether api.example.com stands for 192.0.2.7 is not known", True),
        ("whether this rule matches is not known", True),
    ]


def test_calico_selectors_are_told_as_they_are_written() -> None:
    policy: Manifest = {
        "apiVersion": "projectcalico.org/v3",
        "kind": "NetworkPolicy",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "selector": "app == 'web'",
            "ingress": [{"action": "Allow", "source": {"selector": "app == 'frnt' || app == 'x'"}}],
        },
    }
    answer = why_not(shop(policy, cni="calico"), "pod shop/front", "pod shop/web", "tcp/8080")
    assert near(answer) == [
        "CalicoNetworkPolicy shop/web (tier default, no order) ingress rule 0 allows all ports from pods in namespace "
        "shop with app == 'frnt' || app == 'x'",
        "- the source does not meet app == 'frnt' || app == 'x'; it has app=front",
    ]


def test_a_name_that_no_agent_of_cilium_learns() -> None:
    policy: Manifest = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "out", "namespace": "shop"},
        "spec": {
            "endpointSelector": {"matchLabels": {"app": "front"}},
            "egress": [{"toFQDNs": [{"matchName": "api.example.com"}], "toPorts": [{"ports": [{"port": "443"}]}]}],
        },
    }
    assert near(why_not(shop(policy, cni="cilium"), "pod shop/front", "192.0.2.7", "tcp/443")) == [
        "CiliumNetworkPolicy shop/out egress rule 0 allows api.example.com",
        "- no policy lets DNS requests for api.example.com through, so no agent learns its addresses",
    ]
