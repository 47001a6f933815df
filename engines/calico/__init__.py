"""Calico."""
