"""reachproof proves that the NetworkPolicies of deploy/ do what its packs say, and sees it when they do not."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from reachproof.documents.words import Status
from reachproof.manifests import load, load_text
from reachproof.network.snapshot import Snapshot
from reachproof.queries.packs import check, read_packs
from tests.deploy.manifests import BASE, DEPLOY, POSTGRES, SURROUNDINGS, files, objects

PACK, WITH_DATABASE = DEPLOY / "policies.reach", POSTGRES / "policies.reach"
FOLDERS = pytest.mark.parametrize(
    ("folder", "packs"), [(BASE, (PACK,)), (POSTGRES, (PACK, WITH_DATABASE))], ids=["base", "postgres"]
)


def failed(snapshot: Snapshot, packs: Sequence[Path]) -> list[str]:
    """The names of the statements that did not pass."""
    results = check(snapshot, read_packs(map(str, packs))).results
    assert len(results) >= 6
    return [each.statement.name for each in results if each.status is not Status.PASSED]


@FOLDERS
def test_every_promise_about_the_network_is_proved(folder: Path, packs: Sequence[Path]) -> None:
    assert failed(load(*files(folder), SURROUNDINGS), packs) == []


@FOLDERS
def test_it_is_proved_of_what_kustomize_renders_too(folder: Path, packs: Sequence[Path]) -> None:
    program = ["kustomize", "build"] if shutil.which("kustomize") else ["kubectl", "kustomize"]
    if shutil.which(program[0]) is None:
        pytest.skip("neither kustomize nor kubectl is here: what they render is not checked, only the files")
    rendered = subprocess.run([*program, str(folder)], capture_output=True, text=True, check=True).stdout
    assert failed(load_text(f"{rendered}\n---\n{SURROUNDINGS.read_text(encoding='utf-8')}"), packs) == []
    kinds = {(each["kind"], each["metadata"]["name"]) for each in yaml.safe_load_all(rendered)}
    written = {(each["kind"], each["metadata"]["name"]) for each in objects(folder)}
    deleted = {("PersistentVolumeClaim", "reachproof")} if folder == POSTGRES else set()
    assert kinds == written - deleted


@pytest.mark.parametrize(
    ("written", "instead", "broken"),
    [
        ("reachproof-clients: allowed", "kubernetes.io/metadata.name: elsewhere", ["clients-only", "clients-get-in"]),
        ("        - port: 8000\n", "        - protocol: TCP\n", ["http-only"]),
        ("ingress:\n    - from", "ingress:\n    - {}\n    - from", ["clients-only", "http-only", "outside-stays-out"]),
        ("egress:\n    - to:", "egress:\n    - {}\n    - to:", ["out-to-dns-and-postgres-only"]),
        ("              k8s-app: kube-dns", "              {}", ["out-to-dns-and-postgres-only"]),
        ("{}\n  policyTypes: [Ingress, Egress]", "{}\n  policyTypes: [Ingress]", ["cut-off"]),
    ],
)  # fmt: skip
def test_a_slip_in_the_policies_is_found(tmp_path: Path, written: str, instead: str, broken: list[str]) -> None:
    policies = (BASE / "networkpolicy.yaml").read_text(encoding="utf-8")
    assert policies.count(written) == 1
    (tmp_path / "networkpolicy.yaml").write_text(policies.replace(written, instead), encoding="utf-8")
    others = [path for path in files(BASE) if path.name != "networkpolicy.yaml"]
    assert failed(load(*others, tmp_path, SURROUNDINGS), (PACK,)) == broken


def test_every_manifest_is_part_of_a_kustomization() -> None:
    named = {*files(BASE), *files(POSTGRES)}
    there = {path for folder in (BASE, POSTGRES) for path in folder.glob("*.yaml")}
    assert {path.relative_to(DEPLOY).as_posix() for path in there - named} == {
        "base/kustomization.yaml",
        "postgres/kustomization.yaml",
    }
