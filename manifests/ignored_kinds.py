"""Objects of kinds that are left out because the user asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from reachproof.manifests.kinds.registry import of_one_implementation
from reachproof.manifests.limits import Limits
from reachproof.manifests.object_identity import Manifest, deeper
from reachproof.network.cluster import Notice


@dataclass(slots=True)
class IgnoredKinds:
    """Kinds to go on without, each as `Kind` or `Kind.group`, and the objects of them so far, by kind."""

    kinds: frozenset[str]
    limits: Limits
    found: dict[str, list[Manifest]] = field(default_factory=dict)

    def takes(self, manifest: Manifest) -> bool:
        """Keep an object of such a kind; False for any other, and for one nested too deep."""
        if not self._is_one(manifest) or deeper(manifest.body, self.limits.depth):
            return False
        self.found.setdefault(f"{manifest.kind}.{manifest.group}", []).append(manifest)
        return True

    def hides(self, manifest: Manifest) -> bool:
        """True if such a kind is that of one implementation: it is not read under that, and does not show it either."""
        return self._is_one(manifest) and of_one_implementation(manifest)

    def _is_one(self, manifest: Manifest) -> bool:
        return manifest.kind in self.kinds or f"{manifest.kind}.{manifest.group}" in self.kinds

    def objects(self) -> Iterator[Manifest]:
        """All objects that were kept."""
        for objects in self.found.values():
            yield from objects

    def assumptions(self) -> Iterator[Notice]:
        """The notice about each kind."""
        for kind, objects in self.found.items():
            names = ", ".join(f"{each.namespace}/{each.name}" if each.namespace else each.name for each in objects)
            yield Notice(code="KIND_IGNORED", text=f"{kind} is ignored, as asked: {names}", origin=objects[0].origin)
