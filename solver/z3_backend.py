"""Runs a script in Z3: the only module that imports z3.

z3 ships no types, so every value of it is kept inside this module, behind typed functions.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import z3

from reachproof.solver.budget import Budget

LOGIC = "QF_FD"


@dataclass(frozen=True, slots=True)
class Model:
    """Satisfiable: the value of each variable that was asked for; of a Bool, 0 or 1."""

    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Refuted:
    """Unsatisfiable; `core` are assumption literals that suffice for it, in the order given."""

    core: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GaveUp:
    """Neither was shown within the budget."""

    reason: str


Result = Model | Refuted | GaveUp


def engine() -> str:
    """Name and version of the solver, as answers carry it."""
    return f"z3 {z3.get_version_string()}"


class Prover:
    """Decides scripts, each in a solver of its own, in one Z3 context (making one takes longer than most questions).

    Not safe for use by several threads at once, but for `interrupt`.
    """

    def __init__(self) -> None:
        self._context = z3.Context()

    def renew(self) -> None:
        """Forget all that was asked: which model or core is found next does not depend on it. Takes 2 to 5 ms."""
        self._context = z3.Context()

    def interrupt(self) -> None:
        """Have the check that is under way, if any, end as one that ran out of time. From any thread.

        Only for a budget whose time is over: with time left, an interrupt is one of the keyboard.
        """
        self._context.interrupt()

    def run(self, text: str, variables: Sequence[str], budget: Budget) -> Result:
        """Decide a script. Never takes noticeably longer than the budget's time."""
        return _Run(self._context, text, (), budget).check((), variables)

    def fewest(self, text: str, literals: Sequence[str], variables: Sequence[str], budget: Budget) -> Result:
        """Decide a script; a model has as few of the literals true as any has.

        When the budget ends before that is shown, the best model found so far is returned.
        """
        solver = _Run(self._context, text, (), budget)
        best = solver.check((), (*variables, *literals))
        while isinstance(best, Model):
            count = sum(best.values[len(variables) :])
            if not count:
                break
            solver.add(f"(assert ((_ at-most {count - 1}) {' '.join(literals)}))")
            better = solver.check((), (*variables, *literals))
            if not isinstance(better, Model):
                break
            best = better
        return Model(best.values[: len(variables)]) if isinstance(best, Model) else best

    def minimal_core(self, text: str, literals: Sequence[str], budget: Budget) -> Result:
        """A minimal set of literals under which the script is unsatisfiable: none of them can be left out.

        A model without values where it is satisfiable under all of them.

        When the budget ends before minimality is shown, the core found so far is returned: it is still sufficient.
        """
        solver = _Run(self._context, text, literals, budget)
        found = solver.check(literals, ())
        if not isinstance(found, Refuted):
            return found
        core = list(found.core)
        for literal in found.core:
            if literal not in core:
                continue
            rest = [other for other in core if other != literal]
            tried = solver.check(rest, ())
            if isinstance(tried, Refuted):
                core = [other for other in rest if other in tried.core]
            elif isinstance(tried, GaveUp):
                break
        return Refuted(tuple(core))


class _Run:
    """One script."""

    def __init__(self, context: z3.Context, text: str, literals: Sequence[str], budget: Budget) -> None:
        self._budget = budget
        self._solver = z3.SolverFor(LOGIC, ctx=context)
        self._solver.from_string(text)
        self._context = context
        # One call for all literals, which the vector keeps alive, and no wrapper around each: they cost more than the
        # proof.
        named = "".join(f"(declare-const {name} Bool)(assert {name})" for name in literals)
        self._vector = z3.parse_smt2_string(named, ctx=context)
        self._terms = {name: self._literal(number) for number, name in enumerate(literals)}

    def _literal(self, number: int) -> Any:
        return z3.Z3_ast_vector_get(self._context.ref(), self._vector.vector, number)

    def add(self, text: str) -> None:
        """More declarations and assertions."""
        self._solver.from_string(text)

    def check(self, literals: Iterable[str], variables: Sequence[str]) -> Result:
        milliseconds = int(self._budget.left * 1000)
        if milliseconds <= 0:
            return GaveUp(f"time limit of {self._budget.seconds:g} s reached")
        self._solver.set(timeout=milliseconds, rlimit=self._budget.rlimit, ctrl_c=_may_listen())
        terms = {literal: self._terms[literal] for literal in literals}
        found = self._assuming([*terms.values()]) if terms else self._solver.check()
        if found == z3.unsat:
            # Equal terms are one object in a context, so that its address tells which literal it is.
            core = {term.as_ast().value for term in self._solver.unsat_core()} if terms else set()
            return Refuted(tuple(name for name, term in terms.items() if term.value in core))
        if found == z3.sat:
            return Model(tuple(self._values(variables)))
        return GaveUp(self._reason())

    def _assuming(self, terms: Sequence[Any]) -> Any:
        assumptions = (z3.Ast * len(terms))(*terms)
        code = z3.Z3_solver_check_assumptions(self._context.ref(), self._solver.solver, len(terms), assumptions)
        return z3.CheckSatResult(code)

    def _values(self, variables: Sequence[str]) -> list[int]:
        if not variables:
            return []
        model = self._solver.model()
        declared = {constant.name(): constant for constant in model.decls()}
        return [_value(model[declared[name]]) if name in declared else 0 for name in variables]

    def _reason(self) -> str:
        if self._budget.left <= 0.05:
            return f"time limit of {self._budget.seconds:g} s reached"
        reason = str(self._solver.reason_unknown())
        if "interrupted" in reason:
            raise KeyboardInterrupt
        # Z3 4.15 gives no reason where the resource limit ends a check; time and interrupts have one there too.
        if "resource" in reason or "canceled" in reason or reason == "no reason given":
            return f"resource limit of {self._budget.rlimit} solver units reached"
        return f"the solver gave up: {reason}"


def _value(value: z3.ExprRef) -> int:
    return int(z3.is_true(value)) if z3.is_bool(value) else int(value.as_long())


def _may_listen() -> bool:
    """True if Z3 may take interrupts for itself while it works: only where they would have interrupted just this."""
    is_main = threading.current_thread() is threading.main_thread()
    return is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
