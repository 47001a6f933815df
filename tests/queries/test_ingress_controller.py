"""`the ingress controller`: pods of the input, or one that stands for every controller that there could be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.network.cluster import Pod
from reachproof.network.flow import Flow
from reachproof.network.options import Cni, Options
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from reachproof.queries.errors import QueryError
from reachproof.queries.explain import explain
from reachproof.queries.ingress_controller import KNOWN, STAND_IN, controllers, with_stand_in
from reachproof.semantics.evaluate import require_possible, truth
from reachproof.semantics.trace import Truth
from reachproof.solver.encoding import prepare
from tests.agreement.engines import all_flows_of, asked, looked_up
from tests.queries.given import (
    Manifest,
    admin_policy,
    baseline,
    codes,
    namespace,
    network_policy,
    notice,
    pod,
    session,
    shown,
)
from tests.strategies.flows import some_flows
from tests.strategies.snapshots import manifests, model_options
from tests.strategies.vocabulary import NAMESPACE_LABELS, NAMESPACES, POD_LABELS

ASKED = "can the ingress controller reach pod shop/front on tcp/80?"
CLAIMED = "every the ingress controller can reach pod shop/front on tcp/80"


def closed(*peers: Manifest) -> Manifest:
    return network_policy("shop/front", {"app": "front"}, ingress=[{"from": list(peers)}])


def edge(**labels: str) -> Manifest:
    return {"namespaceSelector": {"matchLabels": labels}}


NAMED = pod("edge/nginx", "10.0.0.9") | {
    "metadata": {"namespace": "edge", "name": "nginx", "labels": {"app.kubernetes.io/name": "ingress-nginx"}}
}
FRONT = pod("shop/front", "10.0.0.1")


class TestKnown:
    def test_pods_with_the_usual_label_are_the_controller(self) -> None:
        asking = session(NAMED, FRONT, closed(edge(**{"kubernetes.io/metadata.name": "edge"})))
        answer = asking.ask(ASKED)
        assert shown(answer) == "pod edge/nginx (10.0.0.9) -> pod shop/front (10.0.0.1) on tcp/80"
        assert notice(answer, "INGRESS_CONTROLLER") == (
            "the ingress controller is edge/nginx, by the label app.kubernetes.io/name"
        )

    @pytest.mark.parametrize("name", sorted(KNOWN))
    def test_each_of_the_usual_names_is_known(self, name: str) -> None:
        labelled = NAMED | {"metadata": NAMED["metadata"] | {"labels": {"app.kubernetes.io/name": name}}}
        assert [str(each) for each in controllers(session(labelled).snapshot)] == ["edge/nginx"]

    def test_other_pods_are_none(self) -> None:
        assert controllers(session(FRONT).snapshot) == ()


class TestStandIn:
    def verdict(self, *peers: Manifest) -> tuple[str, list[str]]:
        answer = session(FRONT, closed(*peers) if peers else namespace("shop")).ask(ASKED)
        return str(answer.verdict), [code for code in codes(answer) if code != "INGRESS_CONTROLLER_ASSUMED"]

    def test_it_is_told(self) -> None:
        assert notice(session(FRONT).ask(ASKED), "INGRESS_CONTROLLER_ASSUMED") == (
            "no pod of the input is known for an ingress controller; a pod of a namespace of its own stands for it, "
            "whose labels and address are not known"
        )

    def test_what_allows_all_namespaces_allows_it(self) -> None:
        assert self.verdict({"namespaceSelector": {}}) == ("reachable", [])

    def test_what_allows_by_labels_may_allow_it(self) -> None:
        assert self.verdict(edge(kind="edge")) == ("reachable", ["MAY_MATCH"])

    def test_a_namespace_by_name_may_be_its_own_unless_pods_of_the_input_are_in_it(self) -> None:
        assert self.verdict(edge(**{"kubernetes.io/metadata.name": "ingress-nginx"})) == ("reachable", ["MAY_MATCH"])
        assert self.verdict(edge(**{"kubernetes.io/metadata.name": "shop"})) == ("unreachable", [])

    def test_it_is_in_no_namespace_of_the_policy(self) -> None:
        assert self.verdict({"podSelector": {}}) == ("unreachable", [])

    def test_an_address_range_may_hold_it(self) -> None:
        assert self.verdict({"ipBlock": {"cidr": "10.0.0.0/9"}}) == (
            "reachable",
            ["POD_ADDRESS_UNKNOWN", "DEPENDS_ON_ADDRESS"],
        )

    def test_an_admin_policy_for_all_pods_applies_to_it(self) -> None:
        shut = admin_policy("shut", 1, egress=[{"action": "Deny", "to": [{"namespaces": {}}]}])
        assert str(session(FRONT, shut).ask(ASKED).verdict) == "unreachable"

    def test_an_admin_policy_for_some_may_apply_to_it(self) -> None:
        some: dict[str, Any] = {"subject": {"namespaces": {"matchLabels": {"kind": "edge"}}}}
        shut = admin_policy("shut", 1, egress=[{"action": "Deny", "to": [{"namespaces": {}}]}], **some)
        asking = session(FRONT, shut)
        assert str(asking.ask(ASKED).verdict) == "reachable"
        answer = asking.ask(CLAIMED)
        assert (answer.verdict, "MAY_MATCH" in codes(answer)) == ("violated", True)

    def test_a_network_policy_of_a_namespace_without_pods_may_isolate_it(self) -> None:
        theirs = network_policy("ingress-nginx/all", {}, policyTypes=["Ingress", "Egress"])
        asking = session(FRONT, theirs)
        assert str(asking.ask(ASKED).verdict) == "reachable"
        assert str(asking.ask(CLAIMED).verdict) == "violated"

    @pytest.mark.parametrize("types", [["Ingress"], ["Egress"], ["Ingress", "Egress"]])
    def test_a_network_policy_that_may_select_it_may_or_may_not_keep_the_baseline_away(self, types: list[str]) -> None:
        theirs = network_policy("ingress-nginx/some", {"role": "edge"}, policyTypes=types)
        shut = baseline(egress=[{"action": "Deny", "to": [{"namespaces": {}}]}])
        asking = session(namespace("ingress-nginx"), FRONT, theirs, shut, cni="kube-network-policies")
        reaches, never = asking.ask(CLAIMED), asking.ask(CLAIMED.replace("every", "no"))
        denied = "Egress" in types  # by its isolation where it selects the controller, else by the baseline
        assert (reaches.verdict, never.verdict) == ("violated", "holds" if denied else "violated")
        assert ("MAY_MATCH" in codes(reaches)) is not denied

    def test_changes_are_not_asked_of_it(self) -> None:
        asking = session(FRONT).since({"old": session(FRONT)})
        with pytest.raises(QueryError) as refused:
            asking.ask("nothing changed since snapshot old except to the ingress controller")
        assert [problem.message for problem in refused.value.problems] == [
            "no pod of the input is known for an ingress controller; leave it out, or name its pods"
        ]
        known = session(NAMED, FRONT).since({"old": session(FRONT)})
        answer = known.ask("nothing changed since snapshot old except to the ingress controller")
        assert answer.verdict == "violated"

    def test_it_is_in_no_set_of_a_sentence_that_does_not_speak_of_it(self) -> None:
        asking = session(FRONT)
        asking.ask(ASKED)
        answer = asking.ask("which pods can reach pod shop/front?")
        assert answer.rows == ()

    def test_claims_and_exceptions_may_speak_of_it(self) -> None:
        asking = session(FRONT, closed({"namespaceSelector": {}}))
        assert str(asking.ask("only the ingress controller can reach pod shop/front").verdict) == "holds"
        assert str(asking.ask("no pod can reach pod shop/front except from the ingress controller").verdict) == "holds"

    def test_it_is_explained(self) -> None:
        answer = explain(session(FRONT, closed(edge(kind="edge"))), "the ingress controller", "shop/front", "80")
        assert [each.access for each in answer.flows] == ["depends"]


# ---------------------------------------------------------------- laws


def controller(labels: dict[str, str], home: str, address: str) -> Manifest:
    metadata = {"name": "c", "namespace": home, "labels": labels}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [{"name": "c", "image": "i"}]},
        "status": {"phase": "Running", "podIP": address},
    }


FLOOR: Manifest = {
    "apiVersion": "policy.networking.k8s.io/v1alpha2",
    "kind": "ClusterNetworkPolicy",
    "metadata": {"name": "floor"},
    "spec": {
        "tier": "Baseline",
        "priority": 1000,
        "subject": {"namespaces": {}},
        "egress": [{"action": "Deny", "to": [{"namespaces": {}}]}],
    },
}
KUBERNETES = [Options(cni=cni) for cni in (Cni.SPEC, Cni.KUBE_NETWORK_POLICIES, Cni.KUBE_NETWORK_POLICIES, Cni.ANTREA)]


@st.composite
def floors(draw: st.DrawFn) -> list[Manifest]:
    """At times a policy that may select the controller, over a baseline that shuts everybody in."""
    if draw(st.booleans()):
        return []
    types = draw(st.sampled_from((["Ingress"], ["Egress"])))
    selector = dict(draw(st.sampled_from(POD_LABELS)))
    home = draw(st.sampled_from(("edge", *NAMESPACES)))
    return [network_policy(f"{home}/floor", selector, policyTypes=types), FLOOR]


@st.composite
def with_and_without(draw: st.DrawFn) -> tuple[Snapshot, Snapshot]:
    """A snapshot with the stand-in, and the same with a controller in its place: any labels, in any empty namespace."""
    options: Options = draw(st.one_of(model_options(), st.sampled_from(KUBERNETES)))
    objects = [*draw(manifests(channel=options.channel, most_pods=3)), *draw(floors())]
    given_ = load_objects(objects, options=options)
    used = {pod.namespace for pod in given_.pods}
    empty = sorted({each.name for each in given_.namespaces if each.name not in used} | {"edge"})
    home = draw(st.sampled_from(empty))
    labels = dict(draw(st.sampled_from(NAMESPACE_LABELS)))
    rest = [each for each in objects if each["metadata"]["name"] != home or each["kind"] != "Namespace"]
    there = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home, "labels": labels}}
    placed = [*rest, there, controller(dict(draw(st.sampled_from(POD_LABELS))), home, "10.0.0.77")]
    return with_stand_in(given_), load_objects(placed, options=options)


@pytest.mark.heavy
@settings(max_examples=150)
@given(with_and_without())
def test_the_stand_in_can_do_whatever_a_controller_can(drawn: tuple[Snapshot, Snapshot]) -> None:
    assumed, real = drawn
    (there,) = [each for each in real.pods if each.name == "c"]
    for other in assumed.pods:
        if other == STAND_IN or other.abstract or not other.addresses or other.addresses[0] >= 1 << 32:
            continue
        for source, destination in ((STAND_IN, other), (other, STAND_IN)):
            for port in (80, 8080, 53):
                flow = Flow(
                    source=source,
                    destination=destination,
                    source_address=there.addresses[0] if source is STAND_IN else other.addresses[0],
                    destination_address=there.addresses[0] if destination is STAND_IN else other.addresses[0],
                    protocol=Protocol.TCP,
                    port=port,
                )
                require_possible(assumed, flow)
                found = truth(assumed, flow)
                swapped = {STAND_IN.key: there, other.key: real.pod_of[other.key]}
                actual = truth(real, replaced(flow, swapped))
                assert found in (actual, Truth.EITHER), f"{flow}: {actual}"


def replaced(flow: Flow, parties: dict[tuple[str, str], Pod]) -> Flow:
    source, destination = flow.source, flow.destination
    assert isinstance(source, Pod)
    assert isinstance(destination, Pod)
    return Flow(
        source=parties[source.key],
        destination=parties[destination.key],
        source_address=flow.source_address,
        destination_address=flow.destination_address,
        protocol=flow.protocol,
        port=flow.port,
    )


@pytest.mark.heavy
@settings(max_examples=80)
@given(with_and_without())
def test_the_engines_agree_about_the_stand_in(drawn: tuple[Snapshot, Snapshot]) -> None:
    assumed, _ = drawn
    flows = [flow for flow in some_flows(assumed, 60) if asked(flow) and STAND_IN in (flow.source, flow.destination)]
    assume(flows)
    part, tables = all_flows_of(prepare(assumed))
    for flow in flows:
        expected = truth(assumed, flow)
        assert looked_up(part, tables, flow) == (expected is not Truth.DENIED, expected is not Truth.ALLOWED), str(flow)
