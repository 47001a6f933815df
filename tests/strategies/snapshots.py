"""Drawn snapshots: a small cluster with policies, loaded from manifests, under drawn options."""

from __future__ import annotations

from hypothesis import strategies as st

from reachproof.engines.registry import RELEASES
from reachproof.manifests.load import load_objects
from reachproof.network.address import parse_cidrs
from reachproof.network.options import (
    DEFAULT_OPTIONS,
    Channel,
    CidrMatches,
    Cni,
    Enforcement,
    HostNetworkPods,
    Options,
)
from reachproof.network.snapshot import Snapshot
from tests.strategies import cilium
from tests.strategies.clusters import clusters
from tests.strategies.policies import policy_sets
from tests.strategies.vocabulary import Manifest

_DUAL_STACK_RANGE = parse_cidrs(("10.0.0.0/24", "fd00::/120"))
_KNOWN_DOMAINS = {"example.com": parse_cidrs(("203.0.113.0/25",))}


@st.composite
def _unusual_options(draw: st.DrawFn) -> Options:
    cni = draw(st.sampled_from(Cni))
    enforced = [each for each in Enforcement if each is not Enforcement.ALWAYS or cni is Cni.CILIUM]
    return Options(
        cni=cni,
        release=draw(st.sampled_from(("", *(each.version for each in RELEASES[cni])))),
        channel=draw(st.sampled_from(Channel)),
        pod_range=draw(st.sampled_from((DEFAULT_OPTIONS.pod_range, _DUAL_STACK_RANGE))),
        host_network_pods=draw(st.sampled_from(HostNetworkPods)),
        cidr_matches=draw(st.sampled_from((None, *(CidrMatches if cni is not Cni.CALICO else (CidrMatches.ALL,))))),
        domains=draw(st.sampled_from(({}, _KNOWN_DOMAINS))),
        enforcement=draw(st.sampled_from((Enforcement.ALL, Enforcement.ALL, *enforced))),
    )


@st.composite
def model_options(draw: st.DrawFn) -> Options:
    """The default options in two of three draws, else any."""
    return draw(_unusual_options()) if draw(st.integers(0, 2)) == 2 else DEFAULT_OPTIONS


@st.composite
def manifests(draw: st.DrawFn, *, channel: Channel | None = None, most_pods: int = 5) -> list[Manifest]:
    """The objects of a small cluster together with policies."""
    return draw(clusters(most_pods=most_pods)) + draw(policy_sets(channel=channel))


@st.composite
def snapshots(draw: st.DrawFn, *, options: st.SearchStrategy[Options] | None = None, most_pods: int = 5) -> Snapshot:
    """A loaded snapshot, by default under `model_options`; under Cilium's profile with policies of its kinds too."""
    chosen = draw(model_options() if options is None else options)
    objects = draw(manifests(channel=chosen.channel, most_pods=most_pods))
    if chosen.cni is Cni.CILIUM:
        objects += draw(cilium.policy_sets(most=2))
    return load_objects(objects, options=chosen)
