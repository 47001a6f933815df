"""Workload objects and their abstract pods: one stands for all replicas of a workload.

| Label that a controller adds | Known from the object |
|---|---|
| pod-template-hash (Deployment) | no |
| controller-revision-hash (StatefulSet, DaemonSet), pod-template-generation | no |
| statefulset.kubernetes.io/pod-name, apps.kubernetes.io/pod-index | with one replica |
| batch.kubernetes.io/job-name, job-name | for a Job, not for a CronJob |
| batch.kubernetes.io/controller-uid, controller-uid | where the Job has a uid |
| batch.kubernetes.io/job-completion-index | no |

Trusted by every verdict about manifests without pods; checked by tests/manifests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reachproof.manifests import inventory_fields as loose
from reachproof.manifests.inventory_fields import Node
from reachproof.manifests.kinds.kubernetes.pods import NOBODY, Key, PodEntry, controller, pod_of_template
from reachproof.manifests.object_identity import Manifest
from reachproof.network.labels import Selector

WORKLOAD_GROUPS = {
    "Deployment": "apps",
    "StatefulSet": "apps",
    "DaemonSet": "apps",
    "ReplicaSet": "apps",
    "ReplicationController": "",
    "Job": "batch",
    "CronJob": "batch",
}
TEMPLATE_HASH = "pod-template-hash"
# The only owners that a workload is folded into: one makes exactly the pods of the other. A custom resource may own
# several workloads, and these stay apart.
_FOLDS = {"ReplicaSet": "Deployment", "Job": "CronJob"}
_JOB_NAMES = ("batch.kubernetes.io/job-name", "job-name")
_JOB_UIDS = ("batch.kubernetes.io/controller-uid", "controller-uid")
_JOB_INDEX = "batch.kubernetes.io/job-completion-index"
_ORDINAL = ("statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index")
_REVISION = "controller-revision-hash"
# A DaemonSet has a pod on every node it suits; before it has a status that is some number, most likely above one.
_SEVERAL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A workload object. `entry` is its abstract pod; `selector` None: its pods are found by owner only.

    `owner`: the workload that it is folded into. `done`: a Job that has finished.
    """

    key: Key
    owner: Key
    selector: Selector | None
    entry: PodEntry
    replicas: int
    done: bool


def read_workload(manifest: Manifest) -> Workload:
    """The workload of an object; raises Misfit."""
    kind, body = manifest.kind, manifest.body
    namespace = manifest.namespace
    metadata, spec = loose.mapping(body, "metadata"), loose.mapping(body, "spec")
    status = loose.mapping(body, "status")
    replicas = _replicas(kind, spec, status)
    entry = _template(manifest, spec, namespace)
    known, unknown = _added_labels(kind, manifest.name, metadata, spec, replicas)
    labels = {**entry.pod.labels, **known}
    pod = replace(entry.pod, labels=labels, replicas=max(replicas, 1), workload=f"{kind}/{manifest.name}")
    owner = controller(metadata, namespace)
    return Workload(
        key=(kind, namespace, manifest.name),
        owner=owner if owner[0] == _FOLDS.get(kind) else NOBODY,
        selector=_selector(kind, spec, entry.pod.labels),
        entry=replace(entry, pod=pod, unknown=frozenset(unknown) - set(labels)),
        replicas=replicas,
        done=kind == "Job" and _finished(status),
    )


def _template(manifest: Manifest, spec: Node, namespace: str) -> PodEntry:
    """The pod of the template, without what the controller adds."""
    at, holder = "spec.", spec
    if manifest.kind == "CronJob":
        at = "spec.jobTemplate.spec."
        holder = loose.mapping(loose.mapping(spec, "jobTemplate", "spec."), "spec", "spec.jobTemplate.")
    template = loose.mapping(holder, "template", at)
    if not template:
        raise loose.Misfit(f"{at}template", "missing pod template")
    at = f"{at}template."
    metadata, inner = loose.mapping(template, "metadata", at), loose.mapping(template, "spec", at)
    return pod_of_template(metadata, inner, namespace=namespace, name=manifest.name, origin=manifest.origin, at=at)


def _replicas(kind: str, spec: Node, status: Node) -> int:
    match kind:
        case "DaemonSet":
            return loose.count(status, "desiredNumberScheduled", "status.", _SEVERAL)
        case "Job":
            return loose.count(spec, "parallelism", "spec.", 1)
        case "CronJob":
            job = loose.mapping(loose.mapping(spec, "jobTemplate", "spec."), "spec", "spec.jobTemplate.")
            return loose.count(job, "parallelism", "spec.jobTemplate.spec.", 1)
        case _:
            return loose.count(spec, "replicas", "spec.", 1)


def _selector(kind: str, spec: Node, template: Mapping[str, str]) -> Selector | None:
    if kind in ("Job", "CronJob"):
        return None
    if kind == "ReplicationController":
        pairs = loose.labels(spec, "selector", "spec.") or dict(template)
        return Selector.of(*(need for key, value in pairs.items() for need in Selector.equal(key, value).requirements))
    found = loose.selector(loose.mapping(spec, "selector", "spec."), "spec.selector.")
    return found if found.requirements else None


def _finished(status: Node) -> bool:
    conditions = loose.mappings(status, "conditions", "status.")
    return status.get("completionTime") is not None or any(
        condition.get("type") in ("Complete", "Failed") and condition.get("status") == "True"
        for condition in conditions
    )


def _added_labels(
    kind: str, name: str, metadata: Node, spec: Node, replicas: int
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The labels that the controller adds with values known from the object, and the keys of the others."""
    match kind:
        case "Deployment":
            return {}, (TEMPLATE_HASH,)
        case "DaemonSet":
            return {}, (_REVISION, "pod-template-generation")
        case "StatefulSet":
            return _ordinal_labels(name, spec, replicas)
        case "Job":
            known = dict.fromkeys(_JOB_NAMES, name)
            uid = loose.text(metadata, "uid", "metadata.")
            if uid:
                return {**known, **dict.fromkeys(_JOB_UIDS, uid)}, (_JOB_INDEX,)
            return known, (*_JOB_UIDS, _JOB_INDEX)
        case "CronJob":
            return {}, (*_JOB_NAMES, *_JOB_UIDS, _JOB_INDEX)
        case _:
            return {}, ()


def _ordinal_labels(name: str, spec: Node, replicas: int) -> tuple[dict[str, str], tuple[str, ...]]:
    if replicas != 1:
        return {}, (*_ORDINAL, _REVISION)
    start = loose.count(loose.mapping(spec, "ordinals", "spec."), "start", "spec.ordinals.", 0)
    return dict(zip(_ORDINAL, (f"{name}-{start}", str(start)), strict=True)), (_REVISION,)
