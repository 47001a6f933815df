"""The report of a difference: rows and what caused each, on small clusters that can be read."""

from __future__ import annotations

import pytest

from reachproof.documents.connectivity import ports_of
from reachproof.documents.diff import ChangedConnection, Diff, JudgedFlow, Shift
from reachproof.documents.words import By, Relation, Truth
from reachproof.network.errors import InternalError
from reachproof.network.ports import format_ports
from reachproof.queries import diff_causes, difference
from reachproof.semantics.evaluate import evaluate
from reachproof.solver import compare
from reachproof.solver.budget import Budget
from reachproof.solver.z3_backend import Prover, Refuted
from tests.queries.given import (
    Manifest,
    admin_policy,
    baseline,
    deployment,
    namespace,
    network_policy,
    node,
    pod,
    session,
)

PROVER = Prover()
DEFAULT_BUDGET = Budget()
WEB_LABEL = {"podSelector": {"matchLabels": {"app": "web"}}}
SHOP = (
    namespace("shop", tenant="a"),
    namespace("bank", tenant="b"),
    pod("shop/web", "10.0.0.1"),
    pod("shop/db", "10.0.0.2"),
    pod("bank/app", "10.0.1.1"),
)
CLOSED = network_policy("shop/closed", {"app": "db"})
FOR_WEB = network_policy("shop/closed", {"app": "db"}, ingress=[{"from": [WEB_LABEL], "ports": [{"port": 5432}]}])


def diff(
    before: tuple[Manifest, ...],
    after: tuple[Manifest, ...],
    by: By = By.WORKLOAD,
    budget: Budget = DEFAULT_BUDGET,
) -> Diff:
    encodings = session(*before).encoding, session(*after).encoding
    return difference.difference(*encodings, budget, PROVER, by=by)


def shown(row: ChangedConnection) -> str:
    before, after = (format_ports(ports_of(each)) for each in (row.before, row.after))
    return f"{row.change} {row.src} => {row.dst}: {before} -> {after}"


def sides(shift: Shift) -> tuple[JudgedFlow | None, JudgedFlow | None]:
    return shift.before, shift.after


def causes(row: ChangedConnection) -> list[str]:
    rules = [f"{cause.when} {cause.edit}: {cause.text}" for cause in row.because]
    return [*rules, *row.endpoints]


# ---------------------------------------------------------------- rows


def test_a_new_policy_takes_away_what_it_does_not_allow() -> None:
    found = diff(SHOP, (*SHOP, FOR_WEB))
    assert list(map(shown, found.rows)) == [
        "removed bank/app => shop/db: any port -> no port",
        "changed shop/web => shop/db: any port -> tcp/5432",
        "removed 0.0.0.0/0 => shop/db: any port -> no port",
    ]
    assert found.relation is Relation.STRICTER
    assert [format_ports(ports_of(row.gained)) for row in found.rows] == ["no port", "no port", "no port"]
    assert found.looser is None and found.stricter is not None
    assert [flow and flow.truth for flow in sides(found.stricter)] == [Truth.ALLOWED, Truth.DENIED]
    assert (found.differs, bool(found.evidence.compared), bool(found.evidence.judged)) == (True, True, True)


def test_both_ways_at_once_are_incomparable() -> None:
    found = diff((*SHOP, CLOSED), (*SHOP, network_policy("bank/closed")))
    assert found.relation is Relation.INCOMPARABLE
    assert found.looser is not None and found.stricter is not None
    assert [flow and flow.truth for flow in sides(found.looser)] == [Truth.DENIED, Truth.ALLOWED]


def test_outside_addresses_are_put_together_where_the_same_changes() -> None:
    block = {"ipBlock": {"cidr": "8.0.0.0/7", "except": ["9.9.0.0/16"]}}
    found = diff((*SHOP, CLOSED), (*SHOP, network_policy("shop/closed", {"app": "db"}, ingress=[{"from": [block]}])))
    assert list(map(shown, found.rows)) == [
        "added 8.0.0.0/8, 9.0.0.0/13, 9.8.0.0/16, 9.10.0.0/15, 9.12.0.0/14, 9.16.0.0/12, 9.32.0.0/11, 9.64.0.0/10, "
        "9.128.0.0/9 => shop/db: no port -> any port"
    ]


def test_nodes_are_put_together_where_the_same_changes() -> None:
    nodes = tuple(node(f"n{number}", f"192.168.0.{number}") for number in range(1, 4))
    objects = (*SHOP[:3], *nodes, pod("shop/api", "10.0.0.9", on="n2"))
    found = diff(objects, (*objects, network_policy("shop/closed", {"app": "api"})))
    assert [shown(row) for row in found.rows if "node" in shown(row)] == [
        "removed node n1,n3 => shop/api: any port -> no port"
    ]


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        (By.POD, ["added shop/web => shop/db: no port -> tcp/5432"]),
        (By.NAMESPACE, ["changed namespace shop => namespace shop: any port -> any port"]),
        (By.TENANT, ["changed tenant a => tenant a: any port -> any port"]),
    ],
)
def test_ends_are_put_together_as_asked(by: By, rows: list[str]) -> None:
    found = diff((*SHOP, CLOSED), (*SHOP, FOR_WEB), by)
    assert list(map(shown, found.rows)) == rows
    assert [format_ports(ports_of(row.gained)) for row in found.rows] == ["tcp/5432"]


def test_a_pod_is_no_end_for_itself() -> None:
    objects = (namespace("shop"), pod("shop/web", "10.0.0.1"), deployment("shop/api", replicas=2))
    found = diff(objects, (*objects, network_policy("shop/closed")))
    assert [shown(row) for row in found.rows if "0.0.0.0" not in shown(row)] == [
        "removed shop/api[Deployment] => shop/api[Deployment]: any port -> no port",
        "removed shop/api[Deployment] => shop/web: any port -> no port",
        "removed shop/web => shop/api[Deployment]: any port -> no port",
    ]


def test_connections_of_new_and_lost_workloads_are_rows() -> None:
    shut = network_policy("shop/shut", {"app": "new"}, policyTypes=["Ingress", "Egress"])
    cluster = (namespace("shop"), pod("shop/web", "10.0.0.1"))
    found = diff((*cluster, pod("shop/old", "10.0.0.7")), (*cluster, deployment("shop/new")))
    assert (list(map(str, found.new)), list(map(str, found.lost))) == (["shop/new[Deployment]"], ["shop/old"])
    assert list(map(shown, found.rows)) == [
        "added shop/new[Deployment] => shop/web: no port -> any port",
        "added shop/new[Deployment] => 0.0.0.0/0: no port -> any port",
        "removed shop/old => shop/web: any port -> no port",
        "removed shop/old => 0.0.0.0/0: any port -> no port",
        "added shop/web => shop/new[Deployment]: no port -> any port",
        "removed shop/web => shop/old: any port -> no port",
        "added 0.0.0.0/0 => shop/new[Deployment]: no port -> any port",
        "removed 0.0.0.0/0 => shop/old: any port -> no port",
    ]
    assert [causes(row) for row in found.rows[:3:2]] == [["new: pod shop/new"], ["lost: pod shop/old"]]
    assert found.relation is Relation.INCOMPARABLE
    closed = diff((*cluster, shut), (*cluster, shut, deployment("shop/new")))
    assert (closed.relation, closed.rows, closed.differs) == (Relation.EQUIVALENT, (), True)


# ---------------------------------------------------------------- causes


def test_a_rule_of_a_changed_policy_is_the_cause() -> None:
    (row,) = diff((*SHOP, CLOSED), (*SHOP, FOR_WEB)).rows
    assert causes(row) == [
        "before changed: NetworkPolicy shop/closed denies ingress of the pods it selects unless a rule allows it",
        "after changed: NetworkPolicy shop/closed ingress rule 0 allows",
    ]


def test_a_policy_that_was_removed_is_the_cause() -> None:
    found = diff((*SHOP, CLOSED), SHOP)
    assert {text for row in found.rows for text in causes(row)} == {
        "before removed: NetworkPolicy shop/closed denies ingress of the pods it selects unless a rule allows it"
    }


def test_of_several_policies_those_are_the_cause_that_are_not_what_they_were() -> None:
    deny = {"action": "Deny", "from": [{"namespaces": {}}]}
    floor = baseline(ingress=[deny])
    found = diff((*SHOP, floor), (*SHOP, floor, FOR_WEB))
    assert [(shown(row), causes(row)) for row in found.rows] == [
        (
            "added shop/web => shop/db: no port -> tcp/5432",
            ["after added: NetworkPolicy shop/closed ingress rule 0 allows"],
        ),
        (
            "removed 0.0.0.0/0 => shop/db: any port -> no port",
            ["after added: NetworkPolicy shop/closed denies ingress of the pods it selects unless a rule allows it"],
        ),
    ]


def test_a_rule_that_passes_is_a_cause_as_well() -> None:
    deny: Manifest = {"action": "Deny", "from": [{"namespaces": {}}]}
    passes: Manifest = {"action": "Pass", "from": [{"namespaces": {}}]}
    floor = baseline(ingress=[{"action": "Allow", "from": [{"namespaces": {}}]}])
    found = diff(
        (*SHOP, floor, admin_policy("top", 1, ingress=[deny])), (*SHOP, floor, admin_policy("top", 1, ingress=[passes]))
    )
    assert {text for row in found.rows for text in causes(row)} == {
        "before changed: AdminNetworkPolicy top ingress rule 0 denies",
        "after changed: AdminNetworkPolicy top ingress rule 0 passes",
    }


def test_without_a_change_of_policies_the_endpoints_are_the_cause() -> None:
    before = (*SHOP, FOR_WEB, pod("shop/job", "10.0.0.3"))
    after = (*SHOP, FOR_WEB, pod("shop/job", "10.0.0.3", app="web"))
    (row,) = diff(before, after).rows
    assert causes(row) == [
        "before None: NetworkPolicy shop/closed denies ingress of the pods it selects unless a rule allows it",
        "after None: NetworkPolicy shop/closed ingress rule 0 allows",
        "other labels of pod shop/job",
    ]


def test_labels_of_a_namespace_are_a_cause() -> None:
    peer = {"namespaceSelector": {"matchLabels": {"tenant": "b"}}}
    policy = network_policy("shop/closed", {"app": "db"}, ingress=[{"from": [peer]}])
    moved = (SHOP[0], namespace("bank", tenant="c"), *SHOP[2:])
    (row,) = diff((*SHOP, policy), (*moved, policy)).rows
    assert causes(row)[-1] == "other labels of namespace bank"


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        (pod("shop/db", "10.0.0.2"), pod("shop/db", "10.0.9.2"), "other addresses of pod shop/db"),
        (
            pod("shop/db", "10.0.0.2", ports=[("sql", 5432)]),
            pod("shop/db", "10.0.0.2", ports=[("sql", 3306)]),
            "other named ports of pod shop/db",
        ),
    ],
)
def test_addresses_and_ports_are_a_cause(old: Manifest, new: Manifest, cause: str) -> None:
    egress = [{"to": [{"ipBlock": {"cidr": "10.0.9.0/24"}}]}, {"to": [{"podSelector": {}}], "ports": [{"port": "sql"}]}]
    rest = (namespace("shop"), pod("shop/web", "10.0.0.1"))
    policy = network_policy("shop/out", {"app": "web"}, policyTypes=["Egress"], egress=egress)
    found = diff((*rest, old, policy), (*rest, new, policy))
    assert {text for row in found.rows for text in row.endpoints} == {cause}


def test_policies_that_decide_nothing_are_changes_without_rows() -> None:
    found = diff((*SHOP, CLOSED), (*SHOP, CLOSED, network_policy("shop/again", {"app": "db"})))
    assert [(str(each.policy), str(each.edit)) for each in found.policies] == [("NetworkPolicy shop/again", "added")]
    assert (found.relation, found.rows, found.differs) == (Relation.EQUIVALENT, (), False)


# ---------------------------------------------------------------- what is not decided


def test_without_time_there_is_no_relation() -> None:
    found = diff(SHOP, (*SHOP, CLOSED), budget=Budget(seconds=1e-9))
    assert (found.relation, found.rows, found.reason) == (Relation.UNKNOWN, (), "time limit of 1e-09 s reached")


def test_more_rows_than_anybody_reads_are_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reachproof.queries.diff_rows.MOST_ROWS", 2)
    found = diff(SHOP, (*SHOP, CLOSED))
    assert (found.relation, found.reason) == (
        Relation.UNKNOWN,
        "more than 2 pairs differ: put more pods together with `by`",
    )


def test_where_causes_are_left_out_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diff_causes, "MOST_JUDGED", 1)
    found = diff(SHOP, (*SHOP, FOR_WEB))
    assert [bool(row.because) for row in found.rows].count(True) == 1
    assert "CAUSES_LEFT_OUT" in [each.code for each in found.warnings]
    monkeypatch.undo()
    assert "CAUSES_LEFT_OUT" not in [each.code for each in diff(SHOP, (*SHOP, FOR_WEB)).warnings]


def test_what_either_snapshot_does_not_know_is_told() -> None:
    block = network_policy("shop/block", {"app": "db"}, ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/9"}}]}])
    unknown = (*SHOP, deployment("shop/job", replicas=2), block)
    for before, after in ((unknown, (*SHOP, block)), ((*SHOP, block), unknown)):
        (text,) = (each.text for each in diff(before, after).assumptions if each.code == "POD_ADDRESS_UNKNOWN")
        assert text.startswith("the address of shop/job is not in the input: any address in 10.0.0.0/8, ")


def test_a_prover_that_gives_up_leaves_it_undecided() -> None:
    found = diff(SHOP, (*SHOP, CLOSED), budget=Budget(rlimit=1))
    assert (found.relation, found.reason) == (Relation.UNKNOWN, "resource limit of 1 solver units reached")


# ---------------------------------------------------------------- disagreement


def test_a_difference_that_only_the_sets_engine_finds_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Prover, "run", lambda *_: Refuted(()))
    with pytest.raises(InternalError) as error:
        diff(SHOP, (*SHOP, CLOSED))
    assert str(error.value) == (
        "the sets engine found a difference that Z3 excludes; this is a bug of reachproof, no verdict is given"
    )


def test_a_difference_that_only_z3_finds_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare.Comparison, "differing", lambda self, _: self.inside & ~self.inside)
    with pytest.raises(InternalError) as error:
        diff(SHOP, (*SHOP, CLOSED))
    assert str(error.value) == (
        "Z3 found a difference that the sets engine excludes; this is a bug of reachproof, no verdict is given"
    )


def test_a_flow_that_the_evaluator_judges_otherwise_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(difference, "truth", lambda *_: Truth.DENIED)
    with pytest.raises(InternalError) as error:
        diff(SHOP, SHOP)
    assert str(error.value) == (
        "the engines and the evaluator (denied) disagree on pod bank/app (10.0.1.1) -> pod shop/db (10.0.0.2) on "
        "tcp/80; this is a bug of reachproof, no verdict is given"
    )


def test_a_witness_that_the_evaluator_judges_otherwise_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    without = session(*SHOP).snapshot
    monkeypatch.setattr(diff_causes, "evaluate", lambda _, flow, prefer: evaluate(without, flow, prefer=prefer))
    with pytest.raises(InternalError, match="disagree on pod bank/app"):
        diff(SHOP, (*SHOP, CLOSED))
