"""The profiles of all implementations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from reachproof.engines.antrea import ANTREA
from reachproof.engines.calico.profile import RELEASES as CALICO
from reachproof.engines.cilium.profile import RELEASES as CILIUM
from reachproof.engines.kube_network_policies import KUBE_NETWORK_POLICIES
from reachproof.engines.kube_router import KUBE_ROUTER
from reachproof.engines.kubernetes import SPEC
from reachproof.engines.ovn_kubernetes import OVN_KUBERNETES
from reachproof.engines.profile import EngineProfile
from reachproof.network.cluster import Notice
from reachproof.network.options import Cni, Options
from reachproof.network.origin import Origin

RELEASES: dict[Cni, tuple[EngineProfile, ...]] = {
    Cni.SPEC: (SPEC,),
    Cni.CALICO: CALICO,
    Cni.CILIUM: CILIUM,
    Cni.OVN_KUBERNETES: (OVN_KUBERNETES,),
    Cni.ANTREA: (ANTREA,),
    Cni.KUBE_NETWORK_POLICIES: (KUBE_NETWORK_POLICIES,),
    Cni.KUBE_ROUTER: (KUBE_ROUTER,),
    Cni.AUTO: (replace(SPEC, name=Cni.AUTO),),  # loading puts another one in its place where the input shows it
}
"""The releases of each that are modelled, oldest first; each stands for those from it to the next one."""
PROFILES: dict[Cni, EngineProfile] = {cni: releases[-1] for cni, releases in RELEASES.items()}
"""The newest release of each that is modelled."""


def profile_of(options: Options) -> EngineProfile:
    """The profile that the options ask for: the newest release that is not newer, or the oldest there is."""
    releases = RELEASES[options.cni]
    if not options.release:
        return releases[-1]
    asked = release_number(options.release)
    return next((each for each in reversed(releases) if release_number(each.version) <= asked), releases[0])


def release_number(version: str) -> tuple[int, ...]:
    """The first two numbers of a version, without others where it has none: verdicts change with minor releases."""
    return tuple(map(int, re.findall(r"\d+", version)[:2]))


def release_assumed(options: Options, kinds: Iterable[str], of_release: Iterable[tuple[str, Origin]]) -> Notice | None:
    """The assumption of the newest release, where none is given and another would read a policy otherwise.

    `kinds` of the policies; `of_release`: fields that releases read differently, and where they are.
    """
    releases = RELEASES[options.cni]
    unread = [each.kinds_not_read for each in releases]
    differs = sorted(kind for kind in kinds if len({kind in each for each in unread}) > 1)
    field, origin = min(of_release, key=lambda each: each[0], default=("", None))
    if options.release or len(releases) == 1 or not (differs or field):
        return None
    what = f"policies of {' and '.join(differs)}" if differs else field
    text = (
        f"{releases[-1]} is assumed, the newest release that is modelled; others read {what} differently; give the "
        f"release as cni {options.cni}@VERSION"
    )
    return Notice(code="RELEASE_ASSUMED", text=text, origin=origin)


def release_not_modelled(options: Options) -> Notice | None:
    """The assumption where the release is older or newer than those that are modelled."""
    releases, profile = RELEASES[options.cni], profile_of(options)
    if len(releases) == 1 or not options.release:
        return None
    asked = release_number(options.release)
    if release_number(releases[0].version) <= asked <= release_number(releases[-1].version):
        return None
    which = "newest" if profile is releases[-1] else "oldest"
    text = f"{options.cni}@{options.release} is judged as {profile}, the {which} release that is modelled"
    return Notice(code="RELEASE_NOT_MODELLED", text=text)
