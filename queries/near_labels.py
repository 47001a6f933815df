"""Words about a condition on labels that an end of a flow does not meet: a typo, another namespace."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Literal

from reachproof.documents.near import UnmetCode
from reachproof.engines.selector_text import predicate_text
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External, Party
from reachproof.network.labels import NAMESPACE_NAME, Labels, Operator, Requirement
from reachproof.network.policy import PodSet, Policy
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.sentences import listed, some_of

Way = Literal["value", "missing", "ruled out"]
"""The ways in which labels fail a requirement: by another value, by none, or by one that must not be there."""
_OF_PODS: dict[Way, UnmetCode] = {
    "value": UnmetCode.LABEL_VALUE,
    "missing": UnmetCode.LABEL_MISSING,
    "ruled out": UnmetCode.LABEL_RULED_OUT,
}
_OF_NAMESPACES: dict[Way, UnmetCode] = {
    "value": UnmetCode.NAMESPACE_LABEL_VALUE,
    "missing": UnmetCode.NAMESPACE_LABEL_MISSING,
    "ruled out": UnmetCode.NAMESPACE_LABEL_RULED_OUT,
}
_SHOWN = 4
_ALIKE = 0.65
"""So alike are two words, on the scale of difflib, of which one may be a misspelling of the other."""


def _any_alike(value: str, need: Requirement) -> bool:
    return any(alike(value, wanted) for wanted in need.values)


def alike(one: str, other: str) -> bool:
    """True if one of two words may be a misspelling of the other."""
    return SequenceMatcher(None, one.lower(), other.lower()).ratio() >= _ALIKE


def resembles(snapshot: Snapshot, test: PodSet, pod: Pod) -> bool:
    """True if the pod, or its namespace, has nearly the one label that a set asks for.

    That is the same value by another key, or a value like one that nothing has.
    """
    home = snapshot.namespace_of[pod.namespace].labels
    of_pods = [(need, pod.labels, (each.labels for each in snapshot.pods)) for need in test.pods.requirements]
    of_spaces = [(need, home, (each.labels for each in snapshot.namespaces)) for need in test.namespaces.requirements]
    return any(
        any(value in need.values for value in labels.values())
        or (_any_alike(labels.get(need.key, ""), need) and not any(map(need.matches, everywhere)))
        for need, labels, everywhere in (*of_pods, *of_spaces)
        if need.operator is Operator.IN
    )


def on_labels(
    snapshot: Snapshot, policy: Policy, test: PodSet, party: Party, role: str, remark: str
) -> tuple[UnmetCode, str]:
    """Code and text of a set of pods with one test, which the party is not in. `remark` ends texts about labels.

    `role`: `source` or `destination`.
    """
    end = f"the {role}"
    if not isinstance(party, Pod):
        return UnmetCode.NOT_A_POD, _not_a_pod(policy, party, end)
    if party.host_network and not test.host_network:
        text = f"{end} is on the host network; selectors match pods on the pod network only"
        return UnmetCode.HOST_NETWORK_END, text
    if test.where is not None:
        text = f"{end} does not meet {predicate_text(test.where)}; it has {_all_of(party.labels)}"
        return UnmetCode.LABEL_CONDITION, text
    for need in test.pods.requirements:
        way, text = _need(need, end, party.labels, (pod.labels for pod in snapshot.pods), "pod")
        return _OF_PODS[way], text + remark
    for need in test.namespaces.requirements:
        return _on_namespace(snapshot, policy, need, party, end, remark)
    return UnmetCode.NOT_A_POD, f"{end} is none of the pods that the rule is for"


def _not_a_pod(policy: Policy, party: Node | External, end: str) -> str:
    if isinstance(party, Node):
        return f"{end} is a node; selectors match pods only"
    text = f"{end} is outside the cluster; selectors match pods only"
    return f"{text}, addresses need an ipBlock" if policy.ref.kind == "NetworkPolicy" else text


def _on_namespace(
    snapshot: Snapshot, policy: Policy, need: Requirement, pod: Pod, end: str, remark: str
) -> tuple[UnmetCode, str]:
    home = snapshot.namespace_of[pod.namespace]
    if need.key == NAMESPACE_NAME and need.operator is Operator.IN:
        return UnmetCode.NOT_IN_NAMESPACE, _other_namespace(snapshot, policy, need, pod, end) + remark
    others = (each.labels for each in snapshot.namespaces)
    way, text = _need(need, f"namespace {home.name}", home.labels, others, "namespace")
    if home.assumed:
        text += f"; namespace {home.name} is not in the input, so its labels are not known"
    elif way != "ruled out":
        having = [each.name for each in snapshot.namespaces if need.matches(each.labels)]
        text += f"; {_namespaces(having)} {'have' if len(having) > 1 else 'has'} it" if having else ""
    return _OF_NAMESPACES[way], text + remark


def _namespaces(names: list[str]) -> str:
    return f"namespace{'s' * (len(names) > 1)} {some_of(names, _SHOWN)}"


def _other_namespace(snapshot: Snapshot, policy: Policy, need: Requirement, pod: Pod, end: str) -> str:
    text = f"{end} is in namespace {pod.namespace}, not {listed(need.values, word='or')}"
    if policy.ref.kind == "NetworkPolicy" and need.values == (policy.ref.namespace,):
        return f"{text}; a podSelector without a namespaceSelector means the policy's own namespace"
    unknown = [name for name in need.values if name not in snapshot.namespace_of]
    if not unknown:
        return text
    near = f"; did you mean {pod.namespace}?" if any(alike(name, pod.namespace) for name in unknown) else ""
    return f"{text}; there is no namespace {listed(unknown, word='or')}{near}"


def near_labels(need: Requirement, labels: Labels) -> str:
    """The labels that are near a missing one, by their key or their value; else all of them."""
    near = {key: value for key, value in labels.items() if value in need.values or alike(key, need.key)}
    return _all_of(near or labels)


def _need(need: Requirement, holder: str, labels: Labels, everywhere: Iterable[Labels], kind: str) -> tuple[Way, str]:
    """The way in which labels fail a requirement, and a text.

    `everywhere`: the labels of all things of that kind, to say so where none of them meets the requirement.
    """
    value = labels.get(need.key)
    match need.operator:
        case Operator.NOT_IN | Operator.DOES_NOT_EXIST:
            return "ruled out", f"{holder} has {need.key}={value}; the rule excludes it by {need}"
        case Operator.IN if not need.values:
            return "missing", f"the network does not see labels with the key {need.key}"
        case Operator.IN | Operator.EXISTS:
            nobody = "" if any(map(need.matches, everywhere)) else f"; no {kind} has {need}"
            if value is not None:
                mean = f"; did you mean {need.key}={value}?" if nobody and _any_alike(value, need) else ""
                return "value", f"{holder} has {need.key}={value}, not {need}{nobody}{mean}"
            if nobody:
                return "missing", f"no {kind} has the label {need}; {holder} has {near_labels(need, labels)}"
            return "missing", f"{holder} has no label {need}; it has {near_labels(need, labels)}"


def _all_of(labels: Labels) -> str:
    return some_of((f"{key}={value}" for key, value in sorted(labels.items())), _SHOWN) if labels else "no labels"
