"""Differences in what no flow shows: what is undetermined, and of which policy."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from reachproof.documents.diff import Diff
from reachproof.documents.words import Relation
from reachproof.manifests.load import load_objects
from reachproof.network.options import AmbientPort, Channel, Cni, Options
from reachproof.queries.ask import Session
from reachproof.queries.difference import difference
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import prepare
from reachproof.solver.z3_backend import Prover
from tests.queries.given import Manifest, namespace, network_policy, pod

PROVER = Prover()
CALICO, CILIUM, SPEC = Options(cni=Cni.CALICO), Options(cni=Cni.CILIUM), Options(channel=Channel.EXPERIMENTAL)
SHOP = (namespace("shop"), pod("shop/web", "10.0.0.1"), pod("shop/db", "10.0.0.2"))


def meshed(name: str, address: str) -> Manifest:
    made = pod(name, address)
    made["spec"]["containers"].append({"name": "istio-proxy", "image": "i"})
    return made


MESH = (namespace("shop"), meshed("shop/web", "10.0.0.1"), meshed("shop/db", "10.0.0.2"))
SAME, NEW = "nothing changed since snapshot old", "nothing is newly allowed since snapshot old"


def diff(before: list[Manifest], after: list[Manifest], options: Options, cluster: tuple[Manifest, ...] = SHOP) -> Diff:
    snapshots = [load_objects([*cluster, *each], options=options) for each in (before, after)]
    encodings = [prepare(each) for each in snapshots]
    return difference(encodings[0], encodings[1], Budget(), PROVER)


def verdicts(
    before: list[Manifest], after: list[Manifest], options: Options, cluster: tuple[Manifest, ...] = SHOP
) -> list[str]:
    old, new = (load_objects([*cluster, *each], options=options) for each in (before, after))
    asked = Session(new, {"old": Session(old)}, PROVER)
    return [str(asked.ask(claim).verdict) for claim in (NEW, SAME)]


def calico(action: str = "Allow", direction: str = "ingress", **rule: Any) -> Manifest:
    return {
        "apiVersion": "projectcalico.org/v3",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"types": [direction.capitalize()], direction: [{"action": action, **rule}]},
    }


def cilium(direction: str = "ingress", **rule: Any) -> Manifest:
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"endpointSelector": {}, direction: [rule]},
    }


def istio(*rules: Manifest, **spec: Any) -> Manifest:
    return {
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"rules": list(rules), **spec},
    }


def admin(*names: str) -> Manifest:
    rule = {"name": "r", "action": "Allow", "to": [{"domainNames": list(names)}]}
    deny = {"name": "d", "action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha1",
        "kind": "AdminNetworkPolicy",
        "metadata": {"name": "p"},
        "spec": {"priority": 5, "subject": {"namespaces": {}}, "egress": [rule, deny]},
    }


def http(method: str) -> Manifest:
    return {"ports": [{"port": "80", "protocol": "TCP"}], "rules": {"http": [{"method": method}]}}


TCP = {"protocol": "TCP"}
KINDS = {
    "source ports": (calico(**TCP, source={"ports": [700]}), calico(**TCP, source={"ports": [701]}), CALICO),
    "source ports, deny": (
        calico("Deny", **TCP, source={"ports": [700]}),
        calico("Deny", **TCP, source={"ports": [701]}),
        CALICO,
    ),
    "source ports, egress": (
        calico(direction="egress", **TCP, source={"ports": [700]}),
        calico(direction="egress", **TCP, source={"ports": [701]}),
        CALICO,
    ),
    "not source ports": (calico(**TCP, source={"notPorts": [700]}), calico(**TCP, source={"notPorts": [701]}), CALICO),
    "HTTP rules of Calico": (
        calico(**TCP, http={"methods": ["GET"]}),
        calico(**TCP, http={"methods": ["PUT"]}),
        CALICO,
    ),
    "ICMP of Calico": (
        calico(protocol="ICMP", icmp={"type": 8}),
        calico(protocol="ICMP", icmp={"type": 0}),
        CALICO,
    ),
    "ICMP of Calico, deny": (
        calico("Deny", protocol="ICMP", icmp={"type": 8}),
        calico("Deny", protocol="ICMP", icmp={"type": 0}),
        CALICO,
    ),
    "other protocols": (calico(protocol=47), calico(protocol=50), CALICO),
    "HTTP rules": (cilium(toPorts=[http("GET")]), cilium(toPorts=[http("PUT")]), CILIUM),
    "TLS server names": (
        cilium(toPorts=[{"ports": [{"port": "443"}], "serverNames": ["a.example.com"]}]),
        cilium(toPorts=[{"ports": [{"port": "443"}], "serverNames": ["b.example.com"]}]),
        CILIUM,
    ),
    "ICMP": (
        cilium(icmps=[{"fields": [{"type": 8}]}]),
        cilium(icmps=[{"fields": [{"type": 0}]}]),
        CILIUM,
    ),
    "domain names of Cilium": (
        cilium("egress", toFQDNs=[{"matchName": "a.example.com"}]),
        cilium("egress", toFQDNs=[{"matchName": "b.example.com"}]),
        CILIUM,
    ),
    "authentication": (
        cilium(fromEndpoints=[{}], authentication={"mode": "required"}),
        cilium(fromEndpoints=[{}], authentication={"mode": "disabled"}),
        CILIUM,
    ),
    "domain names": (admin("a.example.com"), admin("b.example.com"), SPEC),
    "HTTP hosts, methods and paths": (
        istio({"to": [{"operation": {"paths": ["/a"]}}]}),
        istio({"to": [{"operation": {"paths": ["/b"]}}]}),
        SPEC,
    ),
    "HTTP methods, deny": (
        istio({"to": [{"operation": {"methods": ["GET"]}}]}, action="DENY"),
        istio({"to": [{"operation": {"methods": ["PUT"]}}]}, action="DENY"),
        SPEC,
    ),
    "JWT": (
        istio({"from": [{"source": {"requestPrincipals": ["a/*"]}}]}),
        istio({"from": [{"source": {"requestPrincipals": ["b/*"]}}]}),
        SPEC,
    ),
    "conditions on requests": (
        istio({"when": [{"key": "request.headers[x]", "values": ["a"]}]}),
        istio({"when": [{"key": "request.headers[x]", "values": ["b"]}]}),
        SPEC,
    ),
}


@pytest.mark.parametrize("what", KINDS)
def test_policies_that_differ_only_in_what_is_not_modelled_are_undetermined(what: str) -> None:
    one, other, options = KINDS[what]
    found = diff([one], [other], options, MESH if options is SPEC else SHOP)
    assert (found.relation, found.rows, len(found.policies)) == (Relation.UNDETERMINED, (), 1)
    (doubt,) = found.undetermined
    assert doubt.policy is not None
    assert (doubt.policy.name, doubt.text.startswith("differs only in ")) == ("p", True)
    words = {"of Calico": "", "of Cilium": "", ", deny": "", ", egress": "", "not source": "source"}
    named = what
    for long, short in words.items():
        named = named.replace(long, short)
    assert named.strip().split()[0] in doubt.text
    told = verdicts([one], [other], options, MESH if options is SPEC else SHOP)
    # Where all is denied whatever the rule does, nothing can be newly allowed: by the end of the tier, or since no rule
    # lets a name be looked up.
    denied = what in ("source ports, deny", "domain names of Cilium")
    assert told == ["holds" if denied else "unknown", "unknown"]
    same = diff([one], [deepcopy(one)], options)
    assert (same.relation, same.policies, same.undetermined) == (Relation.EQUIVALENT, (), ())
    assert verdicts([one], [one], options) == ["holds", "holds"]


def test_the_same_condition_is_settled_alike_though_another_rule_changed() -> None:
    one = cilium(toPorts=[http("GET")])
    other = cilium(toPorts=[http("GET")])
    other["spec"]["ingress"].append({"toPorts": [{"ports": [{"port": "9090", "protocol": "TCP"}]}]})
    found = diff([one], [other], CILIUM)
    assert (found.relation, found.undetermined, found.open) == (Relation.LOOSER, (), None)


def test_the_same_condition_is_settled_alike_though_the_rule_has_another_place() -> None:
    one, other = cilium(toPorts=[http("GET")]), cilium(toPorts=[http("GET")])
    later = {"toPorts": [{"ports": [{"port": "9090", "protocol": "TCP"}]}]}
    one["spec"]["ingress"].append(later)
    other["spec"]["ingress"].insert(0, later)
    found = diff([one], [other], CILIUM)
    assert (found.relation, found.undetermined, found.open) == (Relation.EQUIVALENT, (), None)


def test_the_condition_of_another_policy_is_another_one() -> None:
    one = cilium(toPorts=[http("GET")])
    other = one | {"metadata": one["metadata"] | {"name": "q"}}
    assert diff([one], [other], CILIUM).relation is Relation.UNDETERMINED


def test_the_condition_of_the_other_direction_is_another_one() -> None:
    ends = {"source": {"nets": ["10.0.0.1/32"], "ports": ["1:100"]}, "destination": {"nets": ["10.0.0.2/32"]}}
    deny, allow = {"action": "Deny", "protocol": "TCP", **ends}, {"action": "Allow"}
    one, other = calico(), calico()
    types = {"types": ["Ingress", "Egress"]}
    one["spec"] = types | {"egress": [deny, allow], "ingress": [allow]}
    other["spec"] = types | {"egress": [allow], "ingress": [deny, allow]}
    found = diff([one], [other], CALICO)
    assert found.relation is Relation.UNDETERMINED
    assert found.open is not None


def ambient(name: str, address: str) -> Manifest:
    made = pod(name, address, app="x")
    return made | {"metadata": made["metadata"] | {"annotations": {"ambient.istio.io/redirection": "enabled"}}}


def test_rules_with_other_peers_are_not_one_condition_where_none_is_written() -> None:
    """In both it is open whether the network sees tcp/15008, for a rule of some pods and for one of a namespace."""
    cluster = (namespace("shop"), ambient("shop/web", "10.0.0.1"), ambient("shop/db", "10.0.0.2"))
    options = replace(SPEC, ambient_port=AmbientPort.UNKNOWN)
    ports = [{"port": 15008, "protocol": "TCP"}]
    one = network_policy("shop/p", ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "x"}}}], "ports": ports}])
    other = network_policy("shop/p", ingress=[{"from": [{"namespaceSelector": {}}], "ports": ports}])
    assert diff([one], [other], options, cluster).relation is Relation.UNDETERMINED
    assert diff([one], [deepcopy(one)], options, cluster).relation is Relation.EQUIVALENT


def test_a_rule_that_may_match_beside_another_one_can_only_allow_more() -> None:
    one, other = cilium(toPorts=[http("GET")]), cilium(toPorts=[http("GET")])
    other["spec"]["ingress"].append({"toPorts": [http("PUT")]})
    assert diff([one], [other], CILIUM).relation is Relation.UNDETERMINED
    assert verdicts([one], [other], CILIUM) == ["unknown", "unknown"]
    assert verdicts([other], [one], CILIUM) == ["holds", "unknown"]


def test_rows_and_what_is_undetermined_stand_beside_each_other() -> None:
    one, other, _ = KINDS["source ports"]
    closed = network_policy("shop/closed", {"app": "db"}, policyTypes=["Egress"])
    found = diff([one], [other, closed], CALICO)
    assert (found.relation, bool(found.rows), len(found.undetermined)) == (Relation.UNDETERMINED, True, 1)


def test_an_exception_for_the_pods_of_a_policy_takes_its_change_out() -> None:
    one, other, _ = KINDS["ICMP of Calico"]
    old, new = (load_objects([*SHOP, each], options=CALICO) for each in (one, other))
    asked = Session(new, {"old": Session(old)}, PROVER)
    assert str(asked.ask(f"{SAME} except to pods in namespace shop").verdict) == "holds"
    assert str(asked.ask(f"{SAME} except from pods in namespace shop").verdict) == "unknown"


def test_objects_of_which_no_policy_is_made_are_undetermined() -> None:
    def requests(issuer: str) -> Manifest:
        return {
            "apiVersion": "security.istio.io/v1",
            "kind": "RequestAuthentication",
            "metadata": {"name": "jwt", "namespace": "shop"},
            "spec": {"jwtRules": [{"issuer": issuer}]},
        }

    found = diff([requests("a")], [requests("b")], SPEC)
    assert (found.relation, [str(each.policy) for each in found.undetermined]) == (
        Relation.UNDETERMINED,
        ["RequestAuthentication shop/jwt"],
    )
    assert diff([], [requests("a")], SPEC).undetermined[0].text == (
        "added with what is not read (it asks for JWT, which flows do not show)"
    )
    assert diff([requests("a")], [requests("a")], SPEC).relation is Relation.EQUIVALENT


def test_what_changes_nothing_is_changed_and_not_undetermined() -> None:
    log = calico("Log", **TCP, source={"ports": [700]})
    other = calico("Log", **TCP, source={"ports": [701]})
    found = diff([log], [other], CALICO)
    assert (found.relation, len(found.policies), found.undetermined) == (Relation.EQUIVALENT, 1, ())


def test_another_way_to_write_a_policy_is_a_change_that_changes_nothing() -> None:
    one = network_policy("shop/p", ingress=[{"ports": [{"port": 80}]}])
    other = network_policy("shop/p", ingress=[{"ports": [{"port": 80, "protocol": "TCP"}]}])
    found = diff([one], [other], SPEC)
    assert (found.relation, len(found.policies)) == (Relation.EQUIVALENT, 1)
    nulls = network_policy("shop/p", ingress=[{"ports": [{"port": 80}]}], egress=None)
    assert diff([one], [nulls], SPEC).policies == ()


def test_mutual_tls_asked_for_otherwise_unties_who_proves_an_identity() -> None:
    def mode(name: str) -> Manifest:
        return {
            "apiVersion": "security.istio.io/v1",
            "kind": "PeerAuthentication",
            "metadata": {"name": "m", "namespace": "shop"},
            "spec": {"mtls": {"mode": name}},
        }

    known = istio({"from": [{"source": {"namespaces": ["shop"]}}]})
    same = diff([known, mode("PERMISSIVE")], [known, mode("PERMISSIVE")], SPEC, MESH)
    other = diff([known, mode("PERMISSIVE")], [known, mode("UNSET")], SPEC, MESH)
    assert (same.relation, other.relation) == (Relation.EQUIVALENT, Relation.UNDETERMINED)


def calling(pod_: Manifest) -> Manifest:
    """A pod with an account of its own name."""
    return pod_ | {"spec": pod_["spec"] | {"serviceAccountName": pod_["metadata"]["name"]}}


def gateway(name: str, address: str) -> Manifest:
    made = pod(name, address)
    return made | {"spec": made["spec"] | {"containers": [{"name": "istio-proxy", "args": ["proxy", "router"]}]}}


WEB, DB = "cluster.local/ns/shop/sa/web", "cluster.local/ns/shop/sa/db"
ENDS = (namespace("shop"), calling(meshed("shop/web", "10.0.0.1")))


@pytest.mark.parametrize(
    ("one", "other", "callee"),
    [
        ({"notPrincipals": [WEB]}, {"principals": [WEB]}, meshed("shop/db", "10.0.0.2")),
        ({"notNamespaces": ["shop"]}, {"namespaces": ["shop"]}, meshed("shop/db", "10.0.0.2")),
        ({"principals": [WEB]}, {"principals": [DB]}, gateway("shop/db", "10.0.0.2")),
        ({"notPrincipals": [WEB]}, {"principals": [WEB]}, gateway("shop/db", "10.0.0.2")),
    ],
)
@pytest.mark.parametrize("action", ["ALLOW", "DENY"])
def test_what_an_identity_does_and_what_the_lack_of_one_does_are_not_settled_alike(
    one: Manifest, other: Manifest, callee: Manifest, action: str
) -> None:
    """Of a connection that may prove its identity, one matches with a proof and the other without."""
    cluster = (*ENDS, callee)
    before, after = (
        istio({"from": [{"source": each | {"ipBlocks": ["10.0.0.1"]}}]}, action=action) for each in (one, other)
    )
    assert diff([before], [after], Options(), cluster).relation is Relation.UNDETERMINED
    assert verdicts([before], [after], Options(), cluster) == ["unknown", "unknown"]
    assert diff([before], [deepcopy(before)], Options(), cluster).relation is Relation.EQUIVALENT


def excluding(ranges: str) -> Manifest:
    """A caller whose sidecar leaves some addresses out."""
    made = calling(meshed("shop/web", "10.0.0.1"))
    annotations = {"traffic.sidecar.istio.io/excludeOutboundIPRanges": ranges}
    return made | {"metadata": made["metadata"] | {"annotations": annotations}}


STRICT: Manifest = {
    "apiVersion": "security.istio.io/v1",
    "kind": "PeerAuthentication",
    "metadata": {"name": "p", "namespace": "shop"},
    "spec": {"mtls": {"mode": "STRICT"}},
}


@pytest.mark.parametrize("policy", [STRICT, istio({"from": [{"source": {"principals": [WEB]}}]})])
def test_other_addresses_that_a_sidecar_leaves_out_untie_who_proves_an_identity(policy: Manifest) -> None:
    one, other = (
        load_objects([namespace("shop"), excluding(ranges), meshed("shop/db", "10.0.0.2"), policy])
        for ranges in ("10.0.0.0/8", "192.168.0.0/16")
    )
    assert difference(prepare(one), prepare(other), Budget(), PROVER).relation is Relation.UNDETERMINED
    assert difference(prepare(one), prepare(one), Budget(), PROVER).relation is Relation.EQUIVALENT


def waypointed(kind: str, waypoint: str, name: str = "web") -> tuple[Manifest, ...]:
    """Two ambient pods, and what asks for a waypoint."""
    labels = {"istio.io/use-waypoint": waypoint}
    called = ambient("shop/db", "10.0.0.2")
    service = {"kind": "Service", "metadata": {"name": "db", "namespace": "shop"}}
    asking = {
        "namespace": namespace("shop"),
        "pod": called,
        "service": service | {"apiVersion": "v1", "spec": {"selector": {"app": "x"}, "ports": [{"port": 80}]}},
    }
    asking[kind] = asking[kind] | {
        "metadata": asking[kind]["metadata"] | {"labels": {**asking[kind]["metadata"].get("labels", {}), **labels}}
    }
    return (*asking.values(), ambient(f"shop/{name}", "10.0.0.1"))


@pytest.mark.parametrize("kind", ["namespace", "pod", "service"])
def test_another_waypoint_unties_what_is_behind_it(kind: str) -> None:
    one, other = (load_objects(waypointed(kind, name), options=SPEC) for name in ("one", "other"))
    found = difference(prepare(one), prepare(other), Budget(), PROVER)
    assert found.relation is Relation.UNDETERMINED
    asked = Session(other, {"old": Session(one)}, PROVER)
    assert [str(asked.ask(claim).verdict) for claim in (NEW, SAME)] == ["unknown", "unknown"]
    same = difference(prepare(one), prepare(load_objects(waypointed(kind, "one"), options=SPEC)), Budget(), PROVER)
    assert same.relation is Relation.EQUIVALENT


def test_dns_rules_of_another_policy_untie_a_rule_about_names() -> None:
    """Which names the agent of a node knows depends on what its other pods may ask for."""

    def learning(**request: str) -> Manifest:
        port = {"ports": [{"port": "53", "protocol": "UDP"}], "rules": {"dns": [request]}}
        made = cilium("egress", toEndpoints=[{}], toPorts=[port])
        made["metadata"]["name"] = "dns"
        made["spec"]["endpointSelector"] = {"matchLabels": {"app": "db"}}
        return made

    named = cilium("egress", toFQDNs=[{"matchName": "api.example.com"}])
    named["spec"]["endpointSelector"] = {"matchLabels": {"app": "web"}}
    pods = (namespace("shop"), pod("shop/web", "10.0.0.1", app="web"), pod("shop/db", "10.0.0.2", app="db"))
    one, other = learning(matchName="api.example.com"), learning(matchPattern="*.example.com")
    claim = f"{NEW} except from pods labelled app=db"
    old = Session(load_objects([*pods, named, one], options=CILIUM))
    again, new = (load_objects([*pods, named, each], options=CILIUM) for each in (one, other))
    assert str(Session(again, {"old": old}, PROVER).ask(claim).verdict) == "holds"
    assert str(Session(new, {"old": old}, PROVER).ask(claim).verdict) == "unknown"


@pytest.mark.parametrize("rules", [{}, {"rules": {"http": [{"path": "/x"}]}}], ids=["a port", "requests"])
def test_a_selector_of_every_group_may_take_port_names_away_whatever_else_a_rule_asks(rules: Manifest) -> None:
    cluster = (namespace("shop"), pod("shop/web", "10.0.0.1"), pod("shop/db", "10.0.0.2", ports=[("pg", 5432)]))
    named = cilium("egress", toPorts=[{"ports": [{"port": "pg", "protocol": "TCP"}], **rules}])
    wide = cilium("egress", toCIDRSet=[{"cidrGroupSelector": {}}])
    wide["metadata"]["name"] = "wide"
    wide["spec"]["endpointSelector"] = {"matchLabels": {"app": "nobody"}}
    found = diff([named], [named, wide], CILIUM, cluster)
    assert found.relation is (Relation.UNDETERMINED if rules else Relation.STRICTER)
    assert verdicts([named], [named, wide], CILIUM, cluster)[1] == ("unknown" if rules else "violated")


def odd_admin(operator: str, *protocols: str) -> Manifest:
    """An AdminNetworkPolicy that denies, with what an API server stores and an implementation may refuse."""
    subject = {"namespaces": {"matchExpressions": [{"key": "team", "operator": operator, "values": ["a"]}]}}
    ports = [{"portNumber": {"protocol": each, "port": 80}} for each in protocols]
    deny: Manifest = {
        "name": "d",
        "action": "Deny",
        "from": [{"namespaces": {}}],
        **({"ports": ports} if ports else {}),
    }
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha1",
        "kind": "AdminNetworkPolicy",
        "metadata": {"name": "p"},
        "spec": {"priority": 5, "subject": subject, "ingress": [deny]},
    }


def odd_deny(value: str) -> Manifest:
    """A NetworkPolicy without rules that selects every pod, with a label value that older servers stored."""
    policy = network_policy("shop/p", policyTypes=["Ingress"])
    selector = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": [value]}]}
    return policy | {"spec": policy["spec"] | {"podSelector": selector}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (odd_admin("in"), odd_admin("Equals")),
        (odd_admin("in", "GRE"), odd_admin("in", "SNA")),
        (odd_deny("a b"), odd_deny("c d")),
    ],
)
def test_implementations_may_refuse_one_policy_and_not_another(one: Manifest, other: Manifest) -> None:
    """Both flows may be denied in both; whether they are rests on what each of them says that is odd."""
    found = diff([one], [other], SPEC)
    assert found.relation is Relation.UNDETERMINED
    (change,) = found.undetermined
    assert "what implementations may refuse" in change.what
    assert verdicts([one], [other], SPEC) == ["unknown", "unknown"]
    assert verdicts([one], [deepcopy(one)], SPEC) == ["holds", "holds"]
    assert diff([one], [deepcopy(one)], SPEC).relation is Relation.EQUIVALENT
