"""The drivers of tests/engines, built from Go modules once per state of their sources into the user's cache.

A driver links an engine's own evaluator: JSON lines in, verdicts out. What the modules are is pinned by go.sum. Nothing
is written into the checkout.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCES = Path(__file__).parent / "modules"
NAMES = ("kube_network_policies", "cilium", "cilium@1.19", "cilium@1.18")
"""Folders of modules, or one with the release of its engine: of `go_RELEASE.mod` and the tag `FOLDER_RELEASE`."""


def program(name: str) -> Path:
    """The driver, one of `NAMES`; the first build of a source takes minutes.

    RuntimeError where there is no Go, or with go's words where it cannot be built.
    """
    if shutil.which("go") is None:
        raise RuntimeError(f"{name}: there is no Go to build its driver with; install it from https://go.dev/dl")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reachproof-engines"
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    built = cache / f"{name}-{_key(name)}"
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            _build(name, cache, built)
    return built


def _key(name: str) -> str:
    folder, _, release = name.partition("@")
    found = hashlib.sha256(release.encode())
    for path in sorted(path for part in ("fields", folder) for path in (SOURCES / part).rglob("*") if path.is_file()):
        if path.suffix in (".mod", ".sum") and path.parent.name == folder and path.stem != _module(release):
            continue  # of another release
        found.update(f"{path.relative_to(SOURCES)}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def _module(release: str) -> str:
    return f"go_{release}" if release else "go"


def _build(name: str, cache: Path, built: Path) -> None:
    """All or nothing: an interrupted build leaves no program of that name. Drivers of older sources are removed."""
    with tempfile.TemporaryDirectory(dir=cache) as made:
        complete = Path(made) / name
        folder, _, release = name.partition("@")
        of_release = [f"-modfile={_module(release)}.mod", f"-tags={folder}_{release}"] if release else []
        flags = ["-mod=readonly", *of_release, "-p=2", "-ldflags=-s -w"]
        command = ["nice", "go", "build", *flags, "-o", str(complete), "."]
        environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off"}
        done = subprocess.run(
            command, cwd=SOURCES / folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{name}: go build: exit code {done.returncode}\n{done.stderr[-4000:]}")
        for old in cache.glob(f"{name}-*"):
            old.unlink()
        complete.rename(built)


if __name__ == "__main__":
    for each in sys.argv[1:] or NAMES:
        print(program(each))
