"""The stored form of a snapshot: it comes back as it went in, nothing is in it that is not read, and damage is seen."""

from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from reachproof.documents.json import plain as plain_document
from reachproof.manifests.errors import ManifestError
from reachproof.manifests.inventory_fields import Watched
from reachproof.manifests.load import load, load_objects, load_text
from reachproof.manifests.stored_snapshot import (
    ToStore,
    load_stored,
    objects_to_store,
    stored_objects,
    texts_to_store,
)
from reachproof.network.errors import InputError, InternalError
from reachproof.network.options import Channel, Cni, Options
from reachproof.queries.answer import answer_document
from reachproof.queries.ask import Session
from tests.house.places import ROOT
from tests.strategies.calico import inputs as calico_inputs
from tests.strategies.cilium import mixed_manifests
from tests.strategies.istio import inputs as istio_inputs
from tests.strategies.snapshots import manifests, model_options
from tests.strategies.vocabulary import Manifest

EXAMPLES = sorted(path for path in (ROOT / "queries" / "examples").iterdir() if any(path.glob("*.yaml")))
SENTENCES = (
    "can any pod reach any pod?",
    "all tenants are isolated",
    "show reachability between pods",
    "why can't pod globex-web/site-6f7c9 reach pod acme-shop/orders-5b6f8 on tcp/9000?",
)
MAGIC = b"reachproof stored snapshot 1\n"
SECRET = "hunter2"
POD_SPEC: dict[str, Any] = {
    "nodeName": "n1",
    "serviceAccountName": "robot",
    "imagePullSecrets": [{"name": SECRET}],
    "volumes": [{"name": SECRET}],
    "containers": [
        {
            "name": SECRET,
            "image": SECRET,
            "command": [SECRET],
            "env": [{"name": "PASSWORD", "value": SECRET}],
            "ports": [{"name": "http", "containerPort": 80, "hostIP": SECRET}],
        }
    ],
    "initContainers": [
        {"image": SECRET, "ports": [{"name": "early", "containerPort": 81, "protocol": "UDP"}]},
        {"image": SECRET, "restartPolicy": "Always", "ports": [{"name": "beside", "containerPort": 82}]},
    ],
}
METADATA: dict[str, Any] = {
    "namespace": "shop",
    "labels": {"app": "web"},
    "annotations": {"a": SECRET, "kubernetes.io/ingress.class": "nginx"},
    "managedFields": [{"manager": SECRET}],
}
TEMPLATE = {"metadata": {"labels": {"app": "web"}, "annotations": {"a": SECRET}}, "spec": POD_SPEC}


def an_object(kind: str, api_version: str = "v1", **parts: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {**METADATA, "name": "web"}, **parts}


RICH = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"a": "b"}, "uid": SECRET}},
    an_object(
        "Node",
        spec={"podCIDR": "10.0.0.0/24", "taints": [{"key": SECRET}]},
        status={"addresses": [{"type": SECRET, "address": "192.168.0.1"}, {"address": "a.host"}], "images": [SECRET]},
    ),
    an_object(
        "Pod",
        spec={**POD_SPEC, "hostNetwork": True},
        status={"phase": "Running", "hostIPs": [{"ip": "192.168.0.7"}], "message": SECRET, "conditions": []},
    ),
    {
        **an_object("Pod", spec=POD_SPEC),
        "metadata": {
            **METADATA,
            "name": "db-0",
            "ownerReferences": [{"kind": "StatefulSet", "name": "db", "controller": True, "uid": SECRET}],
        },
        "status": {
            "podIP": "10.0.0.9",
            "podIPs": [{"ip": "10.0.0.9"}, {"ip": "fd00::9"}],
            "conditions": [{"type": "Ready", "status": "False", "message": SECRET}],
        },
    },
    an_object(
        "Service",
        spec={
            "clusterIP": "10.96.0.1",
            "externalIPs": ["203.0.113.7"],
            "externalTrafficPolicy": "Local",
            "loadBalancerSourceRanges": ["198.51.100.0/24"],
            "publishNotReadyAddresses": True,
            "ipFamilies": ["IPv4"],
            "type": "LoadBalancer",
            "selector": {"app": "web"},
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "nodePort": 30000, "appProtocol": SECRET}],
        },
        status={"loadBalancer": {"ingress": [{"ip": "203.0.113.8", "hostname": SECRET}]}},
    ),
    an_object("Service", spec={"type": "ExternalName", "externalName": "db.example"})
    | {"metadata": {"name": "elsewhere", "namespace": "shop"}},
    {
        **an_object("EndpointSlice", "discovery.k8s.io/v1", addressType="IPv4"),
        "metadata": {
            "name": "web-1",
            "namespace": "shop",
            "labels": {
                "kubernetes.io/service-name": "web",
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                "x": SECRET,
            },
        },
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "appProtocol": SECRET}],
        "endpoints": [
            {
                "addresses": ["10.0.0.9"],
                "conditions": {"ready": True},
                "hostname": SECRET,
                "targetRef": {"kind": "Pod", "name": "web-1", "uid": SECRET},
            },
            {"addresses": ["10.0.0.10"], "conditions": {"ready": False}},
        ],
    },
    an_object("Service", spec={"clusterIP": "None"}) | {"metadata": {"name": "old", "namespace": "shop"}},
    {
        **an_object(
            "Endpoints",
            subsets=[
                {
                    "addresses": [
                        {"ip": "10.0.0.9", "hostname": SECRET, "targetRef": {"kind": "Pod", "name": "web-1"}}
                    ],
                    "notReadyAddresses": [{"ip": "10.0.0.10", "nodeName": SECRET}],
                    "ports": [{"name": "http", "port": 80, "appProtocol": SECRET}],
                }
            ],
        ),
        "metadata": {"name": "old", "namespace": "shop", "annotations": {"x": SECRET}},
    },
    an_object(
        "Ingress",
        "networking.k8s.io/v1",
        spec={
            "tls": [{"secretName": SECRET}],
            "defaultBackend": {"service": {"name": "web", "port": {"name": "http"}}},
            "rules": [
                {
                    "host": "a.example",
                    "http": {"paths": [{"path": "/", "backend": {"serviceName": "web", "servicePort": 80}}]},
                }
            ],
        },
    ),
    an_object("ServiceAccount", secrets=[{"name": SECRET}]),
    an_object(
        "StatefulSet",
        "apps/v1",
        spec={"replicas": 1, "ordinals": {"start": 3}, "serviceName": SECRET, "template": TEMPLATE},
    ),
    an_object(
        "Deployment",
        "apps/v1",
        spec={
            "selector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]},
            "template": TEMPLATE,
        },
    ),
    an_object("DaemonSet", "apps/v1", spec={"template": TEMPLATE}, status={"desiredNumberScheduled": 4}),
    an_object("ReplicationController", spec={"selector": {"app": "web"}, "replicas": 2, "template": TEMPLATE}),
    an_object("Job", "batch/v1", spec={"parallelism": 2, "template": TEMPLATE})
    | {"metadata": {"name": "once", "namespace": "shop", "uid": "4711"}},
    an_object("Job", "batch/v1", spec={"template": TEMPLATE}, status={"completionTime": "2026-01-01T00:00:00Z"}),
    an_object("CronJob", "batch/v1", spec={"jobTemplate": {"spec": {"parallelism": 3, "template": TEMPLATE}}}),
    an_object("NetworkPolicy", "networking.k8s.io/v1", spec={"podSelector": {}}, status={"conditions": [SECRET]}),
    an_object("Secret", data={"password": SECRET}) | {"metadata": {"name": SECRET, "namespace": "shop"}},
    an_object("ConfigMap", data={"password": SECRET}),
    an_object("Fleet", "example.com/v1", spec={"template": {"spec": {"containers": [{"image": SECRET}]}}}),
    {**an_object("Pod", status={"startTime": SECRET}), "metadata": {"name": "waits", "namespace": "shop"}},
    {**an_object("Pod", status={}), "metadata": {"name": "a-file", "namespace": "shop"}},
]


def text_to_store(text: str, *, name: str) -> ToStore:
    return texts_to_store([(name, text)])


def plain(stored: ToStore) -> str:
    """The text in the stored form."""
    content = stored.content[len(MAGIC) + 32 :]
    return zlib.decompress(content).decode()


def sealed(text: str) -> bytes:
    """The stored form with another text in it."""
    payload = zlib.compress(text.encode())
    return MAGIC + hashlib.sha256(payload).digest() + payload


def texts(folder: Path) -> list[tuple[str, bytes]]:
    return [(str(path), path.read_bytes()) for path in sorted(folder.glob("*.yaml"))]


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
@pytest.mark.parametrize("options", [Options(), Options(tenant_label="team", channel=Channel.STANDARD)])
def test_an_example_comes_back_as_it_is_read_from_its_files(folder: Path, options: Options) -> None:
    stored = texts_to_store(texts(folder))
    found = load_stored(stored.content, stored.snapshot.digest, options=options)
    assert found == load(folder, options=options)
    assert repr(found) == repr(load(folder, options=options))


def test_answers_are_the_same_with_their_places() -> None:
    folder = ROOT / "queries" / "examples" / "tenants"
    stored = texts_to_store(texts(folder))
    fresh, again = (Session(each) for each in (load(folder), load_stored(stored.content, stored.snapshot.digest)))
    for sentence in SENTENCES:
        answers: list[Any] = [plain_document(answer_document(session.ask(sentence))) for session in (fresh, again)]
        for each in answers:
            each["evidence"] = {**each["evidence"], "solverMs": 0, "totalMs": 0}
        assert answers[0] == answers[1]


@pytest.mark.heavy
@drawn(st.data(), model_options())
def test_whatever_is_read_comes_back(data: st.DataObject, options: Options) -> None:
    objects = data.draw(manifests(channel=options.channel))
    stored = objects_to_store(objects, name="drawn", options=Options(channel=options.channel))
    found = load_stored(stored.content, stored.snapshot.digest, options=options)
    assert found == load_objects(objects, name="drawn", options=options)


@drawn(mixed_manifests())
@settings(max_examples=20)
def test_what_ciliums_policies_are_and_refer_to_comes_back(objects: list[Manifest]) -> None:
    options = Options(cni=Cni.CILIUM, channel=Channel.STANDARD)
    stored = objects_to_store(objects, name="drawn", options=options)
    assert load_stored(stored.content, stored.snapshot.digest, options=options) == stored.snapshot
    assert stored.counts["CiliumCIDRGroup"] == 4


@drawn(calico_inputs(doubtful=True))
@settings(max_examples=20)
def test_what_calicos_policies_are_and_refer_to_comes_back(objects: list[Manifest]) -> None:
    options = Options(cni=Cni.CALICO)
    stored = objects_to_store(objects, name="drawn", options=options)
    assert load_stored(stored.content, stored.snapshot.digest, options=options) == stored.snapshot


@pytest.mark.heavy
@drawn(manifests(), st.randoms(use_true_random=False))
def test_whatever_is_read_with_lines_comes_back_with_them(objects: list[Manifest], random: Any) -> None:
    text = "\n---\n".join(json.dumps(each, indent=random.choice((None, 2))) for each in objects)
    stored = text_to_store("---\n" + text, name="drawn.yaml")
    assert repr(load_stored(stored.content, stored.snapshot.digest)) == repr(
        load_text("---\n" + text, name="drawn.yaml")
    )


@pytest.mark.heavy
@drawn(istio_inputs())
def test_what_shows_a_sidecar_is_kept(objects: list[Any]) -> None:
    stored = objects_to_store(objects, name="drawn")
    assert load_stored(stored.content, stored.snapshot.digest) == load_objects(objects, name="drawn")


def test_every_field_that_is_read_is_kept_and_no_other() -> None:
    stored = objects_to_store(RICH, name="rich")
    assert load_stored(stored.content, stored.snapshot.digest) == load_objects(RICH, name="rich")
    assert SECRET not in plain(stored)
    kinds = {each["kind"] for each in RICH} - {"Secret", "ConfigMap", "Fleet"}
    assert set(stored.counts) == kinds
    assert (stored.counts["Job"], stored.counts["Pod"]) == (2, 4)


def test_of_a_container_only_what_tells_a_proxy_of_istio_is_kept() -> None:
    variables = [{"name": "PASSWORD", "value": SECRET}, {"name": "TRANSPARENT_NETWORK_POLICIES", "value": "true"}]
    proxies = [
        {"name": "istio-proxy", "image": SECRET, "args": ["proxy", "router", SECRET], "env": variables},
        {"name": "istio-proxy", "image": SECRET, "args": ["proxy", "ztunnel", SECRET], "env": variables},
        {"name": "istio-proxy", "image": SECRET, "args": [SECRET], "env": variables},
        {"name": SECRET, "args": ["ztunnel"], "env": variables},
    ]
    pod = an_object("Pod", spec={"containers": proxies}, status={"podIP": "10.0.0.1"})
    stored = objects_to_store([pod], name="proxies")
    assert load_stored(stored.content, stored.snapshot.digest) == stored.snapshot
    (found,) = stored_objects(stored.content, stored.snapshot.digest)
    assert found.value["spec"]["containers"] == [
        {"name": "istio-proxy", "args": ["router"]},
        {
            "name": "istio-proxy",
            "args": ["ztunnel"],
            "env": [{"name": "TRANSPARENT_NETWORK_POLICIES", "value": "true"}],
        },
        {"name": "istio-proxy"},
        {"ports": None},
    ]


def test_the_notices_about_what_was_skipped_are_kept() -> None:
    stored = objects_to_store(RICH, name="rich")
    found = load_stored(stored.content, stored.snapshot.digest)
    told = {notice.code: notice.text for notice in (*found.warnings, *found.assumptions)}
    assert told["KINDS_SKIPPED"].endswith("1 ConfigMap, 1 Fleet.example.com, 1 Secret")
    assert told["POD_TEMPLATE_SKIPPED"].startswith("Fleet shop/web has a pod template")


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [("security.istio.io/v1", "RequestAuthentication"), ("projectcalico.org/v3", "StagedNetworkPolicy")],
)
def test_a_kind_that_is_stored_and_otherwise_skipped_is_counted_once(api_version: str, kind: str) -> None:
    objects = [RICH[0], an_object(kind, api_version, spec={}), RICH[-3]]
    stored = objects_to_store(objects, name="rich")
    found = load_stored(stored.content, stored.snapshot.digest)
    assert found == load_objects(objects, name="rich")
    (told,) = (notice.text for notice in found.warnings if notice.code == "KINDS_SKIPPED")
    assert {"1 Fleet.example.com", f"1 {kind}.{api_version.partition('/')[0]}"} <= set(told.split(": ")[1].split(", "))


@pytest.mark.parametrize(
    ("kind", "spec"), [("EgressQoS", {}), ("UserDefinedNetwork", {"layer2": {"role": "Secondary"}})]
)
def test_an_object_that_shows_the_implementation_alone_is_stored(kind: str, spec: dict[str, Any]) -> None:
    objects = [RICH[0], an_object(kind, "k8s.ovn.org/v1", spec=spec)]
    found = load_objects(objects, name="rich", options=Options(cni=Cni.AUTO))
    assert (found.options.cni, found.policies) == (Cni.OVN_KUBERNETES, ())
    for options in (Options(), Options(cni=Cni.AUTO)):
        stored = objects_to_store(objects, name="rich", options=options)
        assert load_stored(stored.content, stored.snapshot.digest, options=Options(cni=Cni.AUTO)) == found


def test_a_field_that_is_read_but_not_kept_is_a_bug_that_stores_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    get = Watched.get

    def blind(self: Watched, name: str, default: object = None) -> Any:
        return dict.get(self, name, default) if name == "hostNetwork" else get(self, name, default)

    monkeypatch.setattr(Watched, "get", blind)
    with pytest.raises(InternalError, match="does not come back from its stored form as it went in"):
        objects_to_store(RICH, name="rich")


@pytest.mark.parametrize("built", ["resources: [more.yaml]", "resources: [a.yaml]\nnamePrefix: dev-"])
def test_a_kustomization_that_would_have_to_be_built_is_not_stored(built: str) -> None:
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
    with pytest.raises(ManifestError) as caught:
        texts_to_store([("kustomization.yaml", built), ("a.yaml", namespace)])
    assert [str(problem) for problem in caught.value.problems] == [
        "kustomization.yaml: a kustomization that changes objects, or lists what was not sent; send what "
        "`kustomize build` prints in its place"
    ]
    stored = texts_to_store([("kustomization.yaml", "resources: [a.yaml]"), ("a.yaml", namespace)])
    assert [each.name for each in load_stored(stored.content, stored.snapshot.digest).namespaces] == ["shop"]


def test_bad_input_is_refused_whole() -> None:
    with pytest.raises(ManifestError) as caught:
        texts_to_store([("a.yaml", "kind: [\n"), ("b.yaml", "a: 1\n")])
    assert [problem.file for problem in caught.value.problems] == ["a.yaml", "b.yaml"]


def test_nothing_is_no_snapshot() -> None:
    with pytest.raises(ManifestError) as caught:
        texts_to_store([("a.yaml", ""), ("b.yaml", "---\n")])
    assert str(caught.value) == "a.yaml, b.yaml: no Kubernetes objects"


@drawn(st.data())
def test_damage_anywhere_is_an_error(data: st.DataObject) -> None:
    stored = objects_to_store(RICH[:3], name="rich")
    content = bytearray(stored.content)
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises((InternalError, InputError)):
        load_stored(bytes(content), stored.snapshot.digest)


@pytest.mark.parametrize("size", [0, 5, 40, 100])
def test_a_part_is_damaged(size: int) -> None:
    stored = objects_to_store(RICH, name="rich")
    with pytest.raises(InternalError, match=f"the stored snapshot {stored.snapshot.digest} is damaged"):
        load_stored(stored.content[:size], stored.snapshot.digest)


def test_sound_bytes_of_another_snapshot_are_refused() -> None:
    stored, other = objects_to_store(RICH, name="rich"), objects_to_store(RICH[:3], name="rich")
    with pytest.raises(InputError) as caught:
        load_stored(other.content, stored.snapshot.digest)
    assert str(caught.value) == (
        f"snapshot: {stored.snapshot.digest} was stored by a version of reachproof that reads objects "
        "differently; store its manifests again"
    )


def test_a_form_of_another_version_is_refused() -> None:
    stored = objects_to_store(RICH, name="rich")
    with pytest.raises(InputError, match="stored by a version of reachproof that reads objects differently"):
        load_stored(stored.content.replace(MAGIC, b"reachproof stored snapshot 2\n"), stored.snapshot.digest)


def test_what_the_options_do_not_allow_is_refused_when_it_is_asked_about() -> None:
    policy = {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": "c"},
        "spec": {
            "tier": "Admin",
            "priority": 1,
            "subject": {"namespaces": {}},
            "egress": [{"action": "Accept", "to": [{"domainNames": ["known.example"]}]}],
        },
    }
    stored = objects_to_store([policy], name="c.json")
    with pytest.raises(ManifestError):
        load_stored(stored.content, stored.snapshot.digest, options=Options(channel=Channel.STANDARD))


def test_objects_can_be_looked_at_with_their_places() -> None:
    text = (
        "# names\n"
        "apiVersion: networking.k8s.io/v1\n"
        "kind: NetworkPolicy\n"
        "metadata: {name: p, namespace: shop}\n"
        "spec:\n"
        "  podSelector: {}\n"
        "  ingress:\n"
        "  - from:\n"
        "    - podSelector: {}\n"
    )
    stored = text_to_store(text, name="p.yaml")
    (found,) = stored_objects(stored.content, stored.snapshot.digest)
    assert (found.origin.file, found.origin.document, found.origin.line) == ("p.yaml", 0, 2)
    assert found.value == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]},
    }
    assert found.lines["spec.ingress[0].from[0].podSelector"] == 9


def test_numbers_that_json_does_not_have_are_not_kept() -> None:
    pod = an_object("Pod", status={"phase": float("nan"), "podIP": "10.0.0.1"})
    assert "NaN" not in plain(objects_to_store([pod], name="a"))


def test_a_text_with_a_lone_surrogate_comes_back() -> None:
    text = '{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a", "labels": {"x": "\\ud800"}}}'
    stored = text_to_store(text, name="a.json")
    assert load_stored(stored.content, stored.snapshot.digest) == stored.snapshot


def test_the_release_of_an_agent_is_stored_without_the_digest_of_its_image() -> None:
    def agent(image: str) -> dict[str, Any]:
        containers = [{"name": "cilium-agent", "image": image, "env": [{"name": "SECRET", "value": "s3"}]}]
        labels = {"k8s-app": "cilium"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
        named = {"name": "cilium", "namespace": "kube-system"}
        spec = {"selector": {"matchLabels": labels}, "template": template}
        return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": named, "spec": spec}

    for image, release in (("quay.io/cilium/cilium:v1.18.3@sha256:beef", "1.18"), ("cilium@sha256:beef", "")):
        text = json.dumps(agent(image))
        given = texts_to_store([("f.json", text.encode())], options=Options(cni=Cni.AUTO))
        assert b"beef" not in given.content
        read = load_stored(given.content, given.snapshot.digest, options=Options(cni=Cni.AUTO))
        assert (read.options.release, read.digest) == (release, given.snapshot.digest)
