"""The line on what was read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reachproof.manifests.load import load, load_objects, load_text
from reachproof.network.options import Cni, Options
from reachproof.queries.input_summary import input_summary
from reachproof.render.input_summary import input_line

Objects = list[dict[str, Any]]


def pod(name: str, owner: str = "") -> dict[str, Any]:
    owners = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": owner, "controller": True}]
    named = {"name": name, "namespace": "shop"} | ({"ownerReferences": owners} if owner else {})
    status = {"podIP": f"10.0.0.{ord(name)}", "phase": "Running"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": named, "status": status}


def deployment(name: str) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": []}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "prod"},
        "spec": spec,
    }


def policy(kind: str = "NetworkPolicy", api: str = "networking.k8s.io/v1") -> dict[str, Any]:
    spec: dict[str, Any] = {"podSelector": {}} if api.startswith("networking") else {}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "deny", "namespace": "shop"}, "spec": spec}


@pytest.mark.parametrize(
    ("objects", "line"),
    [
        ([], "read 0 policies, 0 pods in 0 namespaces"),
        ([policy()], "read 1 policy, 0 pods in 1 namespace"),
        ([pod("a"), pod("b"), policy()], "read 1 policy, 2 pods in 1 namespace"),
        ([pod("a", "web"), pod("b", "web"), pod("c", "db")], "read 0 policies, 3 pods of 2 workloads in 1 namespace"),
        ([pod("a", "web"), pod("b")], "read 0 policies, 2 pods, 1 of them of 1 workload in 1 namespace"),
        ([deployment("web")], "read 0 policies, 1 workload in 1 namespace"),
        (
            [deployment("web"), deployment("db"), pod("a", "web")],
            "read 0 policies, 1 pod of 1 workload, 2 workloads without pods in 2 namespaces",
        ),
        (
            [policy(api="crd.antrea.io/v1beta1"), pod("a")],
            "read 0 policies and 1 object of kinds that are not read, 1 pod in 1 namespace",
        ),
    ],
)
def test_what_was_read_is_said_in_one_line(objects: Objects, line: str) -> None:
    assert input_line(input_summary(load_objects(objects))) == line


def test_several_specs_of_one_object_are_one_policy() -> None:
    text = """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web, namespace: shop}
specs: [{endpointSelector: {}, ingress: [{}]}, {endpointSelector: {}, egress: [{}]}]
"""
    snapshot = load_text(text, options=Options(cni=Cni.CILIUM))
    assert input_summary(snapshot).policies == 1


def test_files_that_were_skipped_stand_behind_the_counts(tmp_path: Path) -> None:
    (tmp_path / "pod.json").write_text(json.dumps(pod("a")), encoding="utf-8")
    (tmp_path / "values.yaml").write_text("image: web\n", encoding="utf-8")
    line = input_line(input_summary(load(tmp_path))).replace(str(tmp_path), "DIR")
    assert line == ("read 0 policies, 1 pod in 1 namespace; 1 file without Kubernetes objects skipped: DIR/values.yaml")
