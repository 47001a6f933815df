"""Drawn manifests with what API servers store although nobody should write it, and the same without it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from tests.strategies.snapshots import manifests
from tests.strategies.vocabulary import Manifest

_ADMIN = ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy")
_OPERATORS = ("in", "Equals", "")
_SLIPS = (
    {"key": "app", "operator": "In", "values": []},
    {"key": "app", "operator": "Exists", "values": ["web"]},
    {"key": "app", "operator": "NotIn", "values": ["not a label"]},
)


@st.composite
def odd_manifests(draw: st.DrawFn) -> list[Manifest]:
    """The objects of a small cluster; at least one policy of an admin kind has something odd, if there is one."""
    objects: list[Manifest] = json.loads(json.dumps(draw(manifests())))  # drawn objects share their parts
    policies = [each for each in objects if each["kind"] in _ADMIN]
    for policy in policies[:1] + [each for each in policies[1:] if draw(st.booleans())]:
        draw(st.sampled_from((_odd_selector, _odd_ports, _odd_domains)))(draw, policy)
    return objects


def _odd_selector(draw: st.DrawFn, policy: Manifest) -> None:
    """A condition that API servers refuse in kinds of their own, in the subject or in a peer."""
    selector = draw(st.sampled_from(list(_selectors(policy["spec"]))))
    slips = [*_SLIPS, *({"key": "app", "operator": word, "values": ["web"]} for word in _OPERATORS)]
    selector["matchExpressions"] = [draw(st.sampled_from(slips))]


def _selectors(spec: Any) -> Iterator[dict[str, Any]]:
    if isinstance(spec, list):
        for item in spec:
            yield from _selectors(item)
    elif isinstance(spec, dict):
        for name, value in spec.items():
            if name in ("namespaces", "namespaceSelector", "podSelector"):
                yield value
            else:
                yield from _selectors(value)


def _odd_ports(draw: st.DrawFn, policy: Manifest) -> None:
    """Ports that match nothing, or that implementations do not program."""
    rules = [rule for direction in ("ingress", "egress") for rule in policy["spec"].get(direction, ())]
    if not rules:
        return
    rule = draw(st.sampled_from(rules))
    if any(not {"namespaces", "pods"} & set(peer) for peer in rule.get("to", ())):
        return
    if policy["kind"] == "ClusterNetworkPolicy":
        rule["protocols"] = [{"destinationNamedPort": "a-name-of-more-than-15"}]
        return
    odd = (
        {"portNumber": {"protocol": "tcp", "port": 80}},
        {"portNumber": {"protocol": "GRE", "port": 80}},
        {"portRange": {"start": 90, "end": 80}},
    )
    rule["ports"] = [draw(st.sampled_from(odd))]


def _odd_domains(draw: st.DrawFn, policy: Manifest) -> None:
    if policy["kind"] == "BaselineAdminNetworkPolicy":
        _odd_selector(draw, policy)
        return
    action = draw(st.sampled_from(("Deny", "Pass")))
    rule = {"action": action, "to": [{"domainNames": [draw(st.sampled_from(("evil.example", "_x.example.com")))]}]}
    policy["spec"]["egress"] = [*policy["spec"].get("egress", [])[:20], rule]
