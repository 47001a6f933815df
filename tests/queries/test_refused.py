"""Sentences that do not fit the snapshot: every name that is missing, with near ones, and forms not answered yet."""

from __future__ import annotations

import pytest

from tests.queries.given import namespace, network_policy, node, pod, refused, service, session

HERE = session(
    namespace("shop", tenant="acme"),
    namespace("bank", tenant="globex"),
    pod("shop/web", "10.0.0.1", ports=[("http", 8080)]),
    pod("shop/db", "10.0.0.2", ports=[("sql", 5432)]),
    pod("bank/web", "10.0.1.1"),
    node("worker-1", "192.168.0.1"),
    service("shop/web", {"app": "web"}, {"port": 80}),
    network_policy("shop/allow-db"),
)
EMPTY = session(namespace("shop"), pod("shop/web", "10.0.0.1"))
MANY = session(*(pod(f"shop/pod-{number}", f"10.0.0.{number}") for number in range(1, 13)))


@pytest.mark.parametrize(
    ("sentence", "problems"),
    [
        (
            "can pod shop/wbe reach pod shop/db?",
            ["9: no pod shop/wbe in the snapshot; did you mean `shop/web` or `shop/db`?"],
        ),
        (
            "can namespace shp reach tenant Acme?",
            [
                "15: no namespace shp in the snapshot; did you mean `shop`?",
                "32: no tenant Acme in the snapshot; did you mean `acme`?",
            ],
        ),
        (
            "can pods in tenants acme or initech reach pods outside namespaces shop or lab?",
            [
                "29: no tenant initech in the snapshot; it has acme, globex",
                "75: no namespace lab in the snapshot; it has bank, shop",
            ],
        ),
        (
            "can pods on node worker-2 reach node zzz?",
            [
                "18: no node worker-2 in the snapshot; did you mean `worker-1`?",
                "38: no node zzz in the snapshot; it has worker-1",
            ],
        ),
        (
            "can pods reach pod shop/db on port slq?",
            ["36: no container port named slq in the snapshot; did you mean `sql`?"],
        ),
        (
            "can service shop/weeb reach deployment shop/web?",
            [
                "13: no service shop/weeb in the snapshot; did you mean `shop/web`?",
                "40: no deployment shop/web in the snapshot; the snapshot has no deployment at all",
            ],
        ),
        (
            "can pods with service account shop/api reach pods?",
            ["31: no service account shop/api in the snapshot; did you mean `shop/default`?"],
        ),
        (
            "without networkpolicy shop/allow-bd, anp none: can pods reach pods?",
            [
                "9: no networkpolicy shop/allow-bd in the snapshot; did you mean `shop/allow-db`?",
                "38: no adminnetworkpolicy none in the snapshot; the snapshot has no adminnetworkpolicy at all",
            ],
        ),
        (
            "tenant acme is isolated from tenant globx",
            ["37: no tenant globx in the snapshot; did you mean `globex`?"],
        ),
        (
            "all tenants are isolated except to namespace kube-system",
            ["46: no namespace kube-system in the snapshot; it has bank, shop"],
        ),
        (
            "BANP enforces default deny for tenant x except to pod shop/x",
            [
                "39: no tenant x in the snapshot; it has acme, globex",
                "55: no pod shop/x in the snapshot; did you mean `shop/db` or `shop/web`?",
            ],
        ),
    ],
)
def test_a_name_that_does_not_exist_is_an_error_with_near_names(sentence: str, problems: list[str]) -> None:
    assert refused(HERE, sentence) == problems


def test_where_no_namespace_has_the_tenant_label_the_label_is_named() -> None:
    assert refused(EMPTY, "can tenant a reach pods?") == [
        "12: no tenant a in the snapshot; no namespace has the label 'tenant'"
    ]


def test_of_many_names_some_are_listed_with_how_many_more_there_are() -> None:
    assert refused(MANY, "can pod zzz/y reach pods?") == [
        "9: no pod zzz/y in the snapshot; it has shop/pod-1, shop/pod-10, shop/pod-11, shop/pod-12, shop/pod-2, "
        "shop/pod-3, shop/pod-4, shop/pod-5 and 4 more"
    ]


@pytest.mark.parametrize(
    ("sentence", "problem"),
    [
        (
            "assuming whatever network policies pod shop/db writes: no pod can reach pods",
            "network policies are written by tenants or namespaces; name one of these",
        ),
    ],
)
def test_what_is_understood_but_not_answered_is_refused_with_its_reason(sentence: str, problem: str) -> None:
    assert [each.partition(": ")[2] for each in refused(HERE, sentence)] == [problem]


def test_for_every_of_no_tenant_is_refused() -> None:
    assert refused(EMPTY, "for every tenant T: no pod outside tenant T can reach tenant T") == [
        "1: nothing in the snapshot fits the name in `for every`"
    ]
