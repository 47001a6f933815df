"""Custom resources that make pods whose labels are known from the object; the rest is said to be skipped.

| Kind | Labels of its pods | Not known from the object |
|---|---|---|
| Rollout of Argo, CloneSet of OpenKruise | of the template | the hash of the template |
| VirtualMachine and its Instance (KubeVirt) | of the template, or its own; kind and name | `kubevirt.io/created-by` |
| Service of Knative, SparkApplication | `operators.knative`, `operators.spark` | |
| Prometheus, Alertmanager, ThanosRuler | of podMetadata; kind and name | version, shard, place in the StatefulSet |

One abstract pod stands for all of them where the input has no pod and no workload with these labels in the namespace.
Trusted by every verdict about manifests without pods; checked by tests/manifests/test_pod_makers.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from reachproof.manifests.inventory_fields import Fields
from reachproof.manifests.kinds.kubernetes.pods import PodEntry, pod_of_template
from reachproof.manifests.kinds.operators import knative, spark
from reachproof.manifests.kinds.operators.made_pods import MadePods, made_of
from reachproof.manifests.object_identity import Manifest
from reachproof.network.cluster import ContainerPort
from reachproof.network.ports import Protocol

MONITORING = "monitoring.coreos.com"
_SET_LABELS = frozenset(
    ("statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "controller-revision-hash")
)
# Of each kind the value of app.kubernetes.io/name, which is a label of its own as well, and the number of its web port.
_MONITORS = {
    "Prometheus": ("prometheus", 9090),
    "Alertmanager": ("alertmanager", 9093),
    "ThanosRuler": ("thanos-ruler", 10902),
}


def _of_template(unknown: str) -> Callable[[Manifest], MadePods]:
    def read(manifest: Manifest) -> MadePods:
        spec = manifest.fields.object("spec")
        entry = pod_of_template(spec.object("template"), manifest)
        return _made(manifest, entry, {}, {unknown}, spec.count("replicas", 1))

    return read


def _machine(manifest: Manifest) -> MadePods:
    """The pod that a machine runs in; a VirtualMachineInstance gives it its own labels."""
    holder = manifest.fields
    if manifest.kind == "VirtualMachine":
        holder = holder.object("spec").object("template")
    entry = pod_of_template(Fields({"metadata": {"labels": holder.object("metadata").labels()}}), manifest)
    own = {"kubevirt.io": "virt-launcher", "vm.kubevirt.io/name": manifest.name}
    return _made(manifest, entry, own, {"kubevirt.io/created-by"}, 1)


def _monitor(manifest: Manifest) -> MadePods:
    spec = manifest.fields.object("spec")
    metadata = {"labels": spec.object("podMetadata").labels()}
    inner = {"serviceAccountName": spec.text("serviceAccountName"), "hostNetwork": spec.flag("hostNetwork")}
    entry = pod_of_template(Fields({"metadata": metadata, "spec": inner}), manifest)
    name, number = _MONITORS[manifest.kind]
    known = {
        "app.kubernetes.io/managed-by": "prometheus-operator",
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/instance": manifest.name,
        name: manifest.name,
    }
    unknown = {"app.kubernetes.io/version", *_SET_LABELS}
    if manifest.kind == "Prometheus":
        known["operator.prometheus.io/name"] = manifest.name
        unknown |= {"operator.prometheus.io/shard", "operator.prometheus.io/mode"}
    web = ContainerPort(name=spec.text("portName", "web"), number=number, protocol=Protocol.TCP)
    pod = replace(entry.pod, ports=(web,), declared=((number, web.protocol),))
    return _made(manifest, replace(entry, pod=pod), known, unknown, spec.count("replicas", 1))


def _made(
    manifest: Manifest, entry: PodEntry, known: Mapping[str, str], unknown: Iterable[str], replicas: int
) -> MadePods:
    return MadePods(entries=(made_of(manifest, entry, known=known, unknown=unknown, replicas=replicas),))


POD_MAKER_READERS: Mapping[tuple[str, str], Callable[[Manifest], MadePods]] = {
    ("argoproj.io", "Rollout"): _of_template("rollouts-pod-template-hash"),
    ("apps.kruise.io", "CloneSet"): _of_template("controller-revision-hash"),
    ("kubevirt.io", "VirtualMachine"): _machine,
    ("kubevirt.io", "VirtualMachineInstance"): _machine,
    (knative.GROUP, "Service"): knative.read_service,
    (spark.GROUP, "SparkApplication"): spark.read_application,
    **{(MONITORING, kind): _monitor for kind in _MONITORS},
}
"""The reader of each group and kind."""
_OF_TEMPLATE = (("argoproj.io", "Rollout"), ("apps.kruise.io", "CloneSet"))


def borrows_template(manifest: Manifest) -> bool:
    """True if the object takes the template of a Deployment; then that stands for the pods."""
    if (manifest.group, manifest.kind) not in _OF_TEMPLATE:
        return False
    spec = manifest.body.get("spec")
    return isinstance(spec, dict) and spec.get("template") is None


def not_there(made: Iterable[MadePods], present: Iterable[PodEntry]) -> Iterator[PodEntry]:
    """The entries of objects none of whose pods is in the input: none near has all labels that are known.

    A machine and its instance, which have one name, make one pod.
    """
    homes: dict[str, list[PodEntry]] = defaultdict(list)
    named: dict[tuple[str, str], list[PodEntry]] = defaultdict(list)
    for entry in present:
        homes[entry.pod.namespace].append(entry)
    for each in (entry for pods in made for entry in pods.entries):
        pod = each.pod
        near = (*homes[pod.namespace], *named[pod.key])
        if not pod.labels or not any(pod.labels.items() <= entry.pod.labels.items() for entry in near):
            named[pod.key].append(each)
            yield each
