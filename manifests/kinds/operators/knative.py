"""Service of Knative Serving: the pods of its newest revision, and a way in.

| Of its pods | Is |
|---|---|
| labels | those of spec.template; `serving.knative.dev/service` and `.../configuration`: the name |
| `serving.knative.dev/revision` | the name of spec.template, or that in the status, else not known |
| `app` | a label of the template, else the name of the revision; that of the first where it is not known |
| ports | `user-port`: the container's, else 8080; those of the queue proxy |

How many there are changes with the load, so one entry stands for two, unless the greatest scale is 1. Which requests
come in is decided by Knative's own gateways. Source: `makeLabels` of Knative's revision controller and its constants.

Trusted by every verdict about manifests without pods; checked by tests/manifests/test_pod_makers.py.
"""

from __future__ import annotations

from dataclasses import replace

from reachproof.manifests.inventory_fields import Fields
from reachproof.manifests.kinds.kubernetes.pods import pod_of_template
from reachproof.manifests.kinds.operators.made_pods import MadePods, made_of
from reachproof.manifests.kinds.routes.others import read_unknown
from reachproof.manifests.object_identity import Manifest
from reachproof.network.cluster import ContainerPort
from reachproof.network.ports import Protocol

GROUP = "serving.knative.dev"
_MOST = ("autoscaling.knative.dev/max-scale", "autoscaling.knative.dev/maxScale")
_USER_PORT = 8080
_FIRST = "-00001"
_HTTP2 = "h2c"
_QUEUE = (("http-queueadm", 8022), ("http-autometric", 9090), ("http-usermetric", 9091))
_UNKNOWN = ("configurationGeneration", "configurationUID", "revision", "revisionUID", "serviceUID")


def read_service(manifest: Manifest) -> MadePods:
    """The pods of a Knative Service; raises Misfit."""
    template = manifest.fields.object("spec").object("template")
    metadata, spec = template.object("metadata"), template.object("spec")
    known = {f"{GROUP}/service": manifest.name, f"{GROUP}/configuration": manifest.name}
    status = manifest.fields.object("status")
    revision = metadata.text("name") or status.text("latestCreatedRevisionName")
    if revision:
        known[f"{GROUP}/revision"] = revision
    known["app"] = metadata.labels().get("app", revision or f"{manifest.name}{_FIRST}")
    entry = pod_of_template(template, manifest)
    ports = _ports(spec)
    pod = replace(
        entry.pod,
        ports=ports,
        of_services=None,
        declared=tuple(sorted((port.number, port.protocol) for port in ports)),
    )
    unknown = (*(f"{GROUP}/{name}" for name in _UNKNOWN), "pod-template-hash")
    replicas = 1 if _is_single(metadata) else 2
    made = made_of(manifest, replace(entry, pod=pod, last_ports=ports), known=known, unknown=unknown, replicas=replicas)
    return MadePods(entries=(made,), route=read_unknown(manifest))


def _is_single(metadata: Fields) -> bool:
    annotations = metadata.object("annotations")
    return any(annotations.text(name) == "1" for name in _MOST)


def _ports(spec: Fields) -> tuple[ContainerPort, ...]:
    """The ports of the pod: the user's has another name than in the object, and requests come by the queue proxy's."""
    given = [port for container in spec.objects("containers") for port in container.objects("ports")]
    number = given[0].count("containerPort", _USER_PORT) if given else _USER_PORT
    queue = 8013 if given and given[0].text("name") == _HTTP2 else 8012
    found = (("user-port", number), ("queue-port", queue), *_QUEUE)
    return tuple(sorted(ContainerPort(name=name, number=port, protocol=Protocol.TCP) for name, port in found))
