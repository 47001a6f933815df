"""Which objects are policies, which are skipped, ignored or refused, and what happens to the same object twice."""

from __future__ import annotations

import pytest

from reachproof.engines.not_read import is_not_read
from reachproof.manifests.errors import ManifestError
from reachproof.manifests.load import load_objects, load_text
from reachproof.network.origin import Origin
from reachproof.network.snapshot import Snapshot
from tests.manifests.given import codes, manifest, notice, says

SECOND = "defined twice with different contents; also at"
NAME = "a name: at most 253 of a-z, 0-9, dashes and dots, begun and ended by a letter or digit"
POLICY = manifest("networkpolicy", "{podSelector: {}}")


def object_of(api_version: str, kind: str) -> str:
    return f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n"


@pytest.mark.parametrize(
    ("api_version", "kind", "supported"),
    [
        ("networking.k8s.io/v1beta1", "NetworkPolicy", "networking.k8s.io/v1"),
        ("networking.k8s.io/v2", "NetworkPolicy", "networking.k8s.io/v1"),
        ("policy.networking.k8s.io/v1alpha2", "AdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1"),
        ("policy.networking.k8s.io/v1alpha2", "BaselineAdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1"),
    ],
)
def test_another_version_of_a_policy_kind_is_refused(api_version: str, kind: str, supported: str) -> None:
    (found,) = says(object_of(api_version, kind))
    assert found.endswith(
        f'a apiVersion: found "{api_version}", expected "{supported}", the version of {kind} that is supported'
    )


@pytest.mark.parametrize("version", ["v1alpha1", "v1"])
def test_another_version_of_cluster_network_policy_is_refused(version: str) -> None:
    assert says(object_of(f"policy.networking.k8s.io/{version}", "ClusterNetworkPolicy")) == [
        f'f.yaml:1 ClusterNetworkPolicy a apiVersion: found "policy.networking.k8s.io/{version}", expected '
        '"policy.networking.k8s.io/v1beta1" or "policy.networking.k8s.io/v1alpha2", the versions of '
        "ClusterNetworkPolicy that are supported"
    ]


CLUSTER_POLICY = """\
apiVersion: policy.networking.k8s.io/{version}
kind: ClusterNetworkPolicy
metadata: {{name: floor}}
spec:
  tier: Admin
  priority: {priority}
  subject: {{namespaces: {{}}}}
  ingress: [{{action: Deny, from: [{{namespaces: {{}}}}]}}]
"""


def test_both_versions_of_cluster_network_policy_say_the_same() -> None:
    beta, alpha = (CLUSTER_POLICY.format(version=version, priority=1) for version in ("v1beta1", "v1alpha2"))
    first, second = load_text(beta), load_text(alpha)
    assert first == second
    assert first.digest == second.digest
    assert len(first.policies) == 1


def test_one_object_in_both_versions_is_one_object() -> None:
    beta, alpha = (CLUSTER_POLICY.format(version=version, priority=1) for version in ("v1beta1", "v1alpha2"))
    assert load_text(f"{beta}---\n{alpha}") == load_text(beta)
    assert load_text(f"{alpha}---\n{beta}").digest == load_text(beta).digest


def test_two_versions_of_a_policy_that_differ_are_refused() -> None:
    beta = CLUSTER_POLICY.format(version="v1beta1", priority=1)
    alpha = CLUSTER_POLICY.format(version="v1alpha2", priority=2)
    assert says(f"{beta}---\n{alpha}") == [f"f.yaml:10 ClusterNetworkPolicy floor: {SECOND} f.yaml:1"]


def test_a_typed_list_of_the_new_version_is_read() -> None:
    items = [{"metadata": {"name": "floor"}, "spec": {"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}}}]
    objects = [{"apiVersion": "policy.networking.k8s.io/v1beta1", "kind": "ClusterNetworkPolicyList", "items": items}]
    assert [str(policy.ref) for policy in load_objects(objects).policies] == ["ClusterNetworkPolicy floor"]


def test_a_dropped_policy_has_the_same_digest_in_both_versions() -> None:
    beta, alpha = (CLUSTER_POLICY.format(version=version, priority=-1) for version in ("v1beta1", "v1alpha2"))
    assert load_text(beta, lenient=True).digest == load_text(alpha, lenient=True).digest


@pytest.mark.parametrize(
    ("api_version", "kind", "expected"),
    [
        ("extensions/v1beta1", "NetworkPolicy", "networking.k8s.io/v1 NetworkPolicy"),
        ("v1", "NetworkPolicy", "networking.k8s.io/v1 NetworkPolicy"),
        ("networking.k8s.io/v1", "Networkpolicy", "networking.k8s.io/v1 NetworkPolicy"),
        ("networking.k8s.io/v1", "AdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy"),
        (
            "policy.networking.k8s.io/v1alpha1",
            "DeveloperNetworkPolicy",
            "one of the kinds AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy",
        ),
        ("policy.networking.k8s.io/v1alpha1", "NetworkPolicy", "networking.k8s.io/v1 NetworkPolicy"),
    ],
)
def test_a_policy_under_a_wrong_name_or_group_is_refused(api_version: str, kind: str, expected: str) -> None:
    (found,) = says(object_of(api_version, kind))
    assert found.startswith(f"f.yaml:1 {kind} ")
    assert found.endswith(f": found {api_version} {kind}, expected {expected}")


FOREIGN = [
    ("policy.linkerd.io/v1alpha1", "AuthorizationPolicy"),
    ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy"),
    ("unheard.example/v1", "SuperNetworkPolicy"),
]


@pytest.mark.parametrize(("api_version", "kind"), FOREIGN)
def test_another_products_policy_is_a_policy_whose_rules_may_match(api_version: str, kind: str) -> None:
    snapshot = load_text(object_of(api_version, kind))
    (policy,) = snapshot.policies
    assert is_not_read(policy)
    assert str(policy.ref) == f"{kind}.{api_version.partition('/')[0]} a"
    assert all(rule.may for rule in (*policy.egress, *policy.ingress))
    on_nodes = ["HOST_POLICY"] if api_version.startswith("crd.antrea.io") else []
    assert codes(snapshot) == [*on_nodes, "KINDS_NOT_READ"]


ENGINES = [
    ("cilium.io/v2", "CiliumNetworkPolicy"),
    ("cilium.io/v2", "CiliumClusterwideNetworkPolicy"),
    ("cilium.io/v2alpha1", "CiliumCIDRGroup"),
]


@pytest.mark.parametrize(("api_version", "kind"), ENGINES)
def test_a_policy_of_an_engine_is_refused_without_its_profile(api_version: str, kind: str) -> None:
    (found,) = says(object_of(api_version, kind))
    assert found.partition(": ")[2] == (
        f"{kind} of {api_version} needs the option cni cilium; to skip it, ignore the kind "
        f"{kind}.cilium.io, and each answer says so"
    )


CALICO = [
    ("projectcalico.org/v3", "NetworkPolicy"),
    ("crd.projectcalico.org/v1", "GlobalNetworkPolicy"),
    ("projectcalico.org/v3", "Tier"),
    ("projectcalico.org/v3", "HostEndpoint"),
]


@pytest.mark.parametrize(("api_version", "kind"), CALICO)
def test_a_kind_of_one_implementation_needs_its_profile(api_version: str, kind: str) -> None:
    (found,) = says(object_of(api_version, kind))
    group = api_version.partition("/")[0]
    assert found.partition(": ")[2] == (
        f"{kind} of {api_version} needs the option cni calico; to skip it, ignore the kind "
        f"{kind}.{group}, and each answer says so"
    )


@pytest.mark.parametrize(("api_version", "kind"), [*FOREIGN, *ENGINES, *CALICO])
@pytest.mark.parametrize("full", [True, False])
def test_another_products_policy_is_ignored_on_request_and_every_answer_says_so(
    api_version: str, kind: str, full: bool
) -> None:
    name = f"{kind}.{api_version.partition('/')[0]}" if full else kind
    snapshot = load_text(object_of(api_version, kind), ignore_kinds=frozenset({name}))
    assert codes(snapshot) == ["KIND_IGNORED"]
    assert snapshot.assumptions[0].origin == Origin(file="<text>", line=1)


def test_a_staged_policy_decides_nothing_and_is_skipped() -> None:
    assert codes(load_text(object_of("projectcalico.org/v3", "StagedNetworkPolicy"))) == ["KINDS_SKIPPED"]


def test_kinds_that_cannot_matter_are_skipped_and_counted_in_one_notice() -> None:
    text = "---\n".join(
        [
            object_of("v1", "Secret"),
            object_of("v1", "ConfigMap"),
            object_of("v1", "ConfigMap").replace("name: a", "name: b"),
            object_of("rbac.authorization.k8s.io/v1", "Role"),
            object_of("serving.example.com/v1", "Service"),
        ]
    )
    assert notice(load_text(text), "KINDS_SKIPPED").text == (
        "skipped, of kinds that no policy looks at: 2 ConfigMap, 1 Role.rbac.authorization.k8s.io, 1 Secret, "
        "1 Service.serving.example.com"
    )


def test_an_object_of_a_skipped_kind_needs_no_name() -> None:
    assert codes(load_text("apiVersion: v1\nkind: ConfigMap\n")) == ["KINDS_SKIPPED"]


def test_a_template_of_a_kind_that_is_not_read_is_an_assumption() -> None:
    text = object_of("example.com/v1", "Fleet") + "spec: {template: {spec: {containers: []}}}\n"
    snapshot = load_text(text)
    assert [each.code for each in snapshot.assumptions] == ["POD_TEMPLATE_SKIPPED"]
    assert "POD_TEMPLATE_SKIPPED" not in [each.code for each in snapshot.warnings]


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_a_workload_in_the_core_group_is_refused(kind: str) -> None:
    assert "expected" in says(object_of("v1", kind))[0]


def test_the_same_policy_twice_is_one() -> None:
    again = POLICY.replace("{podSelector: {}}", "\n  podSelector:\n    {}")
    assert len(load_text(f"{POLICY}---\n{again}").policies) == 1


def test_two_different_policies_of_one_name_are_refused_with_both_places() -> None:
    other = manifest("networkpolicy", "{podSelector: {}, ingress: [{}]}")
    assert says(f"{POLICY}---\n{other}") == [
        "f.yaml:6 NetworkPolicy shop/p: defined twice with different contents; also at f.yaml:1"
    ]


def test_default_is_the_namespace_of_an_object_without_one() -> None:
    one = POLICY.replace("namespace: shop, ", "")
    two = POLICY.replace("shop", "default").replace("{podSelector: {}}", "{podSelector: {}, ingress: [{}]}")
    assert says(f"{one}---\n{two}") == [
        "f.yaml:6 NetworkPolicy default/p: defined twice with different contents; also at f.yaml:1"
    ]


def test_policies_of_one_name_in_two_namespaces_are_two() -> None:
    assert len(load_text(f"{POLICY}---\n{POLICY.replace('shop', 'bank')}").policies) == 2


def test_the_same_pod_twice_is_one_and_a_different_one_is_refused() -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web}}\n"
    assert len(load_text(f"{pod}---\n{pod}").pods) == 1
    assert len(load_text(f"{pod}---\n{pod.replace('labels', 'annotations: {x: y}, labels')}").pods) == 1
    assert says(f"{pod}---\n{pod.replace('app: web', 'app: db')}") == [f"f.yaml:5 Pod default/web: {SECOND} f.yaml:1"]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (
            "{namespace: shop}",
            f"f.yaml:3 NetworkPolicy shop/(without a name) metadata.name: missing; expected {NAME}",
        ),
        (
            "{name: My_Policy}",
            f'f.yaml:3 NetworkPolicy default/My_Policy metadata.name: found "My_Policy", expected {NAME}',
        ),
        (
            "{name: p, namespace: a.b}",
            'f.yaml:3 NetworkPolicy a.b/p metadata.namespace: found "a.b", '
            "expected a DNS label: at most 63 of a-z, 0-9 and dashes",
        ),
        ("{name: 5}", "f.yaml:3 NetworkPolicy metadata.name: found 5, expected text; put it in quotes"),
        ("[]", "f.yaml:3 NetworkPolicy metadata: found an empty list, expected an object"),
    ],
)
def test_a_policy_has_a_valid_name_and_namespace(metadata: str, expected: str) -> None:
    text = f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {metadata}\n"
    assert says(text) == [expected]


def test_an_unknown_field_beside_the_spec_is_refused() -> None:
    assert says(POLICY + "ingress: []\nstatus: {}\n") == [
        "f.yaml:5 NetworkPolicy shop/p ingress: unknown field `ingress`; known fields are "
        "apiVersion, kind, metadata, spec and status"
    ]


BAD = manifest("networkpolicy", "{podSelector: {}, policyTypes: [ingress], egress: [{to: [{}]}]}").replace(
    "name: p", "name: bad"
)


def lenient() -> Snapshot:
    return load_text(f"{POLICY}---\n{BAD}", lenient=True)


def test_lenient_drops_a_bad_policy_and_every_answer_says_so() -> None:
    snapshot = lenient()
    assert [str(policy.ref) for policy in snapshot.policies] == ["NetworkPolicy shop/p"]
    dropped = notice(snapshot, "POLICY_DROPPED")
    assert dropped in snapshot.assumptions
    assert dropped.text.startswith("NetworkPolicy shop/bad is left out, because it is not valid: ")
    assert dropped.origin is not None
    assert (dropped.origin.file, dropped.origin.document, dropped.origin.line) == ("<text>", 1, 9)


def test_without_lenient_it_is_refused() -> None:
    with pytest.raises(ManifestError):
        load_text(f"{POLICY}---\n{BAD}")


@pytest.mark.parametrize(
    "text",
    ["a: [", "apiVersion: v1\nkind: Pod\nmetadata: {}\n", object_of("cilium.io/v2", "CiliumNetworkPolicy")],
)
def test_lenient_forgives_nothing_but_policies(text: str) -> None:
    with pytest.raises(ManifestError):
        load_text(text, lenient=True)


def test_a_policy_that_is_all_wrong_is_refused_kindly() -> None:
    with pytest.raises(ManifestError) as refused:
        load_objects(
            [{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p"}, "spec": 5}]
        )
    assert str(refused.value) == "<objects> NetworkPolicy default/p spec: found 5, expected an object"
