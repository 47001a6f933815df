"""One node with pods, and kube-router's policy controller on it, which programs iptables and ipsets.

    world  ---  node (API server, kube-router)  ---  pod 1 ... pod n

Each is a network of its own (`tests.live.network`). A pod object that has one of the pod addresses and stands on the
node is enforced as a pod of a real cluster would be.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.live.connections import Rig, listening
from tests.live.network import Network, join, new_network
from tests.live.server import SERVICE_RANGES, Object, Server, server, started, wait_for

NODE = "n1"
NODE_ADDRESSES = ("192.168.0.1", "fd01::1")
POD_ADDRESSES = tuple((f"10.0.0.{number}", f"fd00::{number}") for number in range(1, 8))
WORLD_ADDRESSES = ("192.168.0.2", "203.0.113.7", "203.0.113.200", "198.51.100.9", "fd01::2", "2001:db8::7")
PORTS = (53, 79, 80, 81, 5353, 8080, 8081, 9090)
_CORRECTIONS = Path(__file__).parent / "corrections"
# A router, and one that says of each packet that it was stopped.
_SETTINGS = (
    "net.ipv4.ip_forward=1",
    "net.ipv6.conf.all.forwarding=1",
    "net.ipv4.icmp_ratelimit=0",
    "net.ipv6.icmp.ratelimit=0",
)
TOOLS = ("sysctl", "ip", "iptables", "ip6tables", "ipset", "setpriv", "openssl", "go")


@dataclass(slots=True)
class Dataplane:
    """The node while kube-router runs on it, for one address family. `settled` counts how often it was waited for."""

    node: Network
    server: Server
    rig: Rig
    ipv6: bool
    settled: int = 0

    def create(self, objects: Sequence[Object]) -> None:
        """Creates objects on the server; pods with the node's address of this family, by which it knows them."""
        with self.node.entered():
            self.server.create([self._hosted(each) for each in objects])

    def _hosted(self, each: Object) -> Object:
        if each["kind"] != "Pod" or "status" not in each:
            return each
        return {**each, "status": {**each["status"], "hostIP": NODE_ADDRESSES[self.ipv6]}}

    def delete(self, objects: Sequence[Object]) -> None:
        """Deletes objects from the server."""
        with self.node.entered():
            self.server.delete(objects)

    def settle(self) -> None:
        """Returns when the rules of the kernel are made from everything that the server was told so far.

        A namespace, a pod and a policy are made last of all. kube-router hears of each kind in order, so rules that
        let that pod be reached by pods with that namespace's label are made from all that came before.
        """
        self.settled += 1
        name = f"barrier-{self.settled}"
        last = _barrier(name, self.settled % 250 + 1)
        self.create(last)
        wanted = f"from source pods to dest pods selected by policy name {name} "
        wait_for(lambda: wanted in self.rules(), "kube-router")
        self.delete(last)
        wait_for(lambda: name not in self.rules(), "kube-router")
        wait_for(self._quiet, "kube-router")

    def _quiet(self) -> bool:
        """Whether no pass has ended for a while: each names its chains anew, and changes sets one by one meanwhile."""
        before = self.rules()
        time.sleep(0.5)
        return self.rules() == before

    def rules(self) -> str:
        """The filter rules as the kernel has them."""
        return self.node.run("ip6tables-save" if self.ipv6 else "iptables-save", "-t", "filter")


def lacking() -> list[str]:
    """The tools that this machine does not have."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


@contextmanager
def dataplane(folder: Path, *, ipv6: bool) -> Iterator[Dataplane]:
    """A node with a server and kube-router, no objects but the Node, and networks for all pods and the world.

    Of one address family: with both, kube-router 2.1.0 writes the sets of one back as they were before the other's.
    """
    with ExitStack() as held:
        node = held.enter_context(new_network())
        for setting in _SETTINGS:
            node.run("sysctl", "-qw", setting)
        networks = dict.fromkeys(NODE_ADDRESSES, node)
        for number, addresses in enumerate((WORLD_ADDRESSES, *POD_ADDRESSES)):
            other = held.enter_context(new_network())
            join(node, other, f"to{number}", addresses)
            networks |= dict.fromkeys(addresses, other)
        for address in NODE_ADDRESSES:
            node.ip("addr", "add", f"{address}/{128 if ':' in address else 32}", "dev", "lo")
        with node.entered():
            found = held.enter_context(server(folder))
            found.create([_node_object()])
            environment = {**found.environment, "PATH": f"{_CORRECTIONS}{os.pathsep}{found.environment['PATH']}"}
            held.enter_context(started(_kube_router(found, ipv6=ipv6), folder / "kube-router.log", environment))
        yield Dataplane(node, found, held.enter_context(listening(networks, PORTS)), ipv6)


def _kube_router(found: Server, *, ipv6: bool) -> list[str]:
    only = ("run-router", "run-service-proxy", "run-loadbalancer")
    return [
        str(found.programs / "kube-router"),
        "--run-firewall=true",
        *(f"--{name}=false" for name in only),
        f"--kubeconfig={found.folder / 'kubeconfig'}",
        f"--hostname-override={NODE}",
        f"--service-cluster-ip-range={SERVICE_RANGES.split(',')[ipv6]}",
        f"--enable-ipv4={not ipv6}".lower(),
        f"--enable-ipv6={ipv6}".lower(),
        "--iptables-sync-period=1h",
        "-v=1",
    ]


def _node_object() -> Object:
    addresses = [{"type": "InternalIP", "address": address} for address in NODE_ADDRESSES]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": NODE, "labels": {"zone": "a"}},
        "spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24", "fd00::/120"]},
        "status": {"addresses": addresses},
    }


def _barrier(name: str, number: int) -> list[Object]:
    metadata = {"name": name, "namespace": name}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"barrier": name}}},
        pod_object(metadata, [f"10.0.1.{number}", f"fd00::1:{number:x}"], containers=[{"name": "c", "image": "none"}]),
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": metadata,
            "spec": {
                "podSelector": {},
                "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"barrier": name}}}]}],
            },
        },
    ]


def pod_object(
    metadata: Object, addresses: Sequence[str], *, containers: Sequence[Object], phase: str = "Running"
) -> Object:
    """A pod on the node with these addresses."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"nodeName": NODE, "containers": list(containers)},
        "status": {
            "phase": phase,
            "podIP": addresses[0],
            "podIPs": [{"ip": address} for address in addresses],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }
