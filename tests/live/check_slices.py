"""What is behind a Service: as Kubernetes' own EndpointSlice controller says, on drawn Services and pods.

Run by `make live`. The cluster is read twice: without the slices, so that the backends are those of the selector, and
with them, where the answer must be the same and nothing in doubt.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

import pytest

from reachproof.manifests.load import load_text
from reachproof.network.address import family, format_address, parse_address
from reachproof.network.cluster import Pod, Service
from reachproof.network.flow import External, Flow
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from reachproof.queries.services import backends, leads_to
from tests.live.server import Object, Server, listed, server, wait_for
from tests.required import missing
from tests.strategies.clusters import namespace

CLUSTERS, SERVICES, PODS = 6, 20, 20
NAMES, NUMBERS, PROTOCOLS = ("web", "dns", "late"), (53, 80, 8080, 9090), ("TCP", "UDP")
LABELS: tuple[dict[str, str], ...] = ({"app": "web"}, {"app": "db"}, {"tier": "a"}, {"app": "web", "tier": "a"})
FAMILIES: tuple[dict[str, Any], ...] = (
    {},
    {"ipFamilyPolicy": "PreferDualStack"},
    {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv6"]},
    {"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv6", "IPv4"]},
)
TOOLS = ("go", "openssl", "setpriv")
Endpoint = tuple[str, str, int]
"""An address, a protocol and a port; `""` and 0 where clients are told of addresses only."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if absent := [tool for tool in TOOLS if shutil.which(tool) is None]:
        missing(f"no EndpointSlice controller was run: there is no {', '.join(absent)}")
    with server(tmp_path_factory.mktemp("server")) as found:
        found.create([{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}])
        with found.endpoint_slices():
            yield found


@pytest.mark.parametrize("seed", range(CLUSTERS))
def test_services_lead_where_the_controller_says(live: Server, seed: int) -> None:
    chance, home = Random(seed), f"shop-{seed}"
    pods = [_pod(chance, seed, number) for number in range(PODS)]
    services = [_service(chance, seed, number) for number in range(SERVICES)]
    live.create([namespace(home, {}), *pods, *services])
    wait_for(lambda: _settled(live, home), "the EndpointSlice controller")
    stored = live.items("namespaces,pods,services,endpointslices")
    written = _written(stored, home)
    alone = load_text(listed([each for each in stored if each["kind"] != "EndpointSlice"]))
    beside = load_text(listed(stored))
    for name in (each["metadata"]["name"] for each in services):
        entries = written.get(name, {})
        assert _all_behind(alone, alone.service_of[home, name]) == set(entries), name
        service = beside.service_of[home, name]
        assert _all_behind(beside, service) == set(entries), name
        if not service.headless:
            assert _surely_behind(beside, service) == {each for each, ready in entries.items() if ready}, name
    assert sum(map(len, written.values())) > SERVICES


def _written(stored: list[dict[str, Any]], home: str) -> dict[str, dict[Endpoint, bool]]:
    """What the controller wrote: by Service, each endpoint with whether it is ready. A headless one has no ports."""
    here = [each for each in stored if each["metadata"].get("namespace") == home]
    services = [each for each in here if each["kind"] == "Service"]
    headless = {each["metadata"]["name"] for each in services if each["spec"].get("clusterIP") == "None"}
    found: dict[str, dict[Endpoint, bool]] = {}
    for each in here:
        if each["kind"] == "EndpointSlice":
            name = each["metadata"]["labels"]["kubernetes.io/service-name"]
            ports = [(port["protocol"], port["port"]) for port in each["ports"] or []]
            for endpoint, port in product(each["endpoints"] or [], [("", 0)] if name in headless else ports):
                ready = endpoint["conditions"]["ready"]
                found.setdefault(name, {})[endpoint["addresses"][0], *port] = ready
    return found


def _all_behind(snapshot: Snapshot, service: Service) -> set[Endpoint]:
    """Every address and port that a question may find behind the Service."""
    ports = [("", 0)] if service.headless else list(product(PROTOCOLS, NUMBERS))
    ends = [(pod, address) for pod in snapshot.pods for address in pod.addresses]
    return {
        (format_address(address), protocol, number)
        for (pod, address), (protocol, number) in product(ends, ports)
        if leads_to(snapshot, service, _flow(pod, address, protocol or "TCP", number or 1))
    }


def _surely_behind(snapshot: Snapshot, service: Service) -> set[Endpoint]:
    return {
        (format_address(address), str(service.ports[at].protocol), number)
        for backend in backends(snapshot, service)
        if backend.doubt is None and backend.pod is not None
        for address in backend.pod.addresses
        if backend.addresses is None or address in backend.addresses
        for at, number in backend.ports
    }


def _flow(pod: Pod, address: int, protocol: str, port: int) -> Flow:
    outside = parse_address("2001:db8::7" if family(address) == 6 else "203.0.113.7")
    return Flow(
        source=External(),
        destination=pod,
        source_address=outside,
        destination_address=address,
        protocol=Protocol(protocol),
        port=port,
    )


def _settled(live: Server, home: str) -> bool:
    """Whether the slices of the namespace are there, and stay as they are for a while."""
    before = _written(live.items("services,endpointslices"), home)
    time.sleep(1.5)
    return bool(before) and _written(live.items("services,endpointslices"), home) == before


def _pod(chance: Random, seed: int, number: int) -> Object:
    metadata = {"name": f"p{number}", "namespace": f"shop-{seed}", "labels": dict(chance.choice(LABELS))}
    both = f"10.1.{seed}.{number + 1}", f"fd00:1:{seed}::{number + 1:x}"
    addresses = chance.choice((both[:1], both[:1], both, both, both[::-1], both[1:], ()))
    spec: dict[str, Any] = {
        "nodeName": "n1",
        "containers": [_container(chance, f"c{each}") for each in range(chance.randint(1, 3))],
        "initContainers": [
            {**_container(chance, f"i{each}"), **chance.choice(({}, {"restartPolicy": "Always"}))}
            for each in range(chance.randint(0, 2))
        ],
    }
    status = {
        "phase": chance.choice(("Running", "Running", "Running", "Pending", "Succeeded", "Failed")),
        "podIPs": [{"ip": each} for each in addresses],
        "conditions": [{"type": "Ready", "status": chance.choice(("True", "True", "False"))}],
        **({"podIP": addresses[0]} if addresses else {}),
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def _container(chance: Random, name: str) -> Object:
    """Names are unique in a container, not in a pod."""
    named = chance.sample(NAMES, chance.randint(0, len(NAMES)))
    ports = [
        {"name": each, "containerPort": chance.choice(NUMBERS), "protocol": chance.choice(PROTOCOLS)} for each in named
    ]
    return {"name": name, "image": "none", "ports": ports}


def _service(chance: Random, seed: int, number: int) -> Object:
    form = chance.choice(("cluster", "cluster", "cluster", "headless", "bare", "alias", "foreign"))
    spec: dict[str, Any] = {"selector": dict(chance.choice(LABELS)), "ports": _ports(chance)}
    if form in ("headless", "bare"):
        spec["clusterIP"] = "None"
    if form == "bare":
        del spec["ports"]
    if form == "alias":
        spec = {"type": "ExternalName", "externalName": "example.com"}
    if form == "foreign":
        del spec["selector"]
    spec |= chance.choice(({}, {}, {"publishNotReadyAddresses": True}))
    if form != "alias":
        spec |= chance.choice(FAMILIES)
    metadata = {"name": f"s{number}", "namespace": f"shop-{seed}"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def _ports(chance: Random) -> list[Object]:
    count = chance.randint(1, 3)
    return [
        {
            "name": f"port-{each}",
            "port": 1000 + each,
            "protocol": chance.choice(PROTOCOLS),
            "targetPort": chance.choice((*NAMES, *NAMES, *NUMBERS)),
        }
        for each in range(count)
    ]
