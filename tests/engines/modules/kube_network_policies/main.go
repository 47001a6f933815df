// Verdicts of kube-network-policies' own evaluators. Its data plane, which exempts a pod's own node, is not part of it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"

	"reachproof/fields"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
	"sigs.k8s.io/kube-network-policies/pkg/podinfo"
	v1alpha1 "sigs.k8s.io/kube-network-policies/plugins/npa-v1alpha1"
	v1alpha2 "sigs.k8s.io/kube-network-policies/plugins/npa-v1alpha2"
	npav1alpha1 "sigs.k8s.io/network-policy-api/apis/v1alpha1"
	npav1alpha2 "sigs.k8s.io/network-policy-api/apis/v1alpha2"
	npainformers "sigs.k8s.io/network-policy-api/pkg/client/informers/externalversions"
)

// A request: the objects of a cluster, the addresses of domain names, and flows.
type request struct {
	Objects []json.RawMessage
	Domains map[string][]string
	Flows   []flow
}

type flow struct {
	Source, Destination, Protocol string
	Port                          int
}

type answer struct {
	Verdicts []bool   `json:"verdicts"`
	Errors   []string `json:"errors"`
}

// Known names, compared as the project's cache of DNS answers does: a leading `*` stands for any labels in front.
type resolver map[string][]string

func (known resolver) ContainsIP(pattern string, address net.IP) bool {
	for name, blocks := range known {
		if suffix, wild := strings.CutPrefix(pattern, "*"); name != pattern && !(wild && strings.HasSuffix(name, suffix)) {
			continue
		}
		for _, block := range blocks {
			if _, addresses, err := net.ParseCIDR(block); err == nil && addresses.Contains(address) {
				return true
			}
		}
	}
	return false
}

// Stores of the informers, which are never started.
type stores struct {
	core  informers.SharedInformerFactory
	admin npainformers.SharedInformerFactory
}

func (s stores) of(kind string) (cache.Store, any) {
	core, admin := s.core.Core().V1(), s.admin.Policy()
	switch kind {
	case "Namespace":
		return core.Namespaces().Informer().GetStore(), &corev1.Namespace{}
	case "Node":
		return core.Nodes().Informer().GetStore(), &corev1.Node{}
	case "Pod":
		return core.Pods().Informer().GetStore(), &corev1.Pod{}
	case "NetworkPolicy":
		return s.core.Networking().V1().NetworkPolicies().Informer().GetStore(), &networkingv1.NetworkPolicy{}
	case "AdminNetworkPolicy":
		return admin.V1alpha1().AdminNetworkPolicies().Informer().GetStore(), &npav1alpha1.AdminNetworkPolicy{}
	case "BaselineAdminNetworkPolicy":
		return admin.V1alpha1().BaselineAdminNetworkPolicies().Informer().GetStore(), &npav1alpha1.BaselineAdminNetworkPolicy{}
	case "ClusterNetworkPolicy":
		return admin.V1alpha2().ClusterNetworkPolicies().Informer().GetStore(), &npav1alpha2.ClusterNetworkPolicy{}
	}
	return nil, nil
}

func (s stores) add(raw json.RawMessage) error {
	var head struct{ Kind string }
	if err := json.Unmarshal(raw, &head); err != nil {
		return err
	}
	store, object := s.of(head.Kind)
	if store == nil {
		return fmt.Errorf("%s: kind is not read", head.Kind)
	}
	if err := json.Unmarshal(raw, object); err != nil {
		return fmt.Errorf("%s: %w", head.Kind, err)
	}
	setDefaults(object)
	return store.Add(object)
}

// setDefaults does what the API server does before it stores an object.
func setDefaults(object any) {
	switch o := object.(type) {
	case *corev1.Namespace:
		if o.Labels == nil {
			o.Labels = map[string]string{}
		}
		o.Labels[corev1.LabelMetadataName] = o.Name
	case *corev1.Pod:
		for i := range o.Spec.Containers {
			for j := range o.Spec.Containers[i].Ports {
				setProtocol(&o.Spec.Containers[i].Ports[j].Protocol)
			}
		}
	case *networkingv1.NetworkPolicy:
		setPolicyDefaults(&o.Spec)
	case *npav1alpha1.AdminNetworkPolicy:
		for i := range o.Spec.Ingress {
			setPortDefaults(o.Spec.Ingress[i].Ports)
		}
		for i := range o.Spec.Egress {
			setPortDefaults(o.Spec.Egress[i].Ports)
		}
	case *npav1alpha1.BaselineAdminNetworkPolicy:
		for i := range o.Spec.Ingress {
			setPortDefaults(o.Spec.Ingress[i].Ports)
		}
		for i := range o.Spec.Egress {
			setPortDefaults(o.Spec.Egress[i].Ports)
		}
	}
}

func setPolicyDefaults(spec *networkingv1.NetworkPolicySpec) {
	if len(spec.PolicyTypes) == 0 {
		spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(spec.Egress) > 0 {
			spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
	if len(spec.Ingress) == 0 {
		spec.Ingress = nil // as it comes back from the API server
	}
	if len(spec.Egress) == 0 {
		spec.Egress = nil
	}
	tcp := corev1.ProtocolTCP
	set := func(ports []networkingv1.NetworkPolicyPort) {
		for i := range ports {
			if ports[i].Protocol == nil {
				ports[i].Protocol = &tcp
			}
		}
	}
	for _, rule := range spec.Ingress {
		set(rule.Ports)
	}
	for _, rule := range spec.Egress {
		set(rule.Ports)
	}
}

func setPortDefaults(ports *[]npav1alpha1.AdminNetworkPolicyPort) {
	if ports == nil {
		return
	}
	for _, port := range *ports {
		if port.PortNumber != nil {
			setProtocol(&port.PortNumber.Protocol)
		}
		if port.PortRange != nil {
			setProtocol(&port.PortRange.Protocol)
		}
	}
}

func setProtocol(protocol *corev1.Protocol) {
	if *protocol == "" {
		*protocol = corev1.ProtocolTCP
	}
}

func answerTo(asked request) (found answer) {
	s := stores{informers.NewSharedInformerFactory(nil, 0), npainformers.NewSharedInformerFactory(nil, 0)}
	core, admin := s.core.Core().V1(), s.admin.Policy()
	pods, names := core.Pods(), resolver(asked.Domains)
	addresses, err := podinfo.NewInformerResolver(pods.Informer())
	if err != nil {
		return answer{Errors: []string{err.Error()}}
	}
	for _, raw := range asked.Objects {
		if err := s.add(raw); err != nil {
			found.Errors = append(found.Errors, err.Error())
		}
	}
	provider := podinfo.NewInformerProvider(pods, core.Namespaces(), core.Nodes(), []podinfo.IPResolver{addresses})
	nodes := core.Nodes().Lister()
	// The order of the project's programs for v1alpha1 and for v1alpha2; a cluster runs one of them.
	engine := networkpolicy.NewPolicyEngine(provider, []api.PolicyEvaluator{
		v1alpha1.NewAdminNetworkPolicy(admin.V1alpha1().AdminNetworkPolicies(), names),
		v1alpha2.NewClusterNetworkPolicy(npav1alpha2.AdminTier, admin.V1alpha2().ClusterNetworkPolicies(), names, nodes),
		networkpolicy.NewStandardNetworkPolicy("", core.Namespaces(), pods, s.core.Networking().V1().NetworkPolicies()),
		v1alpha1.NewBaselineAdminNetworkPolicy(admin.V1alpha1().BaselineAdminNetworkPolicies()),
		v1alpha2.NewClusterNetworkPolicy(npav1alpha2.BaselineTier, admin.V1alpha2().ClusterNetworkPolicies(), names, nodes),
	})
	for _, each := range asked.Flows {
		packet := network.Packet{
			SrcIP: net.ParseIP(each.Source), DstIP: net.ParseIP(each.Destination),
			Proto: corev1.Protocol(each.Protocol), SrcPort: 40000, DstPort: each.Port,
		}
		allowed, err := engine.EvaluatePacket(context.Background(), &packet)
		if err != nil {
			found.Errors = append(found.Errors, err.Error())
		}
		found.Verdicts = append(found.Verdicts, allowed)
	}
	return found
}

func policyFields() map[string][]string {
	found := map[string][]string{}
	for kind, object := range map[string]any{
		"NetworkPolicy":              networkingv1.NetworkPolicy{},
		"AdminNetworkPolicy":         npav1alpha1.AdminNetworkPolicy{},
		"BaselineAdminNetworkPolicy": npav1alpha1.BaselineAdminNetworkPolicy{},
		"ClusterNetworkPolicy":       npav1alpha2.ClusterNetworkPolicy{},
	} {
		found[kind] = fields.Of(object, "spec")
	}
	return found
}

// With an argument the fields of the kinds, else verdicts: one request and one answer on each line.
func main() {
	in, out := bufio.NewReaderSize(os.Stdin, 1<<20), json.NewEncoder(os.Stdout)
	if len(os.Args) > 1 {
		_ = out.Encode(policyFields())
		return
	}
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked request
		if err := json.Unmarshal(line, &asked); err != nil {
			_ = out.Encode(answer{Errors: []string{err.Error()}})
			continue
		}
		_ = out.Encode(answerTo(asked))
	}
}
