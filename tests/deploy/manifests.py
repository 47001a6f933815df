"""What a kustomization of deploy/ consists of, put together as kustomize does it, but without its patches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.house.places import ROOT

DEPLOY = ROOT / "deploy"
BASE, POSTGRES = DEPLOY / "base", DEPLOY / "postgres"
SURROUNDINGS = DEPLOY / "surroundings.yaml"


def files(folder: Path) -> Iterator[Path]:
    """The files that the kustomization of a folder names, those of its bases first."""
    for name in yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]:
        path = (folder / name).resolve()
        if path.is_dir():
            yield from files(path)
        else:
            yield path


def objects(folder: Path) -> list[dict[str, Any]]:
    """Every object of a kustomization."""
    return [each for path in files(folder) for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def of_kind(folder: Path, kind: str) -> dict[str, dict[str, Any]]:
    """The objects of one kind, by name."""
    return {each["metadata"]["name"]: each for each in objects(folder) if each["kind"] == kind}


def pod_specs(folder: Path) -> dict[str, dict[str, Any]]:
    """The specs of the pods of every workload, by its name."""
    return {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]
        for each in objects(folder)
        if "template" in each.get("spec", {})
    }


def first_token(name: str) -> dict[str, Any]:
    """The pod of a Job that makes the first token."""
    spec: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))["spec"]["template"]["spec"]
    return spec
