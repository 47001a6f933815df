"""Manifests for tests: a header for each policy kind, and what loading says about a text."""

from __future__ import annotations

import pytest

from reachproof.manifests.errors import ManifestError
from reachproof.manifests.limits import DEFAULT_LIMITS, Limits
from reachproof.manifests.load import load_text
from reachproof.network.cluster import Notice
from reachproof.network.errors import Problem
from reachproof.network.options import DEFAULT_OPTIONS, Options
from reachproof.network.policy import Policy
from reachproof.network.snapshot import Snapshot

HEADERS = {
    "calico": "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {namespace: shop, name: p}\n",
    "ciliumnetworkpolicy": (
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {namespace: shop, name: p}\n"
    ),
    "authorizationpolicy": (
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {namespace: shop, name: p}\n"
    ),
    "peerauthentication": (
        "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {namespace: shop, name: p}\n"
    ),
    "networkpolicy": ("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: shop, name: p}\n"),
    "adminnetworkpolicy": (
        "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: p}\n"
    ),
    "baselineadminnetworkpolicy": (
        "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\nmetadata: {name: default}\n"
    ),
    "clusternetworkpolicy": (
        "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: p}\n"
    ),
}


def manifest(kind: str, spec: str) -> str:
    """The YAML of a policy with a spec in flow style, on line 4."""
    return f"{HEADERS[kind]}spec: {spec.strip()}\n"


def policy(kind: str, spec: str, options: Options = DEFAULT_OPTIONS) -> Policy:
    """The only policy of a text that has nothing else."""
    (found,) = load_text(manifest(kind, spec), options=options).policies
    return found


def problems(
    text: str | bytes,
    *,
    name: str = "f.yaml",
    options: Options = DEFAULT_OPTIONS,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Problem]:
    """The problems for which a text is refused."""
    with pytest.raises(ManifestError) as refused:
        load_text(text, name=name, options=options, limits=limits)
    return list(refused.value.problems)


def says(text: str | bytes, *, name: str = "f.yaml", limits: Limits = DEFAULT_LIMITS) -> list[str]:
    """The problems for which a text is refused, as a user reads them."""
    return [str(problem) for problem in problems(text, name=name, limits=limits)]


def codes(snapshot: Snapshot) -> list[str]:
    """The codes of all notices, assumptions first; without NO_POLICIES, which inventories for tests have."""
    found = [notice.code for notice in (*snapshot.assumptions, *snapshot.warnings)]
    return [code for code in found if code != "NO_POLICIES"]


def notice(snapshot: Snapshot, code: str) -> Notice:
    """The only notice with a code."""
    (found,) = [one for one in (*snapshot.assumptions, *snapshot.warnings) if one.code == code]
    return found
