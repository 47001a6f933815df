"""The CRDs of the admin kinds in the input: they tell which fields these kinds have, wherever they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachproof.manifests.load import load_objects, load_text
from reachproof.manifests.stored_snapshot import load_stored, texts_to_store
from reachproof.network.options import Channel, Options
from tests.manifests.given import manifest, problems
from tests.strategies.snapshots import manifests
from tests.strategies.vocabulary import Manifest

NAMED = manifest(
    "clusternetworkpolicy",
    "{tier: Admin, priority: 1, subject: {namespaces: {}}, "
    "ingress: [{action: Deny, from: [{namespaces: {}}], protocols: [{destinationNamedPort: http}]}]}",
)
NODES = manifest(
    "adminnetworkpolicy", "{priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{nodes: {}}]}]}"
)
CNP, ANP = "clusternetworkpolicies", "adminnetworkpolicies"
FOUND = "field of the experimental channel"


def crd(plural: str, channel: str, version: str = "v0.3.0") -> str:
    return (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n"
        f"  name: {plural}.policy.networking.k8s.io\n  annotations: "
        f"{{policy.networking.k8s.io/channel: {channel}, policy.networking.k8s.io/bundle-version: {version}}}\n"
    )


def crd_object(plural: str, channel: str, version: str) -> Manifest:
    notes = {"policy.networking.k8s.io/channel": channel, "policy.networking.k8s.io/bundle-version": version}
    metadata = {"name": f"{plural}.policy.networking.k8s.io", "annotations": notes}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": metadata}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("policy", "plural", "path"),
    [
        (NAMED, CNP, "spec.ingress[0].protocols[0].destinationNamedPort"),
        (NODES, ANP, "spec.egress[0].to[0].nodes"),
    ],
)
def test_a_field_that_the_crd_lacks_is_refused_in_any_order(policy: str, plural: str, path: str, first: bool) -> None:
    texts = [policy, crd(plural, "standard")]
    (problem,) = problems("---\n".join(reversed(texts) if first else texts))
    line = 1 if first else policy.count("\n") + 2
    assert (problem.path, problem.message) == (
        path,
        f"{FOUND}; the CRD {plural}.policy.networking.k8s.io (f.yaml:{line}) says so, and the option channel goes "
        "before it",
    )


@pytest.mark.parametrize(
    ("policy", "plural", "channel", "version"),
    [
        (NAMED, CNP, "standard", "v0.2.0"),
        (NAMED, CNP, "experimental", "v0.3.0"),
        (NAMED, ANP, "standard", "v0.3.0"),
        (NAMED, CNP, "of-mine", "v0.3.0"),
        (NODES, ANP, "experimental", "v0.1.5"),
        (NODES, CNP, "standard", "v0.3.0"),
    ],
)
def test_a_field_that_the_crd_of_the_kind_has_is_read(policy: str, plural: str, channel: str, version: str) -> None:
    alone = load_text(policy)
    found = load_text(f"{policy}---\n{crd(plural, channel, version)}")
    assert found.policies == alone.policies
    assert found.digest != alone.digest


@pytest.mark.parametrize(
    ("text", "channel", "noted"),
    [
        (NAMED, Channel.STANDARD, True),
        (f"{NAMED}---\n{crd(CNP, 'standard', 'unheard-of')}", None, True),
        (f"{NAMED}---\n{crd(CNP, 'standard', 'v0.2.0')}", Channel.STANDARD, False),
        (NAMED, None, False),
        (NODES.replace("nodes", "namespaces"), Channel.STANDARD, False),
    ],
)
def test_a_name_of_ports_in_a_standard_channel_of_an_unknown_bundle_is_an_assumption(
    text: str, channel: Channel | None, noted: bool
) -> None:
    found = load_text(text, options=Options(channel=channel))
    texts = [each.text for each in found.assumptions if each.code == "BUNDLE_UNKNOWN"]
    assert texts == noted * [
        "ClusterNetworkPolicy p spec.ingress[0].protocols[0].destinationNamedPort: taken to be in force; "
        "the standard channel has it up to bundle v0.2.0 only; add the CRD to the input"
    ]


@pytest.mark.parametrize(("policy", "plural"), [(NAMED, CNP), (NODES, ANP)])
def test_a_channel_that_is_not_known_is_an_assumption(policy: str, plural: str) -> None:
    found = load_text(f"{policy}---\n{crd(plural, 'Standard')}")
    [noted] = [each for each in found.assumptions if each.code == "BUNDLE_UNKNOWN"]
    line = policy.count("\n") + 2
    assert noted.text.partition(": ")[2] == (
        f"taken to be in force; the CRD {plural}.policy.networking.k8s.io (<text>:{line}) names no channel that is "
        "known; the option channel can"
    )


def test_an_object_that_is_there_twice_does_not_change_the_digest() -> None:
    crds = [crd_object(CNP, "experimental", "v0.3.0")]
    assert load_objects(crds).digest == load_objects([*crds, *crds]).digest


def test_the_option_goes_before_the_crds() -> None:
    text = f"{NODES}---\n{crd(ANP, 'standard')}"
    assert load_text(text, options=Options(channel=Channel.EXPERIMENTAL)).policies == load_text(NODES).policies
    (problem,) = problems(f"{NODES}---\n{crd(ANP, 'experimental')}", options=Options(channel=Channel.STANDARD))
    assert problem.message == f"{FOUND}; the option channel says which CRDs the cluster has"


def test_of_the_standard_channel_the_bundle_says_whether_it_has_port_names() -> None:
    standard = Options(channel=Channel.STANDARD)
    assert load_text(NAMED, options=standard).policies == load_text(NAMED).policies
    (problem,) = problems(f"{NAMED}---\n{crd(CNP, 'experimental')}", options=standard)
    assert problem.message == f"{FOUND}; the option channel says which CRDs the cluster has"


def test_two_crds_of_one_name_that_differ_are_refused() -> None:
    text = f"{NAMED}---\n{crd(CNP, 'standard', 'v0.2.0')}---\n{crd(CNP, 'standard', 'v0.2.1')}"
    assert "defined twice with different contents" in problems(text)[0].message
    same = f"{NAMED}---\n{crd(CNP, 'standard', 'v0.2.0')}---\n{crd(CNP, 'standard', 'v0.2.0')}"
    assert load_text(same).policies


def test_a_snapshot_with_crds_comes_back_from_its_stored_form() -> None:
    mixed = manifest(
        "clusternetworkpolicy",
        "{tier: Admin, priority: 1, subject: {namespaces: {}}, "
        "egress: [{action: Deny, to: [{networks: [10.0.0.0/8]}], protocols: [{destinationNamedPort: http}]}]}",
    )
    text = f"{mixed}---\n{crd(CNP, 'standard', 'v0.2.0')}"
    stored = texts_to_store([("f.yaml", text)])
    assert load_stored(stored.content, stored.snapshot.digest) == stored.snapshot
    (problem,) = problems(mixed)
    assert problem.message.startswith("port name in a rule with a networks, nodes or domainNames peer")


@given(st.data(), st.sampled_from(Channel))
def test_crds_of_a_channel_are_as_good_as_the_option(data: st.DataObject, channel: Channel) -> None:
    drawn = data.draw(manifests(channel=channel))
    plurals = (CNP, ANP, "baselineadminnetworkpolicies")
    crds = [crd_object(plural, channel.value, "v0.2.0") for plural in plurals]
    by_option, by_crds = load_objects(drawn, options=Options(channel=channel)), load_objects([*drawn, *crds])
    assert by_crds.policies == by_option.policies
    assert by_crds.warnings == by_option.warnings
