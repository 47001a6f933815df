"""Kinds that decide what may be reached and are not read: their registry, and the policies that stand for them."""
