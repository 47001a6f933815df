"""What Cilium's policies become: parts, reasons, notices, and what they refer to."""

from __future__ import annotations

import pytest

from reachproof.manifests.load import load_text
from reachproof.network.address import parse_cidrs
from reachproof.network.options import Cni, Options
from reachproof.network.policy import (
    Action,
    AddressPeer,
    Direction,
    DomainPeer,
    OtherNodePeer,
    OwnNodePeer,
    PartyKind,
    PartyPeer,
    PodSet,
    Policy,
)
from reachproof.network.snapshot import Snapshot
from tests.manifests.given import codes, manifest, notice, problems

CILIUM = Options(cni=Cni.CILIUM)
ASSUMED = "NAMESPACE_ASSUMED"
GROUP = """---
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {{name: g, labels: {labels}}}
spec: {{externalCIDRs: {cidrs}}}
"""


def load(spec: str, *others: str, options: Options = CILIUM) -> Snapshot:
    return load_text(manifest("ciliumnetworkpolicy", spec) + "".join(others), options=options)


def policy(spec: str, options: Options = CILIUM) -> Policy:
    (found,) = load(spec, options=options).policies
    return found


def rules_of(peers: str, ports: str = "", options: Options = CILIUM) -> list[tuple[tuple[object, ...], bool, str]]:
    """(peers, may, code of the reason) of each rule that one egress rule becomes."""
    spec = f"{{endpointSelector: {{}}, egress: [{{{peers}{', ' + ports if peers and ports else ports}}}]}}"
    found = policy(spec, options).egress
    return [(tuple(match.peer for match in rule.matches), rule.may, rule.reason_code) for rule in found]


class TestRules:
    def test_those_that_deny_are_counted_after_those_that_allow_and_have_their_place_as_name(self) -> None:
        found = policy(
            "{endpointSelector: {}, ingressDeny: [{}, {fromEntities: [all]}], ingress: [{fromEntities: [all]}]}"
        )
        assert [(rule.index, rule.name, rule.action) for rule in found.ingress] == [
            (0, "", Action.ALLOW),
            (1, "ingressDeny[0]", Action.DENY),
            (2, "ingressDeny[1]", Action.DENY),
        ]

    def test_one_that_matches_nothing_stays(self) -> None:
        assert rules_of("toEndpoints: []") == [((), False, "MAY_MATCH")]

    def test_the_own_node_and_other_nodes_are_all_nodes(self) -> None:
        assert rules_of("toEntities: [host, remote-node]") == [
            ((PartyPeer(frozenset({PartyKind.NODE})),), False, "MAY_MATCH")
        ]
        assert rules_of("toEntities: [remote-node]") == [((OtherNodePeer(),), False, "MAY_MATCH")]

    def test_what_is_not_known_is_a_rule_of_its_own(self) -> None:
        server = PartyPeer(frozenset({PartyKind.NODE, PartyKind.EXTERNAL}))
        ports = "toPorts: [{ports: [{port: '80'}]}, {ports: [{port: '81'}], rules: {dns: [{}]}}]"
        assert rules_of("toEntities: [host, kube-apiserver]", ports) == [
            ((OwnNodePeer(),), False, "MAY_MATCH"),
            ((server,), True, "API_SERVER"),
            ((OwnNodePeer(), server), True, "REQUEST_RULES"),
        ]

    def test_a_pattern_has_known_names_and_always_others(self) -> None:
        known = Options(cni=Cni.CILIUM, domains={"api.example.com": parse_cidrs(("203.0.113.0/24",))})
        block = AddressPeer(parse_cidrs(("203.0.113.0/24",)), frozenset({PartyKind.EXTERNAL}))
        assert rules_of("toFQDNs: [{matchPattern: '*.Example.com'}]", options=known) == [
            ((block,), False, "MAY_MATCH"),
            ((DomainPeer((), ("*.example.com",)),), True, "MAY_MATCH"),
        ]
        assert rules_of("toFQDNs: [{matchName: api.example.com}]", options=known) == [((block,), False, "MAY_MATCH")]


class TestIsolation:
    @pytest.mark.parametrize(
        ("spec", "expected"),
        [
            ("ingress: [{}]", {Direction.INGRESS}),
            ("ingressDeny: [{}]", {Direction.INGRESS}),
            ("ingress: [], egress: [{}]", {Direction.EGRESS}),
            ("ingress: [{}], egressDeny: [{}]", set(Direction)),
            ("ingress: [{}], egress: [{}], enableDefaultDeny: {egress: false}", {Direction.INGRESS}),
            ("ingress: [{}], enableDefaultDeny: {ingress: false, egress: true}", set()),
        ],
    )
    def test_is_that_of_the_directions_with_rules_unless_it_is_switched_off(
        self, spec: str, expected: set[Direction]
    ) -> None:
        assert policy(f"{{endpointSelector: {{}}, {spec}}}").isolates == expected


class TestObjects:
    def test_the_parts_of_one_object_are_told_apart_by_their_path(self) -> None:
        text = manifest("ciliumnetworkpolicy", "{endpointSelector: {}, ingress: [{}]}")
        text += "specs: [{endpointSelector: {}, egress: [{}]}]\n"
        refs = [str(each.ref) for each in load_text(text, options=CILIUM).policies]
        assert refs == ["CiliumNetworkPolicy shop/p spec", "CiliumNetworkPolicy shop/p specs[0]"]

    def test_two_under_one_name_are_one_or_a_problem(self) -> None:
        one, other = "{endpointSelector: {}, ingress: [{}]}", "{endpointSelector: {}, egress: [{}]}"
        assert len(load(one, "---\n", manifest("ciliumnetworkpolicy", one)).policies) == 1
        text = f"{manifest('ciliumnetworkpolicy', one)}---\n{manifest('ciliumnetworkpolicy', other)}"
        (found,) = problems(text, options=CILIUM)
        expected = "defined twice with different contents; also at f.yaml:1"
        assert found.message == expected

    def test_the_order_of_groups_and_policies_does_not_matter(self) -> None:
        spec = "{endpointSelector: {}, egress: [{toCIDRSet: [{cidrGroupRef: g}]}]}"
        group = GROUP.format(labels="{}", cidrs="[1.0.0.0/8]")
        after = load(spec, group)
        before = load_text(f"{group}---\n{manifest('ciliumnetworkpolicy', spec)}", options=CILIUM)
        assert (codes(after), codes(before)) == ([ASSUMED], [ASSUMED])
        assert after.policies[0].egress[0].matches == before.policies[0].egress[0].matches
        assert after.digest == before.digest

    @pytest.mark.parametrize(("labels", "cidrs"), [("{a: b}", "[1.0.0.0/8]"), ("{}", "[1.0.0.0/9]")])
    def test_what_a_group_says_is_part_of_the_digest(self, labels: str, cidrs: str) -> None:
        spec = "{endpointSelector: {}, egress: [{}]}"
        first = load(spec, GROUP.format(labels="{}", cidrs="[1.0.0.0/8]"))
        assert first.digest != load(spec, GROUP.format(labels=labels, cidrs=cidrs)).digest

    def test_what_is_wrong_with_a_group_is_told_with_the_policies_problems(self) -> None:
        text = manifest("ciliumnetworkpolicy", "{endpointSelector: {}}") + GROUP.format(labels="{}", cidrs="[x]")
        assert [problem.subject for problem in problems(text, options=CILIUM)] == [
            "CiliumNetworkPolicy shop/p",
            "CiliumCIDRGroup g",
        ]

    def test_a_lenient_load_leaves_out_a_policy_and_no_group(self) -> None:
        text = manifest("ciliumnetworkpolicy", "{endpointSelector: {}}")
        assert codes(load_text(text, options=CILIUM, lenient=True)) == ["POLICY_DROPPED"]


class TestNotices:
    @pytest.mark.parametrize(
        ("spec", "code", "text"),
        [
            (
                "{endpointSelector: {}, ingress: [], egress: [{}]}",
                "EMPTY_LIST",
                "spec.ingress: an empty list is no list: it isolates nothing; a list with an empty rule, [{}], "
                "isolates",
            ),
            (
                "{endpointSelector: {}, ingress: [{fromEndpoints: []}]}",
                "EMPTY_PEERS",
                "spec.ingress[0].fromEndpoints: an empty list of peers matches nothing; without the field every peer "
                "matches, if there are ports",
            ),
            (
                "{endpointSelector: {matchLabels: {'k8s:io.kubernetes.pod.namespace': bank}}, ingress: [{}]}",
                "FOREIGN_NAMESPACE",
                "spec.endpointSelector.matchLabels.k8s:io.kubernetes.pod.namespace: the namespace bank has no effect; "
                "a policy selects pods of its own namespace only",
            ),
            (
                "{endpointSelector: {}, egress: [{toCIDRSet: [{cidrGroupRef: g}]}]}",
                "UNKNOWN_CIDR_GROUP",
                "spec.egress[0].toCIDRSet[0].cidrGroupRef: there is no CiliumCIDRGroup g; it matches nothing",
            ),
            (
                "{endpointSelector: {}, ingress: [{fromEndpoints: [{}], authentication: {mode: required}}]}",
                "NOT_LOOKED_AT",
                "spec.ingress[0].authentication: it is not looked at; the connection is judged as if it were not there",
            ),
            (
                "{endpointSelector: {}, ingress: [{icmps: [{fields: [{type: 8}]}]}]}",
                "OTHER_PROTOCOL",
                "spec.ingress[0].icmps: the rule is about a protocol that no question is about (ICMP)",
            ),
            (
                "{endpointSelector: {matchLabels: {'reserved:host': ''}}, ingress: [{}]}",
                "HOST_POLICY",
                "spec.endpointSelector: it needs a reserved label, which no pod has; such endpoints are not modelled",
            ),
        ],
    )
    def test_say_what_a_policy_does_not_do(self, spec: str, code: str, text: str) -> None:
        assert notice(load(spec), code).text == f"CiliumNetworkPolicy shop/p {text}"

    def test_a_label_that_is_no_part_of_identities_is_told(self) -> None:
        found = notice(
            load("{endpointSelector: {matchLabels: {kubernetes.io/os: linux}}, ingress: [{}]}"), "LABEL_NOT_SEEN"
        )
        assert found.text == (
            "CiliumNetworkPolicy shop/p selects by the label kubernetes.io/os, which is no part of identities: "
            "it is never there"
        )

    def test_an_unknown_service_is_told_and_how_one_is_read_is_assumed(self) -> None:
        found = load("{endpointSelector: {}, egress: [{toServices: [{k8sService: {serviceName: s, namespace: x}}]}]}")
        assert notice(found, "TO_SERVICES") in found.assumptions
        assert notice(found, "UNKNOWN_SERVICE").text.endswith("there is no Service x/s; it stands for no peer")

    def test_a_kind_that_cilium_does_not_read_is_assumed_away(self) -> None:
        spec = "{priority: 1, subject: {namespaces: {}}}"
        found = load_text(manifest("adminnetworkpolicy", spec), options=CILIUM)
        assert notice(found, "KIND_NOT_READ").text == (
            "AdminNetworkPolicy is not read by cilium 1.20; the answer ignores it"
        )

    def test_a_policy_of_hosts_is_told_and_is_no_policy(self) -> None:
        text = (
            "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: h}\n"
            "spec: {nodeSelector: {}, ingress: [{}]}\n"
        )
        found = load_text(text, options=CILIUM)
        assert found.policies == ()
        assert notice(found, "HOST_POLICY") in found.assumptions
        assert found.digest != load_text(text.replace("ingress", "egress"), options=CILIUM).digest


def test_a_selector_is_narrowed_to_the_namespace_unless_it_speaks_of_namespaces() -> None:
    def peers(selector: str) -> list[object]:
        return [
            m.peer
            for m in policy(f"{{endpointSelector: {{}}, ingress: [{{fromEndpoints: [{selector}]}}]}}")
            .ingress[0]
            .matches
        ]

    (own,) = peers("{matchLabels: {app: web}}")
    (team,) = peers("{matchLabels: {'k8s:io.cilium.k8s.namespace.labels.team': red}}")
    assert isinstance(own, PodSet) and str(own.namespaces) == "kubernetes.io/metadata.name=shop"
    assert isinstance(team, PodSet) and str(team.namespaces) == "team=red"
    assert len(peers("{matchExpressions: [{key: 'reserved:init', operator: DoesNotExist}]}")) == 3


@pytest.mark.parametrize("operator", ["Exists", "DoesNotExist"])
def test_the_bare_key_world_is_refused_beside_a_reserved_one(operator: str) -> None:
    needs = f"{{key: 'reserved:init', operator: DoesNotExist}}, {{key: world, operator: {operator}}}"
    spec = f"{{endpointSelector: {{}}, ingress: [{{fromEndpoints: [{{matchExpressions: [{needs}]}}]}}]}}"
    [problem] = problems(manifest("ciliumnetworkpolicy", spec), options=CILIUM)
    assert (problem.path, problem.message) == (
        "spec.ingress[0].fromEndpoints[0].matchExpressions[1].key",
        "the key world beside one with reserved: depends on the cluster's families; the outside and the API server are "
        "entities (fromEntities, toEntities)",
    )
