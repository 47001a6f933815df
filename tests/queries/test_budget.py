"""A question that costs more than it may is answered `unknown`, with the reason. Clocks are given: nothing waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, repeat

import pytest

from reachproof.queries.answer import Answer
from reachproof.solver.budget import Budget
from tests.queries.given import network_policy, pod, session

SHOP = session(
    pod("shop/a", "10.0.0.1"),
    pod("shop/b", "10.0.0.2"),
    network_policy("shop/b", {"app": "b"}, ingress=[{"ports": [{"port": 80}]}]),
)
FORMS = (
    "can pod shop/a reach pod shop/b?",
    "no pod shop/a can reach pod shop/b on tcp/81",
    "every pod can reach some pod",
    "pod shop/a can reach only pod shop/b",
    "BANP enforces default deny for every pod",
    "why can't pod shop/a reach pod shop/b on tcp/81?",
)


def clock(*readings: float) -> Callable[[], float]:
    """Reads these, then the last of them for ever."""
    left: Iterator[float] = chain(readings, repeat(readings[-1]))
    return lambda: next(left)


def is_unknown(answer: Answer, reason: str) -> bool:
    """Undecided for that reason, with nothing that could be taken for evidence."""
    assert not answer.evidence.replayed
    assert not answer.evidence.cross_checked
    return (answer.verdict, answer.reason, answer.witness, answer.because) == ("unknown", reason, None, ())


@pytest.mark.parametrize("sentence", FORMS)
def test_out_of_solver_units(sentence: str) -> None:
    answer = SHOP.ask(sentence, Budget(rlimit=1))
    assert is_unknown(answer, "resource limit of 1 solver units reached")


@pytest.mark.parametrize("sentence", [*FORMS, "which pods can reach pod shop/b?"])
def test_out_of_time_before_anything_is_tried(sentence: str) -> None:
    answer = SHOP.ask(sentence, Budget(seconds=2.5, clock=clock(100.0, 102.5)))
    assert is_unknown(answer, "time limit of 2.5 s reached")


@pytest.mark.parametrize("readings", range(1, 5))
def test_out_of_time_after_some_steps(readings: int) -> None:
    answer = SHOP.ask("no pod can reach pod shop/b on tcp/81", Budget(seconds=1, clock=clock(*[0.0] * readings, 9.0)))
    assert is_unknown(answer, "time limit of 1 s reached")


def test_out_of_time_while_reasons_are_left_out_takes_away_neither_the_verdict_nor_those_that_stay() -> None:
    sentence = "no pod can reach pod shop/b on tcp/81"
    answer = SHOP.ask(sentence, Budget(seconds=1, clock=clock(*[0.0] * 5, 9.0)))
    assert (answer.verdict, answer.because) == ("holds", SHOP.ask(sentence).because)
    assert len(answer.because) == 1
    assert answer.evidence.cross_checked


@pytest.mark.parametrize("sentence", FORMS)
def test_out_of_memory(sentence: str) -> None:
    answer = SHOP.ask(sentence, Budget(table_words=0))
    assert answer.verdict == "unknown"
    assert answer.reason.startswith("memory limit reached: a table of ")
    assert answer.reason.endswith(" words is needed, 0 are allowed")


def test_a_question_about_nothing_needs_no_budget() -> None:
    answer = SHOP.ask("can pods labelled app=typo reach pods?", Budget(rlimit=1))
    assert (answer.verdict, answer.vacuous, answer.reason) == ("unreachable", True, "")


def test_enough_of_a_budget_changes_no_answer() -> None:
    plenty = Budget(seconds=1000, clock=clock(0.0))
    assert [SHOP.ask(sentence, plenty).verdict for sentence in FORMS] == [
        SHOP.ask(sentence).verdict for sentence in FORMS
    ]


def test_one_check_that_refutes_is_enough_though_another_is_undecided() -> None:
    """Egress cannot be decided within the table, ingress can, and is open."""
    wide = session(
        pod("shop/a", "10.0.0.1"),
        *(
            network_policy(
                f"shop/n{number}", {"app": "a"}, policyTypes=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": cidr}}]}]
            )
            for number, cidr in enumerate(("10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24"))
        ),
        pod("shop/b", "10.0.0.2"),
        podCidr="10.0.0.0/8",
    )
    claim = "network policies enforce default deny for pod shop/a"
    budgets = [Budget(table_words=words) for words in range(12)]
    verdicts = [str(wide.ask(claim, budget).verdict) for budget in budgets]
    assert verdicts[0] == "unknown"
    assert set(verdicts) == {"unknown", "violated"}
    assert verdicts == sorted(verdicts), "more room never takes a verdict away"
