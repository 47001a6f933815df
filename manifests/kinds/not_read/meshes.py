"""Rows of the registry for kinds of meshes.

Those of Istio can let past the policies of its mesh, and deny. Those of other meshes can only deny, since no policy of
these is read: a mesh lets nothing through that the network denies.
"""

from __future__ import annotations

from reachproof.manifests.kinds.not_read.kind import (
    EGRESS,
    INGRESS,
    Body,
    Effect,
    Far,
    NotReadKind,
    Scope,
    When,
    has,
    values,
)


def _turns_mutual_tls_off(body: Body) -> bool:
    asked = list(values(body.get("spec"), "tls"))
    return any(not isinstance(tls, dict) or tls.get("mode") != "ISTIO_MUTUAL" for tls in asked if tls is not None)


_OTHER_TLS = When("with a `tls` mode other than ISTIO_MUTUAL", _turns_mutual_tls_off)
_WORKLOADS = "spec.workloadSelector.labels"

MESHES = (
    # ------------------------------------------------------------ the mesh of Istio
    NotReadKind(
        group="networking.istio.io",
        kinds=("Sidecar", "EnvoyFilter"),
        effect=Effect.MESH,
        scope=Scope.PODS,
        selector=_WORKLOADS,
    ),
    NotReadKind(
        group="extensions.istio.io",
        kinds=("WasmPlugin",),
        effect=Effect.MESH,
        scope=Scope.PODS,
        selector="spec.selector",
    ),
    NotReadKind(
        group="networking.istio.io",
        kinds=("ServiceEntry",),
        effect=Effect.MESH,
        scope=Scope.CLUSTER,
        directions=EGRESS,
        when=has("addresses"),
    ),
    NotReadKind(
        group="networking.istio.io",
        kinds=("ServiceEntry",),
        effect=Effect.MESH,
        scope=Scope.CLUSTER,
        directions=EGRESS,
        far=Far.OUTSIDE,
    ),
    NotReadKind(
        group="networking.istio.io",
        kinds=("WorkloadEntry", "WorkloadGroup"),
        effect=Effect.MESH,
        scope=Scope.CLUSTER,
        directions=INGRESS,
        far=Far.OUTSIDE,
    ),
    NotReadKind(
        group="networking.istio.io",
        kinds=("DestinationRule",),
        effect=Effect.MESH,
        scope=Scope.CLUSTER,
        when=_OTHER_TLS,
    ),
    NotReadKind(group="networking.istio.io", kinds=("ProxyConfig",), effect=Effect.NOTHING),
    NotReadKind(group="telemetry.istio.io", kinds=("Telemetry",), effect=Effect.NOTHING),
    # ------------------------------------------------------------ other meshes
    NotReadKind(
        group="policy.linkerd.io",
        kinds=("Server",),
        effect=Effect.DENY,
        scope=Scope.PODS,
        selector="spec.podSelector",
        directions=INGRESS,
    ),
    NotReadKind(
        group="policy.linkerd.io",
        kinds=("ServerAuthorization", "AuthorizationPolicy"),
        effect=Effect.DENY,
        directions=INGRESS,
    ),
    NotReadKind(group="policy.linkerd.io", kinds=("HTTPRoute",), effect=Effect.DENY, scope=Scope.AROUND),
    NotReadKind(
        group="policy.linkerd.io",
        kinds=("EgressNetwork",),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
        directions=EGRESS,
        far=Far.OUTSIDE,
    ),
    NotReadKind(
        group="policy.linkerd.io",
        kinds=("MeshTLSAuthentication", "NetworkAuthentication", "HTTPLocalRateLimitPolicy"),
        effect=Effect.NOTHING,
    ),
    NotReadKind(
        group="linkerd.io",
        kinds=("ServiceProfile",),
        effect=Effect.DENY,
        scope=Scope.AROUND,
        when=has("dstOverrides"),
    ),
    NotReadKind(group="split.smi-spec.io", kinds=("TrafficSplit",), effect=Effect.DENY, scope=Scope.TOWARDS),
    NotReadKind(group="access.smi-spec.io", kinds=("TrafficTarget",), effect=Effect.DENY, scope=Scope.CLUSTER),
    NotReadKind(
        group="kuma.io",
        kinds=(
            *("MeshTrafficPermission", "MeshTLS", "MeshProxyPatch", "MeshFaultInjection", "MeshRateLimit"),
            *("MeshHTTPRoute", "MeshTCPRoute", "MeshPassthrough", "MeshExternalService", "Mesh"),
            *("MeshIdentity", "MeshTrust", "ContainerPatch", "VirtualOutbound"),
            *("TrafficPermission", "TrafficRoute", "ProxyTemplate", "FaultInjection", "RateLimit", "ExternalService"),
        ),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
    ),
    NotReadKind(
        group="kuma.io",
        kinds=(
            *("MeshAccessLog", "MeshCircuitBreaker", "MeshHealthCheck", "MeshLoadBalancingStrategy", "MeshMetric"),
            *("MeshRetry", "MeshTimeout", "MeshTrace", "MeshService", "MeshMultiZoneService", "MeshInsight"),
            *("MeshGateway", "MeshGatewayConfig", "MeshOpenTelemetryBackend", "MeshZoneAddress"),
        ),
        effect=Effect.NOTHING,
    ),
    NotReadKind(
        group="consul.hashicorp.com",
        kinds=(
            *("ServiceIntentions", "ServiceRouter", "ServiceSplitter", "ServiceResolver", "ServiceDefaults"),
            *("ProxyDefaults", "Mesh", "TerminatingGateway"),
        ),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
    ),
    NotReadKind(
        group="mesh.consul.hashicorp.com",
        kinds=("GRPCRoute", "HTTPRoute", "TCPRoute", "MeshConfiguration", "ProxyConfiguration"),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
    ),
    NotReadKind(
        group="auth.consul.hashicorp.com",
        kinds=("TrafficPermissions",),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
    ),
)
