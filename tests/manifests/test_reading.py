"""Where text comes from and how it is cut into objects: files, folders, standard input, JSON, YAML, Lists."""

from __future__ import annotations

import gc
import io
import json
import os
import sys
from pathlib import Path

import pytest
import yaml

from reachproof.manifests.errors import ManifestError
from reachproof.manifests.limits import Limits
from reachproof.manifests.load import load, load_objects, load_text
from reachproof.network.origin import Origin
from reachproof.network.snapshot import Snapshot
from tests.manifests.given import codes, notice, says


def namespace(name: str) -> str:
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"


def names(snapshot: Snapshot) -> list[str]:
    return [one.name for one in snapshot.namespaces]


POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}}
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}


def refused(*sources: str | os.PathLike[str]) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        load(*sources)
    return str(caught.value).splitlines()


def test_a_folder_is_read_with_everything_below_it(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.yaml").write_text(namespace("one"))
    (tmp_path / "b" / "x.yml").write_text(namespace("two"))
    (tmp_path / "b" / "c" / "y.json").write_text(json.dumps(NAMESPACE))
    (tmp_path / "b" / "notes.txt").write_text("not: [read")
    (tmp_path / ".git" / "z.yaml").write_text("not: [read")
    snapshot = load(tmp_path)
    assert names(snapshot) == ["one", "shop", "two"]
    assert [one.origin.file for one in snapshot.namespaces] == [
        str(tmp_path / "a.yaml"),
        str(tmp_path / "b" / "c" / "y.json"),
        str(tmp_path / "b" / "x.yml"),
    ]


def test_a_named_file_is_read_whatever_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "manifests.txt").write_text(namespace("one"))
    assert names(load(tmp_path / "manifests.txt")) == ["one"]


def test_sources_are_mixed_and_each_file_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(namespace("one"))
    (tmp_path / "b.yaml").write_text("apiVersion: v1\nkind: Secret\n")
    snapshot = load(tmp_path / "b.yaml", str(tmp_path), tmp_path / "b.yaml")
    assert names(snapshot) == ["one"]
    assert notice(snapshot, "KINDS_SKIPPED").text == "skipped, of kinds that no policy looks at: 1 Secret"


def test_a_folder_that_contains_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(namespace("one"))
    (tmp_path / "loop").symlink_to(tmp_path)
    assert names(load(tmp_path)) == ["one"]


CUT_SHORT = "the list is cut short, so objects are missing; read it to the end, with kubectl get or without limit"


@pytest.mark.parametrize(("field", "value"), [("continue", "abc"), ("remainingItemCount", 3)])
@pytest.mark.parametrize("kind", ["PodList", "List"])
def test_a_list_that_is_cut_short_is_refused(kind: str, field: str, value: object) -> None:
    whole = {"apiVersion": "v1", "kind": kind, "metadata": {field: value, "resourceVersion": "7"}, "items": [POD]}
    expected = f"{kind} metadata.{field}: {CUT_SHORT}"
    assert says(json.dumps(whole), name="f.json") == [f"f.json:1 {expected}"]
    assert says(yaml.safe_dump(whole, sort_keys=False)) == [f"f.yaml:4 {expected}"]
    with pytest.raises(ManifestError) as caught:
        load_objects([whole], name="request")
    assert str(caught.value) == f"request {expected}"


def test_a_list_that_is_cut_short_is_refused_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps({"apiVersion": "v1", "kind": "NamespaceList", "metadata": {"continue": "x"}, "items": None})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert refused("-") == [f"<stdin>:1 NamespaceList metadata.continue: {CUT_SHORT}"]


@pytest.mark.parametrize("metadata", [{"continue": ""}, {"remainingItemCount": 0}, {"resourceVersion": ""}, {}, None])
def test_a_list_that_is_whole_is_read(metadata: object) -> None:
    whole = {"apiVersion": "v1", "kind": "NamespaceList", "metadata": metadata, "items": [NAMESPACE]}
    assert names(load_objects([whole])) == ["shop"]


def test_a_label_that_yaml_would_take_for_a_huge_number_is_text() -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {commit: 12e4567}}\n"
    (found,) = load_text(pod).pods
    assert found.labels == {"commit": "12e4567"}


def test_a_huge_number_in_a_kind_that_is_skipped_is_no_problem() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {commit: 12e4567}}\ndata: {limit: 7e999}\n"
    found = notice(load_text(text), "KINDS_SKIPPED")
    assert found.text == "skipped, of kinds that no policy looks at: 1 ConfigMap"


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(namespace("one").encode())))
    snapshot = load("-")
    assert names(snapshot) == ["one"]
    assert snapshot.namespaces[0].origin == Origin(file="<stdin>", line=1)


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "none"
    assert refused(path) == [f"{path}: no such file or folder"]


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    assert refused(tmp_path) == [f"{tmp_path}: no .yaml, .yml or .json files in this folder"]


def test_a_folder_of_empty_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# rendered to nothing\n")
    assert refused(tmp_path) == [f"{tmp_path}: no Kubernetes objects"]


def test_an_empty_file_beside_others_is_fine(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# rendered to nothing\n")
    (tmp_path / "b.yaml").write_text(namespace("one"))
    assert names(load(tmp_path)) == ["one"]


def test_problems_of_all_files_are_listed_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("apiVersion: [\n")
    (tmp_path / "a.yaml").write_text("apiVersion: 1\nkind: 1\nkind: 2\n")
    found = refused(tmp_path, tmp_path / "none")
    assert [line.partition(": ")[0].removeprefix(str(tmp_path)) for line in found] == [
        "/a.yaml:3 kind",
        "/b.yaml:2",
        "/none",
    ]


def test_a_kustomization_is_skipped_though_it_may_have_no_kind(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [a.yaml]\n")
    (tmp_path / "a.yaml").write_text(namespace("one"))
    snapshot = load(tmp_path)
    assert notice(snapshot, "KINDS_SKIPPED").text == "skipped, of kinds that no policy looks at: 1 Kustomization"


def test_values_of_a_chart_are_no_manifests() -> None:
    assert says("replicaCount: 1\n") == [
        "f.yaml:1: not a Kubernetes object: no apiVersion and no kind; "
        "leave out files that are not manifests, and render charts and overlays first"
    ]


@pytest.mark.parametrize("text", ["\ufeff" + namespace("one"), namespace("one").replace("\n", "\r\n")])
def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(text: str) -> None:
    assert names(load_text(text.encode())) == ["one"]


@pytest.mark.parametrize("positioned_bytes", [0, 100_000])
def test_json_is_read_with_and_without_positions_alike(positioned_bytes: int) -> None:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [NAMESPACE, POD]}, indent=1)
    snapshot = load_text(text, limits=Limits(positioned_bytes=positioned_bytes))
    assert [str(pod) for pod in snapshot.pods] == ["shop/web"]
    assert snapshot.pods[0].origin.line == (12 if positioned_bytes else 0)


@pytest.mark.parametrize("separator", ["\n", "", "\n\n  "])
def test_json_documents_may_follow_each_other(separator: str) -> None:
    text = separator.join([json.dumps(NAMESPACE), json.dumps(POD)])
    snapshot = load_text(text, name="stream.json")
    assert [pod.origin.document for pod in snapshot.pods] == [1]


def test_json_that_yaml_cannot_read_is_read_as_json() -> None:
    text = '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "labels": {"x": "\\ud83d\\ude00"}}}'
    assert load_text(text).namespaces[0].labels["x"] == "\U0001f600"


def test_flow_style_yaml_is_not_mistaken_for_json() -> None:
    assert names(load_text("{apiVersion: v1, kind: Namespace, metadata: {name: one}}")) == ["one"]


def test_items_of_a_typed_list_need_no_kind() -> None:
    items = [{"metadata": {"name": "web", "namespace": "shop"}}, POD | {"metadata": {"name": "db"}}]
    snapshot = load_text(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": items}))
    assert [str(pod) for pod in snapshot.pods] == ["default/db", "shop/web"]


def test_items_of_a_typed_list_keep_their_lines() -> None:
    text = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicyList
items:
  - metadata: {name: p}
    spec:
      policyType: [Ingress]
"""
    assert says(text) == [
        "f.yaml:6 NetworkPolicy default/p spec.policyType: unknown field `policyType`; did you mean `policyTypes`?"
    ]


def test_lists_may_hold_lists() -> None:
    inner = {"apiVersion": "v1", "kind": "List", "items": [NAMESPACE]}
    assert names(load_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [inner, inner]}))) == ["shop"]


@pytest.mark.parametrize("items", ["[]", "null"])
def test_an_empty_list_is_no_error_beside_others(items: str) -> None:
    assert names(load_text(f"apiVersion: v1\nkind: List\nitems: {items}\n---\n{namespace('one')}")) == ["one"]


def test_a_list_without_items_is_an_error() -> None:
    assert says("apiVersion: v1\nkind: List\n") == ["f.yaml:1 List items: missing; expected a list"]


def test_a_kind_that_ends_in_list_without_items_is_an_ordinary_kind() -> None:
    snapshot = load_text(f"apiVersion: x.example/v1\nkind: AllowList\nmetadata: {{name: a}}\n---\n{namespace('one')}")
    assert codes(snapshot) == ["KINDS_SKIPPED"]


def test_objects_in_memory_are_read_and_not_changed() -> None:
    objects = [{"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "web"}}]}]
    before = json.dumps(objects)
    snapshot = load_objects(objects, name="memory")
    assert [str(pod) for pod in snapshot.pods] == ["default/web"]
    assert snapshot.pods[0].origin == Origin(file="memory")
    assert json.dumps(objects) == before


def test_no_objects_in_memory_are_an_empty_snapshot() -> None:
    assert load_objects([]).pods == ()


def test_a_generator_of_objects_will_do() -> None:
    assert names(load_objects(one for one in [NAMESPACE])) == ["shop"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kind: Pod\n", "f.yaml:1: not a Kubernetes object: no apiVersion; "),
        ("apiVersion: v1\n", "f.yaml:1: not a Kubernetes object: no kind; "),
        ("apiVersion: 1\nkind: Pod\n", "f.yaml:1: not a Kubernetes object: no apiVersion; "),
    ],
)
def test_an_object_has_api_version_and_kind(text: str, expected: str) -> None:
    hint = "leave out files that are not manifests, and render charts and overlays first"
    assert says(text) == [expected + hint]


def test_the_garbage_collector_is_as_it_was() -> None:
    assert gc.isenabled()
    with pytest.raises(ManifestError):
        load_text("")
    assert gc.isenabled()
    gc.disable()
    try:
        load_text(namespace("one"))
        assert not gc.isenabled()
    finally:
        gc.enable()
