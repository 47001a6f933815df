"""Small clusters for the readable cases: objects as short calls, and the answer to a sentence about them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from reachproof.manifests.load import load_objects
from reachproof.network.errors import InputError
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.queries.model_options import model_options

Manifest = dict[str, Any]
ADMIN = "policy.networking.k8s.io/v1alpha1"
DENY_ALL: Manifest = {"action": "Deny", "to": [{"namespaces": {}}, {"networks": ["0.0.0.0/0", "::/0"]}]}
DENY_PODS_IN: Manifest = {"action": "Deny", "from": [{"namespaces": {}}]}


def namespace(name: str, **labels: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def node(name: str, *addresses: str, **labels: str) -> Manifest:
    entries = [{"type": "InternalIP", "address": address} for address in addresses]
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": {"addresses": entries}}


def containers(ports: Iterable[tuple[str, int] | tuple[str, int, str]]) -> list[Manifest]:
    declared = [
        {"name": port[0], "containerPort": port[1], "protocol": port[2] if len(port) > 2 else "TCP"} for port in ports
    ]
    return [{"name": "c", "image": "i", "ports": declared}]


def pod(
    key: str,
    *addresses: str,
    on: str | None = None,
    host: bool = False,
    ports: Iterable[tuple[str, int] | tuple[str, int, str]] = (),
    **labels: str,
) -> Manifest:
    """`key` is namespace/name; the label app is the name unless given."""
    home, name = key.split("/")
    spec: Manifest = {"containers": containers(ports), "hostNetwork": host} | ({"nodeName": on} if on else {})
    metadata = {"namespace": home, "name": name, "labels": {"app": name} | labels}
    status = {"phase": "Running", "podIP": addresses[0], "podIPs": [{"ip": address} for address in addresses]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def deployment(key: str, replicas: int = 1, **labels: str) -> Manifest:
    """A Deployment whose pods are not given."""
    home, name = key.split("/")
    carried = {"app": name} | labels
    template = {"metadata": {"labels": carried}, "spec": {"containers": containers(())}}
    spec: Manifest = {"replicas": replicas, "selector": {"matchLabels": carried}, "template": template}
    metadata = {"namespace": home, "name": name}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def service(key: str, selector: dict[str, str] | None, *ports: Manifest, **spec: Any) -> Manifest:
    home, name = key.split("/")
    chosen = {} if selector is None else {"selector": selector}
    metadata = {"namespace": home, "name": name}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [*ports]} | chosen | spec}


def endpoints(key: str, port: Manifest, *addresses: str) -> Manifest:
    """The EndpointSlice of a Service."""
    home, name = key.split("/")
    labels = {"kubernetes.io/service-name": name}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"namespace": home, "name": f"{name}-1", "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address]} for address in addresses],
        "ports": [port],
    }


def network_policy(key: str, subject: dict[str, str] | None = None, **spec: Any) -> Manifest:
    """`subject`: labels of the pods it selects, all of the namespace if none."""
    home, name = key.split("/")
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"namespace": home, "name": name},
        "spec": {"podSelector": {"matchLabels": subject or {}}} | spec,
    }


def admin_policy(name: str, priority: int, **rules: list[Manifest]) -> Manifest:
    spec: Manifest = {"priority": priority, "subject": {"namespaces": {}}} | rules
    return {"apiVersion": ADMIN, "kind": "AdminNetworkPolicy", "metadata": {"name": name}, "spec": spec}


def baseline(**rules: list[Manifest]) -> Manifest:
    spec: Manifest = {"subject": {"namespaces": {}}} | rules
    return {"apiVersion": ADMIN, "kind": "BaselineAdminNetworkPolicy", "metadata": {"name": "default"}, "spec": spec}


def session(*objects: Manifest, **options: object) -> Session:
    """Namespaces that are not given are added. `options` by the names of the command line."""
    given = {each["metadata"]["name"] for each in objects if each["kind"] == "Namespace"}
    used = {home for each in objects if (home := each["metadata"].get("namespace"))}
    added = [namespace(name) for name in sorted(used - given)]
    return Session(load_objects([*added, *objects], options=model_options(options)))


def verdict(asked: Session, sentence: str) -> str:
    answer = asked.ask(sentence)
    return f"{answer.verdict}, vacuous" if answer.vacuous else str(answer.verdict)


def shown(answer: Answer) -> str:
    """The flow of the witness; empty when there is none."""
    return str(answer.witness.flow) if answer.witness else ""


def texts(answer: Answer) -> list[str]:
    return [each.text for each in answer.because]


def codes(answer: Answer) -> list[str]:
    """The codes of its assumptions, then of its warnings."""
    return [notice.code for notice in (*answer.assumptions, *answer.warnings)]


def notice(answer: Answer, code: str) -> str:
    """The text of the only notice with a code."""
    (found,) = [each.text for each in (*answer.assumptions, *answer.warnings) if each.code == code]
    return found


def refused(asked: Session, sentence: str) -> list[str]:
    """Why a sentence is refused: every problem with its column, without the marked text below it."""
    with pytest.raises(InputError) as error:
        asked.ask(sentence)
    return [f"{problem.column}: {problem.message.splitlines()[0]}" for problem in error.value.problems]
