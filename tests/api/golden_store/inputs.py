"""Manifests and questions of the golden store: together they have every kind that is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.products.worlds import Family, Manifest, World, objects

SENTENCES = {
    "pair": "can pod shop/web reach pod shop/db on tcp/5432?",
    "service": "can pod bank/api reach service shop/db on tcp/1?",
    "isolated": "all tenants are isolated",
    "only": "only pods in namespace shop can reach pod shop/db on tcp/5432",
    "possible": "no possible pod in tenant b can reach any pod in tenant a",
    "deny": "the cluster enforces default deny for every tenant",
    "why": "why can't pod bank/api reach pod shop/db on tcp/440?",
    "which": "which pods can reach pod infra/dns?",
    "decide": "which policies decide tenant b to tenant a on tcp/441?",
    "shadowed": "which rules are shadowed?",
}
PACK = """\
invariant apart (high): no pod in tenant b can reach pods in tenant a on tcp/5432
expect reachable "names": can pods in tenant b reach pod infra/dns on udp/53?
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A snapshot to store under a name."""

    name: str
    world: World
    manifests: list[Manifest]

    @property
    def options(self) -> dict[str, object]:
        """The model options of questions about it."""
        return self.world.options


def snapshots() -> tuple[Stored, ...]:
    """Kubernetes alone, with Istio and the admin kinds, with Calico and with Cilium.

    Without RequestAuthentications, which f3aba9f cannot store.
    """
    plain, mesh = World("spec", False, Family.V4), World("ovn-kubernetes", True, Family.DUAL)
    calico, cilium = World("calico", True, Family.V4), World("cilium", False, Family.DUAL)
    ours = [each for each in objects(plain) if each["apiVersion"] in ("v1", "networking.k8s.io/v1")]
    return (
        Stored("kubernetes", plain, [*ours, *_beside("kubernetes")]),
        Stored("istio", mesh, [*objects(mesh), *_beside("istio")]),
        Stored("calico", calico, [*objects(calico), *_beside("calico")]),
        Stored("cilium", cilium, [*objects(cilium), *_beside("cilium")]),
    )


def _beside(name: str) -> list[Manifest]:
    """Objects of the kinds that the worlds lack."""
    text = Path(__file__).with_name(f"{name}.yaml").read_text(encoding="utf-8")
    return list(yaml.safe_load_all(text))
