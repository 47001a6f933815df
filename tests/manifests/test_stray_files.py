"""Files of folders without Kubernetes objects: passed over, told, an assumption where they may hide a policy."""

from __future__ import annotations

from pathlib import Path

import pytest

from reachproof.manifests import ManifestError, load, load_text
from reachproof.network.snapshot import Snapshot

POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: shop}
spec: {podSelector: {}}
"""
DASHBOARD = '{"title": "Flows", "panels": [{"type": "graph", "targets": [{"expr": "up{job=~\\"{{job}}\\"}"}]}]}\n'
VALUES = "networkPolicy: {enabled: true}\nimage: web\n"


def laid(folder: Path, **files: str) -> Path:
    """The folder with these files; `__` in a name is a folder's slash and `_` a dot."""
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def told(snapshot: Snapshot, folder: Path) -> list[str]:
    """Codes and texts of what is said of files, with the folder as `DIR`."""
    return [
        f"{each.code}: {each.text}".replace(str(folder), "DIR")
        for each in (*snapshot.assumptions, *snapshot.warnings)
        if each.code in ("POLICIES_SKIPPED", "FILES_SKIPPED", "KUSTOMIZATION_NOT_BUILT")
    ]


def refused(*sources: Path) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        load(*sources)
    return [str(problem) for problem in caught.value.problems]


def test_files_without_objects_are_passed_over_and_counted(tmp_path: Path) -> None:
    folder = laid(
        tmp_path,
        np_yaml=POLICY,
        values_yaml=VALUES,
        dashboard_json=DASHBOARD,
        docker__compose_yaml="services: {web: {image: nginx}}\n",
        tsconfig_json='{"compilerOptions": {"strict": true}, // a comment\n}\n',
        patch_yaml="- {op: replace, path: /spec/replicas, value: 2}\n",
        names_yaml="just text\n",
    )
    snapshot = load(folder)
    assert [str(policy.ref) for policy in snapshot.policies] == ["NetworkPolicy shop/shut"]
    assert told(snapshot, folder) == [
        "FILES_SKIPPED: 6 files without Kubernetes objects skipped, the first of them DIR/dashboard.json"
    ]


def test_one_file_is_named(tmp_path: Path) -> None:
    folder = laid(tmp_path, np_yaml=POLICY, values_yaml=VALUES)
    assert told(load(folder), folder) == ["FILES_SKIPPED: 1 file without Kubernetes objects skipped: DIR/values.yaml"]


def test_a_file_that_is_named_must_have_objects_only(tmp_path: Path) -> None:
    folder = laid(tmp_path, np_yaml=POLICY, values_yaml=VALUES)
    (problem,) = refused(folder / "np.yaml", folder / "values.yaml")
    assert problem.startswith(f"{folder}/values.yaml:1: not a Kubernetes object: no apiVersion and no kind; ")


def test_a_folder_without_any_object_is_an_error(tmp_path: Path) -> None:
    assert refused(laid(tmp_path, values_yaml=VALUES)) == [f"{tmp_path}: no Kubernetes objects"]


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: networking.k8s.io/v1\nmetadata: {name: shut}\nspec: {podSelector: {}}\n",
        "kind: NetworkPolicy\nmetadata: {name: shut}\nspec: {podSelector: {}}\n",
        "metadata: {name: shut}\nspec: {podSelector: {}}\n",
        "apiVersion: ''\nkind: NetworkPolicy\n",
    ],
)
def test_an_object_with_a_mistake_is_no_stray_file(tmp_path: Path, text: str) -> None:
    (problem,) = refused(laid(tmp_path, np_yaml=POLICY, slip_yaml=text))
    assert problem.startswith(f"{tmp_path}/slip.yaml:1: not a Kubernetes object: no ")


def test_what_is_no_object_among_objects_is_a_mistake(tmp_path: Path) -> None:
    (problem,) = refused(laid(tmp_path, np_yaml=f"{POLICY}---\npodSelector: {{}}\n"))
    assert problem.startswith(f"{tmp_path}/np.yaml:6: not a Kubernetes object: no apiVersion and no kind; ")


def test_a_broken_object_is_an_error_unless_it_may_be_skipped(tmp_path: Path) -> None:
    folder = laid(tmp_path, np_yaml=POLICY, broken_yaml=POLICY + "  - [\n")
    (problem,) = refused(folder)
    assert problem.startswith(f"{folder}/broken.yaml:5: invalid YAML: ")
    assert told(load(folder, lenient=True), folder) == [
        "POLICIES_SKIPPED: DIR/broken.yaml is not readable, and may hold policies; it is skipped",
        "FILES_SKIPPED: 1 file without Kubernetes objects skipped: DIR/broken.yaml",
    ]


def test_templates_of_a_chart_are_told_with_the_command_that_renders_them(tmp_path: Path) -> None:
    folder = laid(
        tmp_path,
        np_yaml=POLICY,
        web__Chart_yaml="apiVersion: v2\nname: web\nversion: 1.0.0\n",
        web__values_yaml=VALUES,
        web__templates__np_yaml=POLICY.replace("shut", '"{{ .Release.Name }}"'),
        web__templates__web_yaml="kind: Deployment\nmetadata: {name: {{ .Release.Name }}}\n",
        web__templates__plain_yaml=POLICY.replace("shut", "plain"),
    )
    snapshot = load(folder)
    assert [policy.ref.name for policy in snapshot.policies] == ["plain", "shut"]
    assert told(snapshot, folder) == [
        "POLICIES_SKIPPED: DIR/web/templates/np.yaml is a template that is not rendered, and may hold policies; it is "
        "skipped; to read it: helm template DIR/web | reachproof ... -f -",
        "FILES_SKIPPED: 4 files without Kubernetes objects skipped, the first of them DIR/web/Chart.yaml; to read a "
        "chart: helm template DIR/web | reachproof ... -f -",
    ]


@pytest.mark.parametrize(("kind", "hides"), [("NetworkPolicy", True), ("{{ .kind }}", True), ("Deployment", False)])
def test_a_template_outside_a_chart_is_known_by_what_cannot_be_parsed(tmp_path: Path, kind: str, hides: bool) -> None:
    text = f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: x}}\n{{{{- if .x }}}}\n"
    folder = laid(tmp_path, np_yaml=POLICY, np_tpl_yaml=text)
    found = told(load(folder), folder)
    assert [each.partition(":")[0] for each in found] == [*["POLICIES_SKIPPED"] * hides, "FILES_SKIPPED"]


@pytest.mark.parametrize(
    ("text", "hides"),
    [
        ('{{ include "common.policies" . }}\n', True),
        ("{{- range .Values.extraDeploy }}\n---\n{{ tpl (toYaml .) $ }}\n{{- end }}\n", True),
        ("{{- if .Values.on }}\nkind: Deployment\nname: {{ .x }}\n---\n{{ .Values.more }}\n{{- end }}\n", True),
        ("{{- /* no objects */}}\n{{- $x := .x }}\n{{- if $x }}\nkind: Service\nname: {{ $x }}\n{{- end }}\n", False),
    ],
)
def test_a_template_may_make_a_policy_where_a_document_has_no_kind(tmp_path: Path, text: str, hides: bool) -> None:
    folder = laid(tmp_path, np_yaml=POLICY, web__Chart_yaml="name: web\n", web__templates__all_yaml=text)
    found = told(load(folder), folder)
    assert [each.partition(":")[0] for each in found] == [*["POLICIES_SKIPPED"] * hides, "FILES_SKIPPED"]


def test_an_included_template_outside_a_chart_may_make_a_policy(tmp_path: Path) -> None:
    folder = laid(tmp_path, np_yaml=POLICY, all_yaml='{{ include "common.policies" . }}\n')
    assert told(load(folder), folder)[0] == (
        "POLICIES_SKIPPED: DIR/all.yaml is a template that is not rendered, and may hold policies; it is skipped"
    )


@pytest.mark.parametrize(
    "text",
    [
        "extra: |\n  kind: NetworkPolicy\n",
        'extra: "apiVersion: networking.k8s.io/v1\\nkind: NetworkPolicy\\n"\n',
        "name: &kind NetworkPolicy\nextra: {kind: *kind}\n",
        "extra: {kind: !!str NetworkPolicy}\n",
        "extra: {kind: NetworkPolicyList}\n",
        "extra: {kind: '${KIND}'}\n",
    ],
)
def test_values_that_hold_a_policy_are_told(tmp_path: Path, text: str) -> None:
    folder = laid(tmp_path, np_yaml=POLICY, values_yaml=text)
    assert told(load(folder), folder)[0] == (
        "POLICIES_SKIPPED: DIR/values.yaml is a file without Kubernetes objects, and may hold policies; it is skipped"
    )


@pytest.mark.parametrize("kind", ["${KIND}", "{{ .kind }}", "ENC[x]"])
def test_a_kind_that_is_filled_in_later_is_refused(kind: str) -> None:
    with pytest.raises(ManifestError) as caught:
        load_text(f"apiVersion: networking.k8s.io/v1\nkind: '{kind}'\n", name="np.yaml")
    assert [str(each) for each in caught.value.problems] == [
        f'np.yaml:2 kind: found "{kind}", expected the name of a kind; render templates and decrypt files first'
    ]


def test_a_patch_is_not_read_as_the_object_that_it_changes(tmp_path: Path) -> None:
    folder = laid(
        tmp_path,
        base__np_yaml=POLICY,
        over__open_yaml="apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        "metadata: {name: shut, namespace: shop}\nspec: {ingress: [{}]}\n",
        over__replicas_yaml="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n",
        over__kustomization_yaml="resources: [../base]\nnamespace: live\n"
        "patches: [{path: open.yaml}]\npatchesStrategicMerge: [./replicas.yaml]\n",
    )
    snapshot = load(folder)
    assert [len(policy.ingress) for policy in snapshot.policies] == [0]
    assert told(snapshot, folder) == [
        "KUSTOMIZATION_NOT_BUILT: DIR/over/kustomization.yaml changes the objects that it lists (namespace, patches, "
        "patchesStrategicMerge); objects are read as they stand; to read what is applied: kustomize build DIR/over | "
        "reachproof ... -f -",
        "POLICIES_SKIPPED: DIR/over/open.yaml is a patch that is not applied, and may hold policies; it is skipped",
        "FILES_SKIPPED: 2 files without Kubernetes objects skipped, the first of them DIR/over/open.yaml",
    ]


def test_a_patch_inside_a_kustomization_may_be_one_of_a_policy(tmp_path: Path) -> None:
    patches = "patches:\n- patch: |-\n    apiVersion: networking.k8s.io/v1\n    kind: NetworkPolicy\n"
    folder = laid(tmp_path, np_yaml=POLICY, kustomization_yaml=f"resources: [np.yaml]\n{patches}")
    assert told(load(folder), folder)[:2] == [
        "KUSTOMIZATION_NOT_BUILT: DIR/kustomization.yaml changes the objects that it lists (patches); objects are read "
        "as they stand; to read what is applied: kustomize build DIR | reachproof ... -f -",
        "POLICIES_SKIPPED: DIR/kustomization.yaml is a kustomization that is not built, and may hold policies; it is "
        "skipped",
    ]


@pytest.mark.parametrize("listed", ["https://example.com/base?ref=v1", "../shared", "gone.yaml"])
def test_what_a_kustomization_lists_and_is_not_in_the_input_is_told(tmp_path: Path, listed: str) -> None:
    folder = laid(tmp_path, live__np_yaml=POLICY, live__kustomization_yaml=f"resources: [np.yaml, '{listed}']\n")
    [said] = told(load(folder), folder)
    assert said.startswith(
        "POLICIES_SKIPPED: DIR/live/kustomization.yaml lists what is not in the input and may hold policies ("
    )
    assert said.endswith("; to read what is applied: kustomize build DIR/live | reachproof ... -f -")


def test_a_kustomization_that_changes_nothing_is_no_assumption(tmp_path: Path) -> None:
    folder = laid(tmp_path, np_yaml=POLICY, kustomization_yaml="resources: [np.yaml]\nimages: [{name: a, newTag: b}]\n")
    assert told(load(folder), folder) == []


def test_a_folder_that_a_kustomization_lists_is_in_the_input(tmp_path: Path) -> None:
    folder = laid(tmp_path, base__np_yaml=POLICY, over__Kustomization="bases: [../base]\n")
    assert told(load(folder), folder) == []


def test_a_kustomization_is_known_by_each_of_its_names_and_where_it_is_named(tmp_path: Path) -> None:
    for name in ("kustomization.yaml", "kustomization.yml", "Kustomization"):
        folder = laid(tmp_path / name, np_yaml=POLICY)
        (folder / name).write_text("resources: [np.yaml]\nnamespace: live\n")
        expected = (
            f"KUSTOMIZATION_NOT_BUILT: DIR/{name} changes the objects that it lists (namespace); objects are read as "
            "they stand; to read what is applied: kustomize build DIR | reachproof ... -f -"
        )
        assert told(load(folder), folder) == [expected]
        assert told(load(folder / name, folder / "np.yaml"), folder) == [expected]


@pytest.mark.parametrize(
    "head",
    [
        b"$ANSIBLE_VAULT;1.1;AES256\n3031\n",
        b"\0GITCRYPT\0\x01\x02",
        b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n",
        b"-----BEGIN PGP MESSAGE-----\n\nYWdl\n",
        b"apiVersion: ENC[AES256_GCM,data:x]\nkind: ENC[AES256_GCM,data:x]\nsops: {version: 3.9.0}\n",
        b'{\n\t"data": "ENC[AES256_GCM,data:x]",\n\t"sops": {"version": "3.9.0"}\n}\n',
    ],
)
def test_what_is_encrypted_may_be_anything(tmp_path: Path, head: bytes) -> None:
    folder = laid(tmp_path, np_yaml=POLICY)
    (folder / "secret.yaml").write_bytes(head)
    assert told(load(folder), folder)[0] == (
        "POLICIES_SKIPPED: DIR/secret.yaml is encrypted, and may hold policies; it is skipped"
    )


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    folder = laid(tmp_path, np_yaml=POLICY)
    (folder / "wide.yaml").write_bytes(POLICY.encode("utf-16"))
    assert refused(folder) == [f"{folder}/wide.yaml:1: not valid UTF-8 (byte 0xff)"]


def test_an_object_whose_keys_are_written_with_escapes_is_read(tmp_path: Path) -> None:
    folder = laid(tmp_path, np_json='{"\\u0061piVersion": "v1", "\\u006bind": "Namespace", "metadata": {"name": "a"}}')
    assert [each.name for each in load(folder).namespaces] == ["a"]


def test_text_that_is_given_must_have_objects_only() -> None:
    with pytest.raises(ManifestError):
        load_text(VALUES)


@pytest.mark.parametrize(
    ("exclude", "read"),
    [
        ([], ["a", "b", "c"]),
        (["b.yaml"], ["a", "c"]),
        (["deep"], ["a"]),
        (["deep/b.yaml"], ["a", "c"]),
        (["b.yaml", "deep/more/*"], ["a"]),
        (["*.json"], ["a", "b", "c"]),
    ],
)
def test_names_in_a_folder_can_be_excluded(tmp_path: Path, exclude: list[str], read: list[str]) -> None:
    text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n"
    folder = laid(tmp_path, a_yaml=text % "a", deep__b_yaml=text % "b", deep__more__c_yaml=text % "c")
    assert [each.name for each in load(folder, exclude=exclude).namespaces] == read


def test_a_file_that_is_named_is_read_whatever_is_excluded(tmp_path: Path) -> None:
    folder = laid(tmp_path, np_yaml=POLICY)
    assert len(load(folder / "np.yaml", exclude=["*"]).policies) == 1


def test_objects_without_a_namespace_are_put_where_a_chart_would_be_installed() -> None:
    text = POLICY.replace(", namespace: shop", "") + "---\n" + POLICY
    found = load_text(text, namespace="live").policies
    assert [policy.ref.namespace for policy in found] == ["live", "shop"]


@pytest.mark.parametrize(
    ("api", "kind"), [("helm.toolkit.fluxcd.io/v2", "HelmRelease"), ("argoproj.io/v1alpha1", "Application")]
)
def test_objects_that_others_are_made_of_elsewhere_are_told(api: str, kind: str) -> None:
    group = api.partition("/")[0]
    snapshot = load_text(f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: web, namespace: shop}}\n---\n{POLICY}")
    assert [f"{each.code}: {each.text}" for each in snapshot.assumptions] == [
        f"MADE_ELSEWHERE: objects are made of 1 {kind}.{group} when they are applied, policies perhaps among them; "
        "answers know those that are in the input"
    ]
