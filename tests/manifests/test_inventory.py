"""What of namespaces, nodes, pods and workloads a policy can see."""

from __future__ import annotations

from typing import Any

import pytest

from reachproof.manifests.errors import ManifestError
from reachproof.manifests.load import load_objects
from reachproof.network.address import format_address, parse_address, parse_cidrs
from reachproof.network.cluster import ContainerPort, Pod
from reachproof.network.labels import NAMESPACE_NAME
from reachproof.network.options import Options
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from tests.manifests.given import codes, notice

Object = dict[str, Any]
API = {"Job": "batch/v1", "CronJob": "batch/v1", "ReplicationController": "v1"}


def pod(name: str, ip: str | None = None, **more: Any) -> Object:
    """A Pod of the namespace shop; running with an address, else without status."""
    found: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"}, "spec": {}}
    for key in ("labels", "ownerReferences"):
        if key in more:
            found["metadata"][key] = more.pop(key)
    if ip is not None:
        found["status"] = {"phase": "Running", "podIP": ip}
    if "status" in more:
        found["status"] = more.pop("status")
    found["spec"] |= more
    return found


def owner(kind: str, name: str) -> list[Object]:
    return [{"kind": kind, "name": name, "controller": True}]


def workload(kind: str, name: str, **more: Any) -> Object:
    """A workload of the namespace shop whose template has the label app: NAME."""
    template: Object = {"metadata": {"labels": {"app": name}}, "spec": more.pop("pod", {})}
    metadata: Object = {"name": name, "namespace": "shop"}
    for key in ("ownerReferences", "uid"):
        if key in more:
            metadata[key] = more.pop(key)
    found: Object = {"apiVersion": API.get(kind, "apps/v1"), "kind": kind, "metadata": metadata}
    if "status" in more:
        found["status"] = more.pop("status")
    spec = {"template": template, **more}
    found["spec"] = {"jobTemplate": {"spec": spec}} if kind == "CronJob" else spec
    return found


def node(name: str, *addresses: str) -> Object:
    listed = [{"type": "InternalIP", "address": address} for address in addresses]
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"addresses": listed}}


def selecting(**labels: str) -> Object:
    """A NetworkPolicy of the namespace shop that selects pods by labels."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"podSelector": {"matchLabels": {key.replace("__", "/"): value for key, value in labels.items()}}},
    }


SHOP: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}


def load(*objects: Object) -> Snapshot:
    return load_objects([SHOP, *objects])


def only(*objects: Object) -> Pod:
    (found,) = load(*objects).pods
    return found


def listed(*objects: Object) -> list[tuple[str, str]]:
    """(name, workload) of every pod."""
    return [(found.name, found.workload) for found in load(*objects).pods]


def refused(*objects: Object) -> str:
    with pytest.raises(ManifestError) as caught:
        load(*objects)
    return str(caught.value)


class TestNamespaces:
    def test_the_label_with_the_name_is_always_there(self) -> None:
        found = load_objects([SHOP]).namespaces
        assert [(one.name, dict(one.labels), one.assumed) for one in found] == [
            ("shop", {NAMESPACE_NAME: "shop"}, False)
        ]

    def test_the_label_with_the_name_cannot_be_overridden(self) -> None:
        given = SHOP | {"metadata": {"name": "shop", "labels": {NAMESPACE_NAME: "bank", "tenant": "a"}}}
        assert dict(load_objects([given]).namespaces[0].labels) == {NAMESPACE_NAME: "shop", "tenant": "a"}

    @pytest.mark.parametrize(
        "user",
        [
            pod("web"),
            workload("Deployment", "web"),
            selecting(app="web"),
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}},
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web", "namespace": "shop"}},
        ],
        ids=lambda user: str(user["kind"]),
    )
    def test_one_that_is_used_but_not_given_is_assumed_and_a_warning_says_so(self, user: Object) -> None:
        snapshot = load_objects([user])
        assert [(one.name, dict(one.labels), one.assumed) for one in snapshot.namespaces] == [
            ("shop", {NAMESPACE_NAME: "shop"}, True)
        ]
        assert notice(snapshot, "NAMESPACE_ASSUMED").text == (
            "namespace shop is used but not given; it is assumed to have no label but its name "
            "(kubectl get namespace shop -o yaml gives it)"
        )

    def test_without_a_namespace_it_is_default(self) -> None:
        bare = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}}
        assert [str(one) for one in load_objects([bare]).pods] == ["default/web"]


class TestNodes:
    def test_addresses_are_those_that_are_ip_addresses(self) -> None:
        (found,) = load(node("n1", "192.168.0.1", "n1.example", "fd00::1", "192.168.0.1")).nodes
        assert sorted(map(format_address, found.addresses)) == ["192.168.0.1", "fd00::1"]

    def test_pod_ranges_are_the_pod_cidrs(self) -> None:
        many = node("n1") | {"spec": {"podCIDR": "10.1.0.0/24", "podCIDRs": ["10.1.0.0/24", "fd00::/64"]}}
        one = node("n2") | {"spec": {"podCIDR": "10.2.0.0/24"}}
        assert [found.pod_ranges for found in load(many, one).nodes] == [
            parse_cidrs(["10.1.0.0/24", "fd00::/64"]),
            parse_cidrs(["10.2.0.0/24"]),
        ]


class TestPods:
    @pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
    def test_a_finished_pod_is_dropped(self, phase: str) -> None:
        assert load(pod("job", status={"phase": phase, "podIP": "10.0.0.1"})).pods == ()

    def test_pods_that_do_not_serve_are_kept_by_why(self) -> None:
        ready = {"phase": "Running", "podIP": "10.0.0.2", "conditions": [{"type": "Ready", "status": "False"}]}
        done = {"phase": "Failed", "podIP": "10.0.0.1"}
        found = load(pod("slow", status=ready), pod("done", status=done), pod("next", status={"phase": "Pending"})).idle
        assert [(each.name, str(each.state)) for each in found] == [
            ("done", "finished"),
            ("next", "waiting"),
            ("slow", "not ready"),
        ]

    def test_two_copies_of_a_pod_that_differ_in_readiness_are_one(self) -> None:
        conditions = [{"conditions": [{"type": "Ready", "status": status}]} for status in ("False", "True")]
        copies = [pod("web", status={"phase": "Running", "podIP": "10.0.0.1"} | each) for each in conditions]
        assert [str(each) for each in load(*copies).idle] == ["shop/web"]
        assert load(*reversed(copies)).idle == ()

    @pytest.mark.parametrize("phase", ["Running", "Pending", "Unknown"])
    def test_a_pod_with_an_address_takes_part_whatever_its_phase(self, phase: str) -> None:
        assert only(pod("web", status={"phase": phase, "podIP": "10.0.0.1"})).addresses == (parse_address("10.0.0.1"),)

    def test_a_pod_that_is_being_deleted_takes_part(self) -> None:
        going = pod("web", "10.0.0.1")
        going["metadata"]["deletionTimestamp"] = "2026-11-23T10:00:00Z"
        assert only(going).name == "web"

    def test_a_pod_with_a_status_but_no_address_takes_no_part_and_a_warning_says_so(self) -> None:
        snapshot = load(pod("web", status={"phase": "Pending"}))
        assert snapshot.pods == ()
        assert notice(snapshot, "POD_WITHOUT_ADDRESS").text == (
            "pod shop/web has a status but no address yet; it takes no part"
        )

    def test_the_address_of_its_node_is_none_of_a_pod_on_the_pod_network(self) -> None:
        assert load(pod("web", status={"phase": "Pending", "hostIP": "192.168.0.1"})).pods == ()

    @pytest.mark.parametrize("more", [{}, {"status": {}}, {"status": None}])
    def test_a_pod_without_status_is_abstract(self, more: Object) -> None:
        found = only(pod("web", **more))
        assert (found.addresses, found.abstract, found.replicas, found.workload) == ((), True, 1, "")

    def test_there_is_one_address_per_family_and_the_first_counts(self) -> None:
        ips = [{"ip": ip} for ip in ("fd00::1", "10.0.0.1", "10.0.0.2")]
        found = only(pod("web", status={"phase": "Running", "podIP": "10.0.0.1", "podIPs": ips}))
        assert [format_address(address) for address in found.addresses] == ["10.0.0.1", "fd00::1"]

    def test_an_address_that_is_none_is_refused(self) -> None:
        assert refused(pod("web", "10.0.0.256")) == (
            '<objects> Pod shop/web status.podIP: found "10.0.0.256", expected an IP address'
        )

    def test_an_address_of_a_list_that_is_no_text_is_named_by_its_place(self) -> None:
        status = {"podIPs": [{"ip": "10.0.0.1"}, {"ip": 7}]}
        assert (
            refused(pod("web", status=status)) == "<objects> Pod shop/web status.podIPs[1].ip: found 7, expected text"
        )

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ({"phase": "Running", "hostIP": "192.168.0.7", "podIP": "192.168.0.8"}, ["192.168.0.8"]),
            ({"phase": "Running", "hostIP": "192.168.0.7"}, ["192.168.0.7"]),
            ({"phase": "Running", "hostIPs": [{"ip": "fd00::7"}, {"ip": "192.168.0.7"}]}, ["192.168.0.7", "fd00::7"]),
            ({}, ["192.168.0.1"]),
        ],
    )
    def test_a_host_network_pod_has_addresses_of_its_node(self, status: Object, expected: list[str]) -> None:
        found = only(node("n1", "192.168.0.1"), pod("web", status=status, hostNetwork=True, nodeName="n1"))
        assert (found.host_network, found.node) == (True, "n1")
        assert [format_address(address) for address in found.addresses] == expected

    def test_a_pod_on_the_pod_network_does_not_take_its_nodes_address(self) -> None:
        assert only(node("n1", "192.168.0.1"), pod("web", nodeName="n1")).addresses == ()

    def test_ports_are_those_of_containers_the_named_ones_apart(self) -> None:
        containers = [
            {"ports": [{"name": "web", "containerPort": 8080}, {"containerPort": 9090}]},
            {
                "ports": [
                    {"name": "web", "containerPort": 8081},
                    {"name": "dns", "containerPort": 53, "protocol": "UDP"},
                ]
            },
            {},
        ]
        found = only(pod("web", containers=containers))
        assert found.ports == (
            ContainerPort(name="dns", number=53, protocol=Protocol.UDP),
            ContainerPort(name="web", number=8080, protocol=Protocol.TCP),
            ContainerPort(name="web", number=8081, protocol=Protocol.TCP),
        )
        assert found.declared == (
            (53, Protocol.UDP),
            (8080, Protocol.TCP),
            (8081, Protocol.TCP),
            (9090, Protocol.TCP),
        )

    @pytest.mark.parametrize(("used", "expected"), [("side", ["PORT_NAME_IN_INIT_CONTAINER"]), ("web", []), ("x", [])])
    def test_a_port_name_of_an_init_container_only_gets_a_warning_where_it_is_used(
        self, used: str, expected: list[str]
    ) -> None:
        web = pod(
            "web",
            containers=[{"ports": [{"name": "web", "containerPort": 80}]}],
            initContainers=[{"ports": [{"name": "side", "containerPort": 81}, {"name": "web", "containerPort": 82}]}],
        )
        policy = selecting()
        policy["spec"]["ingress"] = [{"ports": [{"port": used}]}]
        snapshot = load(web, policy)
        assert codes(snapshot) == expected
        assert [port.name for port in snapshot.pods[0].ports] == ["web"]

    @pytest.mark.parametrize(
        ("spec", "expected"),
        [({}, "default"), ({"serviceAccountName": "a"}, "a"), ({"serviceAccount": "b"}, "b")],
    )
    def test_a_service_account_is_default_unless_named(self, spec: Object, expected: str) -> None:
        assert only(pod("web", **spec)).service_account == expected

    def test_fields_that_do_not_matter_are_not_looked_at(self) -> None:
        assert only(pod("web", volumes=5, colour="red", containers=[{"image": [], "resources": 1}])).name == "web"

    def test_a_label_that_is_no_text_is_refused(self) -> None:
        assert refused(pod("web", labels={"version": 1.5})) == (
            "<objects> Pod shop/web metadata.labels.version: found 1.5, expected text; put it in quotes"
        )

    def test_two_pods_with_one_address_are_both_kept_and_every_answer_says_so(self) -> None:
        snapshot = load(pod("a", "10.0.0.1"), pod("b", "10.0.0.1"))
        assert [one.name for one in snapshot.pods] == ["a", "b"]
        assert notice(snapshot, "DUPLICATE_ADDRESS").text == (
            "address 10.0.0.1 is held by 2 pods (shop/a, shop/b); each is assumed to have it"
        )

    def test_host_network_pods_share_the_address_of_their_node_without_a_warning(self) -> None:
        hosts = [pod(name, "192.168.0.1", hostNetwork=True) for name in ("a", "b")]
        assert codes(load(*hosts)) == []

    def test_an_address_of_a_finished_pod_is_free(self) -> None:
        assert codes(load(pod("a", "10.0.0.1"), pod("b", status={"phase": "Failed", "podIP": "10.0.0.1"}))) == []


class TestOwners:
    @pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"])
    def test_pods_that_are_present_stand_for_their_workload(self, kind: str) -> None:
        objects = [pod("web-x", "10.0.0.1", ownerReferences=owner(kind, "web")), workload(kind, "web")]
        assert listed(*objects) == [("web-x", f"{kind}/web")]
        assert listed(*reversed(objects)) == [("web-x", f"{kind}/web")]

    def test_a_pod_belongs_to_the_deployment_of_its_replica_set(self) -> None:
        web = pod("web-6d4-x", "10.0.0.1", ownerReferences=owner("ReplicaSet", "web-6d4"))
        middle = workload("ReplicaSet", "web-6d4", ownerReferences=owner("Deployment", "web"))
        assert listed(web, middle, workload("Deployment", "web")) == [("web-6d4-x", "Deployment/web")]

    def test_without_the_replica_set_the_names_tell(self) -> None:
        labels = {"pod-template-hash": "6d4cf56db"}
        web = pod("web-6d4cf56db-x", "10.0.0.1", labels=labels, ownerReferences=owner("ReplicaSet", "web-6d4cf56db"))
        assert listed(web, workload("Deployment", "web")) == [("web-6d4cf56db-x", "Deployment/web")]
        assert listed(web) == [("web-6d4cf56db-x", "Deployment/web")]

    def test_a_pod_of_a_scheduled_job_belongs_to_the_cron_job(self) -> None:
        run = pod("report-28000000-x", "10.0.0.1", ownerReferences=owner("Job", "report-28000000"))
        assert listed(run, workload("CronJob", "report")) == [("report-28000000-x", "CronJob/report")]

    def test_a_replica_set_without_owner_is_a_workload_itself(self) -> None:
        web = pod("web-x", "10.0.0.1", ownerReferences=owner("ReplicaSet", "web"))
        assert listed(web, workload("ReplicaSet", "web")) == [("web-x", "ReplicaSet/web")]

    def test_a_static_pod_belongs_to_no_workload(self) -> None:
        assert listed(pod("kube-proxy", "10.0.0.1", ownerReferences=owner("Node", "n1"))) == [("kube-proxy", "")]

    def test_an_owner_of_an_unknown_kind_is_the_workload(self) -> None:
        assert listed(pod("web-x", "10.0.0.1", ownerReferences=owner("Widget", "w"))) == [("web-x", "Widget/w")]

    def test_a_workload_of_the_same_name_elsewhere_is_another(self) -> None:
        other = workload("StatefulSet", "web")
        other["metadata"]["namespace"] = "default"
        web = pod("web-0", "10.0.0.1", ownerReferences=owner("StatefulSet", "web"))
        assert listed(web, other) == [("web", "StatefulSet/web"), ("web-0", "StatefulSet/web")]

    def test_a_waiting_pod_stands_for_its_workload(self) -> None:
        web = pod("web-0", status={"phase": "Pending"}, ownerReferences=owner("StatefulSet", "web"))
        assert listed(web, workload("StatefulSet", "web")) == []


class TestAbstractPods:
    @pytest.mark.parametrize(
        "kind", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"]
    )
    def test_a_workload_without_pods_is_one_abstract_pod_named_after_it(self, kind: str) -> None:
        container = {"ports": [{"name": "web", "containerPort": 80}]}
        spec = {"containers": [container], "serviceAccountName": "robot"}
        found = only(workload(kind, "web", pod=spec))
        assert (found.name, found.workload, found.addresses) == ("web", f"{kind}/web", ())
        assert found.labels["app"] == "web"
        assert found.ports == (ContainerPort(name="web", number=80, protocol=Protocol.TCP),)
        assert found.service_account == "robot"

    @pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"])
    def test_it_knows_the_replicas(self, kind: str) -> None:
        assert only(workload(kind, "web", replicas=3)).replicas == 3
        assert only(workload(kind, "web")).replicas == 1

    def test_a_daemon_set_without_status_stands_for_several_pods(self) -> None:
        assert only(workload("DaemonSet", "web")).replicas == 2
        assert only(workload("DaemonSet", "web", status={"desiredNumberScheduled": 7})).replicas == 7

    def test_a_job_has_its_parallelism(self) -> None:
        assert only(workload("Job", "web", parallelism=4)).replicas == 4

    @pytest.mark.parametrize(
        "status", [{"completionTime": "now"}, {"conditions": [{"type": "Failed", "status": "True"}]}]
    )
    def test_a_finished_job_has_no_pods(self, status: Object) -> None:
        assert load(workload("Job", "web", status=status)).pods == ()

    def test_a_deployment_and_its_replica_sets_are_one(self) -> None:
        sets = [
            workload("ReplicaSet", f"web-{n}", ownerReferences=owner("Deployment", "web"), replicas=n) for n in range(3)
        ]
        assert listed(*sets, workload("Deployment", "web")) == [("web", "Deployment/web")]

    def test_a_cron_job_and_its_jobs_are_one(self) -> None:
        run = workload("Job", "report-28000000", ownerReferences=owner("CronJob", "report"))
        assert listed(run, workload("CronJob", "report")) == [("report", "CronJob/report")]

    def test_a_replica_set_stands_for_a_deployment_that_is_not_in_the_input(self) -> None:
        alone = workload("ReplicaSet", "web-6d4", ownerReferences=owner("Deployment", "web"))
        assert listed(alone) == [("web", "Deployment/web")]

    def test_an_old_replica_set_is_no_second_deployment(self) -> None:
        new = {"labels": {"pod-template-hash": "new"}, "ownerReferences": owner("ReplicaSet", "web-new")}
        old = workload("ReplicaSet", "web-old", ownerReferences=owner("Deployment", "web"))
        assert listed(pod("web-new-x", "10.0.0.1", **new), old) == [("web-new-x", "Deployment/web")]

    def test_names_that_collide_get_the_kind_behind_them_whatever_the_order(self) -> None:
        objects = [workload("Deployment", "web"), workload("StatefulSet", "web")]
        expected = [("web-deployment", "Deployment/web"), ("web-statefulset", "StatefulSet/web")]
        assert listed(*objects) == listed(*reversed(objects)) == expected

    def test_a_pod_of_the_input_keeps_its_name(self) -> None:
        assert listed(pod("web", "10.0.0.1", labels={"app": "other"}), workload("Deployment", "web")) == [
            ("web", ""),
            ("web-deployment", "Deployment/web"),
        ]

    def test_a_template_is_needed(self) -> None:
        empty = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}
        assert refused(empty) == ("<objects> Deployment shop/web spec.template: missing pod template")
        job = empty | {"apiVersion": "batch/v1", "kind": "CronJob"}
        assert refused(job) == "<objects> CronJob shop/web spec.jobTemplate.spec.template: missing pod template"

    def test_a_job_gives_its_pods_its_name_as_a_label(self) -> None:
        assert only(workload("Job", "web")).labels["batch.kubernetes.io/job-name"] == "web"


UNKNOWN = [
    ("Deployment", "pod-template-hash", {}),
    ("StatefulSet", "statefulset.kubernetes.io/pod-name", {"replicas": 2}),
    ("StatefulSet", "apps.kubernetes.io/pod-index", {"replicas": 2}),
    ("StatefulSet", "controller-revision-hash", {}),
    ("DaemonSet", "controller-revision-hash", {}),
    ("Job", "batch.kubernetes.io/controller-uid", {}),
    ("Job", "controller-uid", {}),
    ("CronJob", "batch.kubernetes.io/job-name", {}),
]


class TestUnknownLabels:
    @pytest.mark.parametrize(("kind", "label", "more"), UNKNOWN)
    def test_a_policy_that_selects_an_abstract_pod_by_one_is_refused(self, kind: str, label: str, more: Object) -> None:
        policy = selecting(app="web")
        policy["spec"]["podSelector"]["matchLabels"][label] = "x"
        assert refused(workload(kind, "web", **more), policy) == (
            f"<objects> NetworkPolicy shop/p spec: the value of label {label} is not known: "
            f"{kind}/web in namespace shop sets it per pod; select by other labels, or add the pods "
            "to the input"
        )

    def test_so_is_one_that_names_such_a_peer(self) -> None:
        policy = selecting(app="db")
        exists = {"key": "pod-template-hash", "operator": "DoesNotExist"}
        policy["spec"]["ingress"] = [{"from": [{"podSelector": {"matchExpressions": [exists]}}]}]
        assert refused(workload("Deployment", "web"), policy).startswith(
            "<objects> NetworkPolicy shop/p spec.ingress[0]: the value of label pod-template-hash is "
            "not known: Deployment/web "
        )

    @pytest.mark.parametrize("label", ["app", "namespace"])
    def test_where_other_labels_decide_it_is_fine(self, label: str) -> None:
        policy = selecting(app="db")
        policy["spec"]["podSelector"]["matchLabels"]["pod-template-hash"] = "x"
        if label == "namespace":
            policy["spec"]["podSelector"]["matchLabels"]["app"] = "web"
            policy["metadata"]["namespace"] = "default"
        assert len(load(workload("Deployment", "web"), policy).policies) == 1

    def test_with_the_pods_themselves_it_is_fine(self) -> None:
        labels = {"app": "web", "pod-template-hash": "6d4"}
        web = pod("web-6d4-x", "10.0.0.1", labels=labels, ownerReferences=owner("ReplicaSet", "web-6d4"))
        policy = selecting(app="web")
        policy["spec"]["podSelector"]["matchLabels"]["pod-template-hash"] = "6d4"
        assert codes(load(web, workload("Deployment", "web"), policy)) == []

    def test_lenient_drops_such_a_policy(self) -> None:
        policy = selecting(app="web")
        policy["spec"]["podSelector"]["matchLabels"]["pod-template-hash"] = "6d4"
        snapshot = load_objects([SHOP, workload("Deployment", "web"), policy], lenient=True)
        assert (snapshot.policies, codes(snapshot)) == ((), ["POLICY_DROPPED"])


def test_everything_is_sorted_by_namespace_and_name() -> None:
    other = pod("a", "10.0.0.9")
    other["metadata"]["namespace"] = "bank"
    snapshot = load(pod("b", "10.0.0.1"), pod("a", "10.0.0.2"), other, node("n2"), node("n1"))
    assert [str(one) for one in snapshot.pods] == ["bank/a", "shop/a", "shop/b"]
    assert [one.name for one in snapshot.nodes] == ["n1", "n2"]
    assert [one.name for one in snapshot.namespaces] == ["bank", "shop"]


def test_the_options_are_kept() -> None:
    options = Options(tenant_label="team")
    assert load_objects([SHOP], options=options).options is options
