"""The programs of tests/live, built from Go modules once per state of their sources, and the CRDs that a server gets.

The folder is keyed by the sources, so an edit builds anew; what the modules are is pinned by go.sum and, for the CRDs,
by the checksum database that go itself asks.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SOURCES = Path(__file__).parent / "modules"
_KUBERNETES = "v1.36.3"
_VERSION = "k8s.io/component-base/version"
# Without these kube-apiserver reports version 0.0 and its feature gates are those of an unknown version.
_STAMP = f"-X {_VERSION}.gitVersion={_KUBERNETES} -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=36"
# Program -> the folder of its go.mod, and the package.
_BUILDS = {
    "etcd": ("etcd", "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": ("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kubectl": ("kubernetes", "k8s.io/kubernetes/cmd/kubectl"),
    "endpointslices": ("kubernetes", "./endpointslices"),
    "kube-router": ("router", "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"),
}
_NETWORK_POLICY_API = "config/crd/experimental/policy.networking.k8s.io_{}.yaml"
_CILIUM = "pkg/k8s/apis/cilium.io/client/crds"
_CALICO = "github.com/projectcalico/calico@v1.11.0-cni-plugin.0.20250813170300-a0db560f0520"
_CALICO_KINDS = ("networkpolicies", "globalnetworkpolicies", "networksets", "globalnetworksets")
_CRDS = (
    ("sigs.k8s.io/network-policy-api@v0.1.7", _NETWORK_POLICY_API.format("adminnetworkpolicies")),
    ("sigs.k8s.io/network-policy-api@v0.1.7", _NETWORK_POLICY_API.format("baselineadminnetworkpolicies")),
    ("sigs.k8s.io/network-policy-api@v0.3.0", _NETWORK_POLICY_API.format("clusternetworkpolicies")),
    ("github.com/cilium/cilium@v1.20.2", f"{_CILIUM}/v2/ciliumnetworkpolicies.yaml"),
    ("github.com/cilium/cilium@v1.20.2", f"{_CILIUM}/v2/ciliumclusterwidenetworkpolicies.yaml"),
    ("github.com/cilium/cilium@v1.20.2", f"{_CILIUM}/v2/ciliumcidrgroups.yaml"),
    *((_CALICO, f"libcalico-go/config/crd/crd.projectcalico.org_{each}.yaml") for each in _CALICO_KINDS),
    ("istio.io/api@v1.32.0", "kubernetes/customresourcedefinitions.gen.yaml"),
)


def programs() -> Path:
    """The folder with etcd, kube-apiserver, kubectl, endpointslices, kube-router and crds/.

    Builds them where they are absent: about ten CPU minutes, and several GB of Go's own caches. RuntimeError with
    go's words where that fails.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reachproof-live"
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    built = cache / _key()
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            _build(cache, built)
    return built


def _key() -> str:
    found = hashlib.sha256(repr((_BUILDS, _STAMP, _CRDS)).encode())
    for path in sorted(path for path in SOURCES.rglob("*") if path.is_file()):
        found.update(f"{path.relative_to(SOURCES)}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def _build(cache: Path, built: Path) -> None:
    """All or nothing: an interrupted build leaves no folder of that name."""
    with tempfile.TemporaryDirectory(dir=cache) as made:
        complete = Path(made) / "complete"
        (complete / "crds").mkdir(parents=True)
        for program, (module, package) in _BUILDS.items():
            flags = ["-mod=readonly", "-trimpath", "-p=2", f"-ldflags=-s -w {_STAMP}"]
            _go(SOURCES / module, "build", *flags, "-o", str(complete / program), package)
        for number, (module, path) in enumerate(_CRDS):
            shutil.copyfile(_module(module) / path, complete / "crds" / f"{number:02}.yaml")
        complete.rename(built)


def _module(name: str) -> Path:
    return Path(json.loads(_go(Path(tempfile.gettempdir()), "mod", "download", "-json", name))["Dir"])


def _go(folder: Path, *words: str) -> str:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off"}
    command = ["nice", "go", *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"go {' '.join(words)} in {folder}: exit code {done.returncode}\n{done.stderr[-4000:]}")
    return done.stdout


if __name__ == "__main__":
    print(programs())
