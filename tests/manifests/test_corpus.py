"""Manifests that nobody here wrote are read whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from reachproof.manifests.load import load
from tests.manifests.given import codes

SHOP = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "online-boutique"


@pytest.mark.skipif(not SHOP.is_dir(), reason="the corpus is not beside this checkout")
def test_the_online_boutique_is_read() -> None:
    snapshot = load(SHOP)
    assert (len(snapshot.pods), len(snapshot.services), len(snapshot.policies)) == (12, 12, 13)
    assert {pod.workload.partition("/")[0] for pod in snapshot.pods} == {"Deployment"}
    assert all(pod.abstract for pod in snapshot.pods)
    assert sorted(codes(snapshot)) == ["KINDS_SKIPPED", "NAMESPACE_ASSUMED"]
