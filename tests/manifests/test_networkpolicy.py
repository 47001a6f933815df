"""What a NetworkPolicy means: absent, empty and set fields, and where its rules come from."""

from __future__ import annotations

import pytest

from reachproof.engines.host_network import WHOLE_NAMESPACES
from reachproof.manifests.load import load_text
from reachproof.network.address import parse_cidr
from reachproof.network.intervals import EMPTY
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Operator, Requirement, Selector
from reachproof.network.origin import Origin
from reachproof.network.policy import (
    Action,
    AddressPeer,
    AnyPeer,
    Direction,
    Match,
    NamedPort,
    Peer,
    PodSet,
    Policy,
    PolicyRef,
    PortMatch,
    TierName,
)
from reachproof.network.ports import Protocol, port_range
from tests.manifests.given import codes, manifest, notice, says
from tests.manifests.given import policy as read

SHOP = Selector.equal(NAMESPACE_NAME, "shop")
WEB = Selector.equal("app", "web")
BOTH = frozenset(Direction)
INGRESS = frozenset((Direction.INGRESS,))
EGRESS = frozenset((Direction.EGRESS,))
TCP_80 = port_range(Protocol.TCP, 80, 80)


def policy(spec: str) -> Policy:
    return read("networkpolicy", spec)


def peer(text: str) -> Peer:
    (rule,) = policy(f"{{ingress: [{{from: [{text}]}}]}}").ingress
    (match,) = rule.matches
    return match.peer


def ports(text: str) -> PortMatch | None:
    (rule,) = policy(f"{{ingress: [{{ports: {text}}}]}}").ingress
    (match,) = rule.matches
    return match.ports


@pytest.mark.parametrize(
    ("spec", "isolates"),
    [
        ("{}", INGRESS),
        ("{podSelector: {}}", INGRESS),
        ("{policyTypes: null}", INGRESS),
        ("{policyTypes: []}", INGRESS),
        ("{ingress: []}", INGRESS),
        ("{egress: []}", INGRESS),
        ("{egress: null}", INGRESS),
        ("{egress: [{}]}", BOTH),
        ("{policyTypes: [], egress: [{}]}", BOTH),
        ("{policyTypes: [Ingress], egress: [{}]}", INGRESS),
        ("{policyTypes: [Egress]}", EGRESS),
        ("{policyTypes: [Egress], ingress: [{}]}", EGRESS),
        ("{policyTypes: [Egress, Ingress]}", BOTH),
        ("{policyTypes: [Ingress, Ingress]}", INGRESS),
    ],
)
def test_policy_types_are_ingress_and_egress_where_there_is_a_rule(spec: str, isolates: frozenset[Direction]) -> None:
    assert policy(spec).isolates == isolates


def test_an_absent_spec_is_one_with_every_field_absent() -> None:
    text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: shop, name: p}\n"
    (found,) = load_text(text).policies
    assert (found.subject, found.ingress, found.isolates) == (PodSet(SHOP, EVERYTHING), (), INGRESS)


def test_rules_of_a_direction_that_is_not_in_policy_types_are_inert() -> None:
    found = policy("{policyTypes: [Egress], ingress: [{}], egress: [{}]}")
    assert (len(found.ingress), len(found.egress)) == (0, 1)


def test_rules_that_are_inert_are_checked_all_the_same() -> None:
    text = manifest("networkpolicy", "{policyTypes: [Egress], ingress: [{from: [{}]}]}")
    assert says(text) == [
        "f.yaml:4 NetworkPolicy shop/p spec.ingress[0].from[0]: found an empty object, expected podSelector, "
        "namespaceSelector or ipBlock; a selector that selects everything is {}"
    ]


@pytest.mark.parametrize("selector", ["", "podSelector: null", "podSelector: {}", "podSelector: {matchLabels: {}}"])
def test_an_absent_or_empty_pod_selector_is_every_pod_of_the_namespace(selector: str) -> None:
    assert policy(f"{{{selector}}}").subject == PodSet(SHOP, EVERYTHING)


def test_it_is_a_policy_of_the_tier_networkpolicy_and_every_rule_allows() -> None:
    found = policy("{podSelector: {matchLabels: {app: web}}, ingress: [{}, {from: [{podSelector: {}}]}]}")
    assert found.ref == PolicyRef(kind="NetworkPolicy", namespace="shop", name="p")
    assert (found.tier, found.priority) == (TierName.NETWORK_POLICY, 0)
    assert found.subject == PodSet(SHOP, WEB)
    assert [(rule.index, rule.action, rule.may) for rule in found.ingress] == [
        (0, Action.ALLOW, False),
        (1, Action.ALLOW, False),
    ]


def test_a_policy_without_namespace_is_in_default() -> None:
    text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelector: {}}\n"
    (found,) = load_text(text).policies
    assert found.ref.namespace == "default"
    assert found.subject.namespaces == Selector.equal(NAMESPACE_NAME, "default")


@pytest.mark.parametrize("rule", ["{}", "{from: []}", "{from: null}", "{from: [], ports: []}", "{ports: null}"])
def test_absent_or_empty_peers_and_ports_are_everything(rule: str) -> None:
    (found,) = policy(f"{{ingress: [{rule}]}}").ingress
    assert found.matches == (Match(AnyPeer(), None),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{podSelector: {}}", PodSet(SHOP, EVERYTHING)),
        ("{podSelector: {matchLabels: {app: web}}}", PodSet(SHOP, WEB)),
        ("{namespaceSelector: {}}", PodSet(EVERYTHING, EVERYTHING)),
        ("{namespaceSelector: {matchLabels: {app: web}}}", PodSet(WEB, EVERYTHING)),
        ("{namespaceSelector: {matchLabels: {app: web}}, podSelector: {}}", PodSet(WEB, EVERYTHING)),
        ("{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}", PodSet(EVERYTHING, WEB)),
        ("{podSelector: {matchLabels: {app: web}}, namespaceSelector: null}", PodSet(SHOP, WEB)),
        ("{podSelector: {}, ipBlock: null}", PodSet(SHOP, EVERYTHING)),
        ("{ipBlock: {cidr: 10.0.0.0/8}}", AddressPeer(parse_cidr("10.0.0.0/8"))),
        ("{ipBlock: {cidr: 0.0.0.0/0}}", AddressPeer(parse_cidr("0.0.0.0/0"))),
        ('{ipBlock: {cidr: "::/0"}}', AddressPeer(parse_cidr("::/0"))),
        ("{ipBlock: {cidr: 10.0.0.0/8, except: null}}", AddressPeer(parse_cidr("10.0.0.0/8"))),
        (
            "{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16, 10.1.2.0/24]}}",
            AddressPeer(parse_cidr("10.0.0.0/8") - parse_cidr("10.1.0.0/16") - parse_cidr("10.2.0.0/16")),
        ),
    ],
)
def test_a_peer_is(text: str, expected: Peer) -> None:
    assert peer(text) == expected


def test_two_peers_are_an_or_and_one_peer_with_two_selectors_an_and() -> None:
    (rule,) = policy(
        "{ingress: [{from: [{podSelector: {matchLabels: {app: web}}}, {namespaceSelector: {}}], ports: [{port: 80}]}]}"
    ).ingress
    assert rule.matches == (
        Match(PodSet(SHOP, WEB), PortMatch(TCP_80)),
        Match(PodSet(EVERYTHING, EVERYTHING), PortMatch(TCP_80), extension=WHOLE_NAMESPACES),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[{}]", PortMatch(port_range(Protocol.TCP))),
        ("[{protocol: null}]", PortMatch(port_range(Protocol.TCP))),
        ("[{protocol: UDP}]", PortMatch(port_range(Protocol.UDP))),
        ("[{port: 80}]", PortMatch(TCP_80)),
        ("[{port: 80, endPort: 80}]", PortMatch(TCP_80)),
        ("[{port: 1, endPort: 65535}]", PortMatch(port_range(Protocol.TCP))),
        ("[{protocol: SCTP, port: 80, endPort: 90}]", PortMatch(port_range(Protocol.SCTP, 80, 90))),
        ("[{port: web}]", PortMatch(EMPTY, (NamedPort("web", Protocol.TCP),))),
        ("[{port: dns, protocol: UDP}]", PortMatch(EMPTY, (NamedPort("dns", Protocol.UDP),))),
        ("[{port: 80}, {port: 81}]", PortMatch(port_range(Protocol.TCP, 80, 81))),
        (
            "[{port: web}, {port: 80}, {port: dns, protocol: UDP}, {port: web}]",
            PortMatch(TCP_80, (NamedPort("dns", Protocol.UDP), NamedPort("web", Protocol.TCP))),
        ),
    ],
)
def test_ports_are(text: str, expected: PortMatch) -> None:
    assert ports(text) == expected


@pytest.mark.parametrize(
    ("expression", "requirement"),
    [
        ("{key: a, operator: In, values: [v, u, v]}", Requirement("a", Operator.IN, ("u", "v"))),
        ("{key: a, operator: NotIn, values: [x]}", Requirement("a", Operator.NOT_IN, ("x",))),
        ("{key: a, operator: Exists}", Requirement("a", Operator.EXISTS)),
        ("{key: a, operator: DoesNotExist, values: []}", Requirement("a", Operator.DOES_NOT_EXIST)),
        ('{key: x.example/a, operator: In, values: [""]}', Requirement("x.example/a", Operator.IN, ("",))),
    ],
)
def test_an_expression_is_a_requirement(expression: str, requirement: Requirement) -> None:
    assert peer(f"{{podSelector: {{matchExpressions: [{expression}]}}}}") == PodSet(SHOP, Selector.of(requirement))


def test_match_labels_and_expressions_are_all_required() -> None:
    found = peer(
        "{podSelector: {matchLabels: {a: x, b: z}, matchExpressions: "
        "[{key: a, operator: Exists}, {key: c, operator: DoesNotExist}]}}"
    )
    assert found == PodSet(
        SHOP,
        Selector.of(
            Requirement("a", Operator.IN, ("x",)),
            Requirement("b", Operator.IN, ("z",)),
            Requirement("a", Operator.EXISTS),
            Requirement("c", Operator.DOES_NOT_EXIST),
        ),
    )


def test_host_bits_are_masked_and_a_warning_says_so() -> None:
    snapshot = load_text(manifest("networkpolicy", "{ingress: [{from: [{ipBlock: {cidr: 10.1.2.3/8}}]}]}"))
    ((rule,),) = [found.ingress for found in snapshot.policies]
    assert rule.matches[0].peer == AddressPeer(parse_cidr("10.0.0.0/8"))
    assert notice(snapshot, "CIDR_HOST_BITS").text == (
        "NetworkPolicy shop/p spec.ingress[0].from[0].ipBlock.cidr: 10.1.2.3/8 has bits set behind its prefix; "
        "it is read as 10.0.0.0/8"
    )


def test_leading_zeros_are_decimal_and_a_warning_says_so() -> None:
    snapshot = load_text(manifest("networkpolicy", "{ingress: [{from: [{ipBlock: {cidr: 010.001.0.0/16}}]}]}"))
    ((rule,),) = [found.ingress for found in snapshot.policies]
    assert rule.matches[0].peer == AddressPeer(parse_cidr("10.1.0.0/16"))
    assert notice(snapshot, "CIDR_LEADING_ZEROS").text == (
        "NetworkPolicy shop/p spec.ingress[0].from[0].ipBlock.cidr: 010.001.0.0/16 has leading zeros; "
        "it is read in decimal, as 10.1.0.0/16"
    )


def test_a_plain_cidr_gets_no_warning() -> None:
    text = manifest("networkpolicy", "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}")
    assert codes(load_text(text)) == ["NAMESPACE_ASSUMED"]


def test_policies_and_rules_know_their_file_document_line_and_path() -> None:
    text = """\
# a comment
apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: p
  namespace: shop
spec:
  podSelector: {}
  ingress:
    - from:
        - podSelector: {}
    -
      ports:
        - port: 80
  egress:
    - {}
"""
    (found,) = load_text(text, name="net.yaml").policies
    assert found.origin == Origin(file="net.yaml", document=2, line=8)
    assert [rule.origin for rule in (*found.ingress, *found.egress)] == [
        Origin(file="net.yaml", document=2, line=16, path="spec.ingress[0]"),
        Origin(file="net.yaml", document=2, line=19, path="spec.ingress[1]"),
        Origin(file="net.yaml", document=2, line=22, path="spec.egress[0]"),
    ]


def test_an_item_of_a_list_knows_its_own_line() -> None:
    text = """\
apiVersion: v1
kind: List
items:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: a}
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: b}
"""
    assert [found.origin.line for found in load_text(text).policies] == [4, 7]


@pytest.mark.parametrize(
    ("written", "hexadecimal"),
    [
        ("64:ff9b::10.0.0.0/104", "64:ff9b::a00:0/104"),
        ("64:ff9b:1::192.0.2.33/128", "64:ff9b:1::c000:221/128"),
        ("2001:db8::0.0.0.0/96", "2001:db8::/96"),
    ],
)
def test_an_ipv6_cidr_may_end_in_dotted_decimal(written: str, hexadecimal: str) -> None:
    assert peer(f'{{ipBlock: {{cidr: "{written}"}}}}') == peer(f'{{ipBlock: {{cidr: "{hexadecimal}"}}}}')
