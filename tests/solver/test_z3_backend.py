"""The one module that talks to Z3: what it makes of small scripts, cores and budgets."""

from __future__ import annotations

import pytest

from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.z3_backend import GaveUp, Model, Prover, Refuted

X = "(declare-const x (_ BitVec 4))"
NEEDS_B_AND_C = "\n".join(
    [
        *(f"(declare-const {name} Bool)" for name in "abcd"),
        X,
        "(assert (=> a (bvule x #xd)))",
        "(assert (=> b (bvule x #x3)))",
        "(assert (=> c (bvule #x4 x)))",
        "(assert (=> d (bvule #x1 x)))",
    ]
)
# Sixteen pigeons in fifteen holes: nothing that a few solver units decide.
HARD = "\n".join(
    [
        *(f"(declare-const p{i} (_ BitVec 4))" for i in range(16)),
        *(f"(assert (bvule p{i} #xe))" for i in range(16)),
        *(f"(assert (not (= p{i} p{j})))" for i in range(16) for j in range(i)),
    ]
)


def test_a_satisfiable_script_has_a_model_of_the_variables_asked_for() -> None:
    result = Prover().run(f"{X}(assert (= x #x7))", ("x",), Budget())
    assert result == Model((7,))


def test_a_variable_that_does_not_matter_is_zero() -> None:
    assert Prover().run(X, ("x",), Budget()) == Model((0,))


def test_an_unsatisfiable_script_is_refuted() -> None:
    assert Prover().run(f"{X}(assert (bvult x #x0))", ("x",), Budget()) == Refuted(())


def test_one_prover_decides_many_scripts_without_mixing_them() -> None:
    prover = Prover()
    first = prover.run(f"{X}(assert (= x #x1))", ("x",), Budget())
    second = prover.run(f"{X}(assert (= x #x2))", ("x",), Budget())
    assert (first, second) == (Model((1,)), Model((2,)))


def test_a_minimal_core_leaves_out_what_is_not_needed() -> None:
    assert Prover().minimal_core(NEEDS_B_AND_C, list("abcd"), Budget()) == Refuted(("b", "c"))


def test_what_is_satisfiable_under_all_literals_has_no_core() -> None:
    assert Prover().minimal_core(NEEDS_B_AND_C, list("abd"), Budget()) == Model(())


def test_too_few_solver_units_are_a_reason_to_give_up() -> None:
    assert Prover().run(HARD, (), Budget(rlimit=1000)) == GaveUp("resource limit of 1000 solver units reached")


def test_no_time_is_a_reason_to_give_up_before_anything_is_tried() -> None:
    late = Budget(seconds=3, clock=lambda: 8.0, started=5.0)
    assert Prover().run(X, ("x",), late) == GaveUp("time limit of 3 s reached")
    assert Prover().minimal_core(NEEDS_B_AND_C, list("abcd"), late) == GaveUp("time limit of 3 s reached")


def test_an_interrupt_that_z3_took_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("z3.Solver.reason_unknown", lambda _: "interrupted from keyboard")
    with pytest.raises(KeyboardInterrupt):
        Prover().run(HARD, (), Budget(rlimit=1000))


class TestBudget:
    def test_time_counts_from_the_start_and_is_never_negative(self) -> None:
        now = [10.0]
        budget = Budget(seconds=3, clock=lambda: now[0])
        assert budget.left == 3
        running = budget.start()
        now[0] = 11.5
        assert running.left == 1.5
        running.check()
        now[0] = 99.0
        assert running.left == 0
        with pytest.raises(OutOfBudget) as error:
            running.check()
        assert str(error.value) == "time limit of 3 s reached"

    def test_a_table_as_large_as_allowed_is_allowed(self) -> None:
        budget = Budget(table_words=7)
        budget.check_table(7)
        with pytest.raises(OutOfBudget) as error:
            budget.check_table(8)
        assert str(error.value) == "memory limit reached: a table of 8 words is needed, 7 are allowed"
