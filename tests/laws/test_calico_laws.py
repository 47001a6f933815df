"""What holds of Calico's policies whatever the cluster: each law changes the manifests and compares verdicts."""

from __future__ import annotations

from copy import deepcopy
from ipaddress import ip_network
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.network.cluster import Pod
from reachproof.network.options import Cni, Options
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from tests.strategies.calico import inputs
from tests.strategies.flows import some_flows
from tests.strategies.vocabulary import Manifest

EXAMPLES = settings().max_examples // 3
FLOWS = 40
OWN = ("NetworkPolicy", "GlobalNetworkPolicy")


def loaded(objects: list[Manifest]) -> Snapshot:
    return load_objects(objects, options=Options(cni=Cni.CALICO))


def truths(objects: list[Manifest], like: Snapshot) -> list[Truth]:
    """The truths of some flows of a snapshot in another one of the same cluster."""
    snapshot = loaded(objects)
    return [truth(snapshot, flow) for flow in some_flows(like, FLOWS)]


def changed(objects: list[Manifest], change: Any) -> list[Manifest]:
    """A copy in which every policy of Calico has been changed."""
    found = deepcopy(objects)
    for each in found:
        if each["apiVersion"].startswith("projectcalico") and each["kind"] in OWN:
            change(each["spec"])
    return found


def rules(spec: Manifest) -> list[Manifest]:
    return [rule for direction in ("ingress", "egress") for rule in spec.get(direction, [])]


@settings(max_examples=EXAMPLES)
@given(inputs(), st.integers(0, 3))
def test_a_rule_that_logs_changes_nothing(objects: list[Manifest], place: int) -> None:
    def log(spec: Manifest) -> None:
        for direction in ("ingress", "egress"):
            if spec.get(direction):
                spec[direction].insert(place, {"action": "Log", "source": {"selector": "all()"}})

    like = loaded(objects)
    assert truths(objects, like) == truths(changed(objects, log), like)


@settings(max_examples=EXAMPLES)
@given(inputs())
def test_a_cidr_and_its_halves_mean_the_same(objects: list[Manifest]) -> None:
    def halves(spec: Manifest) -> None:
        for rule in rules(spec):
            for side in ("source", "destination"):
                for field in ("nets", "notNets"):
                    nets = rule.get(side, {}).get(field)
                    if nets:
                        rule[side][field] = [str(half) for net in nets for half in _halves(net)]

    like = loaded(objects)
    cut = changed(objects, halves)
    for each in cut:
        if each["kind"] in ("NetworkSet", "GlobalNetworkSet"):
            each["spec"]["nets"] = [str(half) for net in each["spec"]["nets"] for half in _halves(net)]
    assert truths(objects, like) == truths(cut, like)


@settings(max_examples=EXAMPLES)
@given(inputs(), st.sampled_from(("web", "dns", 80)))
def test_a_rule_means_the_same_at_a_port_and_at_all_others(objects: list[Manifest], port: str | int) -> None:
    def parts(spec: Manifest) -> None:
        for direction in ("ingress", "egress"):
            spec[direction] = [part for rule in spec.get(direction, []) for part in _at_port_and_not(rule, port)]

    def whole(spec: Manifest) -> None:
        """What has types says what it is about, with or without rules."""
        for direction in ("ingress", "egress"):
            spec.setdefault(direction, [])
        spec["types"] = spec.get("types") or ["Ingress", "Egress"]

    like = loaded(changed(objects, whole))
    assert truths(changed(objects, whole), like) == truths(changed(changed(objects, whole), parts), like)


def _at_port_and_not(rule: Manifest, port: str | int) -> list[Manifest]:
    """Two rules in the place of one about TCP that names no port: at the port, and everywhere else."""
    destination = rule.get("destination", {})
    if rule.get("protocol") != "TCP" or {"ports", "notPorts", "services"} & set(destination):
        return [rule]
    return [{**rule, "destination": {**destination, field: [port]}} for field in ("ports", "notPorts")]


def _halves(net: str) -> list[Any]:
    parsed = ip_network(net)
    return [parsed] if parsed.prefixlen == parsed.max_prefixlen else list(parsed.subnets())


@settings(max_examples=EXAMPLES)
@given(inputs())
def test_orders_matter_by_their_ranks_only(objects: list[Manifest]) -> None:
    def stretched(spec: Manifest) -> None:
        if "order" in spec:
            spec["order"] = spec["order"] + 0.5

    like = loaded(objects)
    assert truths(objects, like) == truths(changed(objects, stretched), like)


def first(action: str, order: float, name: str) -> Manifest:
    """A policy for every pod that comes before all others of the input, but for those of its tier with less order."""
    rule = [{"action": action}]
    spec = {"tier": "first", "order": order, "types": ["Ingress", "Egress"], "ingress": rule, "egress": rule}
    return {
        "apiVersion": "projectcalico.org/v3",
        "kind": "GlobalNetworkPolicy",
        "metadata": {"name": name},
        "spec": spec,
    }


TIER: Manifest = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "Tier",
    "metadata": {"name": "first"},
    "spec": {"order": 1},
}


@settings(max_examples=EXAMPLES)
@given(inputs(), st.sampled_from(("Allow", "Deny")))
def test_the_lower_order_wins_whatever_the_names(objects: list[Manifest], action: str) -> None:
    against = "Deny" if action == "Allow" else "Allow"
    with_both = loaded([*objects, TIER, first(action, 1, "z"), first(against, 2, "a")])
    wanted = Truth.ALLOWED if action == "Allow" else Truth.DENIED
    for flow in some_flows(with_both, FLOWS):
        pods = [isinstance(end, Pod) and not end.host_network for end in (flow.source, flow.destination)]
        if all(pods) and flow.source != flow.destination:
            assert truth(with_both, flow) is wanted, str(flow)


@settings(max_examples=EXAMPLES)
@given(inputs())
def test_a_first_tier_that_passes_everything_changes_nothing(objects: list[Manifest]) -> None:
    like = loaded(objects)
    assert truths(objects, like) == truths([*objects, TIER, first("Pass", 1, "z")], like)


# Tiers of one order are sorted by name, so these keep their places among each other.
RENAMED = {"eager": "admin", "early": "istio", "late": "normal", "last": "networkpolicy"}


def _renamed(objects: list[Manifest]) -> list[Manifest]:
    found = []
    for each in objects:
        if each["kind"] == "Tier":
            each = {**each, "metadata": {"name": RENAMED[each["metadata"]["name"]]}}
        elif each.get("spec", {}).get("tier") in RENAMED:
            each = {**each, "spec": {**each["spec"], "tier": RENAMED[each["spec"]["tier"]]}}
        found.append(each)
    return found


@settings(max_examples=EXAMPLES)
@given(inputs(doubtful=True))
def test_what_a_tier_is_called_changes_nothing(objects: list[Manifest]) -> None:
    snapshot = loaded(objects)
    assert truths(_renamed(objects), snapshot) == truths(objects, snapshot)
