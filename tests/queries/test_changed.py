"""Sentences about two snapshots, on small clusters that can be read."""

from __future__ import annotations

import pytest

from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.solver.budget import Budget
from tests.queries.given import (
    Manifest,
    admin_policy,
    codes,
    deployment,
    namespace,
    network_policy,
    node,
    notice,
    pod,
    refused,
    session,
    shown,
    verdict,
)

SHOP = (
    namespace("shop", tenant="a"),
    pod("shop/web", "10.0.0.1", ports=[("http", 8080)]),
    pod("shop/db", "10.0.0.2"),
)
CLOSED = network_policy("shop/closed", {"app": "db"})
FROM_WEB = [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 5432}]}]
FOR_WEB = network_policy("shop/closed", {"app": "db"}, ingress=FROM_WEB)
NEW = "nothing is newly allowed since snapshot old"
SAME = "nothing changed since snapshot old"
WHAT = "what changed since snapshot old?"


def since(before: tuple[Manifest, ...], after: tuple[Manifest, ...], **options: object) -> Session:
    """The second cluster, with the first one under the name `old`."""
    return session(*after, **options).since({"old": session(*before, **options)})


def rows(answer: Answer) -> list[str]:
    return [" | ".join(str(row[name]) for name in answer.columns).rstrip(" |") for row in answer.rows]


# ---------------------------------------------------------------- claims


@pytest.mark.parametrize(
    ("before", "after", "new", "same"),
    [
        ((), (), "holds", "holds"),
        ((CLOSED,), (CLOSED,), "holds", "holds"),
        ((), (CLOSED,), "holds", "violated"),
        ((CLOSED,), (), "violated", "violated"),
        ((CLOSED,), (FOR_WEB,), "violated", "violated"),
        ((FOR_WEB,), (CLOSED,), "holds", "violated"),
        ((CLOSED,), (CLOSED, network_policy("shop/again", {"app": "db"})), "holds", "holds"),
    ],
)
def test_policies_that_come_and_go(
    before: tuple[Manifest, ...], after: tuple[Manifest, ...], new: str, same: str
) -> None:
    asked = since((*SHOP, *before), (*SHOP, *after))
    assert [verdict(asked, NEW), verdict(asked, SAME)] == [new, same]


def test_a_witness_has_the_trace_before_and_the_trace_now() -> None:
    answer = since((*SHOP, CLOSED), (*SHOP, FOR_WEB)).ask(NEW)
    assert answer.witness is not None and answer.witness.before is not None
    assert shown(answer) == "pod shop/web (10.0.0.1) -> pod shop/db (10.0.0.2) on tcp/5432"
    before = answer.witness.before
    assert (before.name, str(before.flow), str(before.trace.truth)) == ("old", shown(answer), "denied")
    assert str(answer.witness.trace.truth) == "allowed"
    assert answer.evidence.since == before.snapshot.digest != answer.evidence.snapshot
    assert (answer.evidence.replayed, answer.evidence.cross_checked) == (True, True)


def test_what_has_only_become_stricter_is_a_change_but_nothing_new() -> None:
    answer = since(SHOP, (*SHOP, CLOSED)).ask(SAME)
    assert answer.witness is not None and answer.witness.before is not None
    assert [str(answer.witness.before.trace.truth), str(answer.witness.trace.truth)] == ["allowed", "denied"]


def test_other_labels_are_a_change_of_what_is_allowed() -> None:
    before = (*SHOP, FOR_WEB, pod("shop/job", "10.0.0.3"))
    after = (*SHOP, FOR_WEB, pod("shop/job", "10.0.0.3", app="web"))
    assert shown(since(before, after).ask(NEW)) == "pod shop/job (10.0.0.3) -> pod shop/db (10.0.0.2) on tcp/5432"


def test_another_address_is_the_same_pod() -> None:
    before = (pod("shop/web", "10.0.0.1"), pod("shop/db", "10.0.0.2"), CLOSED)
    after = (pod("shop/web", "10.9.9.9"), pod("shop/db", "10.9.9.8"), CLOSED)
    assert verdict(since(before, after), SAME) == "holds"


def test_another_address_matters_where_a_policy_names_it() -> None:
    policy = network_policy("shop/block", {"app": "db"}, ingress=[{"from": [{"ipBlock": {"cidr": "10.9.0.0/16"}}]}])
    before = (pod("shop/web", "10.0.0.1"), pod("shop/db", "10.0.0.2"), policy)
    after = (pod("shop/web", "10.9.0.1"), pod("shop/db", "10.0.0.2"), policy)
    answer = since(before, after).ask(NEW)
    assert answer.witness is not None and answer.witness.before is not None
    assert shown(answer) == "pod shop/web (10.9.0.1) -> pod shop/db (10.0.0.2) on tcp/80"
    assert str(answer.witness.before.flow) == "pod shop/web (10.0.0.1) -> pod shop/db (10.0.0.2) on tcp/80"


def test_pods_that_a_workload_names_are_compared_by_workload() -> None:
    def replica(name: str, address: str, **labels: str) -> Manifest:
        made = pod(f"shop/{name}", address)
        made["metadata"]["labels"] |= {"app": "web", "pod-template-hash": name[4:8]} | labels
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name[:8], "controller": True}
        made["metadata"]["ownerReferences"] = [owner]
        return made

    before = (replica("web-aaaa-1", "10.0.0.1"), replica("web-aaaa-2", "10.0.0.6"), *SHOP[2:], FOR_WEB)
    renamed = (replica("web-bbbb-1", "10.0.0.3"), replica("web-bbbb-2", "10.0.0.4"), *SHOP[2:], FOR_WEB)
    other = (replica("web-cccc-1", "10.0.0.5", app="job"), *SHOP[2:], FOR_WEB)
    assert verdict(since(before, renamed), SAME) == "holds"
    assert codes(since(before, renamed).ask(SAME)) == []
    answer = since(before, other).ask(SAME)
    assert answer.witness is not None and answer.witness.before is not None
    assert str(answer.witness.before.flow) == "pod shop/web-aaaa-1 (10.0.0.1) -> pod shop/db (10.0.0.2) on tcp/5432"
    assert shown(answer) == "pod shop/web-cccc-1 (10.0.0.5) -> pod shop/db (10.0.0.2) on tcp/5432"


def test_of_many_replicas_each_kind_is_compared() -> None:
    def replica(number: int, generation: str, **labels: str) -> Manifest:
        made = pod(f"shop/web-{generation}-{number}", f"10.0.1.{number}")
        made["metadata"]["labels"] |= {"app": "web", "pod-template-hash": generation} | labels
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"web-{generation}", "controller": True}
        made["metadata"]["ownerReferences"] = [owner]
        return made

    before = [replica(number, "a") for number in range(1, 4)]
    odd = [*before, replica(4, "a", role="job")]
    after = [replica(number, "b") for number in range(5, 9)]
    assert verdict(since((*before, *SHOP[2:], FOR_WEB), (*after, *SHOP[2:], FOR_WEB)), SAME) == "holds"
    no_jobs = admin_policy("no-jobs", 1, egress=[{"action": "Deny", "to": [{"namespaces": {}}]}])
    no_jobs["spec"]["subject"] = {"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"role": "job"}}}}
    answer = since((*odd, *SHOP[2:], FOR_WEB, no_jobs), (*after, *SHOP[2:], FOR_WEB, no_jobs)).ask(NEW)
    assert (str(answer.verdict), shown(answer)) == (
        "violated",
        "pod shop/web-b-5 (10.0.1.5) -> pod shop/db (10.0.0.2) on tcp/5432",
    )


def test_a_workload_without_pods_is_compared_with_its_pods() -> None:
    running = pod("shop/web-0", "10.0.0.1", app="web")
    running["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "controller": True}
    ]
    before, after = (deployment("shop/web"), *SHOP[2:], FOR_WEB), (running, *SHOP[2:], FOR_WEB)
    assert verdict(since(before, after), SAME) == "holds"
    assert verdict(since(after, before), SAME) == "holds"
    assert verdict(since((*before[:2], CLOSED), after), NEW) == "violated"


def test_an_address_that_nobody_knows_is_the_same_before_and_now() -> None:
    block = network_policy("shop/block", {"app": "db"}, ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/9"}}]}])
    objects = (deployment("shop/web", replicas=2), *SHOP[2:], block)
    assert verdict(since(objects, objects), SAME) == "holds"


# ---------------------------------------------------------------- what a claim is not about


def test_new_and_lost_endpoints_are_told() -> None:
    shut = network_policy("shop/shut", policyTypes=["Ingress", "Egress"])
    before = (*SHOP, shut, pod("shop/old", "10.0.0.7"), deployment("shop/gone"))
    after = (*SHOP, shut, pod("shop/new", "10.0.0.7"))
    answer = since(before, after).ask(SAME)
    assert (str(answer.verdict), codes(answer)) == ("holds", ["NEW_ENDPOINTS", "LOST_ENDPOINTS"])
    assert notice(answer, "NEW_ENDPOINTS") == (
        "not in snapshot old: shop/new; what is allowed of their connections is newly allowed"
    )
    assert notice(answer, "LOST_ENDPOINTS") == (
        "only in snapshot old: shop/gone[Deployment], shop/old; what was allowed of their connections is gone"
    )


def test_what_a_new_pod_can_do_is_newly_allowed() -> None:
    before, after = (*SHOP, CLOSED), (*SHOP, CLOSED, pod("shop/new", "10.0.0.7"))
    for claim in (NEW, SAME):
        answer = since(before, after).ask(claim)
        assert str(answer.verdict) == "violated"
        assert "pod shop/new (10.0.0.7)" in shown(answer)
        assert answer.witness is not None and answer.witness.before is None
    meant = f"{NEW} except from pods labelled app=new and except to pods labelled app=new"
    assert verdict(since(before, after), meant) == "holds"
    assert verdict(since(after, before), NEW) == "holds"


def test_what_went_away_with_a_pod_is_a_change_and_nothing_new() -> None:
    before, after = (*SHOP, CLOSED, pod("shop/old", "10.0.0.7")), (*SHOP, CLOSED)
    answer = since(before, after).ask(SAME)
    assert (str(answer.verdict), "pod shop/old (10.0.0.7)" in shown(answer)) == ("violated", True)
    assert answer.witness is not None and answer.witness.before is not None
    assert (answer.witness.lost, answer.witness.steps) == (True, ())
    meant = f"{SAME} except from pods labelled app=old and except to pods labelled app=old"
    assert verdict(since(before, after), meant) == "holds"
    shut = network_policy("shop/shut", policyTypes=["Ingress", "Egress"])
    assert verdict(since((*before, shut), (*after, shut)), SAME) == "holds"


def test_a_node_is_new_where_the_other_snapshot_has_nodes_too() -> None:
    one = (*SHOP, CLOSED, node("n1", "192.168.0.1"))
    two = (*one, node("n2", "192.168.0.2"))
    answer = since((*SHOP, CLOSED), one).ask(SAME)
    assert (str(answer.verdict), codes(answer)) == ("holds", ["NEW_ENDPOINTS", "NODES_OF_ONE"])
    assert notice(answer, "NODES_OF_ONE") == "only one of the snapshots has nodes: flows with nodes are not compared"
    assert "node n2 (192.168.0.2)" in shown(since(one, two).ask(NEW))
    assert [verdict(since(two, one), claim) for claim in (NEW, SAME)] == ["holds", "violated"]
    assert verdict(since(one, two), f"{NEW} except from nodes and except to nodes") == "holds"


def test_a_deployment_is_no_statefulset_of_its_name() -> None:
    stateful = deployment("shop/web") | {"kind": "StatefulSet"}
    answer = since((*SHOP[2:], deployment("shop/web")), (*SHOP[2:], stateful)).ask(SAME)
    assert codes(answer) == ["NEW_ENDPOINTS", "LOST_ENDPOINTS", "NO_POLICIES"]


def test_a_pod_on_another_node_changes_nothing_that_policies_allow() -> None:
    nodes = (node("n1", "192.168.0.1"), node("n2", "192.168.0.2"))
    before = (pod("shop/web", "10.0.0.1", on="n1"), *SHOP[2:], *nodes, network_policy("shop/all"))
    after = (pod("shop/web", "10.0.0.1", on="n2"), *SHOP[2:], *nodes, network_policy("shop/all"))
    answer = since(before, after).ask(SAME)
    assert (str(answer.verdict), codes(answer)) == ("holds", ["PODS_RESCHEDULED", "OPEN_IN_BOTH"])
    assert verdict(since(before, before), NEW) == "holds"
    assert notice(answer, "PODS_RESCHEDULED") == (
        "some pods run on other nodes than before: their flows with these nodes are not compared"
    )


def test_nodes_are_endpoints() -> None:
    nodes = (node("n1", "192.168.0.1"), node("n2", "192.168.0.2"))
    opened = network_policy("shop/all", ingress=[{"from": [{"ipBlock": {"cidr": "192.168.0.2/32"}}]}])
    before = (pod("shop/web", "10.0.0.1", on="n1"), *nodes, network_policy("shop/all"))
    answer = since(before, (*before[:3], opened)).ask(NEW)
    assert shown(answer) == "node n2 (192.168.0.2) -> pod shop/web (10.0.0.1) on tcp/80"


def test_an_address_of_another_family_is_a_new_end_of_the_pod() -> None:
    before = (pod("shop/web", "10.0.0.1"), *SHOP[2:])
    after = (pod("shop/web", "10.0.0.1", "fd00::1"), *SHOP[2:])
    assert "pod shop/web (fd00::1)" in shown(since(before, after).ask(NEW))
    assert [verdict(since(after, before), claim) for claim in (NEW, SAME)] == ["holds", "violated"]


# ---------------------------------------------------------------- what is left open

DENY = {"action": "Deny", "from": [{"namespaces": {}}]}
ALLOW = {"action": "Allow", "from": [{"namespaces": {}}]}
TIE = (admin_policy("one", 10, ingress=[DENY]), admin_policy("two", 10, ingress=[ALLOW]))


def test_what_rests_on_the_same_in_both_is_settled_alike() -> None:
    tied = (*SHOP, *TIE)
    answer = since(tied, tied).ask(NEW)
    assert (str(answer.verdict), codes(answer)) == ("holds", ["OPEN_IN_BOTH"])
    assert notice(answer, "OPEN_IN_BOTH") == (
        "some flows are undetermined in both snapshots; a condition that both share is decided the same way in both"
    )
    other = (*SHOP, TIE[0], admin_policy("two", 10, ingress=[ALLOW, DENY]))
    reason = since(tied, other).ask(NEW).reason
    assert reason.startswith("undetermined: flows now depend on something else: AdminNetworkPolicy one and ")
    assert verdict(since(tied, other), SAME) == "unknown"
    assert verdict(since(SHOP, tied), NEW) == "holds"
    assert verdict(since(tied, SHOP), NEW) == "violated"
    assert verdict(since((*SHOP, TIE[0]), tied), NEW) == "violated"
    assert verdict(since(tied, tied, cni="calico"), SAME) == "holds"


def test_what_is_open_in_both_is_no_change_to_list() -> None:
    tied = (*SHOP, *TIE)
    answer = since(tied, tied).ask(WHAT)
    assert (str(answer.verdict), rows(answer), codes(answer)) == ("listed", [], ["OPEN_IN_BOTH"])


def test_what_has_become_open_is_a_change() -> None:
    assert rows(since(SHOP, (*SHOP, *TIE)).ask(WHAT)) == [
        "changed | shop/db | shop/web | any port | any port | any port",
        "changed | shop/web | shop/db | any port | any port | any port",
    ]


# ---------------------------------------------------------------- exceptions and prefixes


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (f"{SAME} except to pod shop/db on tcp/5432", "holds"),
        (f"{SAME} except from tenant a", "holds"),
        (f"{SAME} except on tcp/5432", "holds"),
        (f"{SAME} except within the same namespace", "holds"),
        (f"{SAME} except from pod shop/db", "violated"),
        (f"{NEW} except on tcp/80", "violated"),
        (f"without networkpolicy shop/closed: {NEW}", "violated"),
        (f"{SAME} except from pods or outside the cluster", "holds, vacuous"),
        (f"{SAME} except from anything", "holds, vacuous"),
        ("assuming no pod in namespace shop is labelled app=web: " + SAME, "holds"),
        ("with only the baseline tier: " + NEW, "violated"),
    ],
)
def test_exceptions_and_prefixes_are_about_the_snapshot_that_is_asked(sentence: str, expected: str) -> None:
    assert verdict(since((*SHOP, CLOSED), (*SHOP, FOR_WEB)), sentence) == expected


def test_a_policy_taken_away_by_a_prefix_is_still_in_the_earlier_snapshot() -> None:
    asked = since((*SHOP, CLOSED), (*SHOP, CLOSED))
    assert verdict(asked, f"without networkpolicy shop/closed: {NEW}") == "violated"
    assert rows(asked.ask(f"without networkpolicy shop/closed: {WHAT}")) == [
        "added | shop/web | shop/db | no port | any port",
        "added | 0.0.0.0/0 | shop/db | no port | any port",
    ]


# ---------------------------------------------------------------- the question


def test_what_changed_lists_pairs_of_workloads_with_the_rules_that_decide() -> None:
    before = (*SHOP, CLOSED, pod("shop/old", "10.0.0.7"))
    after = (*SHOP, FOR_WEB, deployment("shop/job"))
    answer = since(before, after).ask(WHAT)
    assert answer.columns == ("change", "from", "to", "before", "after", "depends")
    assert rows(answer) == [
        "added | shop/db | shop/job[Deployment] | no port | any port",
        "removed | shop/db | shop/old | any port | no port",
        "added | shop/job[Deployment] | shop/web | no port | any port",
        "added | shop/job[Deployment] | 0.0.0.0/0 | no port | any port",
        "removed | shop/old | shop/web | any port | no port",
        "removed | shop/old | 0.0.0.0/0 | any port | no port",
        "added | shop/web | shop/db | no port | tcp/5432",
        "added | shop/web | shop/job[Deployment] | no port | any port",
        "removed | shop/web | shop/old | any port | no port",
        "added | 0.0.0.0/0 | shop/job[Deployment] | no port | any port",
        "removed | 0.0.0.0/0 | shop/old | any port | no port",
        "new | shop/job[Deployment]",
        "lost | shop/old",
    ]
    assert [because.text for because in answer.because] == [
        "before: NetworkPolicy shop/closed denies ingress of the pods it selects unless a rule allows it (changed)",
        "after: NetworkPolicy shop/closed ingress rule 0 allows (changed)",
    ]
    assert (answer.evidence.replayed, answer.evidence.cross_checked) == (True, True)


def test_what_changed_lists_nothing_where_nothing_did() -> None:
    answer = since((*SHOP, CLOSED), (*SHOP, CLOSED)).ask(WHAT)
    assert (str(answer.verdict), answer.rows, answer.vacuous, codes(answer)) == ("listed", (), False, [])


def test_a_question_about_no_flow_at_all_is_vacuous() -> None:
    answer = since(SHOP, (*SHOP, CLOSED)).ask("what changed since snapshot old except from anything?")
    assert (str(answer.verdict), answer.rows, answer.vacuous) == ("listed", (), True)


def test_what_is_excepted_is_not_listed() -> None:
    answer = since(SHOP, (*SHOP, CLOSED)).ask("what changed since snapshot old except from outside the cluster?")
    assert rows(answer) == ["removed | shop/web | shop/db | any port | no port"]


def test_without_time_the_verdict_is_unknown() -> None:
    for sentence in (NEW, SAME, WHAT):
        answer = since(SHOP, (*SHOP, CLOSED)).ask(sentence, Budget(seconds=1e-9))
        assert (str(answer.verdict), answer.reason) == ("unknown", "time limit of 1e-09 s reached")


def test_without_memory_the_verdict_is_unknown() -> None:
    for sentence in (NEW, SAME, WHAT):
        answer = since(SHOP, (*SHOP, CLOSED)).ask(sentence, Budget(table_words=3))
        assert answer.reason.startswith("memory limit reached: a table of ")


# ---------------------------------------------------------------- refused


def test_a_snapshot_that_is_not_given_is_an_error_that_says_how_to_give_it() -> None:
    how = "give it with `--snapshot NAME=SOURCE` on the command line, `snapshots` over HTTP, `since` in Python"
    assert refused(session(*SHOP), NEW) == [f"41: no snapshot named old is given; {how}"]
    given = session(*SHOP).since({"monday": session(*SHOP), "main": session(*SHOP)})
    assert refused(given, "what changed since snapshot mondy?") == [
        f"29: no snapshot named mondy is given (did you mean `monday`?); {how}"
    ]
    assert refused(given, WHAT) == [f"29: no snapshot named old is given, but main, monday; {how}"]


def test_a_name_in_an_exception_is_looked_up_in_the_snapshot_that_is_asked() -> None:
    asked = since((*SHOP, pod("shop/old", "10.0.0.7")), SHOP)
    assert refused(asked, f"{SAME} except from pod shop/old") == [
        "52: no pod shop/old in the snapshot; did you mean `shop/db` or `shop/web`?"
    ]


def test_for_every_is_refused() -> None:
    tenants = (namespace("bank", tenant="b"), pod("bank/web", "10.0.0.9"), *SHOP)
    assert refused(since(tenants, tenants), f"for every tenant T: {SAME} except from tenant T") == [
        "1: `for every` does not stand before a sentence about two snapshots; name one in an exception"
    ]
