"""What policies of Istio become, what is refused in them, and which pods are taken to have a sidecar."""

from __future__ import annotations

import pytest

from reachproof.engines.istio.mutual_tls import Level, MutualTls, TlsMode
from reachproof.manifests.load import load_text
from reachproof.network.labels import EVERYTHING
from reachproof.network.options import AmbientPort, Options
from reachproof.network.snapshot import Snapshot
from tests.manifests.given import codes, manifest, notice, policy, says

MESH = ["MESH_ASSUMED", "NAMESPACE_ASSUMED"]
POD = """---
apiVersion: v1
kind: Pod
metadata: {{namespace: shop, name: {name}, labels: {labels}, annotations: {annotations}}}
spec: {{containers: [{containers}]}}
{status}
"""
RUNNING = "status: {phase: Running, podIP: 10.0.0.1}"
ASSUMED = (
    "the mesh of Istio: pods are in it as labels, annotations and containers show; a sidecar captures all TCP of its "
    "pod but for what annotations say; no DestinationRule turns mutual TLS off; {root} is its root namespace"
)
INJECT = "{sidecar.istio.io/inject: 'true'}"
REFUSED = [
    (
        "{rules: [{from: []}]}",
        "rules[0].from: found an empty list, expected at least one source; leave the field out to mean any",
    ),
    ("{rules: [{to: [{}]}]}", "rules[0].to[0].operation: missing; expected an object with at least one field"),
    (
        "{rules: [{from: [{source: {}}]}]}",
        "rules[0].from[0].source: found an empty object, expected an object with at least one field",
    ),
    (
        "{rules: [{to: [{operation: {ports: [80]}}]}]}",
        "rules[0].to[0].operation.ports[0]: found 80, expected text; put it in quotes",
    ),
    (
        "{rules: [{to: [{operation: {ports: ['0']}}]}]}",
        'rules[0].to[0].operation.ports[0]: found "0", expected a port from 1 to 65535',
    ),
    (
        "{rules: [{when: [{key: source.pod, values: [x]}]}]}",
        'rules[0].when[0].key: found "source.pod", expected connection.sni, destination.ip, destination.port, '
        "remote.ip, source.ip, source.namespace, source.principal, source.serviceAccount or request.*",
    ),
    (
        "{rules: [{when: [{key: source.ip}]}]}",
        "rules[0].when[0]: neither values nor notValues; give at least one",
    ),
    (
        "{rules: [{from: [{source: {serviceAccounts: [a], namespaces: [b]}}]}]}",
        "rules[0].from[0].source.serviceAccounts: cannot be combined with principals or namespaces",
    ),
    (
        "{rules: [{from: [{source: {ipBlocks: [10.0.0.0/33]}}]}]}",
        'rules[0].from[0].source.ipBlocks[0]: found "10.0.0.0/33", expected a CIDR such as 10.0.0.0/8',
    ),
    ("{action: Deny}", 'action: found "Deny", expected ALLOW, DENY, CUSTOM or AUDIT; did you mean `DENY`?'),
    (
        "{provider: {name: x}}",
        "provider: provider is allowed only with action CUSTOM",
    ),
    (
        "{selector: {matchExpressions: []}}",
        "selector.matchExpressions: unknown field `matchExpressions`; known fields are matchLabels",
    ),
    (
        "{rules: [{froms: []}]}",
        "rules[0].froms: unknown field `froms`; did you mean `from`?",
    ),
]


@pytest.mark.parametrize(("spec", "expected"), REFUSED)
def test_a_mistake_in_an_authorization_policy_is_told_with_its_place(spec: str, expected: str) -> None:
    assert says(manifest("authorizationpolicy", spec)) == [f"f.yaml:4 AuthorizationPolicy shop/p spec.{expected}"]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            "{mtls: {mode: strict}}",
            'mtls.mode: found "strict", expected UNSET, STRICT, PERMISSIVE or DISABLE; did you mean `STRICT`?',
        ),
        (
            "{portLevelMtls: {80: {mode: STRICT}}}",
            "portLevelMtls: portLevelMtls needs a selector",
        ),
        (
            "{selector: {matchLabels: {a: b}}, portLevelMtls: {web: {mode: STRICT}}}",
            'portLevelMtls.web: found "web", expected a port number from 1 to 65535',
        ),
    ],
)
def test_a_mistake_in_a_peer_authentication_is_told_with_its_place(spec: str, expected: str) -> None:
    assert says(manifest("peerauthentication", spec)) == [f"f.yaml:4 PeerAuthentication shop/p spec.{expected}"]


def test_a_rule_with_too_many_pairs_is_refused() -> None:
    sources = ", ".join(["{source: {ipBlocks: [10.0.0.1]}}"] * 101)
    operations = ", ".join(["{operation: {ports: ['80']}}"] * 100)
    assert says(manifest("authorizationpolicy", f"{{rules: [{{from: [{sources}], to: [{operations}]}}]}}")) == [
        "f.yaml:4 AuthorizationPolicy shop/p spec.rules[0]: too many pairs of a source and an "
        "operation (the limit is 10000)"
    ]


def test_an_old_version_is_refused_and_both_new_ones_say_the_same() -> None:
    text = manifest("authorizationpolicy", "{rules: [{}]}")
    old, beta = (text.replace("/v1\n", f"/{version}\n") for version in ("v1alpha1", "v1beta1"))
    assert says(old) == [
        'f.yaml:1 AuthorizationPolicy shop/p apiVersion: found "security.istio.io/v1alpha1", expected '
        '"security.istio.io/v1" or "security.istio.io/v1beta1", the versions of AuthorizationPolicy that are supported'
    ]
    assert load_text(beta).policies == load_text(text).policies


def test_what_a_peer_authentication_asks_for() -> None:
    assert policy("peerauthentication", "{}").extension == MutualTls(level=Level.NAMESPACE)
    spec = "{selector: {matchLabels: {a: b}}, mtls: {mode: STRICT}, portLevelMtls: {80: {mode: DISABLE}, 81: {}}}"
    assert policy("peerauthentication", spec).extension == MutualTls(
        level=Level.WORKLOAD, mode=TlsMode.STRICT, ports=((80, TlsMode.DISABLE),)
    )
    whole = load_text(manifest("peerauthentication", "{}").replace("shop", "istio-system")).policies[0]
    assert whole.extension == MutualTls(level=Level.MESH)


def test_answers_say_what_is_assumed_of_the_mesh() -> None:
    snapshot = load_text(manifest("authorizationpolicy", "{}"))
    assert codes(snapshot) == MESH
    assert notice(snapshot, "MESH_ASSUMED").text == ASSUMED.format(root="istio-system")
    elsewhere = load_text(manifest("authorizationpolicy", "{}"), options=Options(root_namespace="mesh"))
    assert notice(elsewhere, "MESH_ASSUMED").text == ASSUMED.format(root="mesh")


def test_answers_about_ambient_mode_say_what_the_network_sees_unless_that_is_told() -> None:
    home = (
        "---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}}\n"
    )
    text = ASSUMED.format(root="istio-system")
    assert notice(load_text(home), "MESH_ASSUMED").text == (
        f"{text}; between ambient pods the network sees tcp/15008 (HBONE), as long as ztunnel does not have "
        "TRANSPARENT_NETWORK_POLICIES (say so with the option ambientPort)"
    )
    for port in AmbientPort:
        assert notice(load_text(home, options=Options(ambient_port=port)), "MESH_ASSUMED").text == text


def test_a_dry_run_is_not_enforced_and_said_so() -> None:
    text = manifest("authorizationpolicy", "{}")
    for value, policies in (("'true'", 0), ("'1'", 0), ("true", 0), ("'false'", 1), ("'yes'", 1)):
        found = load_text(text.replace("metadata: {", f"metadata: {{annotations: {{istio.io/dry-run: {value}}}, "))
        assert len(found.policies) == policies, value
    dry = load_text(text.replace("metadata: {", "metadata: {annotations: {istio.io/dry-run: 'true'}, "))
    assert notice(dry, "DRY_RUN").text == (
        "AuthorizationPolicy shop/p metadata: the annotation istio.io/dry-run says that it is not enforced"
    )
    assert dry.digest != load_text(text).digest


def test_a_peer_authentication_of_the_root_namespace_has_no_selector() -> None:
    text = manifest("peerauthentication", "{selector: {matchLabels: {a: b}}, mtls: {mode: STRICT}}")
    found = load_text(text.replace("shop", "istio-system"))
    assert found.policies == ()
    assert notice(found, "ROOT_SELECTOR").text == (
        "PeerAuthentication istio-system/p spec.selector: in the root namespace istio-system Istio ignores a "
        "PeerAuthentication that has a selector"
    )
    assert len(load_text(text).policies) == 1
    assert load_text(text, options=Options(root_namespace="shop")).policies == ()
    assert len(load_text(text.replace("shop", "istio-system"), options=Options(root_namespace="shop")).policies) == 1


def test_the_root_namespace_is_an_option() -> None:
    text = manifest("authorizationpolicy", "{}")
    assert load_text(text).policies[0].subject.namespaces != EVERYTHING
    assert load_text(text, options=Options(root_namespace="shop")).policies[0].subject.namespaces == EVERYTHING


@pytest.mark.parametrize("kind", ["AuthorizationPolicy", "PeerAuthentication"])
def test_a_policy_without_a_namespace_is_in_the_default_one(kind: str) -> None:
    text = f"{{apiVersion: security.istio.io/v1, kind: {kind}, metadata: {{name: p}}, spec: {{}}}}"
    (found,) = load_text(text).policies
    assert str(found.ref) == f"{kind} default/p"


def test_a_policy_of_a_waypoint_is_no_policy_of_pods() -> None:
    snapshot = load_text(manifest("authorizationpolicy", "{targetRefs: [{kind: Gateway, name: g}]}"))
    assert snapshot.policies == ()
    assert notice(snapshot, "WAYPOINT_POLICY").text == (
        "AuthorizationPolicy shop/p spec: it holds at a waypoint or a gateway, which is not modelled, and at no pod"
    )


def pods(*given: str, namespace: str = "{istio-injection: enabled}") -> Snapshot:
    home = f"---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: shop, labels: {namespace}}}}}\n"
    return load_text(manifest("authorizationpolicy", "{}") + home + "".join(given))


def pod(
    name: str, *, labels: str = "{}", annotations: str = "{}", containers: str = "{name: c}", status: str = RUNNING
) -> str:
    return POD.format(name=name, labels=labels, annotations=annotations, containers=containers, status=status)


def shown(snapshot: Snapshot, name: str) -> dict[str, str]:
    pod = snapshot.pod_of["shop", name]
    assert not {"security.istio.io/tlsMode", "istio.io/dataplane-mode"} & set(pod.labels)
    return dict(pod.mesh)


def test_a_running_pod_has_the_sidecar_that_is_there_whatever_labels_ask_for() -> None:
    proxy = "{name: c}, {name: istio-proxy}"
    found = pods(pod("old"), pod("new", containers=proxy, status=RUNNING.replace(".1}", ".2}")))
    assert shown(found, "old") == {"proxy": "no"}
    assert shown(found, "new") == {}
    assert notice(found, "SIDECAR_MISSING").text == (
        "labels ask for a sidecar, and there is none, so policies of Istio do not hold: shop/old; restart what is meant"
    )
    by_hand = pods(pod("hand", containers=proxy), namespace="{}")
    assert shown(by_hand, "hand") == {"proxy": "yes"}
    assert "SIDECAR_MISSING" not in codes(by_hand)


def test_of_a_pod_that_is_a_file_the_annotation_counts_where_there_is_no_label() -> None:
    found = pods(pod("asks", annotations=INJECT, status=""), namespace="{}")
    assert shown(found, "asks") == {"proxy": "yes"}
    found = pods(pod("refuses", annotations=INJECT.replace("true", "false"), status=""))
    assert shown(found, "refuses") == {"proxy": "no"}
    found = pods(pod("label", labels="{sidecar.istio.io/inject: 'false'}", annotations=INJECT, status=""))
    assert shown(found, "label") == {}
    assert "SIDECAR_MISSING" not in codes(found)


def test_a_pod_without_a_mesh_is_as_it_is_given() -> None:
    found = load_text(pod("p", annotations=INJECT))
    assert shown(found, "p") == {}
    assert "MESH_ASSUMED" not in codes(found)
