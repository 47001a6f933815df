"""The fields that a reader looks at are enough to read an object again."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from reachproof.manifests.inventory import reader_of
from reachproof.manifests.inventory_fields import Misfit, Watched
from reachproof.manifests.object_identity import Manifest, identify
from reachproof.manifests.yaml_document import Document
from tests.manifests.test_stored import RICH, an_object

TRANSPARENT = {"name": "TRANSPARENT_NETWORK_POLICIES", "value": "true"}
ANNOTATIONS = {
    "sidecar.istio.io/inject": "true",
    "ambient.istio.io/redirection": "enabled",
    "traffic.sidecar.istio.io/excludeInboundPorts": "22",
    "traffic.sidecar.istio.io/includeOutboundIPRanges": "10.0.0.0/8",
}
IN_MESH = an_object(
    "Pod",
    spec={
        "containers": [
            {"name": "istio-proxy", "args": ["proxy", "router"], "env": [TRANSPARENT]},
            {"name": "istio-proxy", "args": ["ztunnel", "x"], "env": [{"name": "A", "value": "b"}, TRANSPARENT]},
            {"name": "app", "args": ["router"]},
        ]
    },
) | {"metadata": {"name": "a", "labels": {"networking.istio.io/tunnel": "http"}, "annotations": ANNOTATIONS}}
HTTP_ROUTE = an_object(
    "HTTPRoute",
    "gateway.networking.k8s.io/v1",
    spec={
        "parentRefs": [{"name": "gw", "namespace": "edge", "port": 80}],
        "hostnames": ["a.example"],
        "rules": [{"backendRefs": [{"name": "web", "port": 80, "weight": 1}], "filters": [{"type": "x"}]}],
    },
)
VIRTUAL_SERVICE = an_object(
    "VirtualService",
    "networking.istio.io/v1",
    spec={"gateways": ["edge/gw"], "http": [{"route": [{"destination": {"host": "web"}, "weight": 0}], "mirror": {}}]},
)
OTHERS: list[Any] = [None, {}, [], "", "x", "10.0.0.1", 0, 80, True, [{}], {"name": "web"}]


def manifest_of(value: dict[str, Any]) -> Manifest | None:
    return identify(Document(file="f", number=0, line=0, value=value), [])


READ = [each for each in (*RICH, IN_MESH, HTTP_ROUTE, VIRTUAL_SERVICE) if (it := manifest_of(each)) and reader_of(it)]


def with_changes(data: st.DataObject, value: Any) -> Any:
    """A copy in which some values are gone, or of another kind."""
    if data.draw(st.integers(0, 19)) == 0:
        return data.draw(st.sampled_from(OTHERS))
    if isinstance(value, dict):
        return {name: with_changes(data, item) for name, item in value.items() if data.draw(st.integers(0, 19))}
    return [with_changes(data, item) for item in value] if isinstance(value, list) else value


@settings(max_examples=300)
@given(st.data())
def test_what_is_looked_at_of_an_object_reads_as_the_object(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(READ))
    kept = ("apiVersion", "kind")
    watched = Watched({name: item if name in kept else with_changes(data, item) for name, item in whole.items()})
    manifest = manifest_of(watched)
    reader = reader_of(manifest) if manifest is not None else None
    if manifest is None or reader is None:
        event("not read")
        return
    try:
        record = reader(manifest)
    except Misfit as error:
        event(f"refused: {error.message}")
        return
    again = manifest_of(json.loads(json.dumps(watched.seen())))
    assert again is not None and reader_of(again) is reader
    assert repr(reader(again)) == repr(record)
