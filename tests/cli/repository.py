"""A git repository with two commits, for tests that read revisions."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

BEFORE = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.2}
"""
CLOSED = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}}
"""


def git(folder: Path, *arguments: str) -> str:
    """What git prints, with no settings of whoever runs the tests."""
    identity = {f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    clean = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "LC_ALL": "C"}
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *arguments],
        cwd=folder,
        env={**os.environ, **identity, **clean},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def commit(folder: Path, files: dict[str, str], message: str) -> None:
    """Write files, and commit them."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--no-gpg-sign", "-m", message)


def repository(folder: Path) -> Path:
    """Branch `main` has the cluster in k8s/, branch `closed` a policy besides; the working tree is that of `main`."""
    git(folder, "init", "-q")
    commit(folder, {"k8s/cluster.yaml": BEFORE, "README.md": "nothing"}, "cluster")
    git(folder, "checkout", "-q", "-b", "closed")
    commit(folder, {"k8s/policies/closed.yaml": CLOSED}, "policy")
    git(folder, "checkout", "-q", "main")
    return folder
