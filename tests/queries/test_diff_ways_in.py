"""Differences of what comes in by routes: rows, relation, and what they are called in each output."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from reachproof.documents.connectivity import ports_of
from reachproof.documents.diff import Diff
from reachproof.documents.words import By
from reachproof.face.difference import diff_of
from reachproof.network.ports import ports_text
from reachproof.queries.diff_ways_in_document import whole_difference
from reachproof.render.diff_text import csv_lines, diff_lines, md_lines
from reachproof.solver.budget import Budget
from reachproof.solver.z3_backend import Prover
from tests.queries.given import Manifest, endpoints, namespace, network_policy, pod, service, session
from tests.queries.test_route_rows import ROUTER, ingress, openshift
from tests.queries.test_ways_in import EDGE, HTTP, gateway, proxy, route

EVERYONE: Manifest = {"namespaceSelector": {}}
NO_GATEWAY = "Gateway edge/gw is not in the input"


def shop(*more: Manifest, peers: tuple[Manifest, ...] = (EDGE,)) -> tuple[Manifest, ...]:
    policy = network_policy("shop/front", {"app": "front"}, ingress=[{"from": list(peers)}] if peers else [])
    front = service("shop/front", {"app": "front"}, HTTP)
    return (namespace("edge"), pod("shop/front", "10.0.0.1"), front, policy, *more)


def compared(old: tuple[Manifest, ...], new: tuple[Manifest, ...], by: By = By.WORKLOAD) -> Diff:
    before, after = session(*old), session(*new)
    return whole_difference(before.encoding, after.encoding, Budget(seconds=30), Prover(), by=by)


def rows(found: Diff) -> list[tuple[str, ...]]:
    """Change, ends, ports before and after, gained and lost."""
    return [
        (
            str(each.change),
            f"{each.src} => {each.dst}",
            *(ports_text(ports_of(part)) for part in (each.before, each.after, each.gained, each.lost)),
        )
        for each in found.ways_in or ()
    ]


WAY = "edge/proxy => shop/front"
ADDED = ("added", WAY, "no ports", "tcp/8080", "tcp/8080", "no ports")
REMOVED = ("removed", WAY, "tcp/8080", "no ports", "no ports", "tcp/8080")


def test_a_new_route_is_a_row_and_looser() -> None:
    found = compared(shop(gateway(), proxy()), shop(gateway(), proxy(), route()))
    assert (found.relation, rows(found), found.rows, found.differs) == ("looser", [ADDED], (), True)
    assert [(str(each), str(each.edit)) for each in found.routes or ()] == [("HTTPRoute shop/web", "added")]
    (row,) = found.ways_in or ()
    assert [str(each) for each in (*row.routes_before, *row.routes_after)] == ["HTTPRoute shop/web"]
    shown = found.witnesses.looser
    assert shown is not None and shown.before is None and shown.after is not None
    assert str(shown.after) == "pod edge/proxy (10.0.0.9) -> pod shop/front (10.0.0.1) on tcp/8080"


def test_a_route_that_goes_is_a_row_and_stricter() -> None:
    found = compared(shop(gateway(), proxy(), route()), shop(gateway(), proxy()))
    assert (found.relation, rows(found)) == ("stricter", [REMOVED])


def test_a_policy_that_stops_the_proxies_is_a_row_with_its_rule() -> None:
    found = compared(shop(gateway(), proxy(), route()), shop(gateway(), proxy(), route(), peers=()))
    assert (found.relation, rows(found)) == ("stricter", [REMOVED])
    (row,) = found.ways_in or ()
    assert [str(each) for each in row.because] == [
        "before: NetworkPolicy shop/front ingress rule 0 allows (changed)",
        "after: NetworkPolicy shop/front denies ingress of the pods it selects unless a rule allows it (changed)",
    ]


def test_a_gateway_that_takes_the_route_no_more_is_a_row() -> None:
    found = compared(shop(gateway(), proxy(), route()), shop(gateway("Same"), proxy(), route()))
    assert (found.relation, rows(found)) == ("stricter", [REMOVED])
    assert [(str(each), str(each.edit)) for each in found.routes or ()] == [("HTTPRoute shop/web", "removed")]


def test_a_route_that_is_certain_now_is_looser_and_says_so() -> None:
    found = compared(shop(proxy(), route()), shop(proxy(), route(), gateway()))
    assert (found.relation, rows(found)) == (
        "looser",
        [("changed", WAY, "tcp/8080", "tcp/8080", "tcp/8080", "no ports")],
    )
    (row,) = found.ways_in or ()
    assert (row.before_depends, row.after_depends) == (row.before, None)
    shown = found.witnesses.looser
    assert shown and [str(each and each.truth) for each in (shown.before, shown.after)] == ["either", "allowed"]
    assert [str(each) for each in row.routes_before] == [f"HTTPRoute shop/web perhaps ({NO_GATEWAY})"]


def test_another_port_is_gained_and_lost() -> None:
    def to(port: int) -> Manifest:
        both = {"name": "http", **HTTP}, {"name": "admin", "port": 81, "targetPort": 9090}
        web = service("shop/web", {"app": "front"}, *both)
        return web | {"route": openshift("web", port={"targetPort": port})}

    old, new = (to(8080), to(9090))
    found = compared(
        shop(proxy(**ROUTER), old, old.pop("route")),
        shop(proxy(**ROUTER), new, new.pop("route")),
    )
    assert (found.relation, rows(found)) == (
        "incomparable",
        [("changed", WAY, "tcp/8080", "tcp/9090", "tcp/9090", "tcp/8080")],
    )


def test_what_is_the_same_is_no_row() -> None:
    found = compared(shop(proxy(), route()), shop(proxy(), route()))
    assert (found.relation, found.ways_in, found.routes, found.differs) == ("equivalent", (), (), False)


def test_a_second_route_to_the_same_backend_changes_no_row() -> None:
    one = shop(gateway(), proxy(), route(), peers=(EVERYONE,))
    more = route()
    more["metadata"]["name"] = "more"
    found = compared(one, (*one, more))
    assert (found.relation, found.ways_in) == ("equivalent", ())
    assert [str(each) for each in found.routes or ()] == ["HTTPRoute shop/more"]


def test_without_routes_nothing_is_said_of_ways_in() -> None:
    found = compared(shop(), shop(peers=()))
    assert not found.ways_in and "ways in" not in "\n".join(diff_lines(found, "a -> b"))


def test_an_open_way_that_rests_on_something_else_may_differ() -> None:
    labelled = [{"namespaceSelector": {"matchLabels": {"team": each}}} for each in ("a", "b")]
    old, new = (shop(ingress("front"), peers=(each,)) for each in labelled)
    found = compared(old, new)
    assert found.relation == "undetermined"
    assert [(str(each.src), ports_text(ports_of(each.may_differ))) for each in found.ways_in or ()] == [
        ("(ingress)/controller", "tcp/8080")
    ]
    assert [each.text for each in found.undetermined if each.policy is None] == [
        "ways in now depend on something else: (ingress)/controller => shop/front"
    ]


def test_a_controller_that_is_in_one_input_only_is_not_called_a_loss() -> None:
    nginx = proxy(**{"app.kubernetes.io/name": "ingress-nginx"})
    found = compared(shop(ingress("front"), peers=(EVERYONE,)), shop(ingress("front"), nginx, peers=(EVERYONE,)))
    assert [row[:2] + row[4:] for row in rows(found)] == [
        ("removed", "(ingress)/controller => shop/front", "no ports", "no ports"),
        ("added", "edge/proxy => shop/front", "tcp/8080", "no ports"),
    ]
    assert found.relation == "undetermined"


def test_pods_of_other_names_are_the_same_where_a_workload_made_up_the_names() -> None:
    def owned(name: str) -> Manifest:
        made = pod(f"shop/{name}", "10.0.0.1", app="front")
        owner = {"kind": "ReplicaSet", "name": "front", "controller": True, "apiVersion": "apps/v1", "uid": "u"}
        made["metadata"]["ownerReferences"] = [owner]
        return made

    base = (namespace("edge"), service("shop/front", {"app": "front"}, HTTP), gateway(), proxy(), route())
    assert compared((*base, owned("front-a")), (*base, owned("front-b"))).ways_in == ()


def test_a_backend_out_of_the_cluster_is_a_row() -> None:
    plain = service("shop/legacy", None, {"port": 80, "targetPort": 8080})
    slices = endpoints("shop/legacy", {"port": 8080}, "203.0.113.7", "203.0.113.8")
    base = (namespace("edge"), plain, slices, proxy(**ROUTER))
    found = compared(base, (*base, openshift("legacy")))
    assert [(row[0], row[1], row[4]) for row in rows(found)] == [
        ("added", "edge/proxy => 203.0.113.7/32", "tcp/8080"),
        ("added", "edge/proxy => 203.0.113.8/32", "tcp/8080"),
    ]


@pytest.mark.parametrize(
    ("by", "way"),
    [(By.NAMESPACE, "namespace edge => namespace shop"), (By.POD, WAY), (By.TENANT, "tenant e => tenant s")],
)
def test_ends_are_put_together_as_in_other_rows(by: By, way: str) -> None:
    base = (
        namespace("edge", tenant="e"),
        namespace("shop", tenant="s"),
        pod("shop/front", "10.0.0.1"),
        service("shop/front", {"app": "front"}, HTTP),
        gateway(),
        proxy(),
    )
    assert [row[:2] for row in rows(compared(base, (*base, route()), by))] == [("added", way)]


def blocks(cidr: str) -> tuple[Manifest, ...]:
    return (*shop(ingress("front"), peers=({"ipBlock": {"cidr": cidr}},)),)


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("10.0.0.0/16", "0.0.0.0/0", ("tcp/8080", "no ports", "no ports")),
        ("0.0.0.0/0", "10.0.0.0/16", ("no ports", "tcp/8080", "no ports")),
        ("10.0.0.0/16", "10.1.0.0/16", ("no ports", "no ports", "tcp/8080")),
    ],
)
def test_more_addresses_of_a_pod_that_is_not_known_are_more(old: str, new: str, change: tuple[str, ...]) -> None:
    (row,) = compared(blocks(old), blocks(new)).ways_in or ()
    assert tuple(ports_text(ports_of(each)) for each in (row.gained, row.lost, row.may_differ)) == change


class TestOutputs:
    def found(self) -> Any:
        return compared(shop(proxy(), route()), shop(proxy(), route(), gateway()))

    def test_text(self) -> None:
        written = list(diff_lines(self.found(), "old -> new"))
        assert written[1].endswith("; routes: 0 added, 0 removed, 1 changed; ways in: 0 added, 0 removed, 1 changed")
        at = written.index("Ways in, by routes:")
        assert [each.partition("  [")[0] for each in written[at + 1 : at + 4]] == [
            f"changed  {WAY} : TCP 8080 -> TCP 8080  (before TCP 8080 undetermined)",
            f"           before: by HTTPRoute shop/web perhaps ({NO_GATEWAY})",
            "           after: by HTTPRoute shop/web",
        ]

    def test_csv(self) -> None:
        _, *found = csv.reader(io.StringIO("\n".join(csv_lines(self.found()))))
        assert [row[:6] for row in found] == [
            ["changed", "edge/proxy", "shop/front", "TCP 8080", "TCP 8080", "before TCP 8080 undetermined"]
        ]
        assert "after: by HTTPRoute shop/web" in found[0][6]

    def test_markdown(self) -> None:
        text = "\n".join(md_lines(self.found(), "old", "new"))
        assert "<summary>Ways in, by routes</summary>" in text and "<summary>Routes</summary>" in text
        assert "| changed | edge/proxy | shop/front | TCP 8080 | TCP 8080" in text

    def test_notebook(self) -> None:
        view = diff_of(self.found())
        assert "HTTPRoute shop/web" in view.html()
        columns, cells = view.cells()
        assert [dict(zip(columns, each, strict=True))["gained"] for each in cells] == ["tcp/8080"]
