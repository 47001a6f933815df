"""Owners of pods, and workloads that have no pods in the input.

    Pod -> ReplicaSet -> Deployment        Pod -> Job -> CronJob        Pod -> StatefulSet, DaemonSet, ...

Objects in the middle may be absent: their names tell. A pod without an owner belongs to the workload without pods
that selects it, as its controller would adopt it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from reachproof.manifests.kinds.kubernetes.pods import NOBODY, Key, PodEntry, State
from reachproof.manifests.kinds.kubernetes.workloads import TEMPLATE_HASH, Workload

_SCHEDULED = re.compile(r"(.+)-\d{8,10}")
_NODE = "Node"


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
        value = entry.pod.labels.get(TEMPLATE_HASH)
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
