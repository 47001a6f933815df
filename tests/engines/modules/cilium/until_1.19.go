//go:build cilium_1.18 || cilium_1.19

package main

import (
	"encoding/json"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	"github.com/cilium/cilium/pkg/k8s"
	corev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/spanstat"
	"github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
)

// The port names of all pods, which the agent keeps up to date.
type portNames interface {
	types.NamedPortMultiMap
	Update(old, new types.NamedPortMap) bool
}

type statistics struct{ waiting, computing spanstat.SpanStat }

var redirects map[string]uint16

func (s *statistics) WaitingForPolicyRepository() *spanstat.SpanStat { return &s.waiting }
func (s *statistics) SelectorPolicyCalculation() *spanstat.SpanStat  { return &s.computing }

// GetNamedPort looks up egress names among all pods of the cluster, as an endpoint of the agent does.
func (o *owner) GetNamedPort(ingress bool, name string, protocol u8proto.U8proto) uint16 {
	if ingress {
		port, _ := o.ports.GetNamedPort(name, protocol)
		return port
	}
	port, _ := o.every.GetNamedPort(name, protocol)
	return port
}

func addPorts(all portNames, _ identity.NumericIdentity, ports types.NamedPortMap) {
	all.Update(nil, ports)
}

func allowLocalhost() { option.Config.AllowLocalhost = option.AllowLocalhostAlways }

// metadataOf makes the map of port names as an endpoint does of the ports of its containers.
func metadataOf(namespace *corev1.Namespace, pod *corev1.Pod) (types.NamedPortMap, map[string]string) {
	declared, found := k8s.GetPodMetadata(silent, namespace, pod)
	ports := types.NamedPortMap{}
	for _, port := range declared {
		if port.Name != "" {
			_ = ports.AddPort(port.Name, int(port.ContainerPort), string(port.Protocol))
		}
	}
	return ports, found
}

// parseClusterNetworkPolicy passes over an object of a kind that no agent of these releases reads.
func parseClusterNetworkPolicy(json.RawMessage) (parsed, error) {
	return nil, nil
}

func clusterNetworkPolicyFields() map[string][]string { return map[string][]string{} }

// fill tells the manager of the pods too, since a repository computes the policies of identities in use only.
func (s *state) fill(repository *policy.Repository, manager identitymanager.IDManager) {
	s.addEntries(repository)
	for _, each := range s.pods {
		manager.Add(each.identity)
	}
}

func compute(repository *policy.Repository, subject *identity.Identity) (policy.SelectorPolicy, error) {
	found, _, err := repository.GetSelectorPolicy(subject, 0, &statistics{}, uint64(subject.ID))
	return found, err
}
