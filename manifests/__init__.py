"""Kubernetes objects in, one Snapshot out.

The only layer that reads YAML. Every policy kind has one module and one line in the registry; every complaint about
the input carries its file, line and path.
"""

from reachproof.manifests.errors import ManifestError
from reachproof.manifests.git_source import Revision, merge_base
from reachproof.manifests.limits import DEFAULT_LIMITS, Limits
from reachproof.manifests.load import contents, load, load_contents, load_objects, load_revision, load_text

__all__ = [
    "DEFAULT_LIMITS",
    "Limits",
    "ManifestError",
    "Revision",
    "contents",
    "load",
    "load_contents",
    "load_objects",
    "load_revision",
    "load_text",
    "merge_base",
]
