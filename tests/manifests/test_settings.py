"""Settings of implementations in the input: each is as if its option had been given, or leaves open what it may do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachproof.manifests.errors import ManifestError
from reachproof.manifests.load import load_objects
from reachproof.manifests.stored_snapshot import load_stored, objects_to_store
from reachproof.network.options import CidrMatches, Cni, Enforcement, Options
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from tests.laws.law import assert_same
from tests.strategies.cilium import policy_sets
from tests.strategies.istio import inputs as istio_inputs
from tests.strategies.snapshots import manifests
from tests.strategies.vocabulary import Manifest

CILIUM = Options(cni=Cni.CILIUM)


def config(name: str = "cilium-config", namespace: str = "kube-system", **data: str) -> Manifest:
    metadata = {"name": name, "namespace": namespace}
    body = {key.replace("_", "-"): value for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": body}


def mesh(text: str, name: str = "istio") -> Manifest:
    metadata = {"name": name, "namespace": "istio-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"mesh": text}}


def policy(api_version: str, kind: str, spec: dict[str, Any], name: str = "p") -> Manifest:
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
    "spec": {"nodeName": "n1"},
    "status": {"phase": "Running", "podIP": "10.0.0.1"},
}
NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "n1"},
    "status": {"addresses": [{"type": "InternalIP", "address": "192.168.0.1"}]},
}
CLOSED = policy("networking.k8s.io/v1", "NetworkPolicy", {"podSelector": {}})
ADMIN = {
    "apiVersion": "policy.networking.k8s.io/v1alpha1",
    "kind": "AdminNetworkPolicy",
    "metadata": {"name": "a"},
    "spec": {
        "priority": 1,
        "subject": {"namespaces": {}},
        "egress": [{"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}],
    },
}


def load(*objects: Manifest, options: Options = CILIUM) -> Snapshot:
    return load_objects(objects, options=options)


def said(snapshot: Snapshot) -> list[str]:
    codes = ("SETTING_FOUND", "SETTING_NOT_MODELLED", "FEATURE_GATE")
    return [f"{each.code}: {each.text}" for each in snapshot.assumptions if each.code in codes]


AS_OPTIONS: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({"policy_cidr_match_mode": "nodes"}, {"cidr_matches": CidrMatches.WORLD_AND_NODES}),
    ({"policy_cidr_match_mode": "pods"}, {"cidr_matches": CidrMatches.WORLD_AND_PODS}),
    ({"policy_cidr_match_mode": "pods,nodes"}, {"cidr_matches": CidrMatches.ALL}),
    ({"policy_cidr_match_mode": ""}, {}),
    ({"enable_policy": "always"}, {"enforcement": Enforcement.ALWAYS}),
    ({"enable_policy": "never"}, {"enforcement": Enforcement.NONE}),
    ({"enable_policy": "default"}, {}),
    ({"policy_audit_mode": "true"}, {"enforcement": Enforcement.NONE}),
    ({"policy_audit_mode": "false"}, {}),
    ({"enable_policy": "always", "policy_audit_mode": "true"}, {"enforcement": Enforcement.NONE}),
]


@pytest.mark.heavy
@given(manifests(), policy_sets(most=2), st.sampled_from(AS_OPTIONS))
def test_settings_of_cilium_are_as_if_the_option_had_been_given(
    objects: list[Manifest], own: list[Manifest], setting: tuple[dict[str, str], dict[str, Any]]
) -> None:
    data, options = setting
    given_by_input = load(*objects, *own, config(**data))
    given_by_user = load(*objects, *own, options=Options(cni=Cni.CILIUM, **options))
    assert_same(given_by_user, given_by_input)


@pytest.mark.parametrize("mode", ["always", "never", "default"])
def test_in_audit_mode_nothing_is_enforced(mode: str) -> None:
    found = load(NAMESPACE, POD, CLOSED, config(enable_policy=mode, policy_audit_mode="true"))
    assert found.options.enforcement is Enforcement.NONE


OFF = (
    ("enable_k8s_networkpolicy", "NetworkPolicy"),
    ("enable_cilium_network_policy", "CiliumNetworkPolicy"),
    ("enable_cilium_clusterwide_network_policy", "CiliumClusterwideNetworkPolicy"),
)


@pytest.mark.heavy
@given(manifests(), policy_sets(most=3), st.sampled_from(OFF))
def test_a_kind_that_is_turned_off_is_as_if_it_were_not_there(
    objects: list[Manifest], own: list[Manifest], off: tuple[str, str]
) -> None:
    key, kind = off
    every = [*objects, *own]
    rest = [each for each in every if each["kind"] != kind]
    assert_same(load(*rest), load(*every, config(**{key: "false"})))


def test_an_option_of_the_user_comes_before_a_setting() -> None:
    options = Options(cni=Cni.CILIUM, enforcement=Enforcement.NETWORK_POLICY, cidr_matches=CidrMatches.ALL)
    found = load(NAMESPACE, POD, config(enable_policy="always", policy_cidr_match_mode="nodes"), options=options)
    assert (found.options.enforcement, found.options.cidr_matches) == (Enforcement.NETWORK_POLICY, CidrMatches.ALL)
    assert said(found) == []


def test_settings_of_cilium_count_under_its_profile_alone() -> None:
    found = load(NAMESPACE, POD, config(enable_policy="always", enable_k8s_networkpolicy="false"), options=Options())
    assert found.options == Options()


def test_each_setting_that_counts_is_said() -> None:
    found = load(NAMESPACE, POD, config(enable_policy="never", enable_k8s_networkpolicy="false", labels="k8s:app"))
    assert said(found) == [
        "SETTING_FOUND: cilium-config sets enable-k8s-networkpolicy to false: NetworkPolicy has no effect",
        "SETTING_FOUND: cilium-config sets enable-policy to never: read as enforcement none",
        "SETTING_NOT_MODELLED: cilium-config sets labels to k8s:app, whose effect is not modelled; answers ignore it",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("policy_cidr_match_mode", "planets"),
        ("enable_policy", "sometimes"),
        ("policy_audit_mode", "perhaps"),
        ("enable_k8s_networkpolicy", "perhaps"),
        ("enable_l7_proxy", "false"),
        ("enable_non_default_deny_policies", "false"),
        ("labels", "k8s:app"),
    ],
)
def test_a_value_that_is_not_understood_is_an_assumption(name: str, value: str) -> None:
    (text,) = said(load(NAMESPACE, POD, config(**{name: value})))
    setting = name.replace("_", "-")
    assert text == (
        f"SETTING_NOT_MODELLED: cilium-config sets {setting} to {value}, whose effect is not modelled; answers ignore "
        "it"
    )


@pytest.mark.parametrize(
    "data",
    [{"enable_l7_proxy": "true"}, {"labels": ""}, {"enable_k8s_networkpolicy": "true"}, {"tunnel": "vxlan"}],
)
def test_a_setting_with_its_default_is_not_mentioned(data: dict[str, str]) -> None:
    assert said(load(NAMESPACE, POD, config(**data))) == []


def test_two_configurations_that_differ_are_refused() -> None:
    with pytest.raises(ManifestError) as refused:
        load(config(enable_policy="always"), config(namespace="cilium", enable_policy="never"))
    (problem,) = refused.value.problems
    assert (problem.path, problem.message) == (
        "data.enable-policy",
        "ConfigMap kube-system/cilium-config says otherwise (always); leave one of them out",
    )


# ---------------------------------------------------------------- Antrea


def gates(text: str, name: str = "antrea-config") -> Manifest:
    return config(name, **{"antrea_controller.conf": text})


ANTREA = Options(cni=Cni.ANTREA)
ASKED = "can pod shop/web reach 203.0.113.7 on tcp/80?"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("featureGates:\n  AdminNetworkPolicy: true\n", "unreachable"),
        ("featureGates:\n#  AdminNetworkPolicy: false\n", "reachable"),
        ("featureGates: {AdminNetworkPolicy: false}", "reachable"),
        ("featureGates: {AdminNetworkPolicy: true, AntreaPolicy: false}", "reachable"),
        ("enablePrometheusMetrics: true", "reachable"),
    ],
)
def test_the_admin_kinds_count_under_antrea_if_the_feature_gate_is_on(text: str, verdict: str) -> None:
    for name in ("antrea-config", "antrea-config-7k2t9"):
        found = load(NAMESPACE, POD, ADMIN, gates(text, name), options=ANTREA)
        assert str(Session(found).ask(ASKED).verdict) == verdict
        assert len(said(found)) == (verdict == "reachable")


def test_without_its_configuration_the_gate_is_assumed_to_be_on() -> None:
    found = load(NAMESPACE, POD, ADMIN, options=ANTREA)
    assert str(Session(found).ask(ASKED).verdict) == "unreachable"
    assert said(found) == [
        "FEATURE_GATE: Antrea's feature gate AdminNetworkPolicy is taken to be on, since the input has "
        "AdminNetworkPolicy; it is off by default, and the ConfigMap antrea-config shows it"
    ]
    assert said(load(NAMESPACE, POD, ADMIN, options=Options())) == []
    assert said(load(NAMESPACE, POD, CLOSED, options=ANTREA)) == []


# ---------------------------------------------------------------- Istio


@pytest.mark.heavy
@given(istio_inputs(), st.sampled_from(("cluster.local", "td-1")), st.sampled_from(((), ("old", "cluster.local"))))
def test_trust_domains_of_the_mesh_are_as_if_they_had_been_given(
    objects: list[Manifest], domain: str, aliases: tuple[str, ...]
) -> None:
    text = f"trustDomain: {domain}\ntrustDomainAliases: [{', '.join(aliases)}]\n"
    options = Options(trust_domains=(domain, *aliases))
    assert_same(load(*objects, options=options), load(*objects, mesh(text), options=Options()))


def test_the_root_namespace_of_the_mesh_is_read_and_said() -> None:
    found = load(NAMESPACE, POD, mesh("rootNamespace: mesh-root\ntrustDomain: td\n", "istio-1-24"), options=Options())
    assert (found.options.root_namespace, found.options.trust_domains) == ("mesh-root", ("td",))
    assert said(found) == [
        "SETTING_FOUND: istio-1-24 sets rootNamespace to mesh-root: read as rootNamespace mesh-root",
        "SETTING_FOUND: istio-1-24 sets trustDomain to td: read as trustDomain td",
    ]
    given_by_user = Options(root_namespace="mine", trust_domains=("mine",))
    assert load(NAMESPACE, mesh("rootNamespace: x\ntrustDomain: y\n"), options=given_by_user).options == given_by_user


@pytest.mark.parametrize("text", ["trustDomain: [", "- 1\n", "", "a: 1\n---\nb: 2\n"])
def test_a_mesh_configuration_that_is_no_mapping_says_nothing(text: str) -> None:
    assert load(NAMESPACE, POD, mesh(text), options=Options()).options == Options()


# ---------------------------------------------------------------- stored


@pytest.mark.parametrize(
    "settings",
    [
        config(enable_policy="always", unknown="kept out"),
        config(allow_localhost="policy"),
        gates("featureGates: {AdminNetworkPolicy: true}"),
        mesh("trustDomain: td\noutboundTrafficPolicy: {mode: REGISTRY_ONLY}\n"),
        {
            "apiVersion": "projectcalico.org/v3",
            "kind": "FelixConfiguration",
            "metadata": {"name": "default"},
            "spec": {"defaultEndpointToHostAction": "Drop"},
        },
    ],
)
def test_settings_come_back_from_the_store(settings: Manifest) -> None:
    objects = [NAMESPACE, POD, NODE, CLOSED, settings]
    for stored_under in (Options(), CILIUM, ANTREA):
        stored = objects_to_store(objects, name="s", options=stored_under)
        for options in (Options(), CILIUM, ANTREA):
            assert load_stored(stored.content, stored.snapshot.digest, options=options) == load_objects(
                objects, name="s", options=options
            )


def test_another_setting_is_another_snapshot() -> None:
    digests = {load(NAMESPACE, POD, config(enable_policy=mode)).digest for mode in ("default", "always", "never")}
    assert len(digests) == 3


STAGED = policy("projectcalico.org/v3", "StagedNetworkPolicy", {"selector": "all()", "types": ["Ingress"]})


@pytest.mark.parametrize("read", [Cni.SPEC, Cni.CILIUM, Cni.CALICO])
@pytest.mark.parametrize("asked", [Cni.SPEC, Cni.CILIUM, Cni.CALICO])
def test_a_snapshot_with_a_staged_policy_that_is_stored_under_one_profile_is_read_under_another(
    read: Cni, asked: Cni
) -> None:
    stored = objects_to_store([NAMESPACE, POD, STAGED], name="s", options=Options(cni=read))
    found = load_stored(stored.content, stored.snapshot.digest, options=Options(cni=asked))
    assert found == load_objects([NAMESPACE, POD, STAGED], name="s", options=Options(cni=asked))
    assert bool(found.policies) is (asked is Cni.CALICO)


def test_a_staged_policy_that_is_not_valid_is_left_out_and_said() -> None:
    wrong = policy("projectcalico.org/v3", "StagedNetworkPolicy", {"tier": "none-such", "selector": "all()"})
    found = load(NAMESPACE, POD, wrong, options=Options(cni=Cni.CALICO))
    assert found.policies == ()
    assert [each.text for each in found.assumptions] == [
        "StagedNetworkPolicy shop/p is not enforced, and left out also of what the option withStaged asks, because it "
        'is not valid: spec.tier: tier "none-such" is not in the input; add the Tier none-such'
    ]
    with pytest.raises(ManifestError):
        load(NAMESPACE, POD, wrong, options=Options(cni=Cni.CALICO, with_staged=True))
