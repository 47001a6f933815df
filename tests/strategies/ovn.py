"""Drawn inputs of OVN-Kubernetes: clusters with NetworkPolicies, with the host-network namespace or without."""

from __future__ import annotations

from hypothesis import strategies as st

from reachproof.network.options import Cni, Options
from tests.strategies.clusters import clusters, namespace
from tests.strategies.policies import draw_network_policy
from tests.strategies.vocabulary import NAMESPACE_LABELS, Manifest

OPTIONS = Options(cni=Cni.OVN_KUBERNETES)
HOST_NAMESPACES = ("openshift-host-network", "ovn-host-network")
_GIVEN = st.sampled_from(((), HOST_NAMESPACES[:1], HOST_NAMESPACES[:1], HOST_NAMESPACES[1:], HOST_NAMESPACES))


@st.composite
def inputs(draw: st.DrawFn, *, given: st.SearchStrategy[tuple[str, ...]] = _GIVEN) -> list[Manifest]:
    """A small cluster, the namespaces of the host network that are `given`, and one to three NetworkPolicies."""
    objects = draw(clusters())
    objects += [namespace(name, draw(st.sampled_from(NAMESPACE_LABELS))) for name in draw(given)]
    return objects + [draw_network_policy(draw, f"np{number}") for number in range(draw(st.integers(1, 3)))]
