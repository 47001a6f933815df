"""The name of the own cluster in Cilium's selectors: the label `io.cilium.k8s.policy.cluster`.

The ConfigMap `cilium-config`, from which the agent has the name, shows it. Where it is not in the input, a selector
that names `default` is read as one of a cluster of that name, which is Cilium's default, and the answer says so
(`CLUSTER_NAME`); one that names others only is refused. With `policy-default-local-cluster: "false"` selectors do not
ask for the label, as is the default before release 1.19; with `"true"` they do in every release that is modelled.

Trusted by every verdict about such a selector; checked by tests/manifests/test_cilium.py.
"""

from __future__ import annotations

from collections.abc import Iterable

from reachproof.manifests.field_reader import Field
from reachproof.manifests.kinds.policy_kind import Context
from reachproof.manifests.object_identity import Manifest
from reachproof.network.errors import Problem
from reachproof.network.labels import Operator, Requirement

CLUSTER = "io.cilium.k8s.policy.cluster"
CONFIG = "cilium-config"
NAME = "cluster-name"
LOCAL = "policy-default-local-cluster"
_DEFAULT = "default"
# As the agent reads a flag.
FLAGS = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}


def is_config(manifest: Manifest) -> bool:
    """True if the object is the configuration of the agents."""
    return (manifest.group, manifest.kind, manifest.name) == ("", "ConfigMap", CONFIG)


def shown(manifest: Manifest) -> str:
    """The name of the cluster in its configuration, and whether selectors ask for it, where it says that."""
    local = _is_local(manifest)
    return _name(manifest) if local is None else f"{_name(manifest)} {local}"


def cluster_name(configs: Iterable[Manifest]) -> str:
    """The name of the cluster, empty where none or more than one is shown."""
    names = set(map(_name, configs))
    return names.pop() if len(names) == 1 else ""


def asks_for_own_cluster(configs: Iterable[Manifest], problems: list[Problem], *, by_default: bool) -> bool:
    """True if selectors ask for the label of the own cluster; adds where configurations differ."""
    found = {by_default if (local := _is_local(each)) is None else local: each for each in configs}
    if len(found) > 1:
        problems.append(found[False].problem(f"another {CONFIG} says otherwise", f"data.{LOCAL}"))
    return next(iter(found), by_default)


def _name(manifest: Manifest) -> str:
    name = _settings(manifest).get(NAME)
    return name if isinstance(name, str) and name else _DEFAULT


def _is_local(manifest: Manifest) -> bool | None:
    value = _settings(manifest).get(LOCAL)
    return FLAGS.get(str(value)) if isinstance(value, str | bool) else None


def _settings(manifest: Manifest) -> dict[str, object]:
    data = manifest.body.get("data")
    return data if isinstance(data, dict) else {}


def in_own_cluster(field: Field, need: Requirement, context: Context) -> bool:
    """True if pods of this cluster meet a condition on the name of the cluster."""
    if context.cluster:
        return need.matches({CLUSTER: context.cluster})
    if need.operator in (Operator.EXISTS, Operator.DOES_NOT_EXIST):
        return need.operator is Operator.EXISTS
    if _DEFAULT not in need.values:
        field.report(
            f"the name of this cluster is not known, so neither is whether it is {' or '.join(need.values)}; "
            f"add the ConfigMap {CONFIG} of the agents to the input"
        )
    field.notice("CLUSTER_NAME", f"the name of this cluster is taken to be {_DEFAULT}; the ConfigMap {CONFIG} shows it")
    return need.matches({CLUSTER: _DEFAULT})
