"""The cases of route_cases.yaml and machine_cases.yaml, by the command line: reports, and differences."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.terminal import Terminal

HERE = Path(__file__).resolve().parent
STAGE = """
{apiVersion: v1, kind: Namespace, metadata: {name: edge}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: shop, name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, tier: front}}
    spec:
      containers:
      - {name: c, image: x, ports: [{name: http, containerPort: 8080}, {name: admin, containerPort: 9090}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: shop, name: api}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api, tier: front}}
    spec: {containers: [{name: c, image: x, ports: [{name: rest, containerPort: 8081}]}]}
---
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}, {name: admin, port: 81, targetPort: 9090}]
---
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: api}
spec: {selector: {app: api}, ports: [{port: 80, targetPort: rest}]}
---
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: both}
spec: {selector: {tier: front}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: none}
spec: {selector: {app: gone}, ports: [{port: 80}]}
"""
WAYS = "Ways in, by routes:"
Case = dict[str, Any]


def cases(name: str) -> list[Case]:
    found: list[Case] = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return found


def named(case: Case) -> str:
    return str(case["name"])


ROUTES = cases("route_cases.yaml")
MACHINES = cases("machine_cases.yaml")


def written(folder: Path, name: str, manifests: str, *, stage: bool) -> str:
    path = folder / name
    path.write_text(f"{STAGE if stage else ''}\n---\n{manifests}", encoding="utf-8")
    return str(path)


def plain(line: str) -> str:
    """A line without the kinds of ends, and with short words for the stand-in and for undetermined ways in."""
    line = re.sub(r"\[[A-Z][A-Za-z]+\]", "", line).replace("(ingress)/controller", "C")
    found = re.fullmatch(r"(.*?)  \((undetermined, )?(by .*)\)", line)
    return f"{found[1]}{' ?' if found[2] else ''} {found[3]}" if found else line


def after_title(lines: list[str]) -> list[str] | None:
    """The rows behind the title of the ways in; None without it."""
    if WAYS not in lines:
        return None
    rows = lines[lines.index(WAYS) + 1 :]
    return [plain(each) for each in rows if " => " in each and not each.startswith((" ", "assuming", "undetermined"))]


def reported(terminal: Terminal, path: str, *arguments: str) -> list[str]:
    ran = terminal.run("connectivity", "-q", "-f", path, *arguments)
    assert ran.code == 0, ran.err
    return str(ran.out).splitlines()


@pytest.mark.parametrize("case", ROUTES, ids=named)
def test_what_comes_in_by_routes(case: Case, tmp_path: Path, terminal: Terminal) -> None:
    stage = case.get("stage", True)
    before = written(tmp_path, "before.yaml", case["manifests"], stage=stage)
    assert after_title(reported(terminal, before)) == case["rows"]
    if "after" in case:
        after = written(tmp_path, "after.yaml", case["after"], stage=stage)
        first, *lines = str(terminal.run("diff", "-q", before, after).out).splitlines()
        assert first.split()[0].lower() == case["relation"]
        found = [re.sub(r"^(\w+) +", r"\1 ", each) for each in after_title(lines) or ()]
        assert found == case["changes"]


@pytest.mark.parametrize("case", MACHINES, ids=named)
def test_machines_are_ends_as_their_pods_are(case: Case, tmp_path: Path, terminal: Terminal) -> None:
    path = written(tmp_path, "before.yaml", case["manifests"], stage=False)
    lines = reported(terminal, path, *case.get("args", ("--src", "pods", "--dst", "pods")))
    rows = lines[: lines.index("")] if "" in lines else lines
    assert [plain(each) for each in rows if not each.startswith("assuming")] == case["rows"]
    assert after_title(lines) == case.get("ways")
    if "after" in case:
        after = written(tmp_path, "after.yaml", case["after"], stage=False)
        out = str(terminal.run("diff", "-q", path, after).out).splitlines()
        assert out[0].split()[0].lower() == case["relation"]
        changes = [plain(each) for each in out if re.match(r"(added|removed|changed) ", each)]
        assert [re.sub(r"^(\w+) +", r"\1 ", each) for each in changes] == case["changes"]


def test_there_are_as_many_as_the_peer_has() -> None:
    assert len(ROUTES) >= 35 and len(MACHINES) >= 23
    assert len({named(case) for case in (*ROUTES, *MACHINES)}) == len(ROUTES) + len(MACHINES)
    assert all(case["why"].endswith(".") for case in (*ROUTES, *MACHINES))
