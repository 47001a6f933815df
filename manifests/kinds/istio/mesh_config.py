"""The configuration of a mesh of Istio, MeshConfig, from the ConfigMap that holds it."""

from __future__ import annotations

from collections.abc import Mapping

from reachproof.manifests.limits import DEFAULT_LIMITS
from reachproof.manifests.yaml_reader import read_yaml


def mesh_config(body: Mapping[str, object]) -> Mapping[str, object]:
    """The fields of the mesh's configuration in a ConfigMap; none where they cannot be read."""
    data = body.get("data")
    return mapping_of(data.get("mesh") if isinstance(data, Mapping) else None)


def mapping_of(text: object) -> Mapping[str, object]:
    """The fields of a YAML text; none where it is no such text."""
    if not isinstance(text, str):
        return {}
    documents = list(read_yaml(text, "", DEFAULT_LIMITS, []))
    value = documents[0].value if len(documents) == 1 else {}
    return value if isinstance(value, dict) else {}
