"""Every case of the fixtures, by every engine that can answer for one flow."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from reachproof.engines.own_tiers import MESH
from reachproof.network.errors import InputError
from reachproof.network.flow import Flow
from reachproof.network.policy import Action, Direction
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import evaluate, truth
from reachproof.semantics.trace import Truth
from tests.agreement.engines import Decide, by_sets, by_z3
from tests.cases.case import Case, cases, decider, expectations

ENGINES: dict[str, Callable[[Snapshot], Decide]] = {
    "evaluator": lambda snapshot: partial(truth, snapshot),
    "sets": by_sets,
    "z3": by_z3,
}

CASES = cases()
ANSWERED = [case for case in CASES if case.refused is None]
REFUSED = [case for case in CASES if case.refused is not None]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", ANSWERED, ids=str)
def test_the_truth_of_each_flow(case: Case, engine: str) -> None:
    snapshot = case.load()
    decide = ENGINES[engine](snapshot)
    for expected in expectations(snapshot, case.lines):
        assert decide(expected.flow) in (expected.truth, None), f"{expected.text}\n{case.why}"


@pytest.mark.parametrize("case", ANSWERED, ids=str)
def test_what_decides_each_flow(case: Case) -> None:
    snapshot = case.load()
    for expected in expectations(snapshot, case.lines):
        deciding, depends = shown(snapshot, expected.flow)
        missing = [each for each in expected.by if each not in deciding]
        assert not missing, f"{expected.text}\ndecided by {sorted(deciding)}"
        if expected.depends or expected.truth is not Truth.EITHER:
            assert depends == expected.depends, expected.text


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_what_is_refused(case: Case) -> None:
    with pytest.raises(InputError) as refusal:
        case.load()
    assert str(case.refused) in str(refusal.value)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_is_written_whole(case: Case) -> None:
    assert case.extra == {}, "unknown fields"
    assert case.why.endswith("."), "why is a sentence"
    assert (case.refused is None) == bool(case.lines)


@pytest.mark.parametrize("case", [case for case in ANSWERED if case.file in ("calico.yaml", "cilium.yaml")], ids=str)
def test_every_flow_of_an_implementation_has_what_decides_it(case: Case) -> None:
    assert [each.text for each in expectations(case.load(), case.lines) if not (each.by or each.depends)] == []


def test_the_names_of_cases_are_unique() -> None:
    names = [str(case) for case in CASES]
    assert sorted(names) == sorted(set(names))


def shown(snapshot: Snapshot, flow: Flow) -> tuple[set[str], tuple[str, ...]]:
    """The deciders of a flow, with and without direction, and the codes of all that either outcome rests on."""
    traces = [evaluate(snapshot, flow, prefer=prefer) for prefer in (Action.ALLOW, Action.DENY)]
    sides = [trace.side(direction) for trace in traces for direction in Direction]
    # What the mesh lets through is decided by the network too, so its step is not the last one.
    steps = [step for side in sides for step in side.steps if step == side.decider or step.tier == MESH]
    full = {decider(step) for step in steps}
    codes = {notice.code for trace in traces for notice in trace.depends}
    return full | {words.split(" ", 1)[1] for words in full}, tuple(sorted(codes))
