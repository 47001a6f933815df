"""Custom resources that make pods: their labels, and that a pod that is there is not made again."""

from __future__ import annotations

from typing import Any

import pytest

from reachproof.manifests.errors import ManifestError
from reachproof.manifests.load import load_objects
from reachproof.manifests.stored_snapshot import load_stored, objects_to_store
from reachproof.network.cluster import Pod
from reachproof.network.options import Options
from reachproof.network.snapshot import Snapshot
from tests.queries.given import network_policy, pod, session

Object = dict[str, Any]
MON: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mon"}}
TEMPLATE = {
    "metadata": {"labels": {"app": "x"}},
    "spec": {"containers": [{"name": "c", "ports": [{"name": "http", "containerPort": 80}]}]},
}


def thing(api_version: str, kind: str, spec: Object, **metadata: Any) -> Object:
    found = {"namespace": "mon", "name": "k8s"} | metadata
    return {"apiVersion": api_version, "kind": kind, "metadata": found, "spec": spec}


def read(*objects: Object) -> Snapshot:
    return load_objects([MON, *objects])


def only(*objects: Object) -> Pod:
    (found,) = read(*objects).pods
    return found


@pytest.mark.parametrize(
    ("api_version", "kind"), [("argoproj.io/v1alpha1", "Rollout"), ("apps.kruise.io/v1alpha1", "CloneSet")]
)
def test_a_template_tells_the_pods(api_version: str, kind: str) -> None:
    found = only(thing(api_version, kind, {"replicas": 3, "template": TEMPLATE}))
    assert (dict(found.labels), found.replicas, found.workload) == ({"app": "x"}, 3, f"{kind}/k8s")
    assert [(port.name, port.number) for port in found.ports] == [("http", 80)]


def test_a_rollout_that_takes_the_template_of_a_deployment_leaves_the_pods_to_that() -> None:
    borrowing = thing("argoproj.io/v1alpha1", "Rollout", {"workloadRef": {"kind": "Deployment", "name": "x"}})
    deployment = thing("apps/v1", "Deployment", {"replicas": 0, "template": TEMPLATE}, name="x")
    snapshot = read(borrowing, deployment)
    assert [str(each) for each in snapshot.pods] == ["mon/x"]
    assert "1 Rollout.argoproj.io" in notice(snapshot, "KINDS_SKIPPED")


def notice(snapshot: Snapshot, code: str) -> str:
    (found,) = (each.text for each in snapshot.warnings if each.code == code)
    return found


def test_a_machine_runs_in_a_pod_with_the_labels_of_its_template() -> None:
    spec = {"template": {"metadata": {"labels": {"app": "fedora"}}, "spec": {"domain": {"devices": {}}}}}
    found = only(thing("kubevirt.io/v1", "VirtualMachine", spec))
    assert dict(found.labels) == {"app": "fedora", "kubevirt.io": "virt-launcher", "vm.kubevirt.io/name": "k8s"}


def test_an_instance_of_a_machine_has_its_own_labels() -> None:
    found = only(thing("kubevirt.io/v1", "VirtualMachineInstance", {"domain": {}}, labels={"app": "fedora"}))
    assert found.labels["app"] == "fedora"


def test_a_machine_and_its_instance_are_one_pod() -> None:
    spec = {"template": {"metadata": {"labels": {"app": "fedora"}}, "spec": {"domain": {}}}}
    instance = thing("kubevirt.io/v1", "VirtualMachineInstance", {"domain": {}}, labels={"app": "fedora"})
    assert len(read(thing("kubevirt.io/v1", "VirtualMachine", spec), instance).pods) == 1


@pytest.mark.parametrize(
    ("kind", "label", "port"),
    [
        ("Prometheus", "prometheus", 9090),
        ("Alertmanager", "alertmanager", 9093),
        ("ThanosRuler", "thanos-ruler", 10902),
    ],
)
def test_what_the_prometheus_operator_runs_has_labels_of_its_own(kind: str, label: str, port: int) -> None:
    spec = {"replicas": 2, "podMetadata": {"labels": {"app": "prom"}}, "serviceAccountName": "prom"}
    found = only(thing("monitoring.coreos.com/v1", kind, spec))
    expected = {
        "app": "prom",
        "app.kubernetes.io/managed-by": "prometheus-operator",
        "app.kubernetes.io/name": label,
        "app.kubernetes.io/instance": "k8s",
        label: "k8s",
    }
    assert expected.items() <= found.labels.items()
    assert (found.replicas, found.service_account) == (2, "prom")
    assert [(each.name, each.number) for each in found.ports] == [("web", port)]


KNATIVE = "serving.knative.dev/v1"
SPARK = "sparkoperator.k8s.io/v1beta2"
APP = {"containers": [{"image": "app", "ports": [{"name": "http1", "containerPort": 9000}]}]}


def test_a_service_of_knative_runs_pods_of_its_newest_revision() -> None:
    template = {"metadata": {"labels": {"team": "red"}}, "spec": APP | {"serviceAccountName": "web"}}
    found = only(thing(KNATIVE, "Service", {"template": template}, name="hello"))
    assert dict(found.labels) == {
        "team": "red",
        "serving.knative.dev/service": "hello",
        "serving.knative.dev/configuration": "hello",
        "app": "hello-00001",
    }
    assert (found.service_account, found.replicas, found.workload) == ("web", 2, "Service/hello")
    assert [(each.name, each.number) for each in found.ports] == [
        ("http-autometric", 9090),
        ("http-queueadm", 8022),
        ("http-usermetric", 9091),
        ("queue-port", 8012),
        ("user-port", 9000),
    ]


@pytest.mark.parametrize(
    ("metadata", "status", "app", "revision"),
    [
        ({"name": "hello-v2"}, {}, "hello-v2", "hello-v2"),
        ({"labels": {"app": "mine"}}, {}, "mine", None),
        ({}, {"latestCreatedRevisionName": "hello-00007"}, "hello-00007", "hello-00007"),
        ({}, {}, "hello-00001", None),
    ],
)
def test_the_revision_of_a_service_of_knative_names_its_pods(
    metadata: Object, status: Object, app: str, revision: str | None
) -> None:
    made = thing(KNATIVE, "Service", {"template": {"metadata": metadata, "spec": APP}}, name="hello")
    labels = only(made | {"status": status}).labels
    assert (labels["app"], labels.get("serving.knative.dev/revision")) == (app, revision)


def test_a_service_of_knative_with_the_greatest_scale_one_is_one_pod() -> None:
    template = {"metadata": {"annotations": {"autoscaling.knative.dev/max-scale": "1"}}, "spec": APP}
    assert only(thing(KNATIVE, "Service", {"template": template})).replicas == 1


def test_a_service_of_knative_is_a_way_in_as_well() -> None:
    (found,) = read(thing(KNATIVE, "Service", {"template": {"spec": APP}}, name="hello")).ingresses
    assert (found.subject, bool(found.open)) == ("Service mon/hello", True)


def test_a_policy_that_rests_on_the_revision_of_a_service_is_refused_where_it_is_not_known() -> None:
    made = thing(KNATIVE, "Service", {"template": {"spec": APP}}, name="hello")
    with pytest.raises(ManifestError) as refused:
        read(made, network_policy("mon/p", {"serving.knative.dev/revision": "hello-00002"}))
    assert [each.message for each in refused.value.problems] == [
        "the value of label serving.knative.dev/revision is not known: Service/hello in namespace mon "
        "sets it per pod; select by other labels, or add the pods to the input"
    ]


def test_the_deployment_of_a_revision_stands_for_the_pods_of_the_service() -> None:
    made = thing(KNATIVE, "Service", {"template": {"spec": APP}}, name="hello")
    labels = dict(only(made).labels) | {"serving.knative.dev/revision": "hello-00001"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": []}}
    deployment = thing("apps/v1", "Deployment", {"template": template}, name="hello-00001-deployment")
    assert [str(each) for each in read(made, deployment).pods] == ["mon/hello-00001-deployment"]


def test_a_spark_application_runs_a_driver_and_executors() -> None:
    spec = {
        "driver": {"labels": {"version": "3.5"}, "serviceAccount": "spark"},
        "executor": {"instances": 3, "template": {"metadata": {"labels": {"version": "x", "tier": "a"}}}},
    }
    driver, executors = read(thing(SPARK, "SparkApplication", spec, name="pi")).pods
    both = {"sparkoperator.k8s.io/app-name": "pi", "sparkoperator.k8s.io/launched-by-spark-operator": "true"}
    assert dict(driver.labels) == {"version": "3.5", "spark-role": "driver", **both}
    assert dict(executors.labels) == {"version": "x", "tier": "a", "spark-role": "executor", **both}
    assert [(str(each), each.replicas, each.service_account, each.workload) for each in (driver, executors)] == [
        ("mon/pi-driver", 1, "spark", "SparkApplication/pi"),
        ("mon/pi-exec", 3, "default", "SparkApplication/pi"),
    ]


@pytest.mark.parametrize(
    ("spec", "status", "pods"),
    [
        ({}, {}, {"pi-driver": 1, "pi-exec": 1}),
        ({"mode": "cluster"}, {"applicationState": {"state": "RUNNING"}}, {"pi-driver": 1, "pi-exec": 1}),
        ({"mode": "client"}, {}, {"pi-exec": 1}),
        ({"dynamicAllocation": {"enabled": True}}, {}, {"pi-driver": 1, "pi-exec": 2}),
        ({}, {"applicationState": {"state": "COMPLETED"}}, {}),
        ({}, {"applicationState": {"state": "FAILED"}}, {}),
    ],
)
def test_how_many_pods_a_spark_application_has(spec: Object, status: Object, pods: dict[str, int]) -> None:
    made = thing(SPARK, "SparkApplication", spec, name="pi") | {"status": status}
    assert {each.name: each.replicas for each in read(made).pods} == pods


def test_of_a_spark_application_only_the_pods_that_are_absent_are_made() -> None:
    made = thing(SPARK, "SparkApplication", {}, name="pi")
    running = pod("mon/pi-1234-driver", "10.0.0.1")
    running["metadata"]["labels"] = dict(read(made).pods[0].labels) | {"spark-app-selector": "spark-1"}
    assert sorted(each.name for each in read(made, running).pods) == ["pi-1234-driver", "pi-exec"]


def test_a_pod_that_is_there_is_not_made_again() -> None:
    made = thing("monitoring.coreos.com/v1", "Prometheus", {})
    labels = dict(only(made).labels) | {"operator.prometheus.io/shard": "0"}
    running = pod("mon/prometheus-k8s-0", "10.0.0.1")
    running["metadata"]["labels"] = labels
    assert [each.name for each in read(made, running).pods] == ["prometheus-k8s-0"]
    elsewhere = running | {"metadata": running["metadata"] | {"namespace": "other"}}
    assert sorted(each.name for each in read(made, elsewhere).pods) == ["k8s", "prometheus-k8s-0"]


def test_a_policy_for_them_selects_something() -> None:
    made = thing("monitoring.coreos.com/v1", "Prometheus", {"podMetadata": {"labels": {"app": "prom"}}})
    asking = session(MON, made, pod("mon/x", "10.0.0.1"), network_policy("mon/p", {"app": "prom"}))
    assert asking.ask("no pod can reach pod mon/k8s").verdict == "holds"
    assert asking.ask("can pod mon/k8s reach pod mon/x?").verdict == "reachable"


def test_a_label_that_only_the_operator_knows_stops_the_policy_that_rests_on_it() -> None:
    made = thing("monitoring.coreos.com/v1", "Prometheus", {})
    policy = network_policy("mon/p", {"app.kubernetes.io/version": "3.0.0"})
    with pytest.raises(ManifestError) as refused:
        read(made, policy)
    assert [each.message for each in refused.value.problems] == [
        "the value of label app.kubernetes.io/version is not known: Prometheus/k8s in namespace mon "
        "sets it per pod; select by other labels, or add the pods to the input"
    ]


def test_of_other_kinds_with_a_template_answers_say_that_they_do_without_their_pods() -> None:
    snapshot = read(thing("example.com/v1", "Fleet", {"template": TEMPLATE}))
    assert [(each.code, each.text) for each in snapshot.assumptions] == [
        (
            "POD_TEMPLATE_SKIPPED",
            "Fleet mon/k8s has a pod template, but its kind is not read; give its pods themselves",
        )
    ]


def test_what_is_stored_of_them_reads_as_they_do() -> None:
    template = {"metadata": {"labels": {"app": "f"}}, "spec": {"domain": {}, "volumes": [{"userData": "hunter2"}]}}
    objects = [
        MON,
        thing("argoproj.io/v1alpha1", "Rollout", {"replicas": 3, "template": TEMPLATE}),
        thing("kubevirt.io/v1", "VirtualMachine", {"template": template}, name="vm"),
        thing("monitoring.coreos.com/v1", "Prometheus", {"podMetadata": {"labels": {"app": "p"}}}),
        thing(KNATIVE, "Service", {"template": {"metadata": {"labels": {"app": "k"}}, "spec": APP}}, name="hello"),
        thing(SPARK, "SparkApplication", {"executor": {"instances": 2}}, name="pi"),
    ]
    stored = objects_to_store(objects, name="made", options=Options())
    assert load_stored(stored.content, stored.snapshot.digest) == load_objects(objects, name="made")
    assert len(stored.snapshot.pods) == 6
