"""Cilium's endpoint selectors: labels of pods, of their namespaces, and of what is no pod, told apart by prefixes.

| Key | Looks at |
|---|---|
| `k8s:K`, `any:K`, `K` | the pod's label K |
| `io.kubernetes.pod.namespace` | the name of its namespace |
| `io.cilium.k8s.namespace.labels.K` | the label K of its namespace |
| `io.cilium.k8s.policy.serviceaccount` | the name of its service account |
| `io.cilium.k8s.policy.cluster` | the name of the own cluster, which all pods have (`own_cluster`) |
| `reserved:host`, `reserved:remote-node` | the node of the subject, other nodes: no pod has such a label |
| `reserved:init`, `reserved:health`, `reserved:ingress`, `reserved:unmanaged` | nothing that is modelled |

A selector of peers with a `reserved:` key is taken as it stands. Any other is narrowed twice:

| Without | it is narrowed to |
|---|---|
| `io.kubernetes.pod.namespace` | what has a namespace, in a clusterwide policy |
| that and labels of namespaces | the namespace of the policy, in a namespaced one |
| `io.cilium.k8s.policy.cluster` | the own cluster, since release 1.19 (`own_cluster_only` of the profile) |

What is not narrowed, and has only conditions that hold where labels are absent, also selects nodes and the outside.

Trusted by every verdict; checked by tests/manifests and by tests/agreement/test_cilium.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reachproof.manifests.field_reader import Field
from reachproof.manifests.k8s_names import is_label_key, is_label_value
from reachproof.manifests.kinds.cilium.own_cluster import CLUSTER, in_own_cluster
from reachproof.manifests.kinds.policy_kind import Context
from reachproof.manifests.selectors import LABEL_KEY, LABEL_VALUE, OPERATORS
from reachproof.network.labels import NAMESPACE_NAME, Operator, Requirement, Selector
from reachproof.network.policy import OtherNodePeer, OwnNodePeer, PartyKind, PartyPeer, Peer, PodSet
from reachproof.network.predicate import ACCOUNT_NAME, Holder, Needs, Predicate, both

NAMESPACE = "io.kubernetes.pod.namespace"
NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels."
ACCOUNT = "io.cilium.k8s.policy.serviceaccount"
_SOURCES = ("k8s", "any", "reserved")
_ENTITIES = "the outside and the API server are entities (fromEntities, toEntities)"
_RESERVED = ("host", "remote-node", "init", "health", "ingress", "unmanaged")
# What is no pod has one label each.
_OTHERS: tuple[tuple[str, Peer], ...] = (
    ("host", OwnNodePeer()),
    ("remote-node", OtherNodePeer()),
    ("world", PartyPeer(frozenset((PartyKind.EXTERNAL,)))),
)


@dataclass(frozen=True, slots=True)
class Need:
    """One condition: the source of the label, its key without prefix, and what is asked of it."""

    source: str
    key: str
    operator: Operator
    values: tuple[str, ...]
    field: Field
    exact: bool

    @property
    def about_namespace(self) -> bool:
        """True if it looks at the name of the namespace."""
        return self.source != "reserved" and self.key == NAMESPACE

    @property
    def about_namespace_labels(self) -> bool:
        """True if it looks at the labels of the namespace."""
        return self.source != "reserved" and self.key.startswith(NAMESPACE_LABELS)

    @property
    def about_cluster(self) -> bool:
        """True if it looks at the name of the cluster."""
        return self.source != "reserved" and self.key == CLUSTER

    @property
    def needs_label(self) -> bool:
        """True if it cannot hold where the label is absent."""
        return self.operator in (Operator.IN, Operator.EXISTS)

    def met_by(self, reserved: str) -> bool:
        """True if what has only this reserved label, with an empty value, meets it."""
        present = self.key == reserved and self.source in ("reserved", "any")
        return Requirement(self.key, self.operator, self.values).matches({self.key: ""} if present else {})


def read_needs(field: Field) -> list[Need]:
    """The conditions of a selector, in the order written; what is wrong is reported."""
    if not field.only("matchLabels", "matchExpressions"):
        return []
    found = [
        need
        for key, value in field.get("matchLabels").labels().items()
        for need in _need(field.get("matchLabels").get(key), key, Operator.IN, (value,), exact=True)
    ]
    for item in field.get("matchExpressions").items():
        found += _expression(item)
    return found


def _expression(item: Field) -> list[Need]:
    if not item.only("key", "operator", "values"):
        return []
    key, operator = item.get("key").text(), item.get("operator").choice(OPERATORS)
    values = tuple(sorted(set(item.get("values").texts())))
    if key is None:
        if not item.get("key").present:
            item.get("key").expected(LABEL_KEY)
        return []
    if operator is None:
        return []
    needs = operator in (Operator.IN, Operator.NOT_IN)
    if needs and not values:
        item.get("values").expected(f"at least one value, since the operator is {operator}")
    if not needs and values:
        item.get("values").expected(f"no values, since the operator is {operator}")
    return _need(item.get("key"), key, operator, values, exact=False)


def _need(field: Field, written: str, operator: Operator, values: tuple[str, ...], *, exact: bool) -> list[Need]:
    prefix, colon, rest = written.partition(":")
    source, key = (prefix, rest) if colon else ("any", written)
    for value in values:
        if not is_label_value(value):
            field.report(f'found the value "{value}", expected {LABEL_VALUE}')
    if source not in _SOURCES:
        field.report(f'found the key "{written}", expected one without a prefix, or with k8s:, any: or reserved:')
    elif source == "reserved" and key not in _RESERVED:
        field.report(f'found the key "{written}", expected reserved: with one of {", ".join(_RESERVED)}; {_ENTITIES}')
    elif not is_label_key(key):
        field.report(f'found the key "{written}", expected {LABEL_KEY}, perhaps after k8s:, any: or reserved:')
    else:
        return [Need(source, key, operator, values, field, exact)]
    return []


def _pods(needs: Iterable[Need], context: Context, extra: Iterable[Requirement] = ()) -> PodSet | None:
    """The pods that meet the conditions, of namespaces that meet `extra` too; None where no pod can."""
    spaces, pods = list(extra), []
    accounts: list[Predicate] = []
    for need in needs:
        if need.source == "reserved":
            if need.needs_label:
                return None
        elif need.about_cluster:
            if not in_own_cluster(need.field, Requirement(need.key, need.operator, need.values), context):
                return None
        elif need.key == NAMESPACE:
            spaces.append(Requirement(NAMESPACE_NAME, need.operator, need.values))
        elif need.key.startswith(NAMESPACE_LABELS):
            spaces.append(Requirement(need.key.removeprefix(NAMESPACE_LABELS), need.operator, need.values))
        elif need.key == ACCOUNT:
            accounts.append(Needs(Requirement(ACCOUNT_NAME, need.operator, need.values), Holder.ACCOUNT))
        else:
            pods.append(Requirement(need.key, need.operator, need.values))
    return PodSet(Selector.of(*spaces), Selector.of(*pods), where=both(*accounts) if accounts else None)


def read_subject(field: Field, namespace: str, context: Context) -> PodSet | None:
    """endpointSelector: pods of the own namespace (any, where `namespace` is empty); None: it selects no pods."""
    needs = read_needs(field)
    if not namespace:
        return _pods(needs, context)
    kept = [need for need in needs if not _is_overridden(need, namespace)]
    return _pods(kept, context, Selector.equal(NAMESPACE_NAME, namespace).requirements)


def _is_overridden(need: Need, namespace: str) -> bool:
    """True if it is a namespace in matchLabels, which has no effect: the policy's own takes its place."""
    if not (need.exact and need.about_namespace):
        return False
    if need.values == (namespace,):
        return True
    if need.source != "k8s":
        expected = f"{namespace}, the namespace of the policy, or none: a policy selects pods of its own namespace only"
        need.field.expected(expected)
    else:
        text = f"the namespace {need.values[0]} has no effect; a policy selects pods of its own namespace only"
        need.field.notice("FOREIGN_NAMESPACE", text)
    return True


def read_peers(field: Field, namespace: str, context: Context) -> list[Peer]:
    """One entry of fromEndpoints or toEndpoints of a policy in this namespace (empty: of a clusterwide one)."""
    needs = read_needs(field)
    as_it_stands = any(need.source == "reserved" for need in needs)
    for need in needs if as_it_stands else ():
        if (need.source, need.key) == ("any", "world"):
            need.field.report(f"the key world beside one with reserved: depends on the cluster's families; {_ENTITIES}")
    named = any(need.about_namespace for need in needs)
    in_namespace = not (as_it_stands or named or (namespace and any(need.about_namespace_labels for need in needs)))
    in_cluster = context.profile.own_cluster_only and not any(need.about_cluster for need in needs)
    own = Selector.equal(NAMESPACE_NAME, namespace).requirements if in_namespace and namespace else ()
    pods = _pods(needs, context, own)
    found: list[Peer] = [pods] if pods is not None else []
    if not as_it_stands and in_namespace:
        return found
    others = [peer for label, peer in _OTHERS if all(need.met_by(label) for need in needs)]
    if others and not as_it_stands and not any(need.about_cluster for need in needs):
        field.reads_by_release()
    return found if in_cluster and not as_it_stands else found + others
