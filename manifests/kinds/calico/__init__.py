"""Kinds of Calico."""
