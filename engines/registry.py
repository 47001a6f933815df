"""The profiles of all implementations."""

from __future__ import annotations

from dataclasses import replace

from reachproof.engines.antrea import ANTREA
from reachproof.engines.calico.profile import RELEASES as CALICO
from reachproof.engines.cilium.profile import RELEASES as CILIUM
from reachproof.engines.kube_network_policies import KUBE_NETWORK_POLICIES
from reachproof.engines.kubernetes import SPEC
from reachproof.engines.ovn_kubernetes import OVN_KUBERNETES
from reachproof.engines.profile import EngineProfile
from reachproof.network.options import Cni, Options

RELEASES: dict[Cni, tuple[EngineProfile, ...]] = {
    Cni.SPEC: (SPEC,),
    Cni.CALICO: CALICO,
    Cni.CILIUM: CILIUM,
    Cni.OVN_KUBERNETES: (OVN_KUBERNETES,),
    Cni.ANTREA: (ANTREA,),
    Cni.KUBE_NETWORK_POLICIES: (KUBE_NETWORK_POLICIES,),
    Cni.AUTO: (replace(SPEC, name=Cni.AUTO),),  # loading puts another one in its place where the input shows it
}
"""The releases of each that are modelled, oldest first."""
PROFILES: dict[Cni, EngineProfile] = {cni: releases[-1] for cni, releases in RELEASES.items()}
"""The newest release of each that is modelled."""


def profile_of(options: Options) -> EngineProfile:
    """The profile that the options ask for."""
    return PROFILES[options.cni]
