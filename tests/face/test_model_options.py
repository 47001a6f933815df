"""Model options by name: what they come to, and everything that is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from reachproof.network.address import parse_cidrs
from reachproof.network.errors import InputError
from reachproof.network.options import AmbientPort, Channel, CidrMatches, Cni, Enforcement, HostNetworkPods, Options
from reachproof.queries.model_options import model_options

NAMES = (
    "tenantLabel",
    "cni",
    "channel",
    "podCidr",
    "serviceCidr",
    "hostNetworkPods",
    "cidrMatches",
    "domains",
    "enforcement",
    "withStaged",
    "strict",
    "trustDomain",
    "rootNamespace",
    "ambientPort",
)


NOTHING_GIVEN = Options(cni=Cni.AUTO, cni_given=False)


def problems(values: dict[str, Any]) -> list[str]:
    """What is said about wrong options."""
    with pytest.raises(InputError) as caught:
        model_options(values)
    return [str(problem) for problem in caught.value.problems]


def test_nothing_given_are_the_defaults() -> None:
    assert model_options({}) == NOTHING_GIVEN


@pytest.mark.parametrize("name", NAMES)
def test_none_is_not_given(name: str) -> None:
    assert model_options({name: None}) == NOTHING_GIVEN


def test_every_option_is_read() -> None:
    found = model_options(
        {
            "tenantLabel": "team",
            "cni": "antrea",
            "channel": "standard",
            "podCidr": "10.244.0.0/16, fd00::/64",
            "serviceCidr": ["10.96.0.0/12"],
            "hostNetworkPods": "pods",
            "cidrMatches": "world+nodes",
            "domains": {"a.example": "192.0.2.0/24", "b.example": ["198.51.100.1/32", "2001:db8::/32"]},
            "enforcement": "np",
            "withStaged": True,
            "strict": True,
            "trustDomain": "corp.example, old.example",
            "rootNamespace": "mesh",
            "ambientPort": "original",
        }
    )
    assert found == Options(
        tenant_label="team",
        cni=Cni.ANTREA,
        channel=Channel.STANDARD,
        pod_range=parse_cidrs(["10.244.0.0/16", "fd00::/64"]),
        service_range=parse_cidrs(["10.96.0.0/12"]),
        host_network_pods=HostNetworkPods.PODS,
        cidr_matches=CidrMatches.WORLD_AND_NODES,
        domains={
            "a.example": parse_cidrs(["192.0.2.0/24"]),
            "b.example": parse_cidrs(["198.51.100.1/32", "2001:db8::/32"]),
        },
        enforcement=Enforcement.NETWORK_POLICY,
        with_staged=True,
        strict=True,
        trust_domains=("corp.example", "old.example"),
        root_namespace="mesh",
        ambient_port=AmbientPort.ORIGINAL,
    )
    assert model_options({"ambientPort": 15008}).ambient_port is AmbientPort.HBONE
    assert model_options({"trustDomain": ["a", "b"]}).trust_domains == ("a", "b")


def test_addresses_may_be_a_tuple() -> None:
    assert model_options({"podCidr": ("10.244.0.0/16",)}) == model_options({"podCidr": "10.244.0.0/16"})


@pytest.mark.parametrize("value", [CidrMatches.WORLD, "world"])
def test_a_value_may_be_a_member_of_its_enumeration(value: str) -> None:
    assert model_options({"cidrMatches": value}).cidr_matches is CidrMatches.WORLD


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"tenantLabel": ""}, "options tenantLabel: must be a label key (got '')"),
        ({"tenantLabel": 5}, "options tenantLabel: must be a label key (got 5)"),
        (
            {"cni": "celium"},
            "options cni: must be one of spec, calico, cilium, ovn-kubernetes, antrea, "
            "kube-network-policies, kube-router, auto (got 'celium'); did you mean `cilium`?",
        ),
        (
            {"cni": "KUBE_NETWORK_POLICIES"},
            "options cni: must be one of spec, calico, cilium, ovn-kubernetes, antrea, "
            "kube-network-policies, kube-router, auto (got 'KUBE_NETWORK_POLICIES')",
        ),
        ({"cni": "spec@1.0"}, "options cni: spec has no releases; leave @1.0 out"),
        ({"cni": "cilium@new"}, "options cni: must be a release such as cilium@1.20 (got 'cilium@new')"),
        ({"channel": ["x"]}, "options channel: must be one of standard, experimental (got ['x'])"),
        (
            {"hostNetworkPods": "ignore"},
            "options hostNetworkPods: must be one of ignored, pods (got 'ignore'); did you mean `ignored`?",
        ),
        ({"cidrMatches": 5}, "options cidrMatches: must be one of all, world+nodes, world+pods, world (got 5)"),
        ({"enforcement": False}, "options enforcement: must be one of none, np, np+admin, always (got False)"),
        ({"withStaged": "yes"}, "options withStaged: must be true or false (got 'yes')"),
        ({"trustDomain": ""}, "options trustDomain: '' is not a trust domain such as cluster.local"),
        ({"trustDomain": []}, "options trustDomain: '' is not a trust domain such as cluster.local"),
        ({"trustDomain": "a/b"}, "options trustDomain: 'a/b' is not a trust domain such as cluster.local"),
        ({"trustDomain": 5}, "options trustDomain: 5 is not a trust domain such as cluster.local"),
        ({"rootNamespace": "A"}, "options rootNamespace: 'A' is not a name of a namespace"),
        ({"rootNamespace": "a,b"}, "options rootNamespace: a, b are several; give one name"),
        ({"ambientPort": 80}, "options ambientPort: must be one of 15008, original, unknown (got 80)"),
        ({"podCidr": ""}, "options podCidr: must be a CIDR such as 10.244.0.0/16 (got '')"),
        ({"podCidr": []}, "options podCidr: must be a CIDR or a list of CIDRs (got [])"),
        ({"podCidr": 10}, "options podCidr: must be a CIDR or a list of CIDRs (got 10)"),
        ({"podCidr": "10.0.0.0"}, "options podCidr: must be a CIDR such as 10.244.0.0/16 (got '10.0.0.0')"),
        ({"serviceCidr": [5]}, "options serviceCidr: must be a CIDR such as 10.244.0.0/16 (got 5)"),
        ({"domains": ["x"]}, "options domains: must be a map of domain names to CIDRs (got ['x'])"),
        (
            {"domains": {"a.example": None}},
            "options domains.a.example: must be a CIDR or a list of CIDRs (got None)",
        ),
        (
            {"domains": {"a.example": "nowhere"}},
            "options domains.a.example: must be a CIDR such as 10.244.0.0/16 (got 'nowhere')",
        ),
        ({"tenantLable": "x"}, "options tenantLable: unknown option; did you mean `tenantLabel`?"),
        ({"podcidr": None}, "options podcidr: unknown option; did you mean `podCidr`?"),
        (
            {"x": 1},
            "options x: unknown option; known options are ambientPort, channel, cidrMatches, cni, domains, "
            "enforcement, hostNetworkPods, podCidr, rootNamespace, serviceCidr, strict, tenantLabel, trustDomain, "
            "withStaged",
        ),
    ],
)
def test_a_wrong_option_is_told_with_what_was_expected(values: dict[str, Any], told: str) -> None:
    assert problems(values) == [told]


def test_all_wrong_options_are_told_at_once() -> None:
    assert problems({"zone": "a", "cni": "x", "podCidr": ["10.0.0.0/8", "y"], "domains": {"b": "z", "a": "z"}}) == [
        "options cni: must be one of spec, calico, cilium, ovn-kubernetes, antrea, "
        "kube-network-policies, kube-router, auto (got 'x')",
        "options podCidr: must be a CIDR such as 10.244.0.0/16 (got 'y')",
        "options domains.a: must be a CIDR such as 10.244.0.0/16 (got 'z')",
        "options domains.b: must be a CIDR such as 10.244.0.0/16 (got 'z')",
        "options zone: unknown option; known options are ambientPort, channel, cidrMatches, cni, domains, enforcement, "
        "hostNetworkPods, podCidr, rootNamespace, serviceCidr, strict, tenantLabel, trustDomain, withStaged",
    ]
