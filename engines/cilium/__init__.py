"""Cilium."""
