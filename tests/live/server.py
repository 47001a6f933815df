"""A real API server on loopback: etcd and kube-apiserver, the CRDs of all policy kinds, and kubectl to speak with it.

There is no kubelet and no controller, except EndpointSlices where they are asked for: pods get their status from
whoever made them, there are no default service accounts, and a deleted namespace goes only when it is finalized.

    python -m tests.live.server COMMAND...      runs a command with KUBECONFIG and kubectl of such a server

Everything is below one folder and stops with the process that started it, even if that is killed.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.live.programs import programs

Object = Mapping[str, Any]
SERVICE_RANGES = "10.96.0.0/16,fd00:96::/112"
_TOKEN = "test-admin"
_TRIES, _PAUSE = 240, 0.25  # a minute, for each thing that is waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running API server. `folder` has its data, its logs and its kubeconfig."""

    programs: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which kubectl speaks with this server and no other."""
        own = {"KUBECONFIG": str(self.folder / "kubeconfig"), "KUBECACHEDIR": str(self.folder / "discovery")}
        return {**os.environ, **own, "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}"}

    def kubectl(self, *words: str, given: str | None = None) -> str:
        """What kubectl prints; RuntimeError with its complaint where it fails. `given` is its standard input."""
        done = self.attempt(*words, given=given)
        if done.returncode:
            raise RuntimeError(f"kubectl {' '.join(words)}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout

    def attempt(self, *words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """The same, with the exit code for the caller to look at."""
        command = [str(self.programs / "kubectl"), *words]
        return subprocess.run(
            command, env=self.environment, input=given, capture_output=True, text=True, timeout=120, check=False
        )

    def create(self, objects: Iterable[Object]) -> None:
        """Creates the objects in their order, then gives those that have one their status."""
        given = list(objects)
        self.kubectl("create", "--validate=false", "-f", "-", given=listed(given))
        self.give_status(given)

    def give_status(self, objects: Iterable[Object]) -> None:
        """Gives objects that are there the status that they are written with, as their controllers would."""
        if states := [each for each in objects if "status" in each]:
            self.kubectl("replace", "--validate=false", "--subresource=status", "-f", "-", given=listed(states))

    def delete(self, objects: Iterable[Object]) -> None:
        """Deletes the objects at once, as the controllers that are absent here would in the end."""
        given = list(objects)
        words = ("--ignore-not-found", "--wait=false", "--grace-period=0", "--force", "-f", "-")
        self.kubectl("delete", *words, given=listed(given))
        for name in (each["metadata"]["name"] for each in given if each["kind"] == "Namespace"):
            ended = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {"finalizers": []}}
            path = f"/api/v1/namespaces/{name}/finalize"
            self.kubectl("replace", "--raw", path, "-f", "-", given=json.dumps(ended))

    def items(self, kinds: str) -> list[dict[str, Any]]:
        """What is stored of some kinds, `a,b,c` as kubectl names them, in all namespaces."""
        found: list[dict[str, Any]] = json.loads(self.kubectl("get", kinds, "-A", "-o", "json"))["items"]
        return found

    @contextmanager
    def endpoint_slices(self) -> Iterator[None]:
        """Kubernetes' own EndpointSlice controller runs meanwhile."""
        with started([str(self.programs / "endpointslices")], self.folder / "endpointslices.log", self.environment):
            yield


def listed(objects: Sequence[Object]) -> str:
    """One List, as kubectl reads it."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """A new API server with its data in `folder`, ready to be spoken with; it is stopped at the end."""
    found = Server(programs=programs(), folder=folder)
    store, peer, port = _free_ports(3)
    with ExitStack() as running:
        running.enter_context(started(_etcd(found, store, peer), folder / "etcd.log"))
        process = running.enter_context(started(_api_server(found, store, port), folder / "apiserver.log"))
        _write_kubeconfig(folder, port)
        wait_for(lambda: found.attempt("get", "--raw", "/readyz").returncode == 0, "kube-apiserver", process)
        found.kubectl("create", "-f", str(found.programs / "crds"))
        found.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
        yield found


@contextmanager
def started(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with this block, or with the process that started it."""
    with log.open("wb") as output:
        words = ["setpriv", "--pdeathsig", "TERM", *command]
        with subprocess.Popen(
            words, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=environment
        ) as process:
            try:
                yield process
            finally:
                process.terminate()
                try:
                    process.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    process.kill()


def wait_for(true: Callable[[], bool], what: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Returns as soon as `true()` is; RuntimeError after a minute, or when the process has ended."""
    for _ in range(_TRIES):
        if true():
            return
        if process is not None and process.poll() is not None:
            break
        time.sleep(_PAUSE)
    raise RuntimeError(f"{what} did not come to be ready; its log tells more")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _etcd(found: Server, store: int, peer: int) -> list[str]:
    clients, peers = f"http://127.0.0.1:{store}", f"http://127.0.0.1:{peer}"
    flags = {
        "data-dir": str(found.folder / "etcd"),
        "listen-client-urls": clients,
        "advertise-client-urls": clients,
        "listen-peer-urls": peers,
        "initial-advertise-peer-urls": peers,
        "initial-cluster": f"default={peers}",
        "log-level": "warn",
    }
    return [str(found.programs / "etcd"), "--unsafe-no-fsync", *_flags(flags)]


def _api_server(found: Server, store: int, port: int) -> list[str]:
    key = found.folder / "accounts.key"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    (found.folder / "tokens.csv").write_text(f"{_TOKEN},admin,admin,system:masters\n")
    flags = {
        "etcd-servers": f"http://127.0.0.1:{store}",
        "bind-address": "127.0.0.1",
        "advertise-address": "192.0.2.1",  # for a Service of its own that nobody uses here
        "secure-port": str(port),
        "cert-dir": str(found.folder / "certificates"),
        "service-cluster-ip-range": SERVICE_RANGES,
        "token-auth-file": str(found.folder / "tokens.csv"),
        "authorization-mode": "RBAC",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": str(key),
        "service-account-signing-key-file": str(key),
        "disable-admission-plugins": "ServiceAccount",
        "endpoint-reconciler-type": "none",
        "allow-privileged": "true",
    }
    return [str(found.programs / "kube-apiserver"), *_flags(flags)]


def _flags(flags: Mapping[str, str]) -> list[str]:
    return [f"--{name}={value}" for name, value in flags.items()]


def _write_kubeconfig(folder: Path, port: int) -> None:
    """JSON, which is YAML; the server signs its own certificate, which this folder alone has."""
    certificate = folder / "certificates" / "apiserver.crt"
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(certificate)}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "live", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": _TOKEN}}],
        "contexts": [{"name": "live", "context": {"cluster": "live", "user": "admin"}}],
        "current-context": "live",
    }
    (folder / "kubeconfig").write_text(json.dumps(config))


def main(command: Sequence[str]) -> int:
    """The exit code of the command, which is run beside a new server."""
    if not command:
        print("tests.live.server needs a COMMAND to run beside the server", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="reachproof-live-") as folder, server(Path(folder)) as found:
        return subprocess.run(command, env=found.environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
