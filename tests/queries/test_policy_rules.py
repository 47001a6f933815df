"""`what does POLICY allow?`: the rows of a policy to be read, and each of them asked as a sentence."""

from __future__ import annotations

import pytest

from tests.queries.given import admin_policy, baseline, namespace, network_policy, pod, refused, session

DNS = {"portNumber": {"protocol": "UDP", "port": 53}}
ANY = "pods in any namespace"
TO_DB = network_policy(
    "shop/db",
    {"app": "db"},
    ingress=[
        {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 5432}, {"port": "sql"}]},
        {"from": [{"namespaceSelector": {"matchLabels": {"env": "prod"}}}, {"ipBlock": {"cidr": "203.0.113.0/24"}}]},
        {"from": [], "ports": [{"port": 8000, "endPort": 8999}]},
    ],
)
PODS = (
    namespace("shop", env="test"),
    namespace("ops", env="prod"),
    pod("shop/db", "10.0.0.1", ports=[("sql", 5433)]),
    pod("shop/web", "10.0.0.2"),
    pod("ops/job", "10.0.1.1"),
)
HERE = session(
    *PODS,
    TO_DB,
    network_policy("shop/none", policyTypes=["Ingress", "Egress"]),
    admin_policy(
        "mixed",
        10,
        egress=[
            {"name": "no", "action": "Deny", "to": [{"networks": ["10.0.0.0/8"]}]},
            {"name": "dns", "action": "Allow", "to": [{"namespaces": {}}], "ports": [DNS]},
        ],
    ),
    baseline(ingress=[{"action": "Deny", "from": [{"namespaces": {}}]}]),
)  # fmt: skip
CALICO = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "NetworkPolicy",
    "metadata": {"name": "default.x", "namespace": "shop"},
    "spec": {"selector": "all()", "ingress": [{"action": "Allow"}]},
}
DB = "pods labelled app=db in namespace shop"


def rows(sentence: str) -> list[tuple[object, ...]]:
    answer = HERE.ask(sentence)
    assert answer.verdict == "listed"
    return [tuple(row[name] for name in answer.columns if name != "origin") for row in answer.rows]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "what does networkpolicy shop/db allow?",
            [
                ("ingress", "0", DB, "from pods labelled app=web in namespace shop", "tcp/5432, port sql (tcp)"),
                ("ingress", "1", DB, "from pods in namespaces labelled env=prod", "any port"),
                ("ingress", "1", DB, "from 203.0.113.0/24", "any port"),
                ("ingress", "2", DB, "from anything", "tcp/8000-8999"),
            ],
        ),
        ("what does networkpolicy shop/none allow?", []),
        ("what does policy none allow?", []),
        ("what does banp default allow?", []),
        ("what does anp mixed allow?", [("egress", "1 dns", ANY, f"to {ANY}", "udp/53")]),
    ],
)  # fmt: skip
def test_the_rows_are(sentence: str, expected: list[tuple[object, ...]]) -> None:
    assert rows(sentence) == expected


def test_each_row_can_be_asked_and_is_so_where_there_is_no_other_policy() -> None:
    alone = session(*PODS, TO_DB)
    found = rows("what does networkpolicy shop/db allow?")
    for _, _, pods, peer, ports in found:
        source = str(peer).removeprefix("from ")
        for port in str(ports).removesuffix(" (tcp)").split(", "):
            on = "" if port == "any port" else f" on {port}"
            assert alone.ask(f"every {source} can reach {pods}{on}").verdict == "holds", (source, port)


def test_what_cannot_be_said_or_is_not_there_is_refused() -> None:
    other = session(*PODS, CALICO, cni="calico")
    assert refused(other, "what does caliconetworkpolicy shop/x allow?") == [
        "11: what CalicoNetworkPolicy shop/x allows cannot be listed; ask what can be reached"
    ]
    assert refused(HERE, "what does networkpolicy shop/dbx allow?") == [
        "11: no networkpolicy shop/dbx in the snapshot; did you mean `shop/db`?"
    ]
