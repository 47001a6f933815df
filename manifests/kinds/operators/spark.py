"""SparkApplication of the Spark operator: a driver and executors.

| Pods | Labels | Not known from the object |
|---|---|---|
| driver, where `mode` is cluster | of spec.driver; role and name | the submission, the application's id |
| executors | of spec.executor; role and name | the same; number and profile of the executor |

A finished application has no pods. Where the number of executors may change one entry stands for two at least. Source:
the labels of the operator and of Spark on Kubernetes, which users see in their selectors.

Trusted by every verdict about manifests without pods; checked by tests/manifests/test_pod_makers.py.
"""

from __future__ import annotations

from reachproof.manifests.inventory_fields import Fields
from reachproof.manifests.kinds.kubernetes.pods import PodEntry, pod_of_template
from reachproof.manifests.kinds.operators.made_pods import MadePods, made_of
from reachproof.manifests.object_identity import Manifest

GROUP = "sparkoperator.k8s.io"
_FINISHED = ("COMPLETED", "FAILED")
_UNKNOWN = (
    *(f"{GROUP}/submission-id", f"{GROUP}/mutated-by-spark-operator", "spark-app-selector", "spark-app-name"),
    *("spark-version", "spark-exec-id", "spark-exec-resourceprofile-id", "spark-exec-inactive"),
)


def read_application(manifest: Manifest) -> MadePods:
    """The pods of a SparkApplication; raises Misfit."""
    spec = manifest.fields.object("spec")
    state = manifest.fields.object("status").object("applicationState").text("state")
    if state in _FINISHED:
        return MadePods(entries=())
    executor = spec.object("executor")
    count = executor.count("instances", 1)
    if spec.object("dynamicAllocation").flag("enabled"):
        count = max(count, 2)
    executors = _pods(manifest, executor, "executor", count)
    if spec.text("mode") not in ("", "cluster"):
        return MadePods(entries=(executors,))
    return MadePods(entries=(_pods(manifest, spec.object("driver"), "driver", 1), executors))


def _pods(manifest: Manifest, part: Fields, role: str, count: int) -> PodEntry:
    """The pods of one role; a pod template of theirs has labels too, which those of the role come before."""
    metadata = part.object("template").object("metadata")
    labels = {**metadata.labels(), **part.labels()}
    inner = {
        "serviceAccountName": part.text("serviceAccount"),
        "hostNetwork": part.flag("hostNetwork"),
        "containers": [],
    }
    entry = pod_of_template(Fields({"metadata": {"labels": labels}, "spec": inner}), manifest)
    known = {
        "spark-role": role,
        f"{GROUP}/app-name": manifest.name,
        f"{GROUP}/launched-by-spark-operator": "true",
    }
    suffix = "-driver" if role == "driver" else "-exec"
    return made_of(manifest, entry, known=known, unknown=_UNKNOWN, replicas=count, suffix=suffix)
