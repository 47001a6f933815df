//go:build cilium_1.18

package main

import (
	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
)

// The cluster whose pods selectors without a cluster select: any, as policy-default-local-cluster is off by default.
const selected = cmtypes.PolicyAnyCluster

type parsed = api.Rules

func (o *owner) MapStateSize() int { return 0 }

func parsedRules(rules api.Rules) parsed { return rules }

func addGroupLabel(found labels.Labels, label labels.Label) { found[label.Key] = label }

func (s *state) addEntries(repository *policy.Repository) {
	for _, rules := range s.rules {
		repository.MustAddList(rules)
	}
}
