"""Objects of Calico: what is refused and how, both forms, tiers, staged policies, and what `cni: auto` finds."""

from __future__ import annotations

from typing import Any

import pytest

from reachproof.engines.registry import profile_of
from reachproof.manifests.errors import ManifestError
from reachproof.manifests.load import load_objects
from reachproof.network.address import parse_cidrs
from reachproof.network.flow import External, Flow
from reachproof.network.intervals import IntervalSet
from reachproof.network.options import Cni, Options
from reachproof.network.policy import AddressPeer, Direction, NamedPort, PortMatch, parts_of
from reachproof.network.ports import Protocol, place
from reachproof.network.snapshot import Snapshot
from reachproof.queries.model_options import model_options
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth

CALICO = Options(cni=Cni.CALICO)
V3 = "projectcalico.org/v3"
CRD = "crd.projectcalico.org/v1"


def policy(
    spec: dict[str, Any], *, kind: str = "GlobalNetworkPolicy", api: str = V3, name: str = "p"
) -> dict[str, Any]:
    metadata = {"name": name} | ({} if "Global" in kind else {"namespace": "a"})
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}


def other(kind: str, name: str, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": V3, "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}


def rule(**fields: Any) -> dict[str, Any]:
    return {"ingress": [{"action": "Allow", **fields}]}


def loaded(*objects: dict[str, Any], options: Options = CALICO) -> Snapshot:
    return load_objects(objects, options=options)


def said(*objects: dict[str, Any], options: Options = CALICO) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        loaded(*objects, options=options)
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (
            rule(source={"selector": "app"}),
            'spec.ingress[0].source.selector: selector "app": found the end at column 4, expected an '
            "operator: ==, !=, in, not in, contains, starts with or ends with",
        ),
        (
            {"selector": "global()"},
            "spec.selector: global() is allowed only in the namespaceSelector of a rule",
        ),
        (
            rule(action="Reject"),
            'spec.ingress[0].action: found "Reject", expected Allow, Deny, Pass or Log',
        ),
        (
            rule(protocol="IGMP"),
            'spec.ingress[0].protocol: found "IGMP", expected TCP, UDP, SCTP, ICMP, ICMPv6, UDPLite or a number '
            "from 1 to 255",
        ),
        (
            rule(protocol="TCP", destination={"ports": ["9000:80"]}),
            'spec.ingress[0].destination.ports[0]: found "9000:80", expected a port from 0 to 65535, a range such as '
            "8000:8080, or the name of a port",
        ),
        (
            rule(protocol="ICMP", destination={"notPorts": ["web"]}),
            "spec.ingress[0].destination: a port name needs protocol TCP, UDP or SCTP, or none",
        ),
        (
            rule(destination={"notPorts": [80]}),
            "spec.ingress[0].destination: port numbers need protocol TCP, UDP or SCTP",
        ),
        (
            rule(source={"namespaceSelector": "global() || has(a)"}),
            'spec.ingress[0].source.namespaceSelector: selector "global() || has(a)": found "||" at column '
            "10, expected the end",
        ),
        (
            rule(source={"namespaceSelector": "has(a) && global()"}),
            'spec.ingress[0].source.namespaceSelector: selector "has(a) && global()": global() at '
            "column 11 must stand alone",
        ),
        (
            rule(source={"nets": ["10.0.0.0/33"]}),
            'spec.ingress[0].source.nets[0]: found "10.0.0.0/33", expected a CIDR such as 10.0.0.0/8, or an address',
        ),
        (
            rule(destination={"notNets": ["::ffff:10.0.0.0/112"]}),
            'spec.ingress[0].destination.notNets[0]: found "::ffff:10.0.0.0/112", expected a CIDR in plain IPv4 or '
            "plain IPv6, not IPv4 written as IPv6",
        ),
        (
            rule(source={"nets": ["10.0.0.0/8"]}, destination={"nets": ["fd00::/8"]}),
            "spec.ingress[0]: IPv4 and IPv6 CIDRs in one rule; split it in two",
        ),
        (
            rule(ipVersion=6, source={"nets": ["10.0.0.0/8"]}),
            "spec.ingress[0].ipVersion: ipVersion asks for IPv6, the rest of the rule for the other "
            "family; split the rule in two",
        ),
        (
            rule(protocol="ICMP", icmp={"code": 1}),
            "spec.ingress[0].icmp.type: missing; expected a type, since there is a code",
        ),
        (
            rule(protocol="TCP", icmp={"type": 8}),
            "spec.ingress[0].icmp: icmp needs protocol ICMP or ICMPv6",
        ),
        (
            {"ingress": [{"action": "Deny", "protocol": "TCP", "http": {"methods": ["GET"]}}]},
            "spec.ingress[0].http: http is allowed only in ingress rules with action Allow",
        ),
        (
            rule(source={"services": {"name": "s", "namespace": "a"}, "nets": ["10.0.0.0/8"]}),
            "spec.ingress[0].source.nets: not allowed beside services: the Service names the peers",
        ),
        (
            rule(source={"services": {"name": "s", "namespace": "a"}}),
            "spec.ingress[0].source.services: no EndpointSlice of Service a/s; a rule matches the "
            "addresses in its slices, so add them (kubectl get endpointslices -n a -o yaml)",
        ),
        (
            {"preDNAT": True, "doNotTrack": True, "applyOnForward": True},
            "spec.preDNAT: preDNAT and doNotTrack exclude each other",
        ),
        (
            {"preDNAT": True, "applyOnForward": True, "egress": [{"action": "Allow"}]},
            "spec.egress: a policy with preDNAT cannot have egress rules",
        ),
        (
            {"doNotTrack": True},
            "spec.doNotTrack: needs applyOnForward: true",
        ),
        ({"order": "10"}, 'spec.order: found "10", expected a number'),
        ({"tier": "gone"}, 'spec.tier: tier "gone" is not in the input; add the Tier gone'),
    ],
)  # fmt: skip
def test_what_calico_would_refuse_is_refused(spec: dict[str, Any], told: str) -> None:
    assert told in said(policy(spec))


def test_every_problem_is_told_at_once() -> None:
    wrong = {"tier": "gone", "selector": "x", "types": ["In"], "ingress": [{"action": "No"}]}
    assert len(said(policy(wrong))) == 4


@pytest.mark.parametrize(
    ("name", "spec", "told"),
    [
        ("default", {"order": 5}, "spec.order: found 5, expected 1e+06, the order of the built-in tier default"),
        (
            "kube-admin",
            {"defaultAction": "Deny"},
            'spec.defaultAction: found "Deny", expected Pass, how the built-in tier kube-admin ends',
        ),
        ("t", {"defaultAction": "Allow"}, 'spec.defaultAction: found "Allow", expected Deny or Pass'),
    ],
)
def test_a_tier_that_cannot_be_is_refused(name: str, spec: dict[str, Any], told: str) -> None:
    assert said(other("Tier", name, spec)) == [told]


def test_port_names_that_are_left_out_are_kept_apart_from_numbers() -> None:
    snapshot = loaded(policy(rule(protocol="TCP", destination={"ports": ["web"], "notPorts": ["dns", 80]})))
    (match,) = snapshot.policies[0].ingress[0].matches
    assert match.ports == PortMatch(
        names=(NamedPort("web", Protocol.TCP),),
        not_numbers=IntervalSet.single(place(Protocol.TCP, 80)),
        not_names=(NamedPort("dns", Protocol.TCP),),
    )


# ---------------------------------------------------------------- the two forms


def test_both_forms_of_one_policy_are_one_policy() -> None:
    spec = {"selector": "all()", "types": ["Ingress"], "ingress": [{"action": "Deny"}]}
    snapshot = loaded(policy(spec), policy(spec, api=CRD, name="default.p"))
    assert [str(each.ref) for each in snapshot.policies] == ["GlobalNetworkPolicy p"]


def test_without_types_the_form_of_the_crd_is_about_both_directions() -> None:
    assert [each.isolates for each in loaded(policy({}, api=CRD)).policies] == [frozenset(Direction)]
    assert [each.isolates for each in loaded(policy({})).policies] == [frozenset((Direction.INGRESS,))]


def test_labels_of_sets_in_the_form_of_the_crd_are_those_that_calico_keeps() -> None:
    kept = {"projectcalico.org/metadata": '{"labels": {"role": "ext"}}'}
    found = other("GlobalNetworkSet", "s", {"nets": ["203.0.113.0/24"]}, annotations=kept, labels={"role": "no"})
    snapshot = loaded(found | {"apiVersion": CRD}, policy(rule(source={"selector": "role == 'ext'"})))
    (match,) = snapshot.policies[0].ingress[0].matches
    addresses = [peer.addresses for peer in parts_of(match.peer) if isinstance(peer, AddressPeer)]
    assert addresses == [parse_cidrs(("203.0.113.0/24",))]


def test_a_policy_of_kubernetes_and_one_of_calico_may_have_one_name() -> None:
    knp = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    metadata = {"name": "p", "namespace": "a"}
    snapshot = loaded(knp | {"metadata": metadata, "spec": {"podSelector": {}}}, policy({}, kind="NetworkPolicy"))
    assert [each.ref.kind for each in snapshot.policies] == ["CalicoNetworkPolicy", "NetworkPolicy"]


# ---------------------------------------------------------------- staged

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "x", "namespace": "a"},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
    "status": {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]},
}


def from_outside(*objects: dict[str, Any], with_staged: bool) -> Truth:
    snapshot = loaded(POD, *objects, options=Options(cni=Cni.CALICO, with_staged=with_staged))
    pod = snapshot.pods[0]
    flow = Flow(
        source=External(),
        destination=pod,
        source_address=0x08080808,
        destination_address=pod.addresses[0],
        protocol=Protocol.TCP,
        port=80,
    )
    return truth(snapshot, flow)


DENY = {"ingress": [{"action": "Deny"}]}


def test_a_staged_policy_acts_only_when_asked_what_if() -> None:
    staged = policy(DENY, kind="StagedGlobalNetworkPolicy")
    assert from_outside(staged, with_staged=False) is Truth.ALLOWED
    assert from_outside(staged, with_staged=True) is Truth.DENIED


def test_a_staged_policy_takes_the_place_of_the_enforced_one_or_takes_it_away() -> None:
    enforced = policy(DENY)
    for spec in ({"ingress": [{"action": "Allow"}]}, {"stagedAction": "Delete"}):
        staged = policy(spec, kind="StagedGlobalNetworkPolicy")
        assert from_outside(enforced, staged, with_staged=False) is Truth.DENIED
        assert from_outside(enforced, staged, with_staged=True) is Truth.ALLOWED


def test_a_staged_policy_of_kubernetes_isolates_when_asked_what_if() -> None:
    staged = policy({"podSelector": {}}, kind="StagedKubernetesNetworkPolicy")
    assert from_outside(staged, with_staged=False) is Truth.ALLOWED
    assert from_outside(staged, with_staged=True) is Truth.DENIED


def test_what_is_left_out_is_said() -> None:
    staged = policy(DENY, kind="StagedGlobalNetworkPolicy")
    host = policy(DENY | {"doNotTrack": True, "applyOnForward": True}, name="h")
    endpoint = other("HostEndpoint", "e", {"node": "n", "expectedIPs": ["192.0.2.1"]})
    ping = policy({"ingress": [{"action": "Deny", "protocol": "ICMP"}]}, name="i")
    snapshot = loaded(staged, host, endpoint, ping)
    assert [each.code for each in snapshot.assumptions] == ["STAGED_POLICY", "HOST_POLICY", "HOST_ENDPOINT"]
    assert "OTHER_PROTOCOL" in [each.code for each in snapshot.warnings]
    assert [each.ref.name for each in snapshot.policies] == ["i", "p"]


# ---------------------------------------------------------------- cni: auto

AUTO = Options(cni=Cni.AUTO)
AGENT = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "cilium", "namespace": "kube-system"}}


def test_auto_takes_what_the_input_shows_and_says_why() -> None:
    snapshot = loaded(POD, policy(DENY), options=AUTO)
    assert snapshot.options.cni is Cni.CALICO
    (notice,) = (each for each in snapshot.assumptions if each.code == "CNI_FOUND")
    assert notice.text == f"cni calico, since the input has GlobalNetworkPolicy p of {V3}"


def test_auto_without_a_sign_is_spec_and_says_so_to_those_who_asked() -> None:
    asked, unasked = (loaded(POD, options=model_options(given)) for given in ({"cni": "auto"}, {}))
    assert asked.options == unasked.options == Options(cni_given=False)
    assert [each.code for each in asked.assumptions] == ["CNI_NOT_FOUND"]
    assert unasked.assumptions == ()


def test_nothing_given_is_read_as_auto_is_and_says_what_was_found() -> None:
    asked, unasked = (loaded(POD, policy(DENY), options=model_options(given)) for given in ({"cni": "auto"}, {}))
    assert asked == unasked
    assert [each.code for each in unasked.assumptions] == ["CNI_FOUND"]


def test_signs_of_two_implementations_are_refused_with_both() -> None:
    with pytest.raises(ManifestError) as error:
        loaded(POD, policy(DENY), AGENT | {"spec": {"template": {"spec": {}}}}, options=model_options({}))
    assert [str(each) for each in error.value.problems] == [
        f"options cni: signs of calico (GlobalNetworkPolicy p of {V3}, <objects>) and of cilium (DaemonSet "
        "kube-system/cilium of apps/v1, <objects>); set the option cni to choose one"
    ]


def test_a_kind_that_is_to_be_left_out_shows_no_implementation_and_is_not_read() -> None:
    asked = frozenset({"GlobalNetworkPolicy"})
    unshown = load_objects([POD, policy(DENY)], options=model_options({}), ignore_kinds=asked)
    assert (unshown.options.cni, unshown.policies) == (Cni.SPEC, ())
    agent = AGENT | {
        "metadata": {"name": "calico-node", "namespace": "kube-system"},
        "spec": {"template": {"spec": {}}},
    }
    shown = load_objects([POD, policy(DENY), agent], options=model_options({}), ignore_kinds=asked)
    assert (shown.options.cni, shown.policies) == (Cni.CALICO, ())
    for snapshot in (unshown, shown):
        assert "GlobalNetworkPolicy.projectcalico.org is ignored, as asked: p" in [n.text for n in snapshot.assumptions]


# ---------------------------------------------------------------- releases


def agent(image: str, *, name: str = "cilium", container: str = "cilium-agent") -> dict[str, Any]:
    containers = [{"name": "other", "image": "x:v9.9.9"}, {"name": container, "image": image}]
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": containers}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    return AGENT | {"metadata": {"name": name, "namespace": "kube-system"}, "spec": spec}


def releases_said(*objects: dict[str, Any], cni: str) -> tuple[str, list[str]]:
    snapshot = loaded(*objects, options=model_options({"cni": cni}))
    said = [f"{each.code}: {each.text}" for each in snapshot.assumptions if each.code.startswith("RELEASE")]
    return str(profile_of(snapshot.options)), said


@pytest.mark.parametrize(
    ("image", "release"),
    [
        ("quay.io/cilium/cilium:v1.18.3", "1.18"),
        ("quay.io/cilium/cilium:v1.19.0@sha256:00", "1.19"),
        ("registry:5000/cilium:1.20.2-rc.1", "1.20"),
    ],
)
def test_the_release_is_that_of_the_agents(image: str, release: str) -> None:
    found = f"RELEASE_FOUND: cilium@{release}, since DaemonSet kube-system/cilium runs that release"
    for cni in ("auto", "cilium"):
        assert releases_said(POD, agent(image), cni=cni) == (f"cilium@{release}", [found])


def test_the_release_of_calico_is_that_of_its_agents() -> None:
    objects = agent("docker.io/calico/node:v3.31.1", name="calico-node", container="calico-node")
    assert releases_said(POD, objects, cni="auto") == (
        "calico@3.30",
        ["RELEASE_FOUND: calico@3.31, since DaemonSet kube-system/calico-node runs that release"],
    )


@pytest.mark.parametrize("image", ["quay.io/cilium/cilium", "quay.io/cilium/cilium:latest", "cilium@sha256:00"])
def test_an_image_without_a_release_shows_none(image: str) -> None:
    assert releases_said(POD, agent(image), cni="cilium") == ("cilium@1.20", [])


def network_policy(**peer: Any) -> dict[str, Any]:
    spec = {"podSelector": {}, "ingress": [{"from": [peer]}]}
    named = {"name": "n", "namespace": "a"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": named, "spec": spec}


def egress_policy(port: str | int) -> dict[str, Any]:
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": port}]}]}
    return network_policy() | {"spec": spec}


NOT_BLUE = {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["blue"]}]}
CLUSTER_POLICY = {
    "apiVersion": "policy.networking.k8s.io/v1alpha2",
    "kind": "ClusterNetworkPolicy",
    "metadata": {"name": "c"},
    "spec": {"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}},
}
NEWEST = (
    "RELEASE_ASSUMED: {} is assumed, the newest release that is modelled; others read {} differently; "
    "give the release as cni {}@VERSION"
)


@pytest.mark.parametrize(
    ("cni", "given", "what"),
    [
        ("cilium", network_policy(namespaceSelector=NOT_BLUE), "NetworkPolicy a/n spec.ingress[0]"),
        ("cilium", network_policy(namespaceSelector={}), None),
        ("cilium", network_policy(podSelector=NOT_BLUE), None),
        ("cilium", egress_policy("web"), "NetworkPolicy a/n spec.egress[0]"),
        ("cilium", egress_policy(80), None),
        ("calico", egress_policy("web"), None),
        ("calico", network_policy(namespaceSelector=NOT_BLUE), None),
        ("cilium", CLUSTER_POLICY, "policies of ClusterNetworkPolicy"),
        ("calico", CLUSTER_POLICY, "policies of ClusterNetworkPolicy"),
        ("calico", policy(DENY), None),
        (
            "calico",
            policy({"ingress": [{"action": "Deny", "destination": {"ports": ["web"]}}]}),
            "GlobalNetworkPolicy p spec.ingress[0]",
        ),
        (
            "calico",
            policy({"ingress": [{"action": "Deny", "protocol": "TCP", "destination": {"ports": ["web"]}}]}),
            None,
        ),
        ("antrea", CLUSTER_POLICY, None),
    ],
)
def test_the_newest_release_is_assumed_where_others_read_otherwise(
    cni: str, given: dict[str, Any], what: str | None
) -> None:
    newest = {"cilium": "cilium@1.20", "calico": "calico@3.32"}.get(cni, cni)
    said = [] if what is None else [NEWEST.format(newest, what, cni)]
    assert releases_said(POD, given, cni=cni) == (newest, said)
    assert releases_said(POD, given, cni=f"{cni}@{newest.partition('@')[2] or '1.0'}") == (newest, [])


def test_agents_of_two_releases_show_none() -> None:
    older = agent("cilium:v1.18.1") | {"metadata": {"name": "cilium", "namespace": "other"}}
    assert releases_said(POD, agent("cilium:v1.19.1"), older, cni="cilium")[0] == "cilium@1.20"


def contradictions(*objects: dict[str, Any], cni: str) -> list[str]:
    warnings = loaded(*objects, options=model_options({"cni": cni})).warnings
    return [each.text for each in warnings if each.code == "RELEASE_CONTRADICTED"]


@pytest.mark.parametrize(
    ("cni", "image", "runs"),
    [
        ("cilium@1.18", "cilium:v1.20.2", "1.20"),
        ("cilium@1.20.2", "cilium:v1.19.5@sha256:00", "1.19"),
        ("cilium@1.25", "cilium:v1.17.0", "1.17"),
        ("cilium@1.18", "cilium:v1.18.9", None),
        ("cilium@1.15", "cilium:v1.18.9", None),
        ("cilium@1.18", "cilium:latest", None),
        ("cilium", "cilium:v1.18.9", None),
        ("calico@3.29", "cilium:v1.18.9", None),
        ("auto", "cilium:v1.18.9", None),
    ],
)
def test_a_given_release_that_the_agents_contradict_is_told(cni: str, image: str, runs: str | None) -> None:
    text = (
        f"answers are about {cni}, but DaemonSet kube-system/cilium runs cilium@{runs}, which reads some policies "
        "otherwise; leave the release out to have that one: cni cilium"
    )
    assert contradictions(POD, agent(image), cni=cni) == ([] if runs is None else [text])


def test_agents_of_two_releases_contradict_every_release() -> None:
    older = agent("cilium:v1.18.1") | {"metadata": {"name": "cilium", "namespace": "other"}}
    objects = (POD, agent("cilium:v1.19.1"), older)
    assert contradictions(*objects, cni="cilium") == [
        "answers are about cilium@1.20, but DaemonSet kube-system/cilium runs cilium@1.19, which reads some policies "
        "otherwise; give the release as cni cilium@VERSION",
        "answers are about cilium@1.20, but DaemonSet other/cilium runs cilium@1.18, which reads some policies "
        "otherwise; give the release as cni cilium@VERSION",
    ]
    assert contradictions(*objects, cni="cilium@1.19") == [
        "answers are about cilium@1.19, but DaemonSet other/cilium runs cilium@1.18, which reads some policies "
        "otherwise; give the release as cni cilium@VERSION",
    ]


@pytest.mark.parametrize(
    ("cni", "profile", "said"),
    [
        ("cilium@1.19", "cilium@1.19", []),
        ("cilium@v1.20.1", "cilium@1.20", []),
        ("calico@3.31", "calico@3.30", []),
        (
            "cilium@1.15",
            "cilium@1.18",
            ["RELEASE_NOT_MODELLED: cilium@1.15 is judged as cilium@1.18, the oldest release that is modelled"],
        ),
        (
            "calico@4.0",
            "calico@3.32",
            ["RELEASE_NOT_MODELLED: calico@4.0 is judged as calico@3.32, the newest release that is modelled"],
        ),
        ("antrea", "antrea", []),
        ("antrea@2.4", "antrea", []),
        ("spec", "spec", []),
    ],
)
def test_a_release_that_is_given_is_taken(cni: str, profile: str, said: list[str]) -> None:
    assert releases_said(POD, agent("cilium:v1.18.1"), cni=cni) == (profile, said)


def test_snapshots_of_two_releases_have_two_digests() -> None:
    digests = {loaded(POD, agent(f"cilium:v{each}"), options=AUTO).digest for each in ("1.18.1", "1.18.2", "1.19.0")}
    assert len(digests) == 2


def test_signs_of_two_implementations_are_an_error() -> None:
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {}}}
    found = said(policy(DENY), AGENT | {"spec": spec}, options=AUTO)
    assert found == [
        f"cni: signs of calico (GlobalNetworkPolicy p of {V3}, <objects>) and of cilium (DaemonSet "
        "kube-system/cilium of apps/v1, <objects>); set the option cni to choose one"
    ]


def test_a_snapshot_read_anew_with_auto_stays_what_it_is() -> None:
    snapshot = loaded(POD, policy(DENY))
    assert snapshot.with_options(AUTO).options.cni is Cni.CALICO
