"""What API servers store is read with an assumption that says how; `strict` refuses it."""

from __future__ import annotations

import pytest
import yaml

from reachproof.manifests.field_reader import NO_NULL
from reachproof.manifests.load import load_objects, load_text
from reachproof.manifests.stored_snapshot import load_stored, texts_to_store
from reachproof.network.errors import InputError
from reachproof.network.options import Cni, Options
from tests.api.requests import client, tenants
from tests.manifests.given import codes, manifest, notice, problems

DENY = "ingress: [{action: Deny, from: [{namespaces: {}}]}]"
HEAD = "priority: 1, subject: {namespaces: {}}"
IN_RULE = "spec.ingress[0].ports[0]"
ODD = [
    (
        "adminnetworkpolicy",
        f"{{{HEAD}, ingress: [{{action: Deny, from: [{{namespaces: {{}}}}], "
        "ports: [{portNumber: {protocol: tcp, port: 22}}]}]}",
        f'AdminNetworkPolicy p {IN_RULE}.portNumber.protocol: "tcp" is not TCP, UDP or SCTP; it '
        "matches nothing, or the "
        "policy is not programmed",
        f'{IN_RULE}.portNumber.protocol: found "tcp", expected TCP, UDP or SCTP; did you mean `TCP`?',
    ),
    (
        "adminnetworkpolicy",
        f"{{{HEAD}, ingress: [{{action: Deny, from: [{{namespaces: {{}}}}], "
        "ports: [{portRange: {start: 90, end: 80}}]}]}",
        f"AdminNetworkPolicy p {IN_RULE}.portRange.end: 80 is not a port number not below start, "
        "90; the range is empty, "
        "or the policy is not programmed",
        f"{IN_RULE}.portRange.end: found 80, expected a port number not below start, 90",
    ),
    (
        "clusternetworkpolicy",
        "{tier: Admin, priority: 1, subject: {namespaces: {matchExpressions: [{key: a, operator: in, values: [b]}]}}}",
        'ClusterNetworkPolicy p spec.subject.namespaces.matchExpressions[0].operator: "in" is not In, NotIn, Exists or '
        "DoesNotExist; implementations refuse the policy or the selector, or leave the condition out",
        'spec.subject.namespaces.matchExpressions[0].operator: found "in", expected In, NotIn, Exists or DoesNotExist; '
        "did you mean `In`?",
    ),
    (
        "clusternetworkpolicy",
        "{tier: Admin, priority: 1, subject: {namespaces: {matchLabels: {a b: c}}}}",
        'ClusterNetworkPolicy p spec.subject.namespaces.matchLabels.a b: "a b" is not a label key: at most 63 letters, '
        "digits, dashes, dots and underscores, perhaps after a DNS name and /; implementations "
        "refuse the policy or the "
        "selector, or leave the condition out",
        'spec.subject.namespaces.matchLabels.a b: found "a b", expected a label key: at '
        "most 63 letters, digits, "
        "dashes, dots and underscores, perhaps after a DNS name and /",
    ),
    (
        "clusternetworkpolicy",
        "{tier: Admin, priority: 1, subject: {namespaces: {}}, "
        "egress: [{action: Deny, to: [{domainNames: [evil.example]}]}]}",
        "ClusterNetworkPolicy p spec.egress[0].to[0].domainNames: domain names are defined for rules that allow only; "
        "implementations match them, deny everything, or do not program the policy",
        "spec.egress[0].to[0].domainNames: domainNames in a rule with action deny; only rules that allow may have them",
    ),
    (
        "clusternetworkpolicy",
        "{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: "
        "[{action: Deny, from: [{namespaces: {}}], protocols: [{destinationNamedPort: my-metrics-port-http}]}]}",
        "ClusterNetworkPolicy p spec.ingress[0].protocols[0].destinationNamedPort: "
        '"my-metrics-port-http" is not a port '
        "name of at most 15 characters: a-z, 0-9 and single dashes, with a letter; no container "
        "port has such a name, so "
        "that it matches nothing",
        'spec.ingress[0].protocols[0].destinationNamedPort: found "my-metrics-port-http", expected '
        "a port name of at most "
        "15 characters: a-z, 0-9 and single dashes, with a letter",
    ),
    (
        "clusternetworkpolicy",
        "{tier: Admin, priority: 1, subject: {namespaces: {}}, "
        "egress: [{action: Accept, to: [{domainNames: [_ldap._tcp.example.com]}]}]}",
        'ClusterNetworkPolicy p spec.egress[0].to[0].domainNames[0]: "_ldap._tcp.example.com" is '
        "not a domain name with "
        "at least two labels, such as example.com or *.example.com; bundles before v0.2.1 store it; it is taken for a "
        "name like any other",
        'spec.egress[0].to[0].domainNames[0]: found "_ldap._tcp.example.com", expected a domain name with at least two '
        "labels, such as example.com or *.example.com",
    ),
    (
        "networkpolicy",
        "{podSelector: {matchLabels: {app: my web}}}",
        'NetworkPolicy shop/p spec.podSelector.matchLabels.app: "my web" is not a label value: '
        "at most 63 letters, digits, dashes, dots and underscores; no object has such a label, so that it never "
        "matches",
        'spec.podSelector.matchLabels.app: found "my web", expected a label value: '
        "at most 63 letters, digits, dashes, dots and underscores",
    ),
    (
        "networkpolicy",
        "{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [-web]}]}}",
        'NetworkPolicy shop/p spec.podSelector.matchExpressions[0].values[0]: "-web" is not a label value: '
        "at most 63 letters, digits, dashes, dots and underscores; no object has such a label, so that it never "
        "matches",
        'spec.podSelector.matchExpressions[0].values[0]: found "-web", expected a label value: '
        "at most 63 letters, digits, dashes, dots and underscores",
    ),
    (
        "networkpolicy",
        '{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: "::ffff:10.0.0.0/104"}}]}]}',
        'NetworkPolicy shop/p spec.ingress[0].from[0].ipBlock.cidr: "::ffff:10.0.0.0/104" is not a '
        "CIDR in plain IPv4 or "
        "plain IPv6, not IPv4 written as IPv6; whether it matches IPv4 addresses differs between implementations",
        'spec.ingress[0].from[0].ipBlock.cidr: found "::ffff:10.0.0.0/104", expected a CIDR in '
        "plain IPv4 or plain IPv6, "
        "not IPv4 written as IPv6",
    ),
]
NULLS = [
    ("networkpolicy", "{ingress: [null]}", "spec.ingress[0]: null is stored as {}"),
    ("networkpolicy", "{ingress: [{ports: [null]}]}", "spec.ingress[0].ports[0]: null is stored as {}"),
    (
        "networkpolicy",
        "{podSelector: {matchLabels: {a: null}}}",
        'spec.podSelector.matchLabels.a: null is stored as ""',
    ),
    (
        "networkpolicy",
        "{podSelector: {matchExpressions: [{key: a, operator: In, values: [null]}]}}",
        'spec.podSelector.matchExpressions[0].values[0]: null is stored as ""',
    ),
    (
        "clusternetworkpolicy",
        "{tier: Admin, priority: 1, subject: {namespaces: {matchLabels: {a: null}}}}",
        "spec.subject.namespaces.matchLabels.a: null is stored as nothing",
    ),
    (
        "clusternetworkpolicy",
        f"{{tier: Admin, {HEAD}, {DENY}, egress: null}}",
        "spec.egress: null is stored as nothing",
    ),
]


@pytest.mark.parametrize(("kind", "spec", "says", "refusal"), ODD)
def test_what_is_stored_is_read_with_an_assumption(kind: str, spec: str, says: str, refusal: str) -> None:
    snapshot = load_text(manifest(kind, spec))
    found = notice(snapshot, "STORED_AS_IT_IS")
    assert found.text == says
    assert found in snapshot.assumptions
    (problem,) = problems(manifest(kind, spec), options=Options(strict=True))
    assert f"{problem.path}: {problem.message}" == refusal


@pytest.mark.parametrize(("kind", "spec", "says"), NULLS)
def test_a_null_is_read_as_it_is_stored_with_a_warning(kind: str, spec: str, says: str) -> None:
    snapshot = load_text(manifest(kind, spec))
    assert notice(snapshot, "NULL_STORED").text.endswith(f"{says}, which may mean more than it seems to")
    assert problems(manifest(kind, spec), options=Options(strict=True))


RULE = "endpointSelector: {}, egress: "
OF_ENGINES = [
    ("ciliumnetworkpolicy", f"{{{RULE}[{{}}]}}", "toServices", Cni.CILIUM),
    ("ciliumnetworkpolicy", f"{{{RULE}[{{}}]}}", "toFQDNs", Cni.CILIUM),
    ("ciliumnetworkpolicy", f"{{{RULE}[{{}}]}}", "toEndpoints", Cni.CILIUM),
    ("ciliumnetworkpolicy", f"{{{RULE}[{{toCIDR: [10.0.0.0/8]}}]}}", "toPorts", Cni.CILIUM),
    ("ciliumnetworkpolicy", f"{{{RULE}[{{toCIDRSet: [{{cidr: 10.0.0.0/8}}]}}]}}", "toCIDRSet[0].except", Cni.CILIUM),
    (
        "ciliumnetworkpolicy",
        f"{{{RULE}[{{toCIDRSet: [{{cidr: 10.0.0.0/8}}]}}]}}",
        "toCIDRSet[0].cidrGroupSelector",
        Cni.CILIUM,
    ),
    ("calico", "{selector: all(), egress: [{action: Deny}]}", "destination", Cni.CALICO),
    ("calico", "{selector: all(), egress: [{action: Deny, destination: {}}]}", "destination.nets", Cni.CALICO),
    ("calico", "{selector: all(), egress: [{action: Deny, destination: {}}]}", "destination.selector", Cni.CALICO),
]


@pytest.mark.parametrize(("kind", "spec", "field", "cni"), OF_ENGINES, ids=[each[2] for each in OF_ENGINES])
def test_a_null_field_of_an_engines_own_kind_is_an_absent_one(kind: str, spec: str, field: str, cni: Cni) -> None:
    plain = yaml.safe_load(manifest(kind, spec))
    given = yaml.safe_load(manifest(kind, spec))
    *above, last = field.replace("[", ".[").split(".")
    node = given["spec"]["egress"][0]
    for step in above:
        node = node[int(step[1:-1]) if step.startswith("[") else step]
    node[last] = None
    options = Options(cni=cni)
    snapshot = load_objects([given], options=options)
    assert snapshot.policies == load_objects([plain], options=options).policies
    subject = f"{plain['kind']} shop/p"
    text = f"{subject} spec.egress[0].{field}: null is stored as nothing, which may mean more than it seems to"
    assert notice(snapshot, "NULL_STORED").text == text
    with pytest.raises(InputError) as refused:
        load_objects([given], options=Options(cni=cni, strict=True))
    assert [str(each) for each in refused.value.problems] == [
        f"<objects> {subject} spec.egress[0].{field}: found null, expected {NO_NULL}"
    ]


@pytest.mark.parametrize("version", ["crd.projectcalico.org/v1", "projectcalico.org/v3"])
def test_a_null_item_of_calicos_kinds_is_refused(version: str) -> None:
    spec = "{selector: all(), egress: [{action: Deny, destination: {nets: [null]}}]}"
    (problem,) = problems(
        manifest("calico", spec).replace("projectcalico.org/v3", version), options=Options(cni=Cni.CALICO)
    )
    path = "spec.egress[0].destination.nets[0]"
    assert (problem.path, problem.message) == (path, "found null, expected a CIDR such as 10.0.0.0/8")


def test_nulls_of_what_policies_refer_to_are_told() -> None:
    group = (
        "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: g}\nspec: {externalCIDRs: null}\n---\n"
        + manifest("ciliumnetworkpolicy", "{endpointSelector: {}, egress: [{toCIDRSet: [{cidrGroupRef: g}]}]}")
    )
    text = "CiliumCIDRGroup g spec.externalCIDRs: null is stored as nothing, which may mean more than it seems to"
    assert notice(load_text(group, options=Options(cni=Cni.CILIUM)), "NULL_STORED").text == text
    (problem,) = problems(group, options=Options(cni=Cni.CILIUM, strict=True))
    assert str(problem) == f"f.yaml:4 CiliumCIDRGroup g spec.externalCIDRs: found null, expected {NO_NULL}"


@pytest.mark.parametrize(
    ("kind", "spec", "path"),
    [
        ("networkpolicy", "{ingress: [{from: [null]}]}", "spec.ingress[0].from[0]"),
        ("networkpolicy", "{policyTypes: [null]}", "spec.policyTypes[0]"),
        ("clusternetworkpolicy", f"{{tier: Admin, {HEAD}, ingress: [null]}}", "spec.ingress[0]"),
        ("clusternetworkpolicy", f"{{tier: Admin, {HEAD}, {DENY[:-2]}, protocols: [null]}}]}}", "protocols"),
        ("clusternetworkpolicy", f"{{tier: Admin, {HEAD}, {DENY[:-2]}, protocols: [{{tcp: null}}]}}]}}", "protocols"),
        ("clusternetworkpolicy", "{tier: Admin, priority: null, subject: {namespaces: {}}}", "spec.priority"),
    ],
)
def test_a_null_that_the_api_server_refuses_is_refused(kind: str, spec: str, path: str) -> None:
    assert any(path in problem.path for problem in problems(manifest(kind, spec)))


@pytest.mark.parametrize(("kind", "spec", "says", "refusal"), ODD)
def test_what_is_stored_comes_back_from_its_stored_form(kind: str, spec: str, says: str, refusal: str) -> None:
    stored = texts_to_store([("f.yaml", manifest(kind, spec))])
    assert load_stored(stored.content, stored.snapshot.digest) == stored.snapshot
    with pytest.raises(InputError) as error:
        load_stored(stored.content, stored.snapshot.digest, options=Options(strict=True))
    assert refusal in str(error.value)


def test_strict_refuses_cidrs_that_are_not_canonical() -> None:
    spec = "{ingress: [{from: [{ipBlock: {cidr: 10.1.2.3/8}}, {ipBlock: {cidr: 010.0.0.0/8}}]}]}"
    assert [problem.message for problem in problems(manifest("networkpolicy", spec), options=Options(strict=True))] == [
        'found "10.1.2.3/8", expected a CIDR without bits behind its prefix, such as 10.0.0.0/8',
        'found "010.0.0.0/8", expected a CIDR without leading zeros, such as 10.0.0.0/8',
    ]
    assert codes(load_text(manifest("networkpolicy", spec))) == [
        "NAMESPACE_ASSUMED",
        "CIDR_HOST_BITS",
        "CIDR_LEADING_ZEROS",
    ]


def test_kube_network_policies_is_known_to_leave_nothing_open() -> None:
    (kind, spec, _, _), *_ = ODD
    (policy,) = load_text(manifest(kind, spec), options=Options(cni=Cni.KUBE_NETWORK_POLICIES)).policies
    assert not any(rule.may for rule in policy.ingress)


def test_strict_is_an_option_over_http() -> None:
    text = manifest(ODD[0][0], ODD[0][1])
    body = {"query": "can any pod reach any pod?", "manifests": text}
    service = client(tenants())
    assert service.post("/query", json=body).status_code == 200
    refused = service.post("/query", json=body | {"options": {"strict": True}})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["message"].endswith(ODD[0][3].partition(": ")[2])
