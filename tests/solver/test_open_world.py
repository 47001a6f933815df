"""Parts of the open world: domains of labels, the fewest inventions, and invented flows for a second opinion."""

from __future__ import annotations

import pytest

from reachproof.manifests.load import load_objects
from reachproof.network.cluster import Pod
from reachproof.network.errors import InternalError
from reachproof.network.labels import NAMESPACE_NAME, Operator, Requirement, Selector
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.budget import Budget
from reachproof.solver.decide import Absent
from reachproof.solver.encoding import Encoding, prepare
from reachproof.solver.goal import (
    TRUE,
    All,
    At,
    InNamespaces,
    InPorts,
    Labelled,
    Members,
    Possible,
    Search,
    Side,
    Wanted,
)
from reachproof.solver.open_world.label_domains import domains
from reachproof.solver.open_world.random_testing import ATTEMPTS, attempts
from reachproof.solver.open_world.scope import scope
from reachproof.solver.open_world.search import search_open
from reachproof.solver.open_world.variables import layout
from reachproof.solver.z3_backend import GaveUp, Model, Prover, Refuted
from tests.queries.given import namespace, network_policy, pod

WEB = Selector.equal("app", "web")


class TestDomains:
    def test_a_key_is_absent_or_has_a_value_that_is_named_or_one_that_is_not(self) -> None:
        (found,) = domains([WEB, Selector.equal("app", "db")])
        assert [found.text(code) for code in range(found.size)] == [None, "other", "db", "web"]

    @pytest.mark.parametrize(
        ("operator", "values", "codes"),
        [
            (Operator.IN, ("web",), [3]),
            (Operator.NOT_IN, ("web",), [0, 1, 2]),
            (Operator.EXISTS, (), [1, 2, 3]),
            (Operator.DOES_NOT_EXIST, (), [0]),
        ],
    )
    def test_a_requirement_is_met_by_codes(self, operator: Operator, values: tuple[str, ...], codes: list[int]) -> None:
        (found,) = domains([Selector.equal("app", "web", "db")])
        assert found.codes(Requirement("app", operator, values)) == codes

    def test_the_value_that_nothing_names_is_named_by_nothing(self) -> None:
        (found,) = domains([Selector.equal("app", "other", "other-2")])
        assert found.unnamed == ("other-3",)

    def test_values_of_two_ends_that_are_compared_can_differ_without_a_name(self) -> None:
        (found,) = domains([], compared={"tenant"})
        assert found.unnamed == ("other", "other-2")

    def test_a_new_name_is_none_that_is_taken(self) -> None:
        asked = [Selector.equal(NAMESPACE_NAME, "shop", "later")]
        (found,) = domains(asked, compared={NAMESPACE_NAME}, taken=["shop"], name_key=NAMESPACE_NAME)
        assert (found.always, found.unnamed, found.values) == (True, ("(new)", "(new)-2"), ("later",))


CHOICE = """
(declare-const x (_ BitVec 2)) (declare-const y (_ BitVec 2)) (declare-const z (_ BitVec 2))
(declare-const a Bool) (declare-const b Bool) (declare-const c Bool)
(assert (= a (not (= x #b00)))) (assert (= b (not (= y #b00)))) (assert (= c (not (= z #b00))))
"""


class TestTheFewest:
    def test_a_model_has_as_few_literals_true_as_any(self) -> None:
        text = f"{CHOICE}(assert (or (and (= x #b01) (= y #b10)) (= z #b11)))"
        assert Prover().fewest(text, ("a", "b", "c"), ("x", "y", "z"), Budget()) == Model((0, 0, 3))

    def test_what_has_no_model_is_refuted(self) -> None:
        assert Prover().fewest(f"{CHOICE}(assert (and a (= x #b00)))", ("a",), ("x",), Budget()) == Refuted(())

    def test_without_time_nothing_is_decided(self) -> None:
        spent = Budget(seconds=1, clock=iter([0.0, 5.0, 5.0]).__next__).start()
        assert Prover().fewest(CHOICE, ("a",), ("x",), spent) == GaveUp("time limit of 1 s reached")


@pytest.fixture
def snapshot() -> Snapshot:
    """Only pods labelled role=gateway get to the database."""
    peer = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"role": "gateway"}}}
    gate = network_policy("data/gate", policyTypes=["Ingress"], ingress=[{"from": [peer], "ports": [{"port": "sql"}]}])
    return load_objects([namespace("web"), namespace("data"), pod("data/db", "10.0.0.2", ports=[("sql", 5432)]), gate])


def to_the_database(encoding: Encoding, *conditions: At) -> All:
    destination = At(Side.DESTINATION, Members(encoding.universe.pods))
    return All((At(Side.SOURCE, Possible()), At(Side.SOURCE, InNamespaces(("web",))), *conditions, destination))


class TestAttempts:
    def test_invented_flows_are_in_the_region_and_can_be_judged(self, snapshot: Snapshot) -> None:
        encoding = prepare(snapshot)
        region = to_the_database(encoding, At(Side.SOURCE, Labelled(Selector.equal("role", "gateway"))))
        found = scope(snapshot, encoding.universe, region)
        assert found is not None
        imagined, flows = attempts(layout(found))
        assert 0 < len(flows) <= ATTEMPTS
        for flow in flows:
            assert isinstance(flow.source, Pod)
            assert (flow.source.namespace, flow.source.labels["role"]) == ("web", "gateway")
            assert (flow.source.key in imagined.possible, flow.destination) == (True, snapshot.pods[0])
            assert truth(imagined, flow) is (Truth.ALLOWED if flow.port == 5432 else Truth.DENIED)

    def test_they_are_the_same_in_every_run(self, snapshot: Snapshot) -> None:
        encoding = prepare(snapshot)
        found = scope(snapshot, encoding.universe, to_the_database(encoding))
        assert found is not None
        assert attempts(layout(found)) == attempts(layout(found))

    def test_a_proof_that_is_wrong_is_no_verdict(self, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
        """As if Z3 had refuted what has a model."""

        def refuted(*_: object, **__: object) -> Refuted:
            return Refuted(())

        for name in ("fewest", "minimal_core"):
            monkeypatch.setattr(Prover, name, refuted)
        with pytest.raises(InternalError) as error:
            Session(snapshot).ask("no possible pod labelled role=gateway in namespace web can reach namespace data")
        assert str(error.value).startswith("Z3 proved that no flow can be allowed, the evaluator says that pod web/")


class TestSearch:
    def test_a_region_without_possible_pods_has_no_scope(self, snapshot: Snapshot) -> None:
        encoding = prepare(snapshot)
        assert scope(snapshot, encoding.universe, TRUE) is not None
        assert scope(snapshot, encoding.universe, All((InPorts(encoding.snapshot.held), *nothing(encoding)))) is None

    def test_what_is_absent_says_what_it_rests_on(self, snapshot: Snapshot) -> None:
        encoding = prepare(snapshot)
        region = to_the_database(encoding, At(Side.SOURCE, Labelled(Selector.equal("role", "other"))))
        outcome = search_open(encoding, Search(region, Wanted.CAN_ALLOW), Budget().start(), Prover())
        assert isinstance(outcome, Absent)
        assert [(blame.policy.ref.name, blame.rule is None) for blame in outcome.because] == [
            ("gate", False),
            ("gate", True),
        ]
        assert (outcome.empty, bool(outcome.attempts)) == (False, True)


def nothing(encoding: Encoding) -> list[At]:
    return [At(side, Members(encoding.universe.pods)) for side in Side]
