"""Kinds of Cilium."""
