"""Membership in the mesh of Istio, by labels."""

from __future__ import annotations

import pytest

from reachproof.engines.istio.membership import AMBIENT, AMBIENT_MODE, SIDECAR, in_ambient_mode
from reachproof.network.cluster import Namespace, Pod
from reachproof.network.labels import Labels
from reachproof.network.origin import Origin
from reachproof.network.predicate import Holder, holds

ENABLED, DISABLED = {"istio-injection": "enabled"}, {"istio-injection": "disabled"}
REVISION, ZTUNNEL = {"istio.io/rev": "canary"}, {"istio.io/dataplane-mode": "ambient"}
NO_ZTUNNEL = {"istio.io/dataplane-mode": "none"}
INJECTED = {"security.istio.io/tlsMode": "istio"}


def inject(value: str) -> dict[str, str]:
    return {"sidecar.istio.io/inject": value}


@pytest.mark.parametrize(
    ("namespace", "pod", "expected"),
    [
        ({}, {}, ""),
        (ENABLED, {}, "sidecar"),
        (ENABLED, inject("false"), ""),
        (ENABLED, inject("no"), ""),
        (ENABLED, inject(""), "sidecar"),
        (REVISION, {}, "sidecar"),
        (REVISION, inject("false"), ""),
        ({}, inject("true"), "sidecar"),
        ({}, inject("yes"), ""),  # no webhook selects it
        ({}, REVISION, "sidecar"),
        (DISABLED, inject("true"), ""),
        (DISABLED | REVISION, {}, ""),
        (DISABLED, INJECTED, "sidecar"),
        (ZTUNNEL, {}, "ambient"),
        (ZTUNNEL, NO_ZTUNNEL, ""),
        ({}, ZTUNNEL, "ambient"),
        (NO_ZTUNNEL, ZTUNNEL, "ambient"),
        (ZTUNNEL | ENABLED, {}, "sidecar"),
        (ZTUNNEL | ENABLED, inject("false"), "ambient"),
        (ZTUNNEL, inject("true"), "sidecar"),
    ],
)
def test_labels_say_who_is_in_the_mesh(namespace: dict[str, str], pod: dict[str, str], expected: str) -> None:
    labels = {Holder.NAMESPACE: namespace, Holder.POD: pod}
    found = [name for name, where in (("sidecar", SIDECAR), ("ambient", AMBIENT)) if holds(where, labels)]
    assert found == ([expected] if expected else [])


HERE = Origin(file="")
TUNNEL = {"networking.istio.io/tunnel": "http"}


def namespaces(*labels: Labels) -> list[Namespace]:
    return [Namespace(name=f"n{number}", labels=each, origin=HERE) for number, each in enumerate(labels)]


def pods(*labels: Labels, shows: str = "") -> list[Pod]:
    """Pods with these labels; `shows`: what the last of them shows of its mode."""
    mesh = {AMBIENT_MODE: shows} if shows else {}
    return [
        Pod(
            namespace="n0",
            name=f"p{number}",
            labels=each,
            addresses=(number + 1,),
            mesh=mesh if number == len(labels) - 1 else {},
            origin=HERE,
        )
        for number, each in enumerate(labels)
    ]


@pytest.mark.parametrize(
    ("spaces", "members"),
    [
        (namespaces({}, ZTUNNEL), pods({}, {})),
        (namespaces(ZTUNNEL, {}), []),
        (namespaces({}, {}), pods({}, ZTUNNEL)),
        (namespaces({}), pods(TUNNEL, {})),
        (namespaces({}), pods({}, {}, shows="yes")),
        (namespaces({}), pods({}, {}, shows="perhaps")),
    ],
)
def test_one_object_puts_a_snapshot_into_ambient_mode(spaces: list[Namespace], members: list[Pod]) -> None:
    assert in_ambient_mode(spaces, members)


@pytest.mark.parametrize(
    ("spaces", "members"),
    [
        ([], []),
        (namespaces({}, NO_ZTUNNEL, ENABLED), pods({}, NO_ZTUNNEL, INJECTED)),
        (namespaces({}), pods({}, {"networking.istio.io/tunnel": "none"})),
        (namespaces({}), pods({}, {}, shows="no")),
    ],
)
def test_nothing_else_does(spaces: list[Namespace], members: list[Pod]) -> None:
    assert not in_ambient_mode(spaces, members)
