//go:build cilium_1.19

package main

import "github.com/cilium/cilium/pkg/policy"

func (o *owner) PreviousMapState() *policy.MapState { return nil }
