"""A shop as most clusters begin: Deployments and Services in one namespace, and a NetworkPolicy for each."""

from __future__ import annotations

from reachproof.manifests.load import load
from tests.cli.terminal import Terminal
from tests.house.places import ROOT
from tests.manifests.given import codes

SHOP = ROOT / "tests" / "inputs" / "bookshop.yaml"


def test_the_shop_is_read_whole() -> None:
    snapshot = load(SHOP)
    assert (len(snapshot.pods), len(snapshot.services), len(snapshot.policies)) == (5, 5, 6)
    assert {pod.workload.partition("/")[0] for pod in snapshot.pods} == {"Deployment"}
    assert all(pod.abstract for pod in snapshot.pods)
    assert codes(snapshot) == ["NAMESPACE_ASSUMED"]


def test_some_pod_reaches_the_store(terminal: Terminal) -> None:
    sentence = "can any pod reach deployment default/basket-store on tcp/6379?"
    ran = terminal.run("query", "-q", "-f", str(SHOP), sentence)
    head, flow, _, ingress = ran.out.splitlines()
    assert ran.code == 0
    assert head == "REACHABLE  can any pod reach deployment default/basket-store on tcp/6379"
    assert flow == "  pod default/basket -> pod default/basket-store on tcp/6379"
    assert "NetworkPolicy default/basket-store rule 0 allows ingress" in ingress


def test_only_the_basket_reaches_the_store(terminal: Terminal) -> None:
    sentence = "only pods labelled app=basket can reach deployment default/basket-store on tcp/6379"
    ran = terminal.run("query", "-q", "-f", str(SHOP), sentence)
    head, because, first = ran.out.splitlines()
    assert ran.code == 0
    assert (head, because) == (f"HOLDS  {sentence}", "  because")
    assert first.startswith(
        "    NetworkPolicy default/basket-store denies ingress of the pods it selects unless a rule allows it"
    )


def test_why_the_storefront_does_not_reach_the_store(terminal: Terminal) -> None:
    sentence = "why can't deployment default/storefront reach deployment default/basket-store on tcp/6379?"
    ran = terminal.run("query", "-q", "-f", str(SHOP), sentence)
    head, flow, *rest = ran.out.splitlines()
    assert ran.code == 0
    assert head == f"EXPLAINED  {sentence.removesuffix('?')}"
    assert flow == "  pod default/storefront -> pod default/basket-store on tcp/6379"
    because, near = rest.index("  because"), rest.index("  nearest rules")
    isolating = [line.partition(" isolates ")[0].strip() for line in rest[because + 1 : near]]
    assert isolating == ["NetworkPolicy default/basket-store", "NetworkPolicy default/deny-all"]
    assert [line.partition("  [")[0] for line in rest[near + 1 :]] == [
        "    NetworkPolicy default/basket-store ingress rule 0 allows tcp/6379 from pods labelled app=basket in "
        "namespace default",
        "      but: the source has app=storefront, not app=basket",
    ]
