"""The same question has the same answer in every run: witness, order, and the text that the solver is given."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from reachproof.queries.ask import Session
from reachproof.solver.z3_backend import Prover
from tests.queries.given import DENY_PODS_IN, baseline, deployment, namespace, network_policy, pod, session

PROGRAM = """
from reachproof.documents.json import plain
from reachproof.queries.answer import answer_document
from reachproof.solver.decide import cut, search_script
from reachproof.solver.goal import Search
from reachproof.queries.bind import bind
from reachproof.grammar.parse import parse
from reachproof.solver.budget import Budget
from tests.queries.test_stable import SENTENCES, example
import json

session = example()
for sentence in SENTENCES:
    answer = plain(answer_document(session.ask(sentence)))
    answer["evidence"]["solverMs"] = answer["evidence"]["totalMs"] = 0
    print(json.dumps(answer))
    for check in bind(parse(sentence), session.encoding.universe).plan.checks:
        if isinstance(check.goal, Search):
            part = cut(session.encoding, (check.goal.region,), Budget())
            print(search_script(part, check.goal.region, check.goal.wanted, tracked=True).text)
"""
SENTENCES = (
    "no pod can reach pods labelled app=db",
    "can any pod in tenant s reach any pod in a different tenant on port sql?",
    "every pod can reach some pod",
    "all tenants are isolated except to pods labelled app=web on tcp/80",
    "only pods labelled app=web can reach pods labelled app=db on tcp/5432",
    "BANP enforces default deny for every tenant",
)


def example() -> Session:
    spaces = ("shop", "bank", "lab")
    pods = [
        pod(f"{home}/{name}", f"10.0.{i}.{j}", ports=[("sql", 5432), ("web", 80)], tier=name[0])
        for i, home in enumerate(spaces)
        for j, name in enumerate(("web", "db", "api"), start=1)
    ]
    policies = [
        network_policy(
            f"{home}/p{number}",
            {"app": "db"},
            ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": port}]}],
        )
        for home in spaces
        for number, port in enumerate((5432, "sql", "web"))
    ]
    tenants = [namespace(home, tenant=home[0]) for home in spaces]
    extra = [deployment("lab/job", 3), baseline(ingress=[DENY_PODS_IN])]
    return session(*tenants, *pods, *policies, *extra)


def output(seed: str) -> str:
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(["", *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def first() -> str:
    return output("0")


@pytest.mark.parametrize("seed", ["1", "4242"])
def test_answers_and_scripts_are_the_same_whatever_the_hash_seed(first: str, seed: str) -> None:
    assert "(define-fun" in first
    assert output(seed) == first


def test_asking_again_or_in_another_order_changes_no_witness() -> None:
    asked = example()
    once = [asked.ask(sentence).witness for sentence in SENTENCES]
    again = [Session(asked.snapshot).ask(sentence).witness for sentence in reversed(SENTENCES)]
    assert once == again[::-1]


def test_an_answer_rests_on_the_same_rules_whatever_the_prover_was_asked_before() -> None:
    sentences = (*SENTENCES, "no possible pod in tenant b can reach any pod labelled app=db on tcp/81")
    asked = example()
    used = Prover()
    for _ in range(2):
        for sentence in sentences[::-1]:
            used.renew()
            mine, fresh = (Session(asked.snapshot, prover=each).ask(sentence) for each in (used, Prover()))
            assert (mine.witness, mine.because, mine.verdict) == (fresh.witness, fresh.because, fresh.verdict)
