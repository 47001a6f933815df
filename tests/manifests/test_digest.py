"""The digest names what is in a cluster: not how, where or in which order it was written down."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reachproof.manifests.load import load, load_objects, load_text
from reachproof.network.address import parse_cidr
from reachproof.network.options import Channel, Cni, Options

Object = dict[str, Any]
POD: Object = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web", "tier": "front"}},
    "spec": {"nodeName": "n1", "containers": [{"ports": [{"name": "http", "containerPort": 80}]}]},
    "status": {"phase": "Running", "podIP": "10.0.0.1"},
}
NODE: Object = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "n1"},
    "status": {"addresses": [{"type": "InternalIP", "address": "192.168.0.1"}]},
}
SERVICE: Object = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"clusterIP": "10.96.0.1", "selector": {"app": "web"}, "ports": [{"port": 80}]},
}
POLICY: Object = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "p", "namespace": "shop"},
    "spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]},
}
ADMIN: Object = {
    "apiVersion": "policy.networking.k8s.io/v1alpha2",
    "kind": "ClusterNetworkPolicy",
    "metadata": {"name": "c"},
    "spec": {
        "tier": "Admin",
        "priority": 1,
        "subject": {"namespaces": {}},
        "egress": [{"action": "Accept", "to": [{"domainNames": ["known.example"]}]}],
    },
}
DEPLOYMENT: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "api", "namespace": "shop"},
    "spec": {"template": {"metadata": {"labels": {"app": "api"}}, "spec": {}}},
}
OBJECTS = [POD, NODE, SERVICE, POLICY, ADMIN, DEPLOYMENT]
DIGEST = load_objects(OBJECTS).digest


def edited(one: Object, path: str, value: object) -> list[Object]:
    """The objects, with one field of one of them set."""
    copy = json.loads(json.dumps(one))
    *parents, last = path.split(".")
    place = copy
    for name in parents:
        place = place.setdefault(name, {})
    place[last] = value
    return [copy if other is one else other for other in OBJECTS]


def test_it_is_a_sha256() -> None:
    assert re.fullmatch("sha256:[0-9a-f]{64}", DIGEST)


@given(st.permutations(OBJECTS))
def test_the_order_of_objects_does_not_matter(objects: list[Object]) -> None:
    assert load_objects(objects).digest == DIGEST


@pytest.mark.parametrize(
    "text",
    [
        yaml.safe_dump_all(OBJECTS),
        yaml.safe_dump_all(OBJECTS, default_flow_style=True, sort_keys=False),
        "# a comment\n" + yaml.safe_dump_all(OBJECTS, indent=8, explicit_start=True),
        json.dumps({"apiVersion": "v1", "kind": "List", "items": OBJECTS}),
        "\n".join(map(json.dumps, OBJECTS)),
        yaml.safe_dump_all([*OBJECTS, POD]),
    ],
)
def test_the_way_of_writing_does_not_matter(text: str) -> None:
    assert load_text(text).digest == DIGEST


def test_files_and_their_names_do_not_matter(tmp_path: Path) -> None:
    for index, one in enumerate(reversed(OBJECTS)):
        (tmp_path / f"{index}.json").write_text(json.dumps(one))
    assert load(tmp_path).digest == DIGEST


@pytest.mark.parametrize(
    "options",
    [
        Options(channel=Channel.EXPERIMENTAL, cni=Cni.CALICO, tenant_label="team"),
        Options(domains={"known.example": parse_cidr("203.0.113.0/24")}, service_range=parse_cidr("10.96.0.0/12")),
    ],
)
def test_the_options_do_not_matter(options: Options) -> None:
    assert load_objects(OBJECTS, options=options).digest == DIGEST


@pytest.mark.parametrize(
    ("one", "path", "value"),
    [
        (POD, "metadata.resourceVersion", "7"),
        (POD, "metadata.annotations", {"a": "b"}),
        (POD, "status.startTime", "2026-11-23T10:00:00Z"),
        (POD, "status.conditions", [{"type": "Ready", "status": "False"}]),
        (POD, "spec.volumes", []),
        (NODE, "status.capacity", {"cpu": "2"}),
        (POLICY, "metadata.annotations", {"a": "b"}),
        (ADMIN, "status", {"conditions": []}),
    ],
)
def test_what_no_policy_can_see_does_not_matter(one: Object, path: str, value: object) -> None:
    assert load_objects(edited(one, path, value)).digest == DIGEST


def test_objects_of_skipped_kinds_and_finished_pods_do_not_matter() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    done = POD | {"metadata": {"name": "done", "namespace": "shop"}, "status": {"phase": "Succeeded"}}
    assert load_objects([*OBJECTS, secret, done]).digest == DIGEST


@pytest.mark.parametrize(
    ("one", "path", "value"),
    [
        (POD, "metadata.labels.app", "api"),
        (POD, "metadata.name", "web-2"),
        (POD, "metadata.namespace", "bank"),
        (POD, "status.podIP", "10.0.0.2"),
        (POD, "spec.nodeName", "n2"),
        (POD, "spec.hostNetwork", True),
        (POD, "spec.serviceAccountName", "robot"),
        (POD, "spec.containers", [{"ports": [{"name": "http", "containerPort": 81}]}]),
        (NODE, "metadata.labels", {"zone": "a"}),
        (NODE, "status.addresses", []),
        (NODE, "spec.podCIDR", "10.0.0.0/24"),
        (SERVICE, "spec.clusterIP", "10.96.0.2"),
        (SERVICE, "spec.selector", {"app": "api"}),
        (POLICY, "spec.policyTypes", ["Egress"]),
        (POLICY, "metadata.name", "q"),
        (ADMIN, "spec.priority", 2),
        (ADMIN, "spec.tier", "Baseline"),
        (DEPLOYMENT, "spec.replicas", 3),
    ],
)
def test_what_a_verdict_may_rest_on_does_matter(one: Object, path: str, value: object) -> None:
    assert load_objects(edited(one, path, value)).digest != DIGEST


@given(st.sets(st.sampled_from(range(len(OBJECTS)))), st.sets(st.sampled_from(range(len(OBJECTS)))))
def test_different_objects_have_different_digests(left: set[int], right: set[int]) -> None:
    digests = [load_objects([OBJECTS[index] for index in sorted(chosen)]).digest for chosen in (left, right)]
    assert (digests[0] == digests[1]) == (left == right)


def test_namespaces_that_are_given_and_assumed_differ() -> None:
    given_ = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    assert load_objects([given_, *OBJECTS]).digest != DIGEST


def test_what_was_dropped_or_ignored_does_matter_since_the_answer_must_say_so() -> None:
    bad = {**POLICY, "metadata": {"name": "bad", "namespace": "shop"}, "spec": {"policyTypes": ["ingress"]}}
    foreign = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "f"}}
    assert load_objects([*OBJECTS, bad], lenient=True).digest != DIGEST
    assert load_objects([*OBJECTS, foreign], ignore_kinds=frozenset({"CiliumNetworkPolicy"})).digest != DIGEST
