"""Which pods are in the mesh of Istio, by the labels that its webhooks and its node agent look at.

| Pods | By |
|---|---|
| with a sidecar | the label that injection leaves behind, else what the webhooks select |
| ambient | no sidecar, and the data plane mode of the pod, else that of its namespace |

Pods of the host network are never in it. Trusted by every verdict about policies of Istio; checked by
tests/network/test_mesh.py.
"""

from __future__ import annotations

from reachproof.network.labels import EVERYTHING, Operator, Requirement
from reachproof.network.policy import PodSet
from reachproof.network.predicate import Holder, Needs, Predicate, both, either, negated

INJECT = "sidecar.istio.io/inject"
INJECTED = "security.istio.io/tlsMode"
"""The label of a pod that has been given a sidecar, with the value `istio`."""
YES = ("ON", "On", "TRUE", "True", "Y", "YES", "Yes", "on", "true", "y", "yes")
"""What the injector takes for a yes."""
_REVISION, _INJECTION, _MODE = "istio.io/rev", "istio-injection", "istio.io/dataplane-mode"


def _is(of: Holder, key: str, *values: str) -> Predicate:
    return Needs(Requirement(key, Operator.IN, tuple(sorted(values))), of)


def _has(of: Holder, key: str) -> Predicate:
    return Needs(Requirement(key, Operator.EXISTS), of)


_SELECTED = either(
    _is(Holder.NAMESPACE, _INJECTION, "enabled"),
    both(
        negated(_has(Holder.NAMESPACE, _INJECTION)),
        either(_has(Holder.NAMESPACE, _REVISION), _has(Holder.POD, _REVISION), _is(Holder.POD, INJECT, "true")),
    ),
)
SIDECAR = either(
    _is(Holder.POD, INJECTED, "istio"),
    both(_SELECTED, either(negated(_has(Holder.POD, INJECT)), _is(Holder.POD, INJECT, "", *YES))),
)
"""Pods that have, or will get, a sidecar."""
AMBIENT = both(
    negated(SIDECAR),
    either(
        _is(Holder.POD, _MODE, "ambient"),
        both(_is(Holder.NAMESPACE, _MODE, "ambient"), negated(_is(Holder.POD, _MODE, "none"))),
    ),
)
"""Pods whose traffic ztunnel takes."""
IN_MESH = either(SIDECAR, AMBIENT)


def pods(where: Predicate) -> PodSet:
    """The pods of which the predicate is true."""
    return PodSet(EVERYTHING, EVERYTHING, where=where)
