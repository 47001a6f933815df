"""The pods of deploy/ may do little, the reader may read what reachproof reads, and the image holds the code."""

from __future__ import annotations

import re

import pytest

from reachproof.api.settings import PREFIX, Settings
from reachproof.manifests.inventory import READERS
from reachproof.manifests.kinds.not_read.kind import Effect
from reachproof.manifests.kinds.not_read.table import NOT_READ_KINDS
from reachproof.manifests.kinds.registry import POLICY_KINDS, SUPPORT_KINDS
from reachproof.manifests.kinds.routes.others import read_unknown
from tests.deploy.manifests import BASE, DEPLOY, POSTGRES, first_token, of_kind, pod_specs
from tests.house.places import CODE_FOLDERS

ALIASES = {"crd.projectcalico.org": "projectcalico.org"}
ADMIN_KINDS = ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy")
JOBS = ("first-token.yaml", "first-token-postgres.yaml")
SPECS = {**pod_specs(POSTGRES), **{name: first_token(name) for name in JOBS}}
every_pod = pytest.mark.parametrize("name", SPECS)


# Kinds whose CRDs do not form the plural as English does.
PLURALS = {
    "elasticsearch": "elasticsearches",
    "endpoints": "endpoints",
    "mesh": "meshes",
    "multinetworkpolicy": "multi-networkpolicies",
    "networkattachmentdefinition": "network-attachment-definitions",
    "proxydefaults": "proxydefaults",
    "securitygroup": "security-groups",
    "servicedefaults": "servicedefaults",
    "serviceintentions": "serviceintentions",
    "tracingpolicynamespaced": "tracingpoliciesnamespaced",
    "trafficpermissions": "trafficpermissions",
    "vpcegressgateway": "vpc-egress-gateways",
    "vpcnatgateway": "vpc-nat-gateways",
}


def resource(kind: str) -> str:
    """The name of a kind in the API's paths."""
    word = kind.lower()
    if word in PLURALS:
        return PLURALS[word]
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith("s") else f"{word}s"


def test_the_reader_may_read_the_kinds_that_are_read_or_registered_and_nothing_else() -> None:
    role = of_kind(POSTGRES, "ClusterRole")["reachproof-reader"]
    rules = [rule for rule in role["rules"] if "resourceNames" not in rule]
    granted = [(group, name) for rule in rules for group in rule["apiGroups"] for name in rule["resources"]]
    read = {(kind.group, resource(kind.kind)) for kind in POLICY_KINDS}
    read |= {(kind.group, resource(kind.kind)) for kind in SUPPORT_KINDS}
    read |= {(group, resource(kind)) for (group, kind), reader in READERS.items() if reader is not read_unknown}
    read |= {
        (group, resource(kind))
        for row in NOT_READ_KINDS
        for kind in row.kinds
        if row.effect is not Effect.NOTHING and kind != "ConfigMap"  # by name: see below
        for group in (row.group, *(alias for alias, known in ALIASES.items() if known == row.group))
    }
    assert sorted(granted) == sorted(read)
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list"}


def test_the_reader_gets_settings_and_crds_by_name_only() -> None:
    role = of_kind(POSTGRES, "ClusterRole")["reachproof-reader"]
    named = {rule["resources"][0]: rule for rule in role["rules"] if "resourceNames" in rule}
    assert {resource: rule["verbs"] for resource, rule in named.items()} == {
        "configmaps": ["get"],
        "customresourcedefinitions": ["get"],
    }
    assert named["configmaps"]["resourceNames"] == ["antrea-config", "cilium-config", "istio"]
    admin = {f"{resource(kind)}.policy.networking.k8s.io" for kind in ADMIN_KINDS}
    assert set(named["customresourcedefinitions"]["resourceNames"]) == admin


def test_nobody_but_the_reader_has_rights() -> None:
    [binding] = of_kind(POSTGRES, "ClusterRoleBinding").values()
    assert [each["name"] for each in binding["subjects"]] == ["reachproof-reader"]
    assert of_kind(POSTGRES, "RoleBinding") == {}


def test_there_are_pods_to_look_at() -> None:
    assert list(SPECS) == ["reachproof", "reachproof-postgres", *JOBS]


@every_pod
def test_a_pod_is_nobody_and_may_do_nothing_to_its_node(name: str) -> None:
    spec = SPECS[name]
    assert spec["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    security = spec["securityContext"]
    assert security["runAsNonRoot"] is True and security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"] and "cpu" in container["resources"]["requests"]
        assert "readinessProbe" in container or name in JOBS
        assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}


@every_pod
def test_the_variables_of_services_are_not_taken_for_settings(name: str) -> None:
    assert SPECS[name]["enableServiceLinks"] is False


def test_the_settings_exist_and_the_workers_fit_into_the_memory() -> None:
    [container] = SPECS["reachproof"]["containers"]
    given = {each["name"]: each["value"] for each in container["env"]}
    settings = {name.removeprefix(PREFIX).lower(): value for name, value in given.items() if name.startswith(PREFIX)}
    assert set(settings) <= set(Settings.model_fields)
    found = Settings(**settings)
    assert container["resources"]["limits"]["memory"] == "4Gi"
    assert found.workers * found.worker_memory_mb * 1_000_000 < 4 * 2**30
    grace = SPECS["reachproof"]["terminationGracePeriodSeconds"]
    assert grace * 1000 > found.drain_ms + found.grace_ms


@pytest.mark.parametrize("name", JOBS)
def test_the_first_token_is_made_in_the_database_of_the_service(name: str) -> None:
    service, job = pod_specs(BASE)["reachproof"], SPECS[name]
    [serving], [making] = service["containers"], job["containers"]
    assert making["args"] == ["token", "create", "--role", "write", "--name", "first"]
    assert (making["image"], making["envFrom"]) == (serving["image"], serving["envFrom"])
    assert making["env"] == [each for each in serving["env"] if each["name"] == "XDG_DATA_HOME"]
    assert making["volumeMounts"] == serving["volumeMounts"]
    assert (job["volumes"][0] == service["volumes"][0]) is (name == "first-token.yaml")


def test_the_probes_ask_the_service() -> None:
    [container] = SPECS["reachproof"]["containers"]
    probes = {name: container[name]["httpGet"] for name in ("livenessProbe", "readinessProbe")}
    assert probes == {
        "livenessProbe": {"path": "/healthz", "port": "http"},
        "readinessProbe": {"path": "/readyz", "port": "http"},
    }


def test_the_image_holds_every_code_folder_and_runs_as_nobody() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    assert set(re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE)) == {"src", *CODE_FOLDERS}
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["docker.io/library/python:3.13-slim-trixie"] * 2
    assert "\nUSER 10001:10001\n" in text
    assert SPECS["reachproof"]["securityContext"]["runAsUser"] == 10001
