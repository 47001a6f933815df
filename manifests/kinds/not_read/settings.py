"""Rows of the registry for settings of implementations that leave verdicts open.

| Object | Setting | May |
|---|---|---|
| FelixConfiguration | `defaultEndpointToHostAction` Drop or Return | deny what a pod sends to its own node |
| | `chainInsertMode` Append, or a `...FilterAllowAction` Return | let other rules of the node decide |
| cilium-config | `allow-localhost: policy` | deny what the node of an isolated pod sends to it |
| istio | `outboundTrafficPolicy` REGISTRY_ONLY | deny what pods of the mesh send out of it |
| | `enableAutoMtls: false` | take the identity from connections of the mesh |

Other settings that are read become options (`kinds.settings`). Sources: Felix' configuration reference, the flags
of Cilium's agent, Istio's MeshConfig.
"""

from __future__ import annotations

from collections.abc import Mapping

from reachproof.manifests.kinds.istio.mesh_config import mesh_config
from reachproof.manifests.kinds.not_read.kind import (
    EGRESS,
    INGRESS,
    Body,
    Effect,
    Far,
    NotReadKind,
    Scope,
    When,
    named,
    values,
)

_ALLOW_ACTIONS = ("iptablesFilterAllowAction", "nftablesFilterAllowAction")


def _spec(body: Body, name: str) -> str:
    spec = body.get("spec")
    value = spec.get(name) if isinstance(spec, Mapping) else None
    return value.lower() if isinstance(value, str) else ""


def _passes_on(body: Body) -> bool:
    returns = any(_spec(body, name) == "return" for name in _ALLOW_ACTIONS)
    return returns or _spec(body, "chainInsertMode") == "append"


def _data(body: Body, name: str) -> object:
    data = body.get("data")
    return data.get(name) if isinstance(data, Mapping) else None


def _mesh(body: Body) -> object:
    return mesh_config(body) if named("istio", body) else None


def _registry_only(body: Body) -> bool:
    modes = [mode for policy in values(_mesh(body), "outboundTrafficPolicy") for mode in values(policy, "mode")]
    return "REGISTRY_ONLY" in modes


def _no_auto_mtls(body: Body) -> bool:
    return False in list(values(_mesh(body), "enableAutoMtls"))


def _asks_policy(body: Body) -> bool:
    return named("cilium-config", body) and _data(body, "allow-localhost") == "policy"


SETTINGS = (
    NotReadKind(
        group="projectcalico.org",
        kinds=("FelixConfiguration",),
        effect=Effect.BOTH,
        scope=Scope.CLUSTER,
        when=When("with `chainInsertMode` Append, or Return as what is done with allowed packets", _passes_on),
    ),
    NotReadKind(
        group="projectcalico.org",
        kinds=("FelixConfiguration",),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
        directions=EGRESS,
        far=Far.OWN_NODE,
        when=When(
            "with `defaultEndpointToHostAction` Drop or Return",
            lambda body: _spec(body, "defaultEndpointToHostAction") in ("drop", "return"),
        ),
    ),
    NotReadKind(
        group="",
        kinds=("ConfigMap",),
        effect=Effect.MESH,
        scope=Scope.CLUSTER,
        when=When("istio, with `enableAutoMtls: false`", _no_auto_mtls),
    ),
    NotReadKind(
        group="",
        kinds=("ConfigMap",),
        effect=Effect.MESH,
        scope=Scope.CLUSTER,
        directions=EGRESS,
        far=Far.OUTSIDE,
        when=When("istio, with `outboundTrafficPolicy` REGISTRY_ONLY", _registry_only),
    ),
    NotReadKind(
        group="",
        kinds=("ConfigMap",),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
        directions=INGRESS,
        far=Far.OWN_NODE,
        when=When("cilium-config, with `allow-localhost: policy`", _asks_policy),
    ),
)
