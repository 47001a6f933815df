"""What AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy mean, and where they differ."""

from __future__ import annotations

import pytest

from reachproof.manifests.load import load_text
from reachproof.network.address import parse_cidr, parse_cidrs
from reachproof.network.intervals import EMPTY
from reachproof.network.labels import EVERYTHING, Selector
from reachproof.network.options import Channel, Cni, Options
from reachproof.network.origin import Origin
from reachproof.network.policy import (
    Action,
    AddressPeer,
    Direction,
    DomainPeer,
    Match,
    NamedPort,
    NodePeer,
    PartyKind,
    Peer,
    PodSet,
    PortMatch,
    Rule,
    TierName,
)
from reachproof.network.ports import Protocol, port_range
from tests.manifests.given import codes, manifest, notice, policy, says

ALL_PODS = PodSet(EVERYTHING, EVERYTHING)
WEB = Selector.equal("app", "web")
HEAD = {
    "adminnetworkpolicy": "priority: 7, subject: {namespaces: {}}",
    "baselineadminnetworkpolicy": "subject: {namespaces: {}}",
    "clusternetworkpolicy": "tier: Admin, priority: 7, subject: {namespaces: {}}",
}
KINDS = tuple(HEAD)
DOMAINS = Options(domains={"Known.example.": parse_cidr("203.0.113.0/24"), "*.known.example": parse_cidr("fd00::/8")})
NETWORK = AddressPeer(parse_cidr("10.0.0.0/8"))


def rules(kind: str, direction: str, text: str, options: Options | None = None) -> tuple[Rule, ...]:
    found = policy(kind, f"{{{HEAD[kind]}, {direction}: [{text}]}}", options or Options())
    return found.rules(Direction(direction))


def egress_peer(kind: str, text: str) -> Peer:
    (rule,) = rules(kind, "egress", f"{{action: Deny, to: [{text}]}}")
    (match,) = rule.matches
    return match.peer


def ports(kind: str, text: str) -> PortMatch | None:
    (rule,) = rules(kind, "ingress", f"{{action: Deny, from: [{{namespaces: {{}}}}], {text}}}")
    (match,) = rule.matches
    return match.ports


def test_each_kind_has_its_tier_and_priority_and_never_isolates() -> None:
    found = [policy(kind, f"{{{HEAD[kind]}}}") for kind in KINDS]
    assert [(one.tier, one.priority, one.isolates) for one in found] == [
        (TierName.ADMIN, 7, frozenset()),
        (TierName.BASELINE, 0, frozenset()),
        (TierName.ADMIN, 7, frozenset()),
    ]
    assert {one.ref.namespace for one in found} == {""}


def test_a_cluster_network_policy_of_tier_baseline_is_in_the_baseline() -> None:
    found = policy("clusternetworkpolicy", "{tier: Baseline, priority: 1000, subject: {namespaces: {}}}")
    assert (found.tier, found.priority) == (TierName.BASELINE, 1000)


@pytest.mark.parametrize("priority", [0, 1000])
@pytest.mark.parametrize("kind", ["adminnetworkpolicy", "clusternetworkpolicy"])
def test_both_ends_of_the_priorities_are_legal(kind: str, priority: int) -> None:
    assert policy(kind, f"{{{HEAD[kind].replace('7', str(priority))}}}").priority == priority


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("adminnetworkpolicy", {"Allow": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS}),
        ("baselineadminnetworkpolicy", {"Allow": Action.ALLOW, "Deny": Action.DENY}),
        ("clusternetworkpolicy", {"Accept": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS}),
    ],
)
def test_actions_keep_their_order(kind: str, words: dict[str, Action]) -> None:
    text = ", ".join(f"{{name: {word}, action: {word}, from: [{{namespaces: {{}}}}]}}" for word in words)
    assert [(rule.index, rule.name, rule.action) for rule in rules(kind, "ingress", text)] == [
        (index, word, action) for index, (word, action) in enumerate(words.items())
    ]


def test_pass_is_legal_in_the_baseline_of_cluster_network_policy() -> None:
    rule = "{action: Pass, from: [{namespaces: {}}]}"
    spec = f"{{tier: Baseline, priority: 1, subject: {{namespaces: {{}}}}, ingress: [{rule}]}}"
    assert policy("clusternetworkpolicy", spec).ingress[0].action is Action.PASS


@pytest.mark.parametrize("kind", KINDS)
def test_a_subject_of_pods_has_both_selectors(kind: str) -> None:
    subject = "{pods: {namespaceSelector: {matchLabels: {app: web}}, podSelector: {}}}"
    spec = HEAD[kind].replace("{namespaces: {}}", subject)
    assert policy(kind, f"{{{spec}}}").subject == PodSet(WEB, EVERYTHING)


def test_in_cluster_network_policy_an_absent_namespace_selector_is_all_namespaces() -> None:
    spec = "{tier: Admin, priority: 1, subject: {pods: {podSelector: {matchLabels: {app: web}}}}}"
    assert policy("clusternetworkpolicy", spec).subject == PodSet(EVERYTHING, WEB)
    assert egress_peer("clusternetworkpolicy", "{pods: {podSelector: {}}}") == ALL_PODS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{namespaces: {}}", ALL_PODS),
        ("{namespaces: {matchLabels: {app: web}}}", PodSet(WEB, EVERYTHING)),
        ("{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}}", PodSet(EVERYTHING, WEB)),
        ("{networks: [10.0.0.0/8]}", NETWORK),
        ("{networks: [10.1.2.3/8]}", NETWORK),
        ('{networks: [10.0.0.0/8, "fd00::/8"]}', AddressPeer(parse_cidrs(("10.0.0.0/8", "fd00::/8")))),
        ("{nodes: {}}", NodePeer(EVERYTHING)),
        ("{nodes: {matchLabels: {app: web}}}", NodePeer(WEB)),
    ],
)
def test_an_egress_peer_is(kind: str, text: str, expected: Peer) -> None:
    assert egress_peer(kind, text) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_absent_ports_are_every_port_of_every_protocol(kind: str) -> None:
    assert ports(kind, "") is None


@pytest.mark.parametrize("kind", ["adminnetworkpolicy", "baselineadminnetworkpolicy"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[{portNumber: {port: 80}}]", PortMatch(port_range(Protocol.TCP, 80, 80))),
        ("[{portNumber: {protocol: UDP, port: 53}}]", PortMatch(port_range(Protocol.UDP, 53, 53))),
        ("[{portRange: {start: 80, end: 90}}]", PortMatch(port_range(Protocol.TCP, 80, 90))),
        ("[{portRange: {protocol: SCTP, start: 80, end: 80}}]", PortMatch(port_range(Protocol.SCTP, 80, 80))),
        ("[{namedPort: web}]", PortMatch(EMPTY, (NamedPort("web", None),))),
    ],
)
def test_ports_of_v1alpha1_are(kind: str, text: str, expected: PortMatch) -> None:
    assert ports(kind, f"ports: {text}") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[{tcp: {destinationPort: {number: 80}}}]", PortMatch(port_range(Protocol.TCP, 80, 80))),
        ("[{udp: {destinationPort: {number: 53}}}]", PortMatch(port_range(Protocol.UDP, 53, 53))),
        ("[{sctp: {destinationPort: {range: {start: 1, end: 65535}}}}]", PortMatch(port_range(Protocol.SCTP))),
        ("[{destinationNamedPort: web}]", PortMatch(EMPTY, (NamedPort("web", None),))),
        (
            "[{destinationNamedPort: web}, {tcp: {destinationPort: {number: 80}}}]",
            PortMatch(port_range(Protocol.TCP, 80, 80), (NamedPort("web", None),)),
        ),
    ],
)
def test_protocols_of_v1alpha2_are(text: str, expected: PortMatch) -> None:
    assert ports("clusternetworkpolicy", f"protocols: {text}") == expected


def test_on_the_standard_channel_a_port_name_with_a_network_warns_and_never_matches_the_network() -> None:
    entries = "[{destinationNamedPort: web}, {tcp: {destinationPort: {number: 80}}}]"
    spec = (
        f"{{{HEAD['clusternetworkpolicy']}, egress: [{{action: Deny, to: [{{networks: [10.0.0.0/8]}}, "
        f"{{namespaces: {{}}}}], protocols: {entries}}}]}}"
    )
    snapshot = load_text(manifest("clusternetworkpolicy", spec), options=Options(channel=Channel.STANDARD))
    tcp_80 = port_range(Protocol.TCP, 80, 80)
    assert snapshot.policies[0].egress[0].matches == (
        Match(NETWORK, PortMatch(tcp_80)),
        Match(ALL_PODS, PortMatch(tcp_80, (NamedPort("web", None),))),
    )
    assert notice(snapshot, "NAMED_PORT_WITHOUT_POD").text == (
        "ClusterNetworkPolicy p spec.egress[0].protocols: a port name never matches a networks, nodes or domainNames "
        "peer, since only pods have port names"
    )


def test_a_network_with_port_names_only_is_left_out() -> None:
    text = "{action: Deny, to: [{networks: [10.0.0.0/8]}, {namespaces: {}}], protocols: [{destinationNamedPort: web}]}"
    (rule,) = rules("clusternetworkpolicy", "egress", text, Options(channel=Channel.STANDARD))
    assert rule.matches == (Match(ALL_PODS, PortMatch(EMPTY, (NamedPort("web", None),))),)


@pytest.mark.parametrize("kind", ["adminnetworkpolicy", "clusternetworkpolicy"])
class TestDomainNames:
    def egress(self, kind: str, peers: str, options: Options | None = None) -> tuple[Rule, ...]:
        allow = "Accept" if kind == "clusternetworkpolicy" else "Allow"
        return rules(kind, "egress", f"{{name: out, action: {allow}, to: [{peers}]}}", options)

    def test_a_rule_with_domain_names_may_match(self, kind: str) -> None:
        (rule,) = self.egress(kind, '{domainNames: [B.example., "*.a.example"]}')
        assert rule.may
        assert rule.matches == (Match(DomainPeer(("*.a.example", "b.example"))),)

    def test_with_other_peers_it_becomes_two_rules_of_one_index_the_certain_one_first(self, kind: str) -> None:
        certain, perhaps = self.egress(kind, "{domainNames: [a.example]}, {networks: [10.0.0.0/8]}")
        assert (certain.may, certain.matches) == (False, (Match(NETWORK),))
        assert (perhaps.may, perhaps.matches) == (True, (Match(DomainPeer(("a.example",))),))
        assert (certain.index, certain.name, certain.origin) == (perhaps.index, perhaps.name, perhaps.origin)

    def test_a_name_with_known_addresses_is_certain_and_external(self, kind: str) -> None:
        (rule,) = self.egress(kind, "{domainNames: [known.example]}", DOMAINS)
        external = frozenset((PartyKind.EXTERNAL,))
        assert not rule.may
        assert rule.matches == (Match(AddressPeer(parse_cidr("203.0.113.0/24"), external)),)

    def test_known_and_unknown_names_are_told_apart(self, kind: str) -> None:
        names = '{domainNames: [known.example, "*.KNOWN.example", other.example, deep.known.example]}'
        certain, perhaps = self.egress(kind, names, DOMAINS)
        known = parse_cidrs(("203.0.113.0/24", "fd00::/8"))
        assert certain.matches == (Match(AddressPeer(known, frozenset((PartyKind.EXTERNAL,)))),)
        assert perhaps.matches == (Match(DomainPeer(("deep.known.example", "other.example"))),)


def test_rules_know_their_line_and_path() -> None:
    text = """\
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: p}
spec:
  priority: 1
  subject: {namespaces: {}}
  ingress:
    - action: Deny
      from: [{namespaces: {}}]
  egress:
    - action: Pass
      to: [{namespaces: {}}]
    - action: Deny
      to: [{namespaces: {}}]
"""
    (found,) = load_text(text, name="a.yaml").policies
    assert [rule.origin for rule in (*found.ingress, *found.egress)] == [
        Origin(file="a.yaml", line=8, path="spec.ingress[0]"),
        Origin(file="a.yaml", line=11, path="spec.egress[0]"),
        Origin(file="a.yaml", line=13, path="spec.egress[1]"),
    ]


def test_a_second_baseline_is_an_error() -> None:
    text = manifest("baselineadminnetworkpolicy", "{subject: {namespaces: {}}}").replace("name: default", "name: other")
    assert says(text) == [
        'f.yaml:3 BaselineAdminNetworkPolicy other metadata.name: found "other", expected "default", '
        "the only BaselineAdminNetworkPolicy of a cluster"
    ]


def test_both_apis_together_warn_once() -> None:
    text = "---\n".join(manifest(kind, f"{{{HEAD[kind]}}}") for kind in KINDS)
    assert notice(load_text(text), "MIXED_ADMIN_APIS").text == (
        "the input has ClusterNetworkPolicy next to AdminNetworkPolicy or BaselineAdminNetworkPolicy; "
        "nothing orders one API against the other, so where they disagree either may win"
    )


def test_both_kinds_of_v1alpha1_together_do_not_warn() -> None:
    text = "---\n".join(manifest(kind, f"{{{HEAD[kind]}}}") for kind in KINDS[:2])
    assert codes(load_text(text)) == []


def test_ovn_kubernetes_does_not_program_priorities_above_99() -> None:
    text = manifest("adminnetworkpolicy", "{priority: 100, subject: {namespaces: {}}}")
    snapshot = load_text(text, options=Options(cni=Cni.OVN_KUBERNETES))
    assert notice(snapshot, "PRIORITY_NOT_PROGRAMMED").text == (
        "AdminNetworkPolicy p spec.priority: ovn-kubernetes does not program priorities above 99, "
        "so this policy has no effect"
    )
    assert codes(load_text(text)) == []
    assert codes(load_text(text.replace("100", "99"), options=Options(cni=Cni.OVN_KUBERNETES))) == []
