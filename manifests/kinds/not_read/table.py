"""The registry of kinds that decide what may be reached, or look as if they did, and are not read.

A row says the most that an object can do, and to which flows; in doubt it says more. Kinds by which requests are
routed, limited or authorised at a gateway do nothing to connections. The page docs/not-read.md is made from it.

| Family | Looked up |
|---|---|
| OVN-Kubernetes, Cilium, Kube-OVN, Kuma, Linkerd, Consul | groups and kinds: names of CRDs and types in their sources |
| ClusterNetworkConnect, CiliumVtepPolicy | scope and fields too, in the CRD or type |
| ApplicationNetworkPolicy, FQDNNetworkPolicy | group, scope and `podSelector`, in published manifests |
| StaticGatewayConfiguration, FirewallPolicy | group and scope, in published manifests |
| the rest, and scopes, selectors and effects of the first row | no: from memory |

Trusted by every verdict about an input with such objects: that no row says less than an object can do.
"""

from __future__ import annotations

from reachproof.manifests.kinds.not_read.egress_firewall import firewall_rules
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
from reachproof.manifests.kinds.not_read.meshes import MESHES
from reachproof.manifests.kinds.not_read.pod_makers import POD_MAKERS
from reachproof.manifests.kinds.not_read.settings import SETTINGS


def _is_of_primary_network(body: Body) -> bool:
    roles = list(values(body.get("spec"), "role"))
    return not roles or any(role != "Secondary" for role in roles)


def _kills(body: Body) -> bool:
    return any(action in _DENYING_ACTIONS for action in values(body, "action") if isinstance(action, str))


def _denies_by_default(body: Body) -> bool:
    return list(values(body.get("spec"), "networkPolicy")) not in ([], ["DefaultAllow"])


def _is_routed(body: Body) -> bool:
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name != "ovn-cluster" or _ROUTES.holds(body)


_ROUTES = has("staticRoutes", "policyRoutes", "vpcPeerings")
_PRIMARY = When("unless its role is Secondary", _is_of_primary_network)
_DENYING_ACTIONS = ("Sigkill", "Signal", "Override", "NotifyEnforcer", "NotifyKiller")
_KILLING = When(f"with an action {', '.join(_DENYING_ACTIONS[:-1])} or {_DENYING_ACTIONS[-1]}", _kills)
_CLOSED = When("with another `networkPolicy` than DefaultAllow", _denies_by_default)
_ROUTED = When("unless it is ovn-cluster without routes", _is_routed)

NOT_READ_KINDS = (
    # ------------------------------------------------------------ OVN-Kubernetes, OpenShift, other networks
    NotReadKind(
        group="k8s.ovn.org",
        kinds=("EgressFirewall",),
        effect=Effect.BOTH,
        directions=EGRESS,
        far=Far.OUTSIDE,
        contents=firewall_rules,
    ),
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
        contents=firewall_rules,
    ),
    NotReadKind(group="network.openshift.io", kinds=("NetNamespace",), effect=Effect.DENY, scope=Scope.CLUSTER),
    NotReadKind(group="network.openshift.io", kinds=("ClusterNetwork", "HostSubnet"), effect=Effect.NOTHING),
    NotReadKind(
        group="ingressnodefirewall.openshift.io",
        kinds=("IngressNodeFirewall",),
        effect=Effect.DENY,
        hosts=True,
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
        hosts=True,
        when=_KILLING,
    ),
    NotReadKind(
        group="cilium.io",
        kinds=("CiliumEgressNATPolicy", "CiliumVTEPConfig", "CiliumVtepConfig", "CiliumVtepPolicy"),
        effect=Effect.DENY,
        scope=Scope.CLUSTER,
        directions=EGRESS,
        far=Far.OUTSIDE,
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
    NotReadKind(
        group="crd.antrea.io", kinds=("ClusterNetworkPolicy",), effect=Effect.BOTH, scope=Scope.CLUSTER, hosts=True
    ),
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
        group="crd.antrea.io",
        kinds=("Tier", "Group", "ClusterGroup", "ExternalIPPool", "BGPPolicy"),
        effect=Effect.NOTHING,
    ),
    *MESHES,
    # ------------------------------------------------------------ clouds
    NotReadKind(
        group="vpcresources.k8s.aws",
        kinds=("SecurityGroupPolicy",),
        effect=Effect.BOTH,
        scope=Scope.PODS,
        selector="spec.podSelector",
    ),
    NotReadKind(group="vpcresources.k8s.aws", kinds=("CNINode",), effect=Effect.NOTHING),
    NotReadKind(
        group="networking.k8s.aws",
        kinds=("ApplicationNetworkPolicy",),
        effect=Effect.BOTH,
        scope=Scope.PODS,
        selector="spec.podSelector",
    ),
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
        kinds=(
            *("GCPBackendPolicy", "GCPGatewayPolicy", "GCPSessionAffinityPolicy", "HealthCheckPolicy"),
            *("ManagedCertificate", "NetworkInterface", "NetworkLogging"),
        ),
        effect=Effect.NOTHING,
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
        when=has("acls", "private", "allowSubnets"),
    ),
    NotReadKind(group="kubeovn.io", kinds=("SecurityGroup",), effect=Effect.BOTH, scope=Scope.CLUSTER),
    NotReadKind(group="kubeovn.io", kinds=("ProviderNetwork", "QoSPolicy"), effect=Effect.NOTHING),
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
    NotReadKind(
        group="networking.aviatrix.com",
        kinds=("FirewallPolicy", "WebGroupPolicy", "WebgroupPolicy"),
        effect=Effect.BOTH,
        scope=Scope.CLUSTER,
    ),
    NotReadKind(
        group="security.kubearmor.com",
        kinds=("KubeArmorPolicy",),
        effect=Effect.DENY,
        hosts=True,
        scope=Scope.PODS,
        selector="spec.selector",
        when=has("network"),
    ),
    NotReadKind(
        group="security.kubearmor.com",
        kinds=("KubeArmorClusterPolicy",),
        effect=Effect.DENY,
        hosts=True,
        scope=Scope.CLUSTER,
        when=has("network"),
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
    *SETTINGS,
    *POD_MAKERS,
)
