//go:build !cilium_1.18 && !cilium_1.19

package main

import (
	"encoding/json"

	"reachproof/fields"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	"github.com/cilium/cilium/pkg/k8s"
	corev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
	npav1alpha2 "sigs.k8s.io/network-policy-api/apis/v1alpha2"
)

// The port names of all identities, which the agent keeps up to date.
type portNames interface {
	types.NamedPortMultiMap
	Update(identity identity.NumericIdentity, old, new types.NamedPortMap) bool
}

type namedPorts struct{ ports types.NamedPortMultiMap }

// Without a proxy every rule about requests has the same one.
var redirects = map[string]uint16{policy.FallbackRedirectID: 65535}

func (n namedPorts) GetNamedPorts() types.NamedPortMultiMap { return n.ports }

func (o *owner) PreviousMapStateSizes() policy.MapStateSizes { return policy.MapStateSizes{} }

func (o *owner) GetIngressNamedPort(name string, protocol u8proto.U8proto) uint16 {
	port, _ := o.ports.GetNamedPort(name, protocol)
	return port
}

func addPorts(all portNames, number identity.NumericIdentity, ports types.NamedPortMap) {
	all.Update(number, nil, ports)
}

func allowLocalhost() {
	option.Config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostAlways
}

func metadataOf(namespace *corev1.Namespace, pod *corev1.Pod) (types.NamedPortMap, map[string]string) {
	return k8s.GetPodMetadata(silent, namespace, pod)
}

func parseClusterNetworkPolicy(raw json.RawMessage) (parsed, error) {
	read := &npav1alpha2.ClusterNetworkPolicy{}
	if err := json.Unmarshal(raw, read); err != nil {
		return nil, err
	}
	return k8s.ParseClusterNetworkPolicy(silent, selected, read)
}

func clusterNetworkPolicyFields() map[string][]string {
	return map[string][]string{"ClusterNetworkPolicy": fields.Of(npav1alpha2.ClusterNetworkPolicy{}, "spec")}
}

func (s *state) fill(repository *policy.Repository, _ identitymanager.IDManager) {
	repository.SetNamedPortsGetter(namedPorts{s.ports})
	s.addEntries(repository)
}

func compute(repository *policy.Repository, subject *identity.Identity) (policy.SelectorPolicy, error) {
	found, _, err := repository.ComputeSelectorPolicy(subject)
	return found, err
}
