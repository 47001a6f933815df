"""The JSON of an answer, whole: what other programs are written against."""

from __future__ import annotations

from reachproof.documents.json import plain
from reachproof.queries.answer import answer_document
from tests.queries.given import deployment, namespace, network_policy, node, pod, service, session

HERE = session(
    namespace("shop", tenant="a"),
    pod("shop/web", "10.0.0.1", on="n1"),
    pod("shop/db", "10.0.0.2", ports=[("sql", 5432)]),
    service("shop/db", {"app": "db"}, {"port": 15432, "targetPort": "sql"}),
    node("n1", "192.168.0.1", zone="a"),
    network_policy("shop/db", {"app": "db"}, ingress=[{"ports": [{"port": "sql"}]}]),
)


def written(sentence: str) -> dict[str, object]:
    """The JSON, with what differs between runs and machines checked and taken out."""
    found = plain(answer_document(HERE.ask(sentence)))
    evidence = found["evidence"]
    assert evidence.pop("solverMs") >= 0
    assert evidence.pop("totalMs") > 0
    assert evidence.pop("engine").startswith("z3 ")
    assert evidence.pop("snapshot") == HERE.snapshot.digest
    return dict(found)


def test_a_reachable_answer_carries_its_flow_with_both_ends_and_every_step() -> None:
    found = written("can pod shop/web reach service shop/db?")
    assert found["witness"] == {
        "source": {
            "kind": "pod",
            "namespace": "shop",
            "name": "web",
            "workload": None,
            "ip": "10.0.0.1",
            "tenant": "a",
            "labels": {"app": "web"},
            "possible": False,
        },
        "destination": {
            "kind": "pod",
            "namespace": "shop",
            "name": "db",
            "workload": None,
            "ip": "10.0.0.2",
            "tenant": "a",
            "labels": {"app": "db"},
            "possible": False,
        },
        "protocol": "TCP",
        "port": 5432,
        "trace": [
            {
                "direction": "egress",
                "subject": "shop/web",
                "tier": "default",
                "action": "allow",
                "policy": None,
                "rule": None,
                "origin": None,
                "text": "no policy decides egress from pod shop/web to pod shop/db on tcp/5432; it is allowed by "
                "default",
            },
            {
                "direction": "ingress",
                "subject": "shop/db",
                "tier": "networkpolicy",
                "action": "allow",
                "policy": {"kind": "NetworkPolicy", "namespace": "shop", "name": "db"},
                "rule": {"index": 0, "name": ""},
                "origin": {"file": "<objects>", "line": 0, "path": "spec.ingress[0]"},
                "text": "NetworkPolicy shop/db rule 0 allows ingress from pod shop/web to pod shop/db on tcp/5432",
            },
        ],
        "via": {"service": {"kind": "service", "namespace": "shop", "name": "db"}},
    }
    rest = {key: found[key] for key in ("apiVersion", "form", "verdict", "reason", "vacuous", "world", "because")}
    assert rest == {
        "apiVersion": "reachproof/v1",
        "form": "can",
        "verdict": "reachable",
        "reason": "",
        "vacuous": False,
        "world": "closed",
        "because": [],
    }
    assert found["evidence"] == {"replayed": True, "crossChecked": True}


def test_a_proof_carries_the_rules_that_it_rests_on() -> None:
    found = written("no pod can reach pod shop/db on tcp/80")
    assert (found["verdict"], found["witness"]) == ("holds", None)
    assert found["because"] == [
        {
            "policy": {"kind": "NetworkPolicy", "namespace": "shop", "name": "db"},
            "rule": None,
            "direction": "ingress",
            "action": "deny",
            "origin": {"file": "<objects>", "line": 0, "path": ""},
            "text": "NetworkPolicy shop/db denies ingress of the pods it selects unless a rule allows it",
        },
    ]


def test_nodes_and_addresses_outside_are_ends_as_well() -> None:
    witness = written("can the internet reach node n1 on tcp/22?")["witness"]
    assert isinstance(witness, dict)
    assert witness["source"] == {
        "kind": "external",
        "namespace": None,
        "name": None,
        "workload": None,
        "ip": "1.0.0.1",
        "tenant": None,
        "labels": {},
        "possible": False,
    }
    assert witness["destination"] == {
        "kind": "node",
        "namespace": None,
        "name": "n1",
        "workload": None,
        "ip": "192.168.0.1",
        "tenant": None,
        "labels": {"zone": "a"},
        "possible": False,
    }
    assert [step["subject"] for step in witness["trace"]] == ["external", "node n1"]


def test_the_address_of_an_abstract_pod_is_not_given_out_as_its_own() -> None:
    other = session(deployment("shop/d"), pod("shop/a", "10.0.0.1"))
    answer = plain(answer_document(other.ask("can deployment shop/d reach pod shop/a?")))
    witness = answer["witness"]
    assert isinstance(witness, dict)
    source = witness["source"]
    assert isinstance(source, dict)
    assert (source["ip"], source["workload"]) == (None, "Deployment/d")


def test_a_question_and_its_understanding_are_both_in_the_answer() -> None:
    found = written("CAN any pod   reach pod shop/db on port 80")
    assert found["query"] == "CAN any pod   reach pod shop/db on port 80"
    assert found["normalized"] == "can any pod reach pod shop/db on tcp/80"
