"""Kinds of objects: a folder for each family, a module for each kind, and the registry of policy kinds."""
