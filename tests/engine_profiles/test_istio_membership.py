"""Who is in the mesh of Istio, by labels."""

from __future__ import annotations

import pytest

from reachproof.engines.istio.membership import AMBIENT, SIDECAR
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
