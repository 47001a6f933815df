// Verdicts of Cilium's policy repository: what the agent would write into the policy maps of endpoints.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"strings"

	"reachproof/fields"

	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	"github.com/cilium/cilium/pkg/k8s"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	corev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	k8sutils "github.com/cilium/cilium/pkg/k8s/utils"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	testidentity "github.com/cilium/cilium/pkg/testutils/identity"
	testpolicy "github.com/cilium/cilium/pkg/testutils/policy"
	"github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
)

// A request: the objects of a cluster, the addresses of domain names, and flows. From and To are `namespace/name`,
// `node:name`, or empty for what is outside.
type request struct {
	Objects []json.RawMessage
	Domains map[string][]string
	Flows   []flow
}

type flow struct {
	From, To, Source, Destination, Protocol string
	Port                                    uint16
}

type answer struct {
	Verdicts []bool   `json:"verdicts"`
	Errors   []string `json:"errors"`
}

const cluster = "default"

var silent = slog.New(slog.DiscardHandler)

// An endpoint, as its policy asks for it: the ports of its own containers by name, and those of all pods.
type owner struct {
	id    uint64
	ports types.NamedPortMap
	every portNames
}

func (o *owner) GetID() uint64              { return o.id }
func (o *owner) PolicyDebug(string, ...any) {}
func (o *owner) IsHost() bool               { return false }

func (o *owner) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}

type pod struct {
	identity *identity.Identity
	owner    *owner
	node     string
}

// A cluster as the agent knows it.
type state struct {
	asked      request
	namespaces map[string]*corev1.Namespace
	pods       map[string]*pod
	groups     []*v2.CiliumCIDRGroup
	selectors  map[api.FQDNSelector]bool
	rules      []parsed
	identities identity.IdentityMap
	outside    map[string]*identity.Identity
	ports      portNames
	host       *identity.Identity
	remote     *identity.Identity
	errors     []string
}

func read(asked request) *state {
	s := &state{
		asked: asked, namespaces: map[string]*corev1.Namespace{}, pods: map[string]*pod{},
		selectors: map[api.FQDNSelector]bool{}, identities: identity.IdentityMap{},
		outside: map[string]*identity.Identity{}, ports: types.NewNamedPortMultiMap(),
		host:   identity.NewIdentity(identity.ReservedIdentityHost, labels.NewFrom(labels.LabelHost)),
		remote: identity.NewIdentity(identity.ReservedIdentityRemoteNode, labels.NewFrom(labels.LabelRemoteNode)),
	}
	s.identities[s.host.ID], s.identities[s.remote.ID] = s.host.LabelArray, s.remote.LabelArray
	for _, step := range []func(string, json.RawMessage) error{s.addGroupOrNamespace, s.addPod, s.addPolicy} {
		for _, raw := range asked.Objects {
			var head struct{ Kind string }
			err := json.Unmarshal(raw, &head)
			if err == nil {
				err = step(head.Kind, raw)
			}
			if err != nil {
				s.errors = append(s.errors, head.Kind+": "+err.Error())
			}
		}
	}
	for _, each := range asked.Flows {
		if each.From == "" {
			s.addOutside(each.Source)
		}
		if each.To == "" {
			s.addOutside(each.Destination)
		}
	}
	return s
}

func (s *state) addGroupOrNamespace(kind string, raw json.RawMessage) error {
	switch kind {
	case "Namespace":
		namespace := &corev1.Namespace{}
		if err := json.Unmarshal(raw, namespace); err != nil {
			return err
		}
		namespace.Labels = maps.Clone(namespace.Labels)
		if namespace.Labels == nil {
			namespace.Labels = map[string]string{}
		}
		namespace.Labels["kubernetes.io/metadata.name"] = namespace.Name
		s.namespaces[namespace.Name] = namespace
	case "CiliumCIDRGroup":
		group := &v2.CiliumCIDRGroup{}
		s.groups = append(s.groups, group)
		return json.Unmarshal(raw, group)
	}
	return nil
}

func (s *state) addPod(kind string, raw json.RawMessage) error {
	read := &corev1.Pod{}
	if kind != "Pod" {
		return nil
	}
	if err := json.Unmarshal(raw, read); err != nil || read.Spec.HostNetwork {
		return err
	}
	if read.Spec.ServiceAccountName == "" {
		read.Spec.ServiceAccountName = "default" // as the API server does
	}
	ports, found := metadataOf(s.namespaces[read.Namespace], read)
	visible, _ := labelsfilter.Filter(labels.Map2Labels(found, labels.LabelSourceK8s))
	number := identity.NumericIdentity(1000 + len(s.pods))
	own := identity.NewIdentity(number, visible)
	s.pods[read.Namespace+"/"+read.Name] = &pod{own, &owner{uint64(number), ports, s.ports}, read.Spec.NodeName}
	s.identities[number] = own.LabelArray
	addPorts(s.ports, number, ports)
	return nil
}

func (s *state) addPolicy(kind string, raw json.RawMessage) error {
	var entries parsed
	var err error
	switch kind {
	case "NetworkPolicy":
		read := &networkingv1.NetworkPolicy{}
		if err = json.Unmarshal(raw, read); err == nil {
			setDefaults(read)
			entries, err = k8s.ParseNetworkPolicy(silent, selected, read)
		}
	case "ClusterNetworkPolicy":
		entries, err = parseClusterNetworkPolicy(raw)
	case "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy":
		read := &v2.CiliumNetworkPolicy{}
		var rules api.Rules
		if err = json.Unmarshal(raw, read); err == nil {
			rules, err = read.Parse(silent, selected)
		}
		if err == nil {
			entries = parsedRules(rules)
			s.addSelectors(rules)
		}
	}
	s.rules = append(s.rules, entries)
	return err
}

// setDefaults does what the API server does before it stores a NetworkPolicy.
func setDefaults(read *networkingv1.NetworkPolicy) {
	if len(read.Spec.PolicyTypes) == 0 {
		read.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(read.Spec.Egress) > 0 {
			read.Spec.PolicyTypes = append(read.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
	if len(read.Spec.Ingress) == 0 {
		read.Spec.Ingress = nil
	}
	if len(read.Spec.Egress) == 0 {
		read.Spec.Egress = nil
	}
}

func (s *state) addSelectors(rules api.Rules) {
	for _, rule := range rules {
		for _, egress := range rule.Egress {
			for _, selector := range egress.ToFQDNs {
				s.selectors[selector] = true
			}
		}
	}
}

// addOutside gives an address outside the identity that the agent would: its world, its CIDR groups and its names.
func (s *state) addOutside(text string) {
	if s.outside[text] != nil {
		return
	}
	address := netip.MustParseAddr(text)
	found := labels.GetCIDRLabels(netip.PrefixFrom(address, address.BitLen()))
	for _, group := range s.groups {
		for _, block := range group.Spec.ExternalCIDRs {
			if netip.MustParsePrefix(string(block)).Contains(address) {
				addGroupLabels(found, group)
			}
		}
	}
	for selector := range s.selectors {
		if s.behind(selector, address) {
			label := selector.IdentityLabel()
			found[label.Key] = label
		}
	}
	number := identity.IdentityScopeLocal + identity.NumericIdentity(len(s.outside)+1)
	s.outside[text] = identity.NewIdentity(number, found)
	s.identities[number] = s.outside[text].LabelArray
}

func addGroupLabels(found labels.Labels, group *v2.CiliumCIDRGroup) {
	for key, value := range k8sutils.RemoveCiliumLabels(group.Labels) {
		label := labels.NewLabel(key, value, labels.LabelSourceCIDRGroup)
		addGroupLabel(found, label)
	}
	label := api.LabelForCIDRGroupRef(group.Name)
	found[label.Key] = label
}

func (s *state) behind(selector api.FQDNSelector, address netip.Addr) bool {
	pattern, err := selector.ToRegex()
	if err != nil {
		s.errors = append(s.errors, err.Error())
		return false
	}
	for name, blocks := range s.asked.Domains {
		for _, block := range blocks {
			if netip.MustParsePrefix(block).Contains(address) && pattern.MatchString(strings.ToLower(name)+".") {
				return true
			}
		}
	}
	return false
}

func (s *state) party(name, address, peer string) *identity.Identity {
	node, isNode := strings.CutPrefix(name, "node:")
	switch {
	case name == "":
		return s.outside[address]
	case !isNode:
		return s.pods[name].identity
	case s.pods[peer] != nil && s.pods[peer].node == node:
		return s.host
	}
	return s.remote
}

// repository holds the policies, with all identities known to its selectors.
func (s *state) repository() *policy.Repository {
	manager := identitymanager.NewIDManager(silent)
	found := policy.NewPolicyRepository(silent, s.identities, nil, nil, manager, testpolicy.NewPolicyMetricsNoop())
	found.GetSelectorCache().SetLocalIdentityNotifier(testidentity.NewDummyIdentityNotifier())
	s.fill(found, manager)
	return found
}

func answerTo(asked request) (found answer) {
	s := read(asked)
	if len(s.errors) > 0 {
		return answer{Errors: s.errors}
	}
	repository, policies := s.repository(), map[string]*policy.EndpointPolicy{}
	of := func(name string) *policy.EndpointPolicy {
		if policies[name] == nil {
			computed, err := compute(repository, s.pods[name].identity)
			if err != nil {
				found.Errors = append(found.Errors, err.Error())
				return nil
			}
			policies[name] = computed.DistillPolicy(silent, s.pods[name].owner, redirects)
			policies[name].Ready()
		}
		return policies[name]
	}
	for _, each := range asked.Flows {
		protocol, err := u8proto.ParseProtocol(each.Protocol)
		if err != nil {
			return answer{Errors: []string{err.Error()}}
		}
		allowed := true
		if s.pods[each.From] != nil {
			peer := s.party(each.To, each.Destination, each.From)
			entry, _, _ := of(each.From).Lookup(policy.EgressKey().WithIdentity(peer.ID).WithPortProto(protocol, each.Port))
			allowed = !entry.IsDeny()
		}
		if s.pods[each.To] != nil {
			peer := s.party(each.From, each.Source, each.To)
			entry, _, _ := of(each.To).Lookup(policy.IngressKey().WithIdentity(peer.ID).WithPortProto(protocol, each.Port))
			allowed = allowed && !entry.IsDeny()
		}
		found.Verdicts = append(found.Verdicts, allowed)
	}
	return found
}

func policyFields() map[string][]string {
	found := clusterNetworkPolicyFields()
	found["NetworkPolicy"] = fields.Of(networkingv1.NetworkPolicy{}, "spec")
	for _, kind := range []string{"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"} {
		found[kind] = append(fields.Of(v2.CiliumNetworkPolicy{}, "spec."), "specs")
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
	option.Config.EnableIPv4, option.Config.EnableIPv6 = true, true
	allowLocalhost()
	option.Config.ClusterName = cluster
	policy.SetPolicyEnabled(option.DefaultEnforcement)
	api.InitEntities(cluster)
	if err := labelsfilter.ParseLabelPrefixCfg(silent, nil, nil, ""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
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
