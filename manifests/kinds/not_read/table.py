"""The registry of kinds that decide what may be reached, or look as if they did, and are not read.

A row says the most that an object can do, and to which flows; in doubt it says more. Kinds of a mesh other than Istio's
can only deny: they let nothing through that the network denies. Kinds by which requests are routed, limited or
authorised at a gateway do nothing to connections. The page docs/not-read.md is made from it.

Trusted by every verdict about an input with such objects: that no row says less than an object can do.
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
    values,
)
from reachproof.manifests.kinds.not_read.pod_makers import POD_MAKERS


def _is_of_primary_network(body: Body) -> bool:
    return set(values(body.get("spec"), "role")) != {"Secondary"}


def _turns_mutual_tls_off(body: Body) -> bool:
    asked = list(values(body.get("spec"), "tls"))
    return any(not isinstance(tls, dict) or tls.get("mode") != "ISTIO_MUTUAL" for tls in asked if tls is not None)


def _kills(body: Body) -> bool:
    return bool({"Sigkill", "Signal", "Override"} & {each for each in values(body, "action") if isinstance(each, str)})


def _denies_by_default(body: Body) -> bool:
    return list(values(body.get("spec"), "networkPolicy")) not in ([], ["DefaultAllow"])


def _has(*names: str) -> When:
    words = " or ".join(f"`{name}`" for name in names)
    return When(f"with {words}", lambda body: any(value for name in names for value in values(body.get("spec"), name)))


_PRIMARY = When("unless its role is Secondary", _is_of_primary_network)
_OTHER_TLS = When("with a `tls` mode other than ISTIO_MUTUAL", _turns_mutual_tls_off)
_KILLING = When("with an action Sigkill, Signal or Override", _kills)
_CLOSED = When("with another `networkPolicy` than DefaultAllow", _denies_by_default)
_ROUTED = When(
    "unless it is ovn-cluster without routes",
    lambda body: (
        body.get("metadata", {}).get("name") != "ovn-cluster"
        or any(body.get("spec", {}).get(name) for name in ("staticRoutes", "policyRoutes", "vpcPeerings"))
    ),
)
_WORKLOADS = "spec.workloadSelector.labels"

NOT_READ_KINDS = (
    # ------------------------------------------------------------ OVN-Kubernetes, OpenShift, other networks
    NotReadKind(group="k8s.ovn.org", kinds=("EgressFirewall",), effect=Effect.BOTH, directions=EGRESS, far=Far.OUTSIDE),
    NotReadKind(
        group="k8s.ovn.org",
        kinds=("AdminPolicyBasedExternalRoute",),
        effect=Effect.DENY,
        scope=Scope.NAMESPACES,
        selector="spec.from.namespaceSelector",
        directions=EGRESS,
        far=Far.OUTSIDE,
    ),
    NotReadKind(group="k8s.ovn.org", kinds=("UserDefinedNetwork",), effect=Effect.BOTH, when=_PRIMARY),
    NotReadKind(
        group="k8s.ovn.org",
        kinds=("ClusterUserDefinedNetwork",),
        effect=Effect.BOTH,
        scope=Scope.NAMESPACES,
        selector="spec.namespaceSelector",
        when=_PRIMARY,
    ),
    NotReadKind(group="k8s.ovn.org", kinds=("ClusterNetworkConnect",), effect=Effect.BOTH, scope=Scope.CLUSTER),
    NotReadKind(
        group="k8s.ovn.org",
        kinds=("EgressIP", "EgressQoS", "EgressService", "NetworkQoS", "RouteAdvertisements"),
        effect=Effect.NOTHING,
    ),
    NotReadKind(
        group="network.openshift.io",
        kinds=("EgressNetworkPolicy",),
        effect=Effect.BOTH,
        directions=EGRESS,
        far=Far.OUTSIDE,
    ),
    NotReadKind(group="network.openshift.io", kinds=("NetNamespace",), effect=Effect.DENY, scope=Scope.CLUSTER),
    NotReadKind(group="network.openshift.io", kinds=("ClusterNetwork", "HostSubnet"), effect=Effect.NOTHING),
    NotReadKind(
        group="ingressnodefirewall.openshift.io",
        kinds=("IngressNodeFirewall",),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
        directions=INGRESS,
        far=Far.OUTSIDE,
    ),
    NotReadKind(
        group="k8s.cni.cncf.io",
        kinds=("NetworkAttachmentDefinition", "MultiNetworkPolicy"),
        effect=Effect.OTHER_NETWORKS,
    ),
    NotReadKind(group="networking.gke.io", kinds=("Network", "GKENetworkParamSet"), effect=Effect.OTHER_NETWORKS),
    NotReadKind(
        group="multitenancy.acn.azure.com",
        kinds=("PodNetwork", "PodNetworkInstance"),
        effect=Effect.OTHER_NETWORKS,
    ),
    # ------------------------------------------------------------ Calico, Cilium
    NotReadKind(group="projectcalico.org", kinds=("Profile",), effect=Effect.DENY, scope=Scope.CLUSTER),
    NotReadKind(
        group="projectcalico.org",
        kinds=("EgressGatewayPolicy",),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
        directions=EGRESS,
        far=Far.OUTSIDE,
    ),
    NotReadKind(
        group="cilium.io",
        kinds=("CiliumLocalRedirectPolicy",),
        effect=Effect.BOTH,
        scope=Scope.TOWARDS_AND_OUT,
        directions=EGRESS,
    ),
    NotReadKind(
        group="cilium.io",
        kinds=("CiliumEgressGatewayPolicy",),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
        directions=EGRESS,
        far=Far.OUTSIDE,
    ),
    NotReadKind(group="cilium.io", kinds=("CiliumEnvoyConfig",), effect=Effect.BOTH, scope=Scope.TOWARDS),
    NotReadKind(
        group="cilium.io",
        kinds=("CiliumClusterwideEnvoyConfig", "CiliumNodeConfig"),
        effect=Effect.BOTH,
        scope=Scope.CLUSTER,
    ),
    NotReadKind(
        group="cilium.io",
        kinds=("TracingPolicy", "TracingPolicyNamespaced"),
        effect=Effect.DENY,
        when=_KILLING,
    ),
    NotReadKind(
        group="isovalent.com",
        kinds=("IsovalentEgressGatewayPolicy",),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
        directions=EGRESS,
        far=Far.OUTSIDE,
    ),
    NotReadKind(
        group="cilium.io",
        kinds=("CiliumL2AnnouncementPolicy", "CiliumBGPPeeringPolicy"),
        effect=Effect.NOTHING,
    ),
    # ------------------------------------------------------------ Antrea
    NotReadKind(group="crd.antrea.io", kinds=("NetworkPolicy",), effect=Effect.BOTH),
    NotReadKind(group="crd.antrea.io", kinds=("ClusterNetworkPolicy",), effect=Effect.BOTH, scope=Scope.CLUSTER),
    NotReadKind(group="crd.antrea.io", kinds=("TrafficControl",), effect=Effect.BOTH, scope=Scope.CLUSTER),
    NotReadKind(
        group="crd.antrea.io",
        kinds=("Egress",),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
        directions=EGRESS,
        far=Far.OUTSIDE,
    ),
    NotReadKind(
        group="crd.antrea.io", kinds=("Tier", "Group", "ClusterGroup", "ExternalIPPool"), effect=Effect.NOTHING
    ),
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
    NotReadKind(group="policy.linkerd.io", kinds=("HTTPRoute", "GRPCRoute"), effect=Effect.DENY, scope=Scope.TOWARDS),
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
    NotReadKind(group="linkerd.io", kinds=("ServiceProfile",), effect=Effect.DENY, scope=Scope.TOWARDS),
    NotReadKind(group="split.smi-spec.io", kinds=("TrafficSplit",), effect=Effect.DENY, scope=Scope.TOWARDS),
    NotReadKind(group="access.smi-spec.io", kinds=("TrafficTarget",), effect=Effect.DENY, scope=Scope.CLUSTER),
    NotReadKind(
        group="kuma.io",
        kinds=(
            *("MeshTrafficPermission", "MeshTLS", "MeshProxyPatch", "MeshFaultInjection", "MeshRateLimit"),
            *("MeshHTTPRoute", "MeshTCPRoute", "MeshPassthrough", "MeshExternalService", "Mesh"),
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
        group="auth.consul.hashicorp.com",
        kinds=("TrafficPermissions",),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
    ),
    # ------------------------------------------------------------ clouds
    NotReadKind(
        group="vpcresources.k8s.aws",
        kinds=("SecurityGroupPolicy",),
        effect=Effect.BOTH,
        scope=Scope.PODS,
        selector="spec.podSelector",
    ),
    NotReadKind(group="vpcresources.k8s.aws", kinds=("CNINode",), effect=Effect.NOTHING),
    NotReadKind(group="networking.k8s.aws", kinds=("ApplicationNetworkPolicy",), effect=Effect.BOTH),
    NotReadKind(group="networking.k8s.aws", kinds=("ClusterNetworkPolicy",), effect=Effect.BOTH, scope=Scope.CLUSTER),
    NotReadKind(group="networking.k8s.aws", kinds=("PolicyEndpoint", "ClusterPolicyEndpoint"), effect=Effect.NOTHING),
    NotReadKind(group="crd.k8s.amazonaws.com", kinds=("ENIConfig",), effect=Effect.NOTHING),
    NotReadKind(group="eks.amazonaws.com", kinds=("NodeClass",), effect=Effect.DENY, scope=Scope.CLUSTER, when=_CLOSED),
    NotReadKind(
        group="networking.gke.io",
        kinds=("FQDNNetworkPolicy",),
        effect=Effect.BOTH,
        scope=Scope.PODS,
        selector="spec.podSelector",
        directions=EGRESS,
    ),
    NotReadKind(
        group="networking.gke.io",
        kinds=("GCPBackendPolicy", "GCPGatewayPolicy", "HealthCheckPolicy", "NetworkLogging", "ManagedCertificate"),
        effect=Effect.NOTHING,
    ),
    NotReadKind(
        group="networking.gke.io", kinds=("GCPSessionAffinityPolicy", "NetworkInterface"), effect=Effect.NOTHING
    ),
    NotReadKind(
        group="egressgateway.kubernetes.azure.com",
        kinds=("StaticGatewayConfiguration",),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
        directions=EGRESS,
        far=Far.OUTSIDE,
    ),
    NotReadKind(
        group="alb.networking.azure.io",
        kinds=("ApplicationLoadBalancer", "HealthCheckPolicy", "FrontendTLSPolicy", "BackendTLSPolicy", "RoutePolicy"),
        effect=Effect.NOTHING,
    ),
    # ------------------------------------------------------------ Kube-OVN, NSX, Aviatrix, agents on nodes
    NotReadKind(
        group="kubeovn.io",
        kinds=("Subnet",),
        effect=Effect.BOTH,
        scope=Scope.CLUSTER,
        when=_has("acls", "private", "allowSubnets"),
    ),
    NotReadKind(group="kubeovn.io", kinds=("SecurityGroup",), effect=Effect.BOTH, scope=Scope.CLUSTER),
    NotReadKind(group="kubeovn.io", kinds=("Vpc",), effect=Effect.DENY, scope=Scope.CLUSTER, when=_ROUTED),
    NotReadKind(
        group="kubeovn.io",
        kinds=("VpcEgressGateway", "VpcNatGateway"),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
        directions=EGRESS,
        far=Far.OUTSIDE,
    ),
    NotReadKind(group="crd.nsx.vmware.com", kinds=("SecurityPolicy",), effect=Effect.BOTH),
    NotReadKind(group="nsx.vmware.com", kinds=("SecurityPolicy",), effect=Effect.BOTH),
    NotReadKind(group="networking.aviatrix.com", kinds=("FirewallPolicy",), effect=Effect.BOTH),
    NotReadKind(
        group="security.kubearmor.com",
        kinds=("KubeArmorPolicy",),
        effect=Effect.DENY,
        scope=Scope.PODS,
        selector="spec.selector",
        when=_has("network"),
    ),
    NotReadKind(
        group="security.kubearmor.com",
        kinds=("KubeArmorClusterPolicy",),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
        when=_has("network"),
    ),
    NotReadKind(group="neuvector.com", kinds=("NvSecurityRule",), effect=Effect.DENY),
    NotReadKind(group="neuvector.com", kinds=("NvClusterSecurityRule",), effect=Effect.DENY, scope=Scope.CLUSTER),
    NotReadKind(
        group="egressgateway.spidernet.io",
        kinds=("EgressPolicy", "EgressClusterPolicy"),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
        directions=EGRESS,
        far=Far.OUTSIDE,
    ),
    NotReadKind(
        group="coil.cybozu.com",
        kinds=("Egress",),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
        directions=EGRESS,
        far=Far.OUTSIDE,
    ),
    *POD_MAKERS,
)
