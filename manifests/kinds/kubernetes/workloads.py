"""Workload objects, the pods that they own, and their abstract pods: one stands for all replicas of a workload.

    Pod -> ReplicaSet -> Deployment        Pod -> Job -> CronJob        Pod -> StatefulSet, DaemonSet, ...

Objects in the middle may be absent: their names tell. A pod without an owner belongs to the workload without pods
that selects it, as its controller would adopt it. Workloads without pods in the input have abstract ones.

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

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reachproof.manifests.inventory_fields import Fields, Misfit
from reachproof.manifests.kinds.kubernetes.pods import NOBODY, Key, PodEntry, State, controller, pod_of_template
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
_TEMPLATE_HASH = "pod-template-hash"
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
_SCHEDULED = re.compile(r"(.+)-\d{8,10}")
_NODE = "Node"


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
            return {}, (_TEMPLATE_HASH,)
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


# ---------------------------------------------------------------- owners


class Ownership:
    """Built for one input: `place` its pods first, then ask for `missing` workloads."""

    def __init__(self, workloads: Iterable[Workload]) -> None:
        self._workloads = {workload.key: workload for workload in workloads}
        self._with_pods: set[Key] = set()

    def place(self, entries: Iterable[PodEntry]) -> list[PodEntry]:
        """The pods with `workload` filled in, in no particular order."""
        owned: list[PodEntry] = []
        bare: list[PodEntry] = []
        for entry in entries:
            if entry.owner == NOBODY or entry.owner[0] == _NODE:  # a static pod is owned by its node
                bare.append(entry)
            else:
                owned.append(_labelled(entry, self._top(entry)))
        return owned + self._adopted(bare)

    def _top(self, entry: PodEntry) -> Key:
        chain = [entry.owner]
        above = self._above(chain[-1], entry)
        while above != NOBODY and above not in chain:
            chain.append(above)
            above = self._above(above, entry)
        if entry.state is not State.FINISHED or chain[0][0] == "Job":
            self._with_pods.update(chain)
        return chain[-1]

    def _above(self, key: Key, entry: PodEntry) -> Key:
        """The owner of a workload: from its object, or from the shape of its name where the object is absent."""
        kind, namespace, name = key
        if key in self._workloads:
            return self._workloads[key].owner
        value = entry.pod.labels.get(_TEMPLATE_HASH)
        if kind == "ReplicaSet" and value and name.endswith(f"-{value}"):
            return "Deployment", namespace, name.removesuffix(f"-{value}")
        found = _SCHEDULED.fullmatch(name) if kind == "Job" else None
        if found is not None and ("CronJob", namespace, found[1]) in self._workloads:
            return "CronJob", namespace, found[1]
        return NOBODY

    def _adopted(self, bare: list[PodEntry]) -> list[PodEntry]:
        candidates: dict[str, list[Workload]] = {}
        for key in sorted(self._workloads):
            workload = self._workloads[key]
            if key not in self._with_pods and workload.selector is not None and workload.owner == NOBODY:
                candidates.setdefault(key[1], []).append(workload)
        return [self._adopt(entry, candidates.get(entry.pod.namespace, [])) for entry in bare]

    def _adopt(self, entry: PodEntry, candidates: list[Workload]) -> PodEntry:
        for workload in candidates if entry.owner == NOBODY else ():
            if workload.selector is not None and workload.selector.matches(entry.pod.labels):
                if entry.state is not State.FINISHED:
                    self._with_pods.add(workload.key)
                return _labelled(entry, workload.key)
        return entry

    def missing(self) -> list[Workload]:
        """The workloads whose pods are not in the input, sorted; finished Jobs have none to come.

        A ReplicaSet or Job counts for the Deployment or CronJob that owns it, also where that object is absent.
        """
        groups: dict[Key, list[Workload]] = {}
        for key in sorted(self._workloads):
            owner = self._workloads[key].owner
            groups.setdefault(key if owner == NOBODY else owner, []).append(self._workloads[key])
        found: list[Workload] = []
        for top, members in sorted(groups.items()):
            if top not in self._with_pods and not any(member.key in self._with_pods for member in members):
                found += _standing_for(top, [member for member in members if not member.done])
        return found


def _labelled(entry: PodEntry, key: Key) -> PodEntry:
    return replace(entry, pod=replace(entry.pod, workload=f"{key[0]}/{key[2]}"))


def _standing_for(top: Key, members: list[Workload]) -> list[Workload]:
    """The top itself, or, where its object is absent, those below it that ask for pods."""
    own = [member for member in members if member.key == top]
    chosen = own or [member for member in members if member.replicas] or members[-1:]
    found: list[Workload] = []
    for workload in chosen:
        name = top[2] if len(chosen) == 1 else workload.key[2]
        pod = replace(workload.entry.pod, name=name, workload=f"{top[0]}/{top[2]}")
        found.append(replace(workload, entry=replace(workload.entry, pod=pod)))
    return found


def uniquely_named(entries: list[PodEntry], taken: set[tuple[str, str]]) -> list[PodEntry]:
    """Abstract pods under names of their own: those that want a name of another pod get their kind behind it.

    Where two abstract pods want one name, both do, so that the order of the input does not matter.
    """
    wanted = Counter(entry.pod.key for entry in entries)
    used = set(taken)
    found: list[PodEntry] = []
    for entry in entries:
        pod = entry.pod
        if wanted[pod.key] > 1 or pod.key in taken:
            base = name = f"{pod.name}-{pod.workload.partition('/')[0].lower()}"
            number = 2
            while (pod.namespace, name) in used or (pod.namespace, name) in wanted:
                name, number = f"{base}-{number}", number + 1
            pod = replace(pod, name=name)
        used.add(pod.key)
        found.append(replace(entry, pod=pod))
    return found
