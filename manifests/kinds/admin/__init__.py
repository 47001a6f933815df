"""Kinds of network-policy-api: policies of cluster administrators."""
