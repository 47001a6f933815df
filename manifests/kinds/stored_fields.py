"""Fields of a stored object: the fields that its reader looks at, and no other.

So env, images, volumes, annotations, managed fields and the like never get into a store, and of a kind that cannot
matter (Secret; ConfigMap, but for the settings of Cilium's that are read) not even the name. A reader that looks at
another field needs it here too; that nothing is missing is checked at every storing (`stored`) and by
tests/manifests/test_stored.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

from reachproof.engines.istio.membership import USE_WAYPOINT, WAYPOINT_NAMESPACE
from reachproof.manifests.inventory import inventory_kind
from reachproof.manifests.kinds.admin.bundles import CHANNEL, VERSION, is_crd
from reachproof.manifests.kinds.calico.objects import LABELLED_KINDS
from reachproof.manifests.kinds.cilium.own_cluster import LOCAL, NAME, is_config
from reachproof.manifests.kinds.istio.policies import DRY_RUN
from reachproof.manifests.kinds.istio.proxies import ANNOTATIONS, PROXY, ROUTER, TRANSPARENT, ZTUNNEL
from reachproof.manifests.kinds.kubernetes.endpoint_slices import LEADER, MANAGED_BY, SERVICE_NAME, SKIP_MIRROR
from reachproof.manifests.kinds.kubernetes.workloads import WORKLOAD_GROUPS
from reachproof.manifests.kinds.operators.pod_makers import pod_maker
from reachproof.manifests.kinds.registry import depends_on_cni
from reachproof.manifests.kinds.routes.registry import route_kind
from reachproof.manifests.kinds.unmodelled import REQUEST_AUTHENTICATION
from reachproof.manifests.object_identity import Manifest

Kept = dict[str, "Kept | str"]
"""Field names, each with what is kept below it, of each item where the value is a list."""
# One scalar; everything, where the reader looks at everything; and of containers what tells proxies of Istio: the name
# where it is theirs, and those arguments and that one variable which are looked at.
ONE: Final = "one"
ALL: Final = "all"
SIDECAR: Final = "sidecar"
ARGUMENTS: Final = "arguments"
VARIABLE: Final = "variable"

_NAME: Kept = {"namespace": ONE, "name": ONE}
_OWNERS: Kept = {"kind": ONE, "name": ONE, "controller": ONE}
_PORTS: Kept = {"name": ONE, "containerPort": ONE, "protocol": ONE}
_POD_SPEC: Kept = {
    "nodeName": ONE,
    "hostNetwork": ONE,
    "serviceAccountName": ONE,
    "serviceAccount": ONE,
    "containers": {"ports": _PORTS, "name": SIDECAR, "args": ARGUMENTS, "env": VARIABLE},
    "initContainers": {"ports": _PORTS, "name": SIDECAR, "args": ARGUMENTS, "env": VARIABLE, "restartPolicy": ONE},
}
_MESH: Kept = dict.fromkeys(ANNOTATIONS, ONE)
_TEMPLATE: Kept = {"metadata": {"labels": ALL, "annotations": _MESH}, "spec": _POD_SPEC}
_CONDITIONS: Kept = {"type": ONE, "status": ONE}
_TARGET: Kept = {"kind": ONE, "namespace": ONE, "name": ONE}
_ENDPOINT: Kept = {"ip": ONE, "targetRef": _TARGET}
_SELECTOR: Kept = {"matchLabels": ALL, "matchExpressions": {"key": ONE, "operator": ONE, "values": ALL}}
_BACKEND: Kept = {
    "service": {"name": ONE, "port": {"name": ONE, "number": ONE}},
    "serviceName": ONE,
    "servicePort": ONE,
}
_POLICY: Kept = {"metadata": {**_NAME, "annotations": {DRY_RUN: ONE}}, "spec": ALL, "specs": ALL}
# Sets and host endpoints have labels, which Calico keeps in an annotation of its own.
_LABELLED: Kept = {
    "metadata": {**_NAME, "labels": ALL, "annotations": {"projectcalico.org/metadata": ONE}},
    "spec": ALL,
}
_CONFIG: Kept = {"metadata": _NAME, "data": {NAME: ONE, LOCAL: ONE}}
_KINDS: dict[str, Kept] = {
    "Namespace": {"metadata": {**_NAME, "labels": ALL}},
    "ServiceAccount": {"metadata": {**_NAME, "labels": ALL}},
    "Node": {
        "metadata": {**_NAME, "labels": ALL},
        "spec": {"podCIDRs": ALL, "podCIDR": ONE},
        "status": {"addresses": {"address": ONE}},
    },
    "Pod": {
        "metadata": {**_NAME, "labels": ALL, "annotations": _MESH, "ownerReferences": _OWNERS},
        "spec": _POD_SPEC,
        "status": {
            "phase": ONE,
            "podIPs": {"ip": ONE},
            "podIP": ONE,
            "hostIPs": {"ip": ONE},
            "hostIP": ONE,
            "conditions": _CONDITIONS,
        },
    },
    "Service": {
        "metadata": {**_NAME, "labels": {USE_WAYPOINT: ONE, WAYPOINT_NAMESPACE: ONE}},
        "spec": {
            "type": ONE,
            "externalName": ONE,
            "clusterIP": ONE,
            "clusterIPs": ALL,
            "ipFamilies": ALL,
            "externalIPs": ALL,
            "externalTrafficPolicy": ONE,
            "loadBalancerSourceRanges": ALL,
            "publishNotReadyAddresses": ONE,
            "selector": ALL,
            "ports": {"name": ONE, "protocol": ONE, "port": ONE, "targetPort": ONE, "nodePort": ONE},
        },
        "status": {"loadBalancer": {"ingress": {"ip": ONE, "ipMode": ONE}}},
    },
    "EndpointSlice": {
        "metadata": {**_NAME, "labels": {SERVICE_NAME: ONE, MANAGED_BY: ONE}},
        "addressType": ONE,
        "ports": {"name": ONE, "protocol": ONE, "port": ONE},
        "endpoints": {"addresses": ALL, "conditions": {"ready": ONE}, "targetRef": _TARGET},
    },
    "Endpoints": {
        "metadata": {**_NAME, "labels": {SKIP_MIRROR: ONE}, "annotations": {LEADER: ONE}},
        "subsets": {
            "addresses": _ENDPOINT,
            "notReadyAddresses": _ENDPOINT,
            "ports": {"name": ONE, "protocol": ONE, "port": ONE},
        },
    },
    "Ingress": {
        "metadata": _NAME,
        "spec": {
            "defaultBackend": _BACKEND,
            "backend": _BACKEND,
            "rules": {"host": ONE, "http": {"paths": {"path": ONE, "backend": _BACKEND}}},
        },
    },
}
_WORKLOAD: Kept = {
    "metadata": {**_NAME, "ownerReferences": _OWNERS},
    "spec": {
        "replicas": ONE,
        "parallelism": ONE,
        "ordinals": {"start": ONE},
        "selector": _SELECTOR,
        "template": _TEMPLATE,
        "jobTemplate": {"spec": {"parallelism": ONE, "template": _TEMPLATE}},
    },
    "status": {"desiredNumberScheduled": ONE, "completionTime": ONE, "conditions": _CONDITIONS},
}
_OWN_WORKLOADS: dict[str, Kept] = {
    "ReplicationController": {"spec": {"replicas": ONE, "selector": ALL, "template": _TEMPLATE}},
    # The labels of its pods have its uid.
    "Job": {"metadata": {**_NAME, "ownerReferences": _OWNERS, "uid": ONE}},
}
_KINDS.update({kind: {**_WORKLOAD, **_OWN_WORKLOADS.get(kind, {})} for kind in WORKLOAD_GROUPS})

_CRD: Kept = {"metadata": {"name": ONE, "annotations": {CHANNEL: ONE, VERSION: ONE}}}


def kept(manifest: Manifest) -> dict[str, Any] | None:
    """The stored fields of an object; None for one that is not looked at. Lines of policies are kept, where known."""
    if depends_on_cni(manifest):
        fields = _LABELLED if manifest.kind in (*LABELLED_KINDS, "CiliumCIDRGroup") else _POLICY
    elif is_config(manifest):
        fields = _CONFIG
    elif is_crd(manifest):
        fields = _CRD
    elif (manifest.group, manifest.kind) == REQUEST_AUTHENTICATION:
        fields = _POLICY
    elif inventory_kind(manifest):
        fields = _KINDS[manifest.kind]
    elif (maker := pod_maker(manifest)) is not None:
        fields = _WORKLOAD if maker.stored is None else _with_name(maker.stored)
    elif (route := route_kind(manifest)) is not None:
        fields = {"metadata": _NAME, "spec": dict(route.spec)}
    else:
        return None
    found: dict[str, Any] = _reduced(manifest.body, {"apiVersion": ONE, "kind": ONE, **fields})
    return found


def _with_name(stored: Mapping[str, Any]) -> Kept:
    return {**stored, "metadata": {**_NAME, **stored.get("metadata", {})}}


def _reduced(value: Any, fields: Kept | str) -> Any:
    if isinstance(fields, str):
        return _whole(value, fields)
    if isinstance(value, list):
        return [_reduced(item, fields) for item in value]
    if not isinstance(value, dict):
        return value if _is_scalar(value) else None
    found = {
        name: _reduced(value[name], below)
        for name, below in fields.items()
        if name in value and _wanted(value[name], below)
    }
    # Whether there is anything at all is looked at too: a status without an address is not the same as no status.
    return found or (dict.fromkeys(list(fields)[:1]) if value else {})


def _whole(value: Any, fields: str) -> Any:
    match fields:
        case "arguments":
            return [each for each in value if each in (ROUTER, ZTUNNEL)]
        case "variable":
            found = [each for each in value if isinstance(each, dict) and each.get("name") == TRANSPARENT]
            return [{"name": TRANSPARENT, **_text(each, "value")} for each in found]
        case _:
            return value if fields == ALL or _is_scalar(value) else None


def _text(variable: dict[str, Any], name: str) -> dict[str, Any]:
    return {name: variable[name]} if name in variable and _is_scalar(variable[name]) else {}


def _wanted(value: Any, below: Kept | str) -> bool:
    """False for a name, arguments and variables of a container that tell no proxy."""
    match below:
        case "sidecar":
            return bool(value == PROXY)
        case "arguments" | "variable":
            return isinstance(value, list) and bool(_whole(value, below))
        case _:
            return True


def _is_scalar(value: Any) -> bool:
    """True if JSON has such a scalar; the numbers that it does not have mean nothing to any reader."""
    return isinstance(value, str | int | None) or (isinstance(value, float) and isfinite(value))
