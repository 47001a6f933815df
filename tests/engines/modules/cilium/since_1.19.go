//go:build !cilium_1.18

package main

import (
	"sync"

	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	policyutils "github.com/cilium/cilium/pkg/policy/utils"
)

// The cluster whose pods selectors without a cluster select: policy-default-local-cluster is on by default.
const selected = cluster

type parsed = policytypes.PolicyEntries

func parsedRules(rules api.Rules) parsed { return policyutils.RulesToPolicyEntries(rules) }

func addGroupLabel(found labels.Labels, label labels.Label) {
	encoded := labels.EncodedCIDRGroupLabel(label.Key, label.Value, label.Source)
	found[label.Key], found[encoded.Key] = label, encoded
}

func (s *state) addEntries(repository *policy.Repository) {
	var waiting sync.WaitGroup
	repository.GetSubjectSelectorCache().UpdateIdentities(s.identities, nil, &waiting)
	waiting.Wait()
	for _, entries := range s.rules {
		repository.MustAddPolicyEntries(entries)
	}
}
