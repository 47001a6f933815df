"""A real shop that nobody here wrote: Google's microservices demo with its network policies, if it is at hand."""

from __future__ import annotations

import pytest

from tests.cli.terminal import Terminal
from tests.house.places import ROOT

SHOP = ROOT.parent / "shared" / "corpus" / "online-boutique"
pytestmark = pytest.mark.skipif(not SHOP.is_dir(), reason="the corpus online-boutique is not next to the checkout")


def test_some_pod_reaches_the_cart_store(terminal: Terminal) -> None:
    sentence = "can any pod reach deployment default/redis-cart on tcp/6379?"
    ran = terminal.run("query", "-q", "-f", str(SHOP), sentence)
    head, flow, *steps = ran.out.splitlines()
    assert ran.code == 0
    assert head == "REACHABLE  can any pod reach deployment default/redis-cart on tcp/6379"
    assert flow == "  pod default/cartservice -> pod default/redis-cart on tcp/6379"
    assert "NetworkPolicy default/redis-cart rule 0 allows ingress" in steps[1]


def test_only_the_cart_service_reaches_the_cart_store(terminal: Terminal) -> None:
    sentence = "only pods labelled app=cartservice can reach deployment default/redis-cart on tcp/6379"
    ran = terminal.run("query", "-q", "-f", str(SHOP), sentence)
    head, because, first, *_ = ran.out.splitlines()
    assert ran.code == 0
    assert (head, because) == (f"HOLDS  {sentence}", "  because")
    assert first.startswith("    NetworkPolicy default/")


def test_why_the_frontend_does_not_reach_the_cart_store(terminal: Terminal) -> None:
    sentence = "why can't deployment default/frontend reach deployment default/redis-cart on tcp/6379?"
    ran = terminal.run("query", "-q", "-f", str(SHOP), sentence)
    head, flow, *rest = ran.out.splitlines()
    assert ran.code == 0
    assert head == f"EXPLAINED  {sentence.removesuffix('?')}"
    assert flow == "  pod default/frontend -> pod default/redis-cart on tcp/6379"
    because = rest[rest.index("  because") + 1 :]
    assert any(
        "NetworkPolicy default/redis-cart isolates pod default/redis-cart for ingress" in line for line in because
    )
