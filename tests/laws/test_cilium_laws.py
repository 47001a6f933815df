"""Laws of Cilium's policies, on drawn snapshots that hold the Kubernetes kinds too."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reachproof.engines.assembly import programs
from reachproof.engines.own_tiers import NORMAL
from reachproof.manifests.load import load_objects
from reachproof.network.cluster import Pod
from reachproof.network.options import Channel, Cni, Options
from reachproof.network.policy import Action, Direction, Policy, Rule, TierName
from reachproof.network.predicate import holds
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import is_itself, truth
from reachproof.semantics.trace import Truth
from tests.laws.law import ANY, FLOWS, RANK, WRITTEN, assert_at_least, assert_same, placed, with_rule
from tests.strategies.cilium import OPTIONS, mixed_manifests, mixed_snapshots
from tests.strategies.flows import some_flows
from tests.strategies.vocabulary import Manifest

SOME = max(50, settings().max_examples // 2)
CILIUM = Options(cni=Cni.CILIUM, channel=Channel.STANDARD)
DENY = Rule(action=Action.DENY, matches=ANY, origin=WRITTEN)
ALLOW = Rule(action=Action.ALLOW, matches=ANY, origin=WRITTEN)


def normal(snapshot: Snapshot) -> list[Policy]:
    """The policies of Cilium's own kinds."""
    return [policy for policy in snapshot.policies if policy.tier == NORMAL]


def one_of(snapshot: Snapshot, data: st.DataObject) -> Policy:
    """A policy of Cilium's own kinds; snapshots without one are left out."""
    policies = normal(snapshot)
    assume(policies)
    return data.draw(st.sampled_from(policies))


def swapped(snapshot: Snapshot, policy: Policy, other: Policy) -> Snapshot:
    return snapshot.with_policies(tuple(other if each == policy else each for each in snapshot.policies))


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(mixed_snapshots(), st.data())
def test_rules_and_policies_have_no_order(snapshot: Snapshot, data: st.DataObject) -> None:
    policy = one_of(snapshot, data)
    other = replace(policy, ingress=policy.ingress[::-1], egress=policy.egress[::-1])
    turned = swapped(snapshot, policy, other)
    assert_same(snapshot, turned.with_policies(turned.policies[::-1]))


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(mixed_snapshots(), st.sampled_from(Direction), st.data())
def test_a_deny_wins_wherever_it_stands(snapshot: Snapshot, direction: Direction, data: st.DataObject) -> None:
    policies = tuple(policy for policy in snapshot.policies if policy.tier is not TierName.ADMIN)
    policy = one_of(snapshot, data)
    place = data.draw(st.integers(0, len(policy.rules(direction))))
    changed = swapped(snapshot.with_policies(policies), policy, with_rule(policy, direction, DENY, place))
    subjects = {pod.key for pod in snapshot.pods if selects(snapshot, policy, pod)}
    for flow in some_flows(changed, 40):
        end = flow.source if direction is Direction.EGRESS else flow.destination
        if isinstance(end, Pod) and end.key in subjects and not is_itself(flow):
            assert truth(changed, flow) is Truth.DENIED, str(flow)


def selects(snapshot: Snapshot, policy: Policy, pod: Pod) -> bool:
    """True if the policy selects the pod, as it is enforced."""
    every = [each for d in Direction for tier in programs(snapshot).tiers(d) for each in tier.policies]
    subjects = [each.subject for each in every if each.ref == policy.ref]
    labels = snapshot.namespace_of[pod.namespace].labels
    held = snapshot.labels_of(pod)
    return not pod.host_network and any(
        s.namespaces.matches(labels) and s.pods.matches(pod.labels) and (s.where is None or holds(s.where, held))
        for s in subjects
    )


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(mixed_snapshots(), st.sampled_from(Direction), st.data())
def test_another_allow_of_a_policy_that_isolates_removes_nothing(
    snapshot: Snapshot, direction: Direction, data: st.DataObject
) -> None:
    isolating = [policy for policy in normal(snapshot) if direction in policy.isolates]
    assume(isolating)
    policy = data.draw(st.sampled_from(isolating))
    assert_at_least(snapshot, swapped(snapshot, policy, with_rule(policy, direction, ALLOW)))


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(mixed_snapshots())
def test_without_isolation_nothing_is_removed(snapshot: Snapshot) -> None:
    policies = tuple(replace(p, isolates=frozenset()) if p.tier == NORMAL else p for p in snapshot.policies)
    assert_at_least(snapshot, snapshot.with_policies(policies))


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(mixed_manifests(), OPTIONS)
def test_a_cidr_cut_in_halves_is_the_same_cidr(objects: list[Manifest], options: Options) -> None:
    whole = load_objects(objects, options=options)
    cut = load_objects([_cut(each) for each in objects], options=options)
    for flow in some_flows(cut, FLOWS):
        assert truth(whole, placed(whole, flow)) is truth(cut, flow), str(flow)


def _cut(value: Any, key: str = "") -> Any:
    """The manifest with every list of CIDRs twice as long: in rules, groups, and the kinds of Kubernetes."""
    if isinstance(value, dict):
        return {name: _cut(each, name) for name, each in value.items()}
    if not isinstance(value, list):
        return value
    if key in ("fromCIDR", "toCIDR", "externalCIDRs", "networks"):
        return [str(half) for cidr in value for half in _halves(cidr)]
    if key in ("fromCIDRSet", "toCIDRSet"):
        return [part for entry in value for part in (_blocks(entry) if "cidr" in entry else [entry])]
    return [_cut(part) for entry in value for part in _peers(entry)]


def _peers(entry: Any) -> list[Any]:
    if not (isinstance(entry, dict) and "ipBlock" in entry):
        return [entry]
    return [{"ipBlock": block} for block in _blocks(entry["ipBlock"])]


def _blocks(block: Manifest) -> list[Manifest]:
    """A CIDR with exceptions as two of them, each with the exceptions inside it; an excepted half is left out."""
    without = [ip_network(each) for each in block.get("except", [])]
    return [
        {"cidr": str(half), "except": [str(each) for each in without if each.subnet_of(half) and each != half]}
        for half in _halves(block["cidr"])
        if half not in without
    ]


def _halves(cidr: str) -> list[Any]:
    parsed = ip_network(cidr)
    return [parsed] if parsed.prefixlen == parsed.max_prefixlen else list(parsed.subnets())


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(mixed_manifests())
def test_rules_on_requests_never_allow_more(objects: list[Manifest]) -> None:
    with_requests = load_objects(objects, options=CILIUM)
    without = load_objects([stripped(each) for each in objects], options=CILIUM)
    for flow in some_flows(with_requests, 40):
        found, more = truth(with_requests, flow), truth(without, placed(without, flow))
        assert RANK[found] <= RANK[more], str(flow)
        assert found in (more, Truth.EITHER), str(flow)


def stripped(manifest: Manifest) -> Manifest:
    """The object without what it says of requests."""

    def part(value: object) -> object:
        if isinstance(value, dict):
            return {key: part(each) for key, each in value.items() if key != "rules"}
        return [part(each) for each in value] if isinstance(value, list) else value

    found = part(manifest)
    assert isinstance(found, dict)
    return found


_UNHEARD = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumClusterwideNetworkPolicy",
    "metadata": {"name": "unheard"},
    "spec": {
        "endpointSelector": {"matchLabels": {"nobody": "has-it"}},
        "ingress": [{"fromCIDRSet": [{"cidrGroupSelector": {}}], "icmps": [{"fields": [{"type": 8}]}]}],
    },
}


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(mixed_manifests(), OPTIONS)
def test_a_group_selector_of_everybody_opens_at_most_flows_to_named_ports(
    objects: list[Manifest], options: Options
) -> None:
    before, after = (load_objects([*objects, *more], options=options) for more in ((), (_UNHEARD,)))
    for flow in some_flows(before, FLOWS):
        found, was = truth(after, placed(after, flow)), truth(before, flow)
        named = isinstance(flow.destination, Pod) and any(each.number == flow.port for each in flow.destination.ports)
        assert found is was or (found is Truth.EITHER and named), str(flow)
