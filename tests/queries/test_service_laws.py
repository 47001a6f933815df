"""Laws of what is behind a Service, with slices that a second implementation of the controller writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.network.address import parse_address
from reachproof.network.cluster import Pod, Service
from reachproof.network.intervals import IntervalSet
from reachproof.network.snapshot import Snapshot
from reachproof.queries.services import Backend, backends

Object = dict[str, Any]
CONTROLLER = "endpointslice-controller.k8s.io"
PORTS = st.sampled_from((("web", 80, "TCP"), ("web", 8080, "TCP"), ("web", 80, "UDP"), ("dns", 53, "UDP")))
TARGETS = st.sampled_from(("web", "dns", 8080, None))


@st.composite
def containers(draw: st.DrawFn) -> list[Object]:
    """Containers with one port each, so that a name may occur in several."""
    return [
        {"name": f"c{number}", "ports": [{"name": name, "containerPort": port, "protocol": protocol}]}
        for number, (name, port, protocol) in enumerate(draw(st.lists(PORTS, max_size=3)))
    ]


@st.composite
def pods(draw: st.DrawFn, number: int) -> Object:
    sidecars = [each | ({"restartPolicy": "Always"} if draw(st.booleans()) else {}) for each in draw(containers())]
    both = [f"10.0.0.{number + 1}", f"fd00::{number + 1}"]
    addresses = draw(st.sampled_from((both, both[:1], both[1:], [])))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"p{number}",
            "namespace": "shop",
            "labels": {"app": draw(st.sampled_from(("web", "db")))},
        },
        "spec": {"containers": draw(containers()), "initContainers": sidecars},
        "status": {"phase": "Running", "podIPs": [{"ip": each} for each in addresses]} if addresses else {},
    }


@st.composite
def clusters(draw: st.DrawFn) -> list[Object]:
    """A namespace, some pods, and a Service for those labelled app=web."""
    ports = [
        {"name": f"p{number}", "port": 80 + number, "protocol": protocol}
        | ({} if target is None else {"targetPort": target})
        for number, (target, protocol) in enumerate(
            draw(st.lists(st.tuples(TARGETS, st.sampled_from(("TCP", "UDP"))), min_size=1, max_size=3))
        )
    ]
    spec = {"selector": {"app": "web"}, "ports": ports}
    spec |= draw(st.sampled_from(({"clusterIP": "10.96.0.1"}, {"clusterIPs": ["10.96.0.1", "fd96::1"]}, {})))
    spec |= draw(st.sampled_from(({}, {"ipFamilies": ["IPv6"]}, {"ipFamilies": ["IPv4", "IPv6"]})))
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec},
        *(draw(pods(number)) for number in range(draw(st.integers(1, 4)))),
    ]


def families(spec: Object) -> list[str]:
    """The families that the controller writes slices of; both where the Service does not say."""
    if "ipFamilies" in spec:
        return list(spec["ipFamilies"])
    addresses = spec.get("clusterIPs") or [each for each in [spec.get("clusterIP")] if each]
    return ["IPv6" if ":" in each else "IPv4" for each in addresses] or ["IPv4", "IPv6"]


def find_port(pod: Object, port: Object) -> int | None:
    """The number that a port of the Service leads to at a pod: by name and protocol, containers before sidecars."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    spec = pod["spec"]
    sidecars = [each for each in spec["initContainers"] if each.get("restartPolicy") == "Always"]
    for container in (*spec["containers"], *sidecars):
        for each in container["ports"]:
            if (each["name"], each["protocol"]) == (target, port["protocol"]):
                return int(each["containerPort"])
    return None


def slices(objects: list[Object], *, of_all: bool = False) -> Iterator[Object]:
    """One slice for each family and pod of the Service, as the controller would fill it.

    `of_all`: of every pod, with the ports of the Service where it is none of its.
    """
    spec = objects[1]["spec"]
    for pod in objects[2:]:
        if not (selects(objects, pod) or of_all):
            continue
        found = [(port, find_port(pod, port) or (port["port"] if of_all else None)) for port in spec["ports"]]
        for entry in pod["status"].get("podIPs", ()):
            family = "IPv6" if ":" in entry["ip"] else "IPv4"
            if family in families(spec):
                yield slice_of(pod["metadata"]["name"], family, entry["ip"], found)
    # The controller keeps an empty slice of each family where nothing is selected.
    for family in families(spec):
        yield slice_of("", family, "", [])


def selects(objects: list[Object], pod: Object) -> bool:
    return bool(pod["metadata"]["labels"] == objects[1]["spec"]["selector"])


def slice_of(pod: str, family: str, address: str, found: list[tuple[Object, int | None]]) -> Object:
    labels = {"kubernetes.io/service-name": "web", "endpointslice.kubernetes.io/managed-by": CONTROLLER}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"web-{pod}-{family}".lower(), "namespace": "shop", "labels": labels},
        "addressType": family,
        "endpoints": [{"addresses": [address], "targetRef": {"kind": "Pod", "name": pod}}] if address else [],
        "ports": [
            {"name": port["name"], "protocol": port["protocol"], "port": number}
            for port, number in found
            if number is not None
        ],
    }


def behind(objects: list[Object]) -> tuple[Snapshot, Service, tuple[Backend, ...]]:
    snapshot = load_objects(objects)
    (service,) = snapshot.services
    return snapshot, service, backends(snapshot, service)


def meant(found: tuple[Backend, ...]) -> set[tuple[str, int | None, tuple[tuple[int, int], ...]]]:
    """Pods with their addresses, one by one, and the ports that they serve."""
    return {(str(each.pod), address, tuple(sorted(each.ports))) for each in found for address in addresses_of(each)}


def addresses_of(each: Backend) -> tuple[int | None, ...]:
    if each.addresses is not None:
        return tuple(low for low, _ in each.addresses)
    assert isinstance(each.pod, Pod)
    return each.pod.addresses or (None,)


@given(clusters())
def test_what_the_controller_would_write_changes_nothing(objects: list[Object]) -> None:
    without, with_slices = behind(objects)[2], behind([*objects, *slices(objects)])[2]
    assert meant(with_slices) == meant(without)
    assert not any(each.doubt for each in (*with_slices, *without))


@given(clusters(), st.randoms(use_true_random=False))
def test_what_is_in_no_slice_may_be_a_backend_and_nothing_else_changes(objects: list[Object], random: Any) -> None:
    written = list(slices(objects))
    kept = [each for each in written if not each["endpoints"] or random.random() < 0.5]
    found = behind([*objects, *kept])[2]
    assert meant(found) == meant(behind(objects)[2])
    listed = {each["endpoints"][0]["addresses"][0] for each in kept if each["endpoints"]}
    for each in found:
        if each.addresses is not None and each.pod is not None:
            assert (each.doubt is None) is (
                each.addresses in {IntervalSet.single(parse_address(text)) for text in listed}
            )


Places = set[tuple[str, int, int, int]]
"""Pods, those of their addresses that are known, and the ports that they serve, one by one."""


def places(found: Iterable[Backend]) -> Places:
    return {
        (str(each.pod), address, *pair)
        for each in found
        for address in addresses_of(each)
        for pair in each.ports
        if address is not None
    }


@given(clusters(), st.booleans(), st.data())
def test_what_selector_and_ready_entries_say_alike_is_sure_and_the_rest_may_be(
    objects: list[Object], theirs: bool, data: st.DataObject
) -> None:
    """`theirs`: somebody else wrote the slices, so that they count beside what the selector selects."""
    offered, pods_ = objects[1]["spec"]["ports"], {each["metadata"]["name"]: each for each in objects[2:]}
    written = list(slices(objects, of_all=True))
    sure: Places = set()
    possible: Places = set()
    for each in written:
        for port in each["ports"]:
            port["port"] += data.draw(st.sampled_from((0, 1000)))
            port["protocol"] = data.draw(st.sampled_from((port["protocol"], port["protocol"], "TCP", "UDP")))
        if theirs:
            each["metadata"]["labels"] = {"kubernetes.io/service-name": "web"}
        for entry in each["endpoints"]:
            ready = data.draw(st.booleans())
            entry["conditions"] = {"ready": ready}
            pod, address = pods_[entry["targetRef"]["name"]], parse_address(entry["addresses"][0])
            own = own_ports(objects, pod)
            told = {
                (at, number)
                for at, port in enumerate(offered)
                for label, protocol, number in {
                    (port["name"], port["protocol"], port["port"]) for port in each["ports"]
                }
                if (label, protocol) == (port["name"], port["protocol"])
            }
            certain = told if theirs else own & told
            sure |= {(f"shop/{pod['metadata']['name']}", address, *pair) for pair in (certain if ready else ())}
            possible |= {(f"shop/{pod['metadata']['name']}", address, *pair) for pair in own | told}
    if theirs:
        selected = places(behind(objects)[2])
        sure, possible = sure | selected, possible | selected
    found = behind([*objects, *written])[2]
    assert places(each for each in found if each.doubt is None) == sure
    assert places(found) == possible


def own_ports(objects: list[Object], pod: Object) -> set[tuple[int, int]]:
    """The ports of the Service and where they lead at a pod, none where it is not selected."""
    ports = enumerate(objects[1]["spec"]["ports"]) if selects(objects, pod) else ()
    return {(at, number) for at, port in ports if (number := find_port(pod, port)) is not None}


@given(clusters(), st.data())
def test_endpoints_say_what_a_slice_says_where_there_is_no_selector(objects: list[Object], data: st.DataObject) -> None:
    spec = {key: value for key, value in objects[1]["spec"].items() if key != "selector"}
    plain = [objects[0], objects[1] | {"spec": spec}, *objects[2:]]
    written = list(slices(objects))
    for each in written:
        for entry in each["endpoints"]:
            entry["conditions"] = {"ready": data.draw(st.booleans())}
    custom = [
        each | {"metadata": each["metadata"] | {"labels": {"kubernetes.io/service-name": "web"}}} for each in written
    ]
    subsets = [
        {
            "addresses" if entry["conditions"]["ready"] else "notReadyAddresses": [
                {"ip": entry["addresses"][0], "targetRef": entry["targetRef"]}
            ],
            "ports": each["ports"],
        }
        for each in written
        for entry in each["endpoints"]
    ]
    old = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "web", "namespace": "shop"},
        "subsets": subsets,
    }
    assert behind([*plain, old])[2] == behind([*plain, *custom])[2]


def told(found: tuple[Backend, ...]) -> set[tuple[str, tuple[int | None, ...], tuple[tuple[int, int], ...], str]]:
    """The notes on each backend, its doubt included."""
    return {
        (str(each), tuple(low for low, _ in each.addresses or ()), tuple(sorted(each.ports)), str(each.doubt))
        for each in found
    }


@pytest.mark.heavy
@given(clusters(), st.booleans(), st.randoms(use_true_random=False))
def test_how_endpoints_are_spread_over_slices_and_their_order_change_nothing(
    objects: list[Object], controlled: bool, random: Any
) -> None:
    every = [each for each in slices(objects) if each["endpoints"]]
    cut = [each for each in every if random.random() < 0.7]
    for number, each in enumerate(cut):
        each["endpoints"][0]["conditions"] = {"ready": random.random() < 0.7}
        each["metadata"]["name"] = f"cut-{number}"
        if not controlled:
            del each["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"]
    groups: dict[str, list[Object]] = {}
    for each in cut:
        groups.setdefault(repr((each["addressType"], each["ports"])), []).append(each)
    whole = [
        {**group[0], "endpoints": [entry for each in group for entry in each["endpoints"]]} for group in groups.values()
    ]
    mixed = random.sample(cut, len(cut))
    assert told(behind([*objects, *whole])[2]) == told(behind([*objects, *mixed])[2])
