"""Kubernetes objects in, one Snapshot out.

The only layer that reads YAML. Every policy kind has one module and one line in the registry; every complaint about
the input carries its file, line and path.
"""
