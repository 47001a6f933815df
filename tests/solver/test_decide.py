"""Decisions: that two engines have to agree, what a proof rests on, and which flow is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from reachproof.documents.words import Verdict
from reachproof.network.errors import InternalError
from reachproof.network.flow import Flow
from reachproof.network.policy import Direction, Policy, Rule
from reachproof.network.snapshot import Snapshot
from reachproof.queries import claims, replay
from reachproof.semantics.evaluate import evaluate, truth
from reachproof.semantics.trace import Trace, Truth
from reachproof.solver import decide
from reachproof.solver.bitset_engine import Verdicts, verdicts
from reachproof.solver.budget import Budget
from reachproof.solver.decide import Absent, Blame, Found, search
from reachproof.solver.encoding import prepare
from reachproof.solver.goal import At, Members, Search, Side, Wanted
from reachproof.solver.slice import Slice, cut
from reachproof.solver.smt_encoding import search_script
from reachproof.solver.z3_backend import GaveUp, Model, Prover, Refuted
from tests.agreement.engines import pinned, prover
from tests.queries.given import network_policy, pod, session
from tests.solver.asked import all_of, destination, source, tcp
from tests.strategies.flows import flows
from tests.strategies.snapshots import snapshots

BUDGET = Budget()
BUG = "; this is a bug of reachproof, no verdict is given"
SHOP = (
    pod("shop/a", "10.0.0.1"),
    pod("shop/b", "10.0.0.2"),
    network_policy("shop/b", {"app": "b"}, ingress=[{"ports": [{"port": 80}]}]),
)
SHUT = "no pod shop/a can reach pod shop/b on tcp/81"
OPEN = "can pod shop/a reach pod shop/b on tcp/80?"
RANKED = "every pod shop/a can reach some pod shop/b on tcp/80"


def flipped(part: Slice, budget: Budget) -> Verdicts:
    found = verdicts(part, budget)
    return Verdicts(can_allow=~found.can_allow, can_deny=~found.can_deny)


class TestDisagreement:
    """Planted: each engine is made to lie once, and no verdict may come of it."""

    @pytest.mark.parametrize(
        ("sentence", "complaint"),
        [
            (OPEN, "Z3 found a flow that the sets engine excludes"),
            (SHUT, "the sets engine found a flow that Z3 excludes"),
            (RANKED, "Z3 and the sets engine disagree"),
        ],
    )
    def test_sets_that_lie_are_found_out(self, monkeypatch: pytest.MonkeyPatch, sentence: str, complaint: str) -> None:
        monkeypatch.setattr(decide, "verdicts", flipped)
        with pytest.raises(InternalError) as error:
            session(*SHOP).ask(sentence)
        assert str(error.value) == complaint + BUG

    @pytest.mark.parametrize(
        ("sentence", "lie", "complaint"),
        [
            (OPEN, Refuted(()), "the sets engine found a flow that Z3 excludes"),
            (SHUT, Model((0, 0, 0)), "Z3 found a flow that the sets engine excludes"),
            (RANKED, Model(()), "Z3 and the sets engine disagree"),
        ],
    )
    def test_a_solver_that_lies_is_found_out(
        self, monkeypatch: pytest.MonkeyPatch, sentence: str, lie: Model | Refuted, complaint: str
    ) -> None:
        monkeypatch.setattr(Prover, "run", lambda *_: lie)
        monkeypatch.setattr(Prover, "minimal_core", lambda *_: lie)
        with pytest.raises(InternalError) as error:
            session(*SHOP).ask(sentence)
        assert str(error.value) == complaint + BUG

    def test_a_core_of_what_is_satisfiable_is_found_out(self) -> None:
        encoding = prepare(session(*SHOP).snapshot)
        part = cut(encoding, (all_of(),), Budget().start())
        script = search_script(part, all_of(), Wanted.CAN_ALLOW, tracked=True)
        with pytest.raises(InternalError) as error:
            decide.blames(script, Budget().start(), prover())
        assert str(error.value) == "a script was unsatisfiable, but it is not under all of its own assumptions" + BUG

    def test_a_witness_that_the_evaluator_denies_is_found_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def denied(snapshot: Snapshot, flow: Flow, **more: Any) -> Trace:
            return replace(evaluate(snapshot, flow, **more), truth=Truth.DENIED)

        monkeypatch.setattr(claims, "evaluate", denied)
        with pytest.raises(InternalError) as error:
            session(*SHOP).ask(OPEN)
        assert str(error.value) == (
            "the solver says that pod shop/a (10.0.0.1) -> pod shop/b (10.0.0.2) on tcp/80 can be allowed, the "
            f"evaluator that it is denied{BUG}"
        )

    def test_a_counterexample_to_every_that_the_evaluator_allows_is_found_out(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def allowed(snapshot: Snapshot, flow: Flow, **more: Any) -> Trace:
            return replace(evaluate(snapshot, flow, **more), truth=Truth.ALLOWED)

        monkeypatch.setattr(claims, "evaluate", allowed)
        with pytest.raises(InternalError) as error:
            session(*SHOP).ask("every pod shop/a can reach pod shop/b on tcp/81")
        assert str(error.value) == (
            "the solver says that pod shop/a (10.0.0.1) -> pod shop/b (10.0.0.2) on tcp/81 can be denied, the "
            f"evaluator that it is allowed{BUG}"
        )

    @pytest.mark.parametrize("sentence", [SHUT, RANKED])
    def test_a_proof_that_the_evaluator_disputes_is_found_out(
        self, monkeypatch: pytest.MonkeyPatch, sentence: str
    ) -> None:
        monkeypatch.setattr(replay, "truth", lambda *_: Truth.EITHER)
        with pytest.raises(InternalError) as error:
            session(*SHOP).ask(sentence)
        port = 81 if sentence is SHUT else 80
        assert str(error.value) == (
            "the engines and the evaluator (either) disagree on pod shop/a (10.0.0.1) -> pod shop/b (10.0.0.2) on "
            f"tcp/{port}{BUG}"
        )


# ---------------------------------------------------------------- what a proof rests on


def only(snapshot: Snapshot, because: tuple[Blame, ...]) -> Snapshot:
    """The snapshot with nothing left of its policies but what is blamed.

    A blamed rule that is none of its policy's was rewritten by the profile: the rules of its index are kept.
    """

    def blamed(rule: Rule, rules: tuple[Rule, ...], found: Rule | None) -> bool:
        return found is not None and (rule == found or (found not in rules and rule.index == found.index))

    def kept(policy: Policy) -> Policy:
        mine = [each for each in because if each.policy.ref == policy.ref]
        rules = {
            direction: tuple(
                rule
                for rule in policy.rules(direction)
                if any(
                    blamed(rule, policy.rules(direction), each.rule) and each.direction is direction for each in mine
                )
            )
            for direction in Direction
        }
        isolates = frozenset(each.direction for each in mine if each.rule is None)
        return replace(
            policy,
            egress=rules[Direction.EGRESS],
            ingress=rules[Direction.INGRESS],
            isolates=isolates & policy.isolates,
        )

    return snapshot.with_policies(tuple(map(kept, snapshot.policies)))


@pytest.mark.heavy
@settings(max_examples=max(150, settings().max_examples))
@given(snapshots(), st.data())
def test_what_is_blamed_is_enough_for_the_proof(snapshot: Snapshot, data: st.DataObject) -> None:
    flow = data.draw(flows(snapshot))
    found = truth(snapshot, flow)
    assume(found is not Truth.EITHER and flow.source != flow.destination)
    encoding = prepare(snapshot)
    wanted = Wanted.CAN_ALLOW if found is Truth.DENIED else Wanted.CAN_DENY
    outcome = search(encoding, Search(pinned(encoding, flow), wanted), BUDGET, prover())
    assert isinstance(outcome, Absent)
    event(f"{len(outcome.because)} blamed")
    assert truth(only(snapshot, outcome.because), flow) is found


@pytest.mark.heavy
@settings(max_examples=max(150, settings().max_examples))
@given(snapshots(), st.data())
def test_nothing_that_is_blamed_can_be_left_out(snapshot: Snapshot, data: st.DataObject) -> None:
    """Without any one of the literals of its core a script is satisfiable: the rule could do what undoes the proof."""
    flow = data.draw(flows(snapshot))
    found = truth(snapshot, flow)
    assume(found is not Truth.EITHER and flow.source != flow.destination)
    encoding = prepare(snapshot)
    wanted = Wanted.CAN_ALLOW if found is Truth.DENIED else Wanted.CAN_DENY
    part = cut(encoding, (pinned(encoding, flow),), BUDGET)
    script = search_script(part, pinned(encoding, flow), wanted, tracked=True)
    literals = [each.literal for each in script.tracked]
    core = prover().minimal_core(script.text, literals, BUDGET)
    assert isinstance(core, Refuted)
    assert under(script.text, core.core) == Refuted(())
    for literal in core.core:
        rest = [other for other in core.core if other != literal]
        assert isinstance(under(script.text, rest), Model)


def under(text: str, literals: Any) -> object:
    asserted = "".join(f"\n(assert {literal})" for literal in literals)
    return prover().run(text + asserted, (), BUDGET)


def test_the_rules_of_a_readable_proof() -> None:
    """c is shut by its own policy; what the other policies do to a and b does not matter."""
    snapshot = session(
        *SHOP,
        pod("shop/c", "10.0.0.3"),
        network_policy("shop/c", {"app": "c"}, policyTypes=["Ingress"]),
        network_policy("shop/open", {"app": "a"}, policyTypes=["Egress"], egress=[{}]),
    ).snapshot
    encoding = prepare(snapshot)
    region = all_of(source(encoding, "pods"), destination(encoding, "pod shop/c"))
    outcome = search(encoding, Search(region, Wanted.CAN_ALLOW), BUDGET, Prover())
    assert isinstance(outcome, Absent)
    assert [(each.policy.ref.name, each.rule, each.direction) for each in outcome.because] == [
        ("c", None, Direction.INGRESS)
    ]


def test_without_explaining_nothing_is_blamed() -> None:
    snapshot = session(*SHOP).snapshot
    encoding = prepare(snapshot)
    region = all_of(destination(encoding, "pod shop/b"), tcp(81))
    outcome = search(encoding, Search(region, Wanted.CAN_ALLOW), BUDGET, Prover(), explain=False)
    assert isinstance(outcome, Absent)
    assert outcome.because == ()
    assert outcome.samples


def test_what_is_too_hard_to_explain_is_proved_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Prover, "minimal_core", lambda *_: GaveUp("resource limit of 1 solver units reached"))
    answer = session(*SHOP).ask(SHUT)
    assert (answer.verdict, answer.because) == (Verdict.HOLDS, ())


# ---------------------------------------------------------------- witnesses


def shown(*objects: dict[str, Any], **options: object) -> str:
    """The flow that is shown for "can anything reach pods of namespace shop"."""
    encoding = prepare(session(*objects, **options).snapshot)
    region = At(Side.DESTINATION, Members(encoding.universe.by_namespace["shop"]))
    outcome = search(encoding, Search(region, Wanted.CAN_ALLOW), BUDGET, Prover())
    assert isinstance(outcome, Found)
    return str(outcome.flow)


class TestWitness:
    def test_pods_come_before_nodes_and_the_world_in_order_of_name(self) -> None:
        assert shown(pod("shop/b", "10.0.0.2"), pod("shop/a", "10.0.0.9"), pod("bank/z", "10.0.1.1")) == (
            "pod bank/z (10.0.1.1) -> pod shop/a (10.0.0.9) on tcp/80"
        )

    def test_the_port_is_one_that_the_destination_declares(self) -> None:
        assert shown(pod("shop/a", "10.0.0.1", ports=[("http", 9000)]), pod("bank/z", "10.0.1.1")) == (
            "pod bank/z (10.0.1.1) -> pod shop/a (10.0.0.1) on tcp/9000"
        )

    def test_the_port_is_the_least_that_a_rule_names_where_few_are_open(self) -> None:
        policy = network_policy("shop/a", {}, ingress=[{"ports": [{"port": 7000, "endPort": 7005}]}])
        assert shown(pod("shop/a", "10.0.0.1"), pod("bank/z", "10.0.1.1"), policy) == (
            "pod bank/z (10.0.1.1) -> pod shop/a (10.0.0.1) on tcp/7000"
        )

    def test_an_address_outside_is_routable_and_does_not_end_in_zero(self) -> None:
        assert shown(pod("shop/a", "10.0.0.1")) == "1.0.0.1 -> pod shop/a (10.0.0.1) on tcp/80"

    def test_a_flow_that_is_certain_comes_before_one_that_is_not(self) -> None:
        from_bank = {"matchLabels": {"kubernetes.io/metadata.name": "bank"}}
        tied = [
            {
                "apiVersion": "policy.networking.k8s.io/v1alpha1",
                "kind": "AdminNetworkPolicy",
                "metadata": {"name": action.lower()},
                "spec": {
                    "priority": 1,
                    "subject": {"namespaces": {}},
                    "ingress": [{"action": action, "from": [{"namespaces": from_bank}]}],
                },
            }
            for action in ("Allow", "Deny")
        ]
        pods = (pod("shop/a", "10.0.0.1"), pod("bank/z", "10.0.1.1"), pod("lab/z", "10.0.2.1"))
        assert shown(*pods, *tied) == "pod lab/z (10.0.2.1) -> pod shop/a (10.0.0.1) on tcp/80"
