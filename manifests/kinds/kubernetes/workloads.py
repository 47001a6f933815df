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

from reachproof.manifests.inventory_fields import Fields, Misfit
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
    kind, body, namespace = manifest.kind, manifest.fields, manifest.namespace
    metadata, spec, status = body.object("metadata"), body.object("spec"), body.object("status")
    replicas = _replicas(kind, spec, status)
    entry = _template(manifest, spec)
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


def _template(manifest: Manifest, spec: Fields) -> PodEntry:
    """The pod of the template, without what the controller adds."""
    holder = _job(spec) if manifest.kind == "CronJob" else spec
    template = holder.object("template")
    if not template:
        raise Misfit(holder.path("template"), "missing pod template")
    return pod_of_template(template, manifest)


def _job(spec: Fields) -> Fields:
    """The spec of the Jobs of a CronJob."""
    return spec.object("jobTemplate").object("spec")


def _replicas(kind: str, spec: Fields, status: Fields) -> int:
    match kind:
        case "DaemonSet":
            return status.count("desiredNumberScheduled", _SEVERAL)
        case "Job":
            return spec.count("parallelism", 1)
        case "CronJob":
            return _job(spec).count("parallelism", 1)
        case _:
            return spec.count("replicas", 1)


def _selector(kind: str, spec: Fields, template: Mapping[str, str]) -> Selector | None:
    if kind in ("Job", "CronJob"):
        return None
    if kind == "ReplicationController":
        pairs = spec.labels("selector") or dict(template)
        return Selector.of(*(need for key, value in pairs.items() for need in Selector.equal(key, value).requirements))
    found = spec.selector("selector")
    return found if found.requirements else None


def _finished(status: Fields) -> bool:
    conditions = status.objects("conditions")
    return status.get("completionTime") is not None or any(
        each.get("type") in ("Complete", "Failed") and each.get("status") == "True" for each in conditions
    )


def _added_labels(
    kind: str, name: str, metadata: Fields, spec: Fields, replicas: int
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
            uid = metadata.text("uid")
            if uid:
                return {**known, **dict.fromkeys(_JOB_UIDS, uid)}, (_JOB_INDEX,)
            return known, (*_JOB_UIDS, _JOB_INDEX)
        case "CronJob":
            return {}, (*_JOB_NAMES, *_JOB_UIDS, _JOB_INDEX)
        case _:
            return {}, ()


def _ordinal_labels(name: str, spec: Fields, replicas: int) -> tuple[dict[str, str], tuple[str, ...]]:
    if replicas != 1:
        return {}, (*_ORDINAL, _REVISION)
    start = spec.object("ordinals").count("start", 0)
    return dict(zip(_ORDINAL, (f"{name}-{start}", str(start)), strict=True)), (_REVISION,)
