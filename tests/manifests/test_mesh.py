"""What pods show of a mesh of Istio: annotations, containers, and the settings of ztunnel."""

from __future__ import annotations

import pytest

from reachproof.engines.istio.membership import (
    AMBIENT,
    BYPASSED,
    CAPTURE,
    GATEWAY,
    SIDECAR,
    TUNNELED,
    UNCLEAR,
    mesh_of,
    pods,
    ports_of,
    ports_text,
)
from reachproof.manifests.load import load_objects
from reachproof.network.options import AmbientPort, Options
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.match import in_pod_set
from tests.manifests.given import codes, notice
from tests.strategies.vocabulary import Manifest

TRAFFIC = "traffic.sidecar.istio.io"
ENABLED = {"ambient.istio.io/redirection": "enabled"}
PROXY: Manifest = {"name": "istio-proxy"}
ROUTER: Manifest = {"name": "istio-proxy", "args": ["proxy", "router"]}
PLACES = {"sidecar": SIDECAR, "ambient": AMBIENT, "gateway": GATEWAY, "unclear": UNCLEAR}


def home(mode: str = "ambient") -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "m", "labels": {MODE: mode}}}


MODE = "istio.io/dataplane-mode"
DENY: Manifest = {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": {"name": "d"}}


def pod(
    annotations: dict[str, str] | None = None,
    *,
    labels: dict[str, str] | None = None,
    containers: tuple[Manifest, ...] = (),
    running: bool = True,
) -> Manifest:
    found: Manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "m", "labels": labels or {}, "annotations": annotations or {}},
        "spec": {"containers": [{"name": "c"}, *containers]},
    }
    return found | {"status": {"phase": "Running", "podIP": "10.0.0.1"}} if running else found


def places(snapshot: Snapshot) -> list[str]:
    party = snapshot.pod_of["m", "p"]
    return [name for name, where in PLACES.items() if in_pod_set(snapshot, pods(where), party)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (pod(ENABLED), "ambient"),
        (pod(), ""),  # it runs, and nothing says that ztunnel has it
        (pod({"ambient.istio.io/redirection": "disabled"}), ""),
        (pod({"ambient.istio.io/redirection": "pending"}), "unclear"),
        (pod(running=False), "ambient"),
        (pod(labels={MODE: "none"}, running=False), ""),
        (pod(ENABLED, labels={MODE: "none"}), "ambient"),  # what it shows counts
        (pod(labels={"networking.istio.io/tunnel": "http"}), "ambient"),
        (pod(labels={"networking.istio.io/tunnel": "http"}, containers=(PROXY,)), "sidecar"),
        (pod(containers=(PROXY,)), "sidecar"),
        (pod(ENABLED, containers=(PROXY,)), "unclear"),
        (pod(containers=(ROUTER,)), "gateway"),
        (pod(ENABLED, containers=(ROUTER,)), "unclear"),
        (pod(containers=(ROUTER,), running=False), "unclear"),
        (pod({"inject.istio.io/templates": "gateway"}, labels={MODE: "none"}, running=False), "gateway"),
    ],
)
def test_what_a_pod_in_an_ambient_namespace_is(given: Manifest, expected: str) -> None:
    assert places(load_objects([home(), given])) == ([expected] if expected else [])


def test_a_running_pod_that_ztunnel_does_not_have_is_told_of() -> None:
    assert notice(load_objects([home(), pod()]), "AMBIENT_MISSING").text == (
        "labels ask for ambient mode, and the annotation ambient.istio.io/redirection does not say enabled, so ztunnel "
        "does not take the traffic of m/p"
    )
    for given in (pod(ENABLED), pod(running=False), pod(containers=(PROXY,)), pod(labels={MODE: "none"})):
        assert "AMBIENT_MISSING" not in codes(load_objects([home(), given]))


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({f"{TRAFFIC}/excludeInboundPorts": "9443"}, {"inbound": "9443"}),
        ({f"{TRAFFIC}/excludeInboundPorts": "80, 81,8080"}, {"inbound": "80-81,8080"}),
        ({f"{TRAFFIC}/excludeInboundPorts": ""}, {}),
        ({f"{TRAFFIC}/excludeInboundPorts": "http"}, {"inbound not known": "yes"}),
        ({f"{TRAFFIC}/excludeInboundPorts": "0"}, {"inbound not known": "yes"}),
        ({f"{TRAFFIC}/includeInboundPorts": "*"}, {}),
        ({f"{TRAFFIC}/includeInboundPorts": "80"}, {"inbound": "1-79,81-65535"}),
        ({f"{TRAFFIC}/includeInboundPorts": ""}, {"inbound": "1-65535"}),
        (
            {f"{TRAFFIC}/includeInboundPorts": "80", f"{TRAFFIC}/excludeInboundPorts": "80"},
            {"inbound": "1-79,81-65535"},
        ),
        ({"status.sidecar.istio.io/port": "15999"}, {"inbound": "15999"}),
        ({f"{TRAFFIC}/excludeOutboundPorts": "5432"}, {"outbound": "5432"}),
        ({f"{TRAFFIC}/excludeOutboundPorts": "x"}, {"outbound not known": "yes"}),
        ({f"{TRAFFIC}/excludeOutboundIPRanges": "10.0.0.0/8"}, {"outbound not known": "yes"}),
        ({f"{TRAFFIC}/includeOutboundIPRanges": "*"}, {}),
        ({f"{TRAFFIC}/includeOutboundIPRanges": "10.0.0.0/8"}, {"outbound not known": "yes"}),
        (
            {"sidecar.istio.io/interceptionMode": "NONE"},
            {"inbound not known": "yes", "outbound not known": "yes"},
        ),
        ({"sidecar.istio.io/interceptionMode": "TPROXY"}, {}),
        ({"inject.istio.io/templates": "grpc-agent"}, {"inbound not known": "yes", "outbound not known": "yes"}),
        ({f"{TRAFFIC}/excludeInterfaces": "net1"}, {"inbound not known": "yes", "outbound not known": "yes"}),
        ({"ambient.istio.io/bypass-inbound-capture": "true"}, {"bypass": "yes"}),
        ({"ambient.istio.io/bypass-inbound-capture": "false"}, {}),
    ],
)
def test_what_annotations_take_out(annotations: dict[str, str], expected: dict[str, str]) -> None:
    found = load_objects([home("none"), DENY, pod(annotations)])
    if any(key.endswith("not known") for key in expected):
        expected = expected | {CAPTURE: "; ".join(f"{key}: {value}" for key, value in annotations.items())}
    assert dict(found.pod_of["m", "p"].mesh) == expected


def test_ports_are_written_as_they_are_read() -> None:
    for text in ("", "80", "80-81,8080", "1-65535"):
        assert ports_text(ports_of(text)) == text


def ztunnel(*variables: Manifest) -> Manifest:
    proxy = {"name": "istio-proxy", "args": ["proxy", "ztunnel"], "env": list(variables)}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "ztunnel", "namespace": "istio-system"},
        "spec": {
            "selector": {"matchLabels": {"app": "ztunnel"}},
            "template": {"metadata": {"labels": {"app": "ztunnel"}}, "spec": {"containers": [proxy]}},
        },
    }


@pytest.mark.parametrize(
    ("variables", "port"),
    [
        ((), AmbientPort.HBONE),
        (({"name": "TRANSPARENT_NETWORK_POLICIES", "value": "true"},), AmbientPort.ORIGINAL),
        (({"name": "TRANSPARENT_NETWORK_POLICIES", "value": "false"},), AmbientPort.HBONE),
        (({"name": "TRANSPARENT_NETWORK_POLICIES", "valueFrom": {}},), AmbientPort.UNKNOWN),
        (({"name": "OTHER", "value": "true"},), AmbientPort.HBONE),
    ],
)
def test_ztunnel_of_the_input_says_what_the_network_sees_unless_the_option_does(
    variables: tuple[Manifest, ...], port: AmbientPort
) -> None:
    objects = [home(), pod(ENABLED), ztunnel(*variables)]
    found = load_objects(objects)
    assert mesh_of(found).port is port
    assert "HBONE" not in notice(found, "MESH_ASSUMED").text
    for option in AmbientPort:
        assert mesh_of(load_objects(objects, options=Options(ambient_port=option))).port is option


def test_ztunnel_itself_has_no_sidecar() -> None:
    found = load_objects([home(), pod(ENABLED), ztunnel()])
    assert dict(found.pod_of["istio-system", "ztunnel"].mesh) == {"ztunnel": "15008"}


def test_a_bypassing_pod_and_a_proxy_that_takes_hbone_can_be_told() -> None:
    bypassing = load_objects([home(), pod(ENABLED | {"ambient.istio.io/bypass-inbound-capture": "true"})])
    assert in_pod_set(bypassing, pods(BYPASSED), bypassing.pod_of["m", "p"])
    taking = load_objects([home(), pod(labels={"networking.istio.io/tunnel": "http"}, containers=(PROXY,))])
    assert in_pod_set(taking, pods(TUNNELED), taking.pod_of["m", "p"])
