"""Drawn policies of Istio, all of them valid, on clusters of which some pods are in the mesh."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.strategies.clusters import clusters
from tests.strategies.policies import policy_sets
from tests.strategies.vocabulary import NAMESPACES, NETWORKS, Manifest

_HOMES = (*NAMESPACES[:2], *NAMESPACES[:2], "istio-system")
_MESH_OF_NAMESPACES: tuple[dict[str, str], ...] = (
    {},
    {"istio-injection": "enabled"},
    {"istio-injection": "enabled"},
    {"istio-injection": "disabled", "istio.io/rev": "canary"},
    {"istio.io/rev": "canary"},
    {"istio.io/dataplane-mode": "ambient"},
    {"istio.io/dataplane-mode": "ambient"},
    {"istio.io/dataplane-mode": "ambient"},
    {"istio.io/dataplane-mode": "ambient", "istio-injection": "enabled"},
    {"istio.io/dataplane-mode": "ambient", "istio.io/use-waypoint": "w"},
)
_MESH_OF_PODS: tuple[dict[str, str], ...] = (
    {},
    {},
    {},
    {"sidecar.istio.io/inject": "false"},
    {"sidecar.istio.io/inject": "true"},
    {"sidecar.istio.io/inject": "maybe"},
    {"istio.io/rev": "canary"},
    {"istio.io/dataplane-mode": "none"},
    {"istio.io/dataplane-mode": "ambient"},
    {"security.istio.io/tlsMode": "istio"},
    {"networking.istio.io/tunnel": "http"},
    {"istio.io/use-waypoint": "none"},
    {"istio.io/use-waypoint": "w"},
)
_TRAFFIC = "traffic.sidecar.istio.io"
_ANNOTATIONS: tuple[dict[str, str], ...] = (
    {"sidecar.istio.io/inject": "true"},
    {"sidecar.istio.io/inject": "false"},
    {f"{_TRAFFIC}/excludeInboundPorts": "80,53"},
    {f"{_TRAFFIC}/includeInboundPorts": "8080"},
    {f"{_TRAFFIC}/excludeOutboundPorts": "80"},
    {f"{_TRAFFIC}/excludeOutboundPorts": "80,8080", f"{_TRAFFIC}/excludeInboundPorts": "8080"},
    {f"{_TRAFFIC}/excludeOutboundIPRanges": "10.0.0.0/8"},
    {"sidecar.istio.io/interceptionMode": "NONE"},
    {"inject.istio.io/templates": "gateway"},
    {"ambient.istio.io/bypass-inbound-capture": "true"},
)
_REDIRECTIONS = ("enabled", "enabled", "enabled", "enabled", "pending", None, None)
_SELECTORS: tuple[Manifest, ...] = (
    {"matchLabels": {"app": "web"}},
    {"matchLabels": {"tier": "a"}},
    {"matchLabels": {}},
)
_BLOCKS = (*NETWORKS, "10.0.0.1", "fd00::2")
_PORTS = ("80", "53", "8080", "15021")
_NAMESPACE_NAMES = (*NAMESPACES[:2], "sh*", "*nk", "*")
_ACCOUNTS = ("s1", "default", f"{NAMESPACES[0]}/s1", f"{NAMESPACES[1]}/default")
_PRINCIPALS = (
    f"cluster.local/ns/{NAMESPACES[0]}/sa/s1",
    f"cluster.local/ns/{NAMESPACES[1]}/sa/default",
    f"cluster.local/ns/{NAMESPACES[0]}/*",
    "cluster.local/ns/b*",
    f"cluster.local/ns/{NAMESPACES[0]}/sa/d*",
    "*/sa/s1",
    f"*/ns/{NAMESPACES[1]}/sa/default",
    "*ault",
    "*",
)
_MODES = ("STRICT", "PERMISSIVE", "DISABLE", "UNSET")


def _some(words: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=2, unique=True)


def _fields(**words: tuple[str, ...]) -> st.SearchStrategy[Manifest]:
    """One or two of these fields, each as it is or left out of what is meant."""
    names = {name: _some(values) for name, values in words.items()}
    names |= {f"not{name[0].upper()}{name[1:]}": _some(values) for name, values in words.items()}
    chosen = st.lists(st.sampled_from(sorted(names)), min_size=1, max_size=2, unique=True)
    return chosen.flatmap(lambda keys: st.fixed_dictionaries({key: names[key] for key in keys}))


_SOURCES = st.one_of(
    _fields(namespaces=_NAMESPACE_NAMES, principals=_PRINCIPALS, ipBlocks=_BLOCKS),
    _fields(namespaces=_NAMESPACE_NAMES, ipBlocks=_BLOCKS),
    _fields(serviceAccounts=_ACCOUNTS, ipBlocks=_BLOCKS),
    _fields(requestPrincipals=("a/b",), ipBlocks=_BLOCKS),
)
_OPERATIONS = st.one_of(
    _fields(ports=_PORTS), _fields(ports=_PORTS), _fields(ports=_PORTS, methods=("GET",), paths=("/x",))
)
_KEYS: dict[str, tuple[str, ...]] = {
    "source.ip": _BLOCKS,
    "source.namespace": _NAMESPACE_NAMES,
    "source.principal": _PRINCIPALS,
    "destination.ip": _BLOCKS,
    "destination.port": _PORTS,
    "connection.sni": ("example.com",),
    "request.headers[x]": ("y",),
}


@st.composite
def _conditions(draw: st.DrawFn) -> Manifest:
    key = draw(st.sampled_from(sorted(_KEYS)))
    fields = draw(st.sampled_from((("values",), ("notValues",), ("values", "notValues"))))
    return {"key": key, **{field: draw(_some(_KEYS[key])) for field in fields}}


@st.composite
def _rules(draw: st.DrawFn) -> Manifest:
    rule: Manifest = {}
    if draw(st.booleans()):
        rule["from"] = [{"source": each} for each in draw(st.lists(_SOURCES, min_size=1, max_size=2))]
    if draw(st.booleans()):
        rule["to"] = [{"operation": each} for each in draw(st.lists(_OPERATIONS, min_size=1, max_size=2))]
    if draw(st.integers(0, 3)) == 0:
        rule["when"] = draw(st.lists(_conditions(), min_size=1, max_size=2))
    return rule


@st.composite
def _authorizations(draw: st.DrawFn, number: int) -> Manifest:
    spec: Manifest = {}
    action = draw(st.sampled_from(("ALLOW", "ALLOW", "ALLOW", "DENY", "DENY", "CUSTOM", "AUDIT", None)))
    if action is not None:
        spec["action"] = action
    if action == "CUSTOM":
        spec["provider"] = {"name": "x"}
    if draw(st.booleans()):
        spec["selector"] = draw(st.sampled_from(_SELECTORS))
    rules = draw(st.lists(_rules(), max_size=2))
    if rules:
        spec["rules"] = rules
    found = _object("AuthorizationPolicy", f"a{number}", draw(st.sampled_from(_HOMES)), spec)
    if draw(st.integers(0, 9)) == 0:
        found["metadata"]["annotations"] = {"istio.io/dry-run": draw(st.sampled_from(("true", "false")))}
    return found


@st.composite
def _authentications(draw: st.DrawFn, number: int) -> Manifest:
    spec: Manifest = {}
    if draw(st.integers(0, 4)):
        spec["mtls"] = {"mode": draw(st.sampled_from((*_MODES, "STRICT")))}
    if draw(st.booleans()):
        spec["selector"] = draw(st.sampled_from(_SELECTORS[:2]))
        if draw(st.booleans()):
            spec["portLevelMtls"] = {"80": {"mode": draw(st.sampled_from(_MODES))}}
    return _object("PeerAuthentication", f"p{number}", draw(st.sampled_from(_HOMES)), spec)


def _object(kind: str, name: str, namespace: str, spec: Manifest) -> Manifest:
    return {
        "apiVersion": "security.istio.io/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


@st.composite
def inputs(draw: st.DrawFn) -> list[Manifest]:
    """A small cluster, one to three AuthorizationPolicies, up to two PeerAuthentications, policies of Kubernetes."""
    objects = draw(clusters(most_pods=4))
    for each in objects:
        _enrolled(draw, each)
    objects += [draw(_authorizations(number)) for number in range(draw(st.integers(1, 3)))]
    objects += [draw(_authentications(number)) for number in range(draw(st.integers(0, 2)))]
    if draw(st.booleans()):
        objects += draw(policy_sets(most=2))
    return objects


def _enrolled(draw: st.DrawFn, manifest: Manifest) -> None:
    """Puts what decides about the mesh into a namespace, a pod or a template."""
    if manifest["kind"] == "Namespace":
        manifest["metadata"]["labels"] |= draw(st.sampled_from(_MESH_OF_NAMESPACES))
    elif manifest["kind"] == "Service":
        manifest["metadata"]["labels"] = draw(st.sampled_from(({}, {}, {}, {"istio.io/use-waypoint": "w"})))
    elif manifest["kind"] in ("Pod", "Deployment", "DaemonSet"):
        inner: dict[str, Any] = manifest if manifest["kind"] == "Pod" else manifest["spec"]["template"]
        inner["metadata"] = dict(inner["metadata"])
        inner["metadata"]["labels"] = {**inner["metadata"]["labels"], **draw(st.sampled_from(_MESH_OF_PODS))}
        notes = dict(draw(st.sampled_from(_ANNOTATIONS))) if draw(st.integers(0, 3)) == 0 else {}
        if "status" in manifest and (mode := draw(st.sampled_from(_REDIRECTIONS))):
            notes["ambient.istio.io/redirection"] = mode
        inner["metadata"]["annotations"] = notes
        if draw(st.integers(0, 2)) == 0:
            proxy: Manifest = {"name": "istio-proxy", "image": "proxy"}
            if draw(st.integers(0, 3)) == 0:
                proxy["args"] = ["proxy", "router"]
            inner["spec"]["containers"].append(proxy)
        if draw(st.booleans()):
            inner["spec"]["serviceAccountName"] = "s1"
