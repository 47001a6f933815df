"""Objects of kinds that are not read: which stand for a rule, in which scope, and what is said of the others."""

from __future__ import annotations

from typing import Any

import pytest

from reachproof.engines.assembly import programs
from reachproof.engines.not_read import is_not_read
from reachproof.engines.own_tiers import MESH, NOT_READ
from reachproof.engines.registry import profile_of
from reachproof.manifests.kinds.not_read.table import NOT_READ_KINDS
from reachproof.manifests.load import load_objects, load_text
from reachproof.manifests.stored_snapshot import load_stored, objects_to_store, stored_objects
from reachproof.network.address import parse_cidr
from reachproof.network.cluster import Notice
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Selector
from reachproof.network.options import Cni, Options
from reachproof.network.policy import Action, AddressPeer, Direction, NodePeer, PartyKind, Policy
from reachproof.network.snapshot import Snapshot
from tests.manifests.given import codes, notice, says

Object = dict[str, Any]
SHOP = Selector.equal(NAMESPACE_NAME, "shop")
DB = Selector.equal("app", "db")


def made(
    api_version: str, kind: str, spec: Object | None = None, *, name: str = "a", namespace: str = "shop"
) -> Object:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec or {}}


def only(*objects: Object, options: Options | None = None) -> Policy:
    """The only policy of some objects, which stands for one of them."""
    (policy,) = (load_objects(objects, options=options) if options else load_objects(objects)).policies
    assert is_not_read(policy)
    return policy


def actions(policy: Policy, direction: Direction) -> list[Action]:
    return [rule.action for rule in policy.rules(direction)]


SERVER = "policy.linkerd.io/v1beta3", "Server"
GROUPS = "vpcresources.k8s.aws/v1beta1", "SecurityGroupPolicy"


def test_a_firewall_may_allow_and_may_deny_egress_of_its_namespace() -> None:
    policy = only(made("k8s.ovn.org/v1", "EgressFirewall"))
    assert (policy.tier, policy.subject.namespaces, policy.subject.pods) == (NOT_READ, SHOP, EVERYTHING)
    assert actions(policy, Direction.EGRESS) == [Action.ALLOW, Action.DENY]
    assert actions(policy, Direction.INGRESS) == []
    assert policy.isolates == frozenset()


def rule(**fields: object) -> Object:
    return {"type": "Deny", "to": {"cidrSelector": "10.0.0.0/8"}, **fields}


def test_the_rules_of_a_firewall_keep_their_order_and_end_what_they_match() -> None:
    spec = {"egress": [rule(type="Allow", to={"nodeSelector": {"matchLabels": {"zone": "a"}}}), rule()]}
    found = only(made("k8s.ovn.org/v1", "EgressFirewall", spec)).egress
    assert [(each.index, each.action, each.may) for each in found] == [
        (0, Action.ALLOW, True),
        (0, Action.PASS, False),
        (1, Action.DENY, True),
        (1, Action.PASS, False),
    ]
    assert [each.matches[0].peer for each in found[::2]] == [
        NodePeer(Selector.equal("zone", "a")),
        AddressPeer(parse_cidr("10.0.0.0/8"), frozenset((PartyKind.NODE, PartyKind.EXTERNAL))),
    ]


def test_an_empty_firewall_does_nothing() -> None:
    (policy,) = load_objects([made("k8s.ovn.org/v1", "EgressFirewall", {"egress": []})]).policies
    assert policy.egress == ()


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"egress": {}},
        {"egress": [rule()], "more": 1},
        {"egress": [rule(more=1)]},
        {"egress": [rule(type="deny")]},
        {"egress": [rule(to={})]},
        {"egress": [rule(to={"cidrSelector": "10.0.0.0/8", "dnsName": "a.example"})]},
        {"egress": [rule(to={"cidrSelector": "10.0.0.0/33"})]},
        {"egress": [rule(to={"cidrSelector": 5})]},
        {"egress": [rule(to={"dnsName": ""})]},
        {"egress": [rule(to={"nodeSelector": {"matchExpressions": []}})]},
        {"egress": [rule(to={"nodeSelector": {"matchLabels": {"zone": 5}}})]},
        {"egress": [rule(ports={"port": 80})]},
        {"egress": [rule(ports=[{"port": 80}])]},
        {"egress": [rule(ports=[{"protocol": "ICMP"}])]},
        {"egress": [rule(ports=[{"protocol": "TCP", "port": 70000}])]},
        {"egress": [rule(ports=[{"protocol": "TCP", "port": "80"}])]},
    ],
)
def test_a_firewall_that_is_not_understood_may_do_anything(spec: Object) -> None:
    assert actions(only(made("k8s.ovn.org/v1", "EgressFirewall", spec)), Direction.EGRESS) == [
        Action.ALLOW,
        Action.DENY,
    ]


def test_a_kind_of_another_mesh_may_deny_alone() -> None:
    policy = only(made(*SERVER, {"podSelector": {"matchLabels": {"app": "db"}}}))
    assert (policy.subject.namespaces, policy.subject.pods) == (SHOP, DB)
    assert actions(policy, Direction.INGRESS) == [Action.DENY]
    assert actions(policy, Direction.EGRESS) == []


def test_a_kind_of_istio_stands_in_the_tier_of_the_mesh() -> None:
    policy = only(made("networking.istio.io/v1", "Sidecar", {"workloadSelector": {"labels": {"app": "db"}}}))
    assert (policy.tier, policy.subject.namespaces, policy.subject.pods) == (MESH, SHOP, DB)
    assert actions(policy, Direction.INGRESS) == [Action.PASS, Action.DENY]


def test_the_root_namespace_of_istio_is_the_whole_mesh() -> None:
    envoy = made("networking.istio.io/v1alpha3", "EnvoyFilter", namespace="mesh")
    assert only(envoy).subject.namespaces == Selector.equal(NAMESPACE_NAME, "mesh")
    assert only(envoy, options=Options(root_namespace="mesh")).subject.namespaces == EVERYTHING


@pytest.mark.parametrize(
    "selector",
    [
        None,
        {},
        "app == 'db'",
        ["app"],
        {"matchLabels": {"app": 5}},
        {"matchLabels": ["app"]},
        {"matchExpressions": [{"key": "app", "operator": "Near", "values": ["db"]}]},
        {"matchLabels": {"app": "db"}, "more": {}},
    ],
)
def test_a_selector_that_is_not_plain_selects_everything(selector: object) -> None:
    assert only(made(*GROUPS, {"podSelector": selector})).subject.pods == EVERYTHING


def test_a_label_whose_value_is_not_known_is_no_condition() -> None:
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": {"app": "db"}},
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": {}},
        },
    }
    chosen = {"podSelector": {"matchLabels": {"app": "db", "pod-template-hash": "7d"}}}
    assert only(deployment, made(*GROUPS, chosen)).subject.pods == DB


def test_namespaces_of_a_cluster_scoped_object_are_those_it_selects() -> None:
    chosen = {"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}}
    policy = only(made("k8s.ovn.org/v1", "ClusterUserDefinedNetwork", chosen, namespace=""))
    assert str(policy.subject.namespaces) == "team"


@pytest.mark.parametrize(
    ("api_version", "kind"), [("unheard.example/v1", "SuperNetworkPolicy"), ("cilium.io/v9", "CiliumTopNetworkPolicy")]
)
def test_a_kind_that_is_named_like_a_network_policy_is_one(api_version: str, kind: str) -> None:
    assert only(made(api_version, kind)).subject.namespaces == SHOP
    assert only(made(api_version, kind, namespace="")).subject.namespaces == EVERYTHING


@pytest.mark.parametrize(
    ("api_version", "kind", "without", "with_"),
    [
        ("k8s.ovn.org/v1", "UserDefinedNetwork", {"layer2": {"role": "Secondary"}}, {"layer2": {"role": "Primary"}}),
        (
            "networking.istio.io/v1",
            "DestinationRule",
            {"trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}},
            {"subsets": [{"trafficPolicy": {"tls": {"mode": "DISABLE"}}}]},
        ),
        ("cilium.io/v1alpha1", "TracingPolicy", {"kprobes": []}, {"kprobes": [{"selectors": [{"action": "Sigkill"}]}]}),
        ("cilium.io/v1alpha1", "TracingPolicy", {"a": {"action": {}}}, {"a": {"action": "NotifyEnforcer"}}),
        ("k8s.ovn.org/v1", "UserDefinedNetwork", {"layer2": {"role": "Secondary"}}, {"layer2": {"role": {"a": "b"}}}),
        ("eks.amazonaws.com/v1", "NodeClass", {"networkPolicy": "DefaultAllow"}, {"networkPolicy": "DefaultDeny"}),
        ("kubeovn.io/v1", "Subnet", {"private": False}, {"private": True}),
        ("kubeovn.io/v1", "Vpc", {"staticRoutes": []}, {"staticRoutes": [{"cidr": "0.0.0.0/0"}]}),
        ("security.kubearmor.com/v1", "KubeArmorPolicy", {"file": {}}, {"network": {"matchProtocols": []}}),
    ],
)
def test_a_condition_on_the_object_tells_whether_it_acts(
    api_version: str, kind: str, without: Object, with_: Object
) -> None:
    name = "ovn-cluster"
    assert load_objects([made(api_version, kind, without, name=name)]).policies == ()
    assert is_not_read(only(made(api_version, kind, with_, name=name)))


@pytest.mark.parametrize("spec", [None, [], "text", {"staticRoutes": None}])
def test_a_body_without_the_fields_of_a_condition_is_read(spec: object) -> None:
    vpc = {"apiVersion": "kubeovn.io/v1", "kind": "Vpc", "spec": spec}
    assert load_objects([{**vpc, "metadata": {"name": "ovn-cluster", "labels": {"name": "a"}}}]).policies == ()
    assert is_not_read(only({**vpc, "metadata": {"name": "a", "labels": {"name": "ovn-cluster"}}}))
    assert is_not_read(only({**vpc, "metadata": None}))


def test_a_kind_that_may_act_on_nodes_is_an_assumption_too() -> None:
    snapshot = load_objects([made("ingressnodefirewall.openshift.io/v1alpha1", "IngressNodeFirewall", namespace="")])
    assert len(snapshot.policies) == 1
    assert notice(snapshot, "HOST_POLICY").text == (
        "IngressNodeFirewall.ingressnodefirewall.openshift.io may act on nodes and pods on the host network, which "
        "answers ignore: a"
    )


def test_the_first_row_whose_condition_is_met_counts() -> None:
    plain = only(made("networking.istio.io/v1", "ServiceEntry", {"hosts": ["a.example"]}))
    taking = only(made("networking.istio.io/v1", "ServiceEntry", {"addresses": ["10.0.0.0/8"]}))
    assert [type(each.egress[0].matches[0].peer).__name__ for each in (plain, taking)] == ["PartyPeer", "AnyPeer"]


def test_the_warning_counts_by_kind() -> None:
    snapshot = load_objects(
        [
            made("k8s.ovn.org/v1", "EgressFirewall", name="default"),
            made(*SERVER, name="web"),
            made(*SERVER, name="db"),
            made("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", name="all", namespace=""),
        ]
    )
    assert notice(snapshot, "KINDS_NOT_READ") == Notice(
        code="KINDS_NOT_READ",
        text="not read, so what rests on it is undetermined: 1 ClusterNetworkPolicy.crd.antrea.io (all), "
        "1 EgressFirewall.k8s.ovn.org (shop/default), 2 Server.policy.linkerd.io (for example shop/db)",
    )


def test_a_kind_of_an_unknown_group_about_networks_is_an_assumption() -> None:
    snapshot = load_objects(
        [
            made("traffic.example/v1", "EgressPath", name="b"),
            made("traffic.example/v1", "EgressPath", name="a"),
            made("firewall.example/v1", "Thing", namespace="", name="t"),
        ]
    )
    assert snapshot.policies == ()
    assert [(each.code, each.text) for each in snapshot.assumptions] == [
        ("KIND_UNKNOWN", "EgressPath.traffic.example is not known, and answers ignore it: shop/a, shop/b"),
        ("KIND_UNKNOWN", "Thing.firewall.example is not known, and answers ignore it: t"),
    ]


def test_many_objects_of_an_unknown_kind_are_one_assumption() -> None:
    objects = [made("traffic.example/v1", "EgressPath", name=f"e{number}") for number in range(5)]
    assert notice(load_objects(objects), "KIND_UNKNOWN").text == (
        "EgressPath.traffic.example is not known, and answers ignore it: shop/e0, shop/e1, shop/e2 and 2 more"
    )


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("networking.k8s.io/v1", "IngressClass"),
        ("policy/v1", "PodDisruptionBudget"),
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("kyverno.io/v1", "ClusterPolicy"),
        ("metallb.io/v1beta2", "BGPPeer"),
        ("projectcalico.org/v3", "StagedNetworkPolicy"),
        ("crd.projectcalico.org/v1", "IPPool"),
        ("telemetry.istio.io/v1", "Telemetry"),
        ("k8s.ovn.org/v1", "EgressQoS"),
        ("example.com/v1", "Widget"),
    ],
)
def test_a_kind_that_cannot_matter_is_skipped(api_version: str, kind: str) -> None:
    assert codes(load_objects([made(api_version, kind)])) == ["KINDS_SKIPPED"]


def test_a_kind_that_joins_pods_to_other_networks_is_an_assumption() -> None:
    found = load_objects([made("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", name="storage")])
    assert notice(found, "OTHER_NETWORKS").text == (
        "NetworkAttachmentDefinition.k8s.cni.cncf.io joins pods to other networks, which answers do not cover: "
        "shop/storage"
    )


def test_a_kind_that_makes_pods_is_an_assumption_unless_they_seem_to_be_there() -> None:
    kafka = made("kafka.strimzi.io/v1beta2", "Kafka", name="events")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "events-kafka-0", "namespace": "shop", "labels": {"strimzi.io/cluster": "events"}},
        "status": {"phase": "Running", "podIP": "10.0.0.1"},
    }
    assert notice(load_objects([kafka]), "PODS_NOT_KNOWN").text == (
        "Kafka.kafka.strimzi.io makes pods, which answers ignore unless the input has them: shop/events"
    )
    assert "PODS_NOT_KNOWN" not in codes(load_objects([kafka, pod]))


@pytest.mark.parametrize("name", ["EgressFirewall", "EgressFirewall.k8s.ovn.org"])
def test_a_kind_is_left_out_on_request(name: str) -> None:
    snapshot = load_objects([made("k8s.ovn.org/v1", "EgressFirewall")], ignore_kinds=frozenset((name,)))
    assert snapshot.policies == ()
    assert notice(snapshot, "KIND_IGNORED").text == "EgressFirewall.k8s.ovn.org is ignored, as asked: shop/a"


def test_an_unknown_kind_is_left_out_on_request() -> None:
    snapshot = load_objects([made("traffic.example/v1", "EgressPath")], ignore_kinds=frozenset(("EgressPath",)))
    assert codes(snapshot) == ["KIND_IGNORED"]


def test_the_same_object_twice_is_one_and_two_that_differ_are_refused() -> None:
    one = "apiVersion: k8s.ovn.org/v1\nkind: EgressFirewall\nmetadata: {namespace: shop, name: a}\nspec: {egress: []}\n"
    assert len(load_text(f"{one}---\n{one}").policies) == 1
    assert says(f"{one}---\n{one.replace('[]', '[{type: Deny}]')}") == [
        "f.yaml:6 EgressFirewall shop/a: defined twice with different contents; also at f.yaml:1"
    ]


def test_objects_of_one_name_in_two_groups_are_two() -> None:
    snapshot = load_objects(
        [
            made("crd.antrea.io/v1beta1", "NetworkPolicy"),
            made("networking.k8s.io/v1", "NetworkPolicy", {"podSelector": {}}),
            made("crd.nsx.vmware.com/v1alpha1", "SecurityPolicy"),
            made("nsx.vmware.com/v1alpha1", "SecurityPolicy"),
        ]
    )
    assert sorted(str(policy.ref) for policy in snapshot.policies) == [
        "NetworkPolicy shop/a",
        "NetworkPolicy.crd.antrea.io shop/a",
        "SecurityPolicy.crd.nsx.vmware.com shop/a",
        "SecurityPolicy.nsx.vmware.com shop/a",
    ]


def test_the_digest_is_that_of_what_objects_say() -> None:
    def digest(spec: Object) -> str:
        return load_objects([made("k8s.ovn.org/v1", "EgressFirewall", spec)]).digest

    assert digest({"egress": []}) == digest({"egress": []})
    assert len({digest({"egress": []}), digest({"egress": [{"type": "Deny"}]}), load_objects([]).digest}) == 3


def test_what_a_rule_depends_on_is_what_the_object_says_and_what_the_rule_does() -> None:
    one, other = (only(made("k8s.ovn.org/v1", "EgressFirewall", {"egress": egress})) for egress in (["y"], ["x"]))
    again = only(made("k8s.ovn.org/v1beta1", "EgressFirewall", {"egress": ["y"]}))
    assert [rule.condition for rule in one.egress] == [rule.condition for rule in again.egress]
    assert len({rule.condition for policy in (one, other) for rule in policy.egress}) == 4


def test_an_object_that_says_it_outside_of_spec_is_seen() -> None:
    one, other = (
        {"apiVersion": "network.openshift.io/v1", "kind": "NetNamespace", "metadata": {"name": "a"}, "netid": number}
        for number in (1, 2)
    )
    assert load_objects([one]).policies[0].written != load_objects([other]).policies[0].written


ENDPOINT = made("networking.k8s.aws/v1alpha1", "PolicyEndpoint", {"podSelectorEndpoints": [{"podIP": "10.0.0.1"}]})


@pytest.mark.parametrize("cni", [Cni.SPEC, Cni.AUTO, Cni.ANTREA])
def test_what_shows_that_security_groups_filter_is_stored_without_its_contents(cni: Cni) -> None:
    objects = [made(*GROUPS, {"podSelector": {}}, name="g"), ENDPOINT]
    for stored_under in (Options(), Options(cni=Cni.ANTREA)):
        stored = objects_to_store(objects, name="s", options=stored_under)
        found = load_stored(stored.content, stored.snapshot.digest, options=Options(cni=cni))
        assert found == load_objects(objects, name="s", options=Options(cni=cni))
        settled = profile_of(found.options).settled(found.policies[0], found.policies)
        assert (Action.ALLOW in actions(settled, Direction.EGRESS)) is (cni is Cni.ANTREA)
    kept = [each.value for each in stored_objects(stored.content, stored.snapshot.digest)]
    assert [each.get("spec") for each in kept if each["kind"] == "PolicyEndpoint"] == [None]
    assert stored.snapshot.digest != objects_to_store(objects[:1], name="s").snapshot.digest


@pytest.mark.parametrize("cni", [Cni.SPEC, Cni.KUBE_NETWORK_POLICIES, Cni.OVN_KUBERNETES])
def test_the_implementation_that_is_asked_about_decides_what_security_groups_do(cni: Cni) -> None:
    read = load_objects([made(*GROUPS, {"podSelector": {}}, name="g"), ENDPOINT])
    found = programs(read.with_options(Options(cni=cni)))
    (policy,) = found.egress[0].policies
    assert (Action.ALLOW in actions(policy, Direction.EGRESS)) is (cni is not Cni.SPEC)


STORED = [
    made("k8s.ovn.org/v1", "EgressFirewall", {"egress": [{"type": "Deny", "to": {"cidrSelector": "0.0.0.0/0"}}]}),
    made(*SERVER, {"podSelector": {"matchLabels": {"app": "db"}}}),
    made("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", {"config": "secret"}),
    made("traffic.example/v1", "EgressPath", {"token": "secret"}),
    made("kafka.strimzi.io/v1beta2", "Kafka", {"password": "secret"}),
    {"apiVersion": "network.openshift.io/v1", "kind": "NetNamespace", "metadata": {"name": "a"}, "netid": 7},
]


def test_objects_come_back_from_the_store_and_what_is_not_needed_is_not_stored() -> None:
    stored = objects_to_store(STORED, name="given")
    again: Snapshot = load_stored(stored.content, stored.snapshot.digest)
    assert again == stored.snapshot
    assert again.assumptions == stored.snapshot.assumptions
    assert stored.counts["EgressFirewall"] == 1
    plain = [each.value for each in stored_objects(stored.content, stored.snapshot.digest)]
    assert "secret" not in repr(plain)


def test_an_input_of_such_objects_alone_has_a_policy() -> None:
    assert "NO_POLICIES" not in [
        each.code for each in load_objects([made("k8s.ovn.org/v1", "EgressFirewall")]).warnings
    ]


@pytest.mark.parametrize(
    ("api_version", "kind", "cni"),
    [
        ("k8s.ovn.org/v1", "EgressFirewall", Cni.OVN_KUBERNETES),
        ("crd.antrea.io/v1beta1", "NetworkPolicy", Cni.ANTREA),
        ("cilium.io/v2", "CiliumLocalRedirectPolicy", Cni.CILIUM),
        ("cilium.io/v1alpha1", "TracingPolicy", Cni.SPEC),
        ("policy.linkerd.io/v1beta3", "Server", Cni.SPEC),
    ],
)
def test_an_object_that_one_implementation_alone_has_shows_it(api_version: str, kind: str, cni: Cni) -> None:
    assert load_objects([made(api_version, kind)], options=Options(cni=Cni.AUTO)).found_cni is cni


def test_objects_that_are_not_read_show_an_implementation_only_where_nothing_else_does() -> None:
    antrea, ovn = made("crd.antrea.io/v1beta1", "NetworkPolicy"), made("k8s.ovn.org/v1", "EgressFirewall")
    agent = made("apps/v1", "DaemonSet", {"template": {"metadata": {"labels": {"a": "b"}}}}, name="cilium")
    agent["spec"]["selector"] = {"matchLabels": {"a": "b"}}
    auto = Options(cni=Cni.AUTO)
    assert load_objects([antrea, ovn], options=auto).found_cni is Cni.SPEC
    assert load_objects([antrea, agent], options=auto).found_cni is Cni.CILIUM


# ---------------------------------------------------------------- the registry itself


def test_a_kind_has_one_row_without_a_condition_at_most_and_that_is_its_last() -> None:
    rows: dict[tuple[str, str], list[bool]] = {}
    for row in NOT_READ_KINDS:
        for kind in row.kinds:
            rows.setdefault((row.group, kind), []).append(row.when is None)
    assert [key for key, free in rows.items() if any(free[:-1])] == []


def test_no_row_is_about_a_kind_that_is_read() -> None:
    for row in NOT_READ_KINDS:
        for kind in row.kinds:
            (found,) = [load_objects([made(f"{row.group}/v1", kind)])]
            read = [each for each in found.policies if not is_not_read(each)]
            assert read == [], (row.group, kind)
            assert found.ingresses == (), (row.group, kind)


def test_a_row_names_a_selector_where_its_scope_has_one() -> None:
    assert [row.kinds for row in NOT_READ_KINDS if ("{}" in row.scope) is not bool(row.selector)] == []
