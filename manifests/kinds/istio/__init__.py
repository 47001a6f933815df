"""Kinds and annotations of Istio."""
