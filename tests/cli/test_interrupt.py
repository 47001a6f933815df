"""Ctrl-C ends a command at once, also while it is deep in code that does not listen."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
import z3

from reachproof.cli.main import ends_at_interrupt
from reachproof.solver.budget import Budget
from reachproof.solver.z3_backend import Prover
from tests.cli.test_process import EXAMPLES, ISOLATED, environment

# A program that stays in C for good once it is asked: ctypes gives the interpreter lock back, as Z3's library does.
DEAF = """
import ctypes, signal
from reachproof.cli.main import main
from reachproof.queries.ask import Session
signal.signal(signal.SIGINT, signal.default_int_handler)
def deaf(*arguments):
    print("asked", flush=True)
    while True:
        ctypes.CDLL(None).sleep(1000)
Session.ask_all = deaf
main(["query", "-f", FOLDER, STATEMENT])
"""

# Pigeons that do not fit their holes keep Z3 busy; it takes the signal for itself if it is let.
PIGEONS = """
import signal
from reachproof.cli.main import main
from reachproof.queries.ask import Session
from reachproof.solver.budget import Budget
from reachproof.solver.z3_backend import Prover
signal.signal(signal.SIGINT, signal.default_int_handler)
HOLES = 12
def pigeons():
    for pigeon in range(HOLES + 1):
        for hole in range(HOLES):
            yield f"(declare-const x{pigeon}_{hole} Bool)"
        yield f"(assert (or {' '.join(f'x{pigeon}_{hole}' for hole in range(HOLES))}))"
    for hole in range(HOLES):
        for pigeon in range(HOLES + 1):
            for other in range(pigeon):
                yield f"(assert (or (not x{pigeon}_{hole}) (not x{other}_{hole})))"
def hard(*arguments):
    print("asked", flush=True)
    print(Prover().run("".join(pigeons()), (), Budget(seconds=3600).start()))
"""
HARD = (
    PIGEONS
    + """
Session.ask_all = hard
main(["query", "-f", FOLDER, STATEMENT])
"""
)


def interrupted(program: str) -> tuple[int, str, str]:
    """The exit code of a program that is interrupted once it is asked, and what it still writes."""
    code = program.replace("FOLDER", repr(str(EXAMPLES / "tenants"))).replace("STATEMENT", repr(ISOLATED))
    with subprocess.Popen(
        [sys.executable, "-P", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "asked\n"
        running.send_signal(signal.SIGINT)
        out, err = running.communicate()
    return running.returncode, out, err


@pytest.mark.parametrize("program", [DEAF, HARD], ids=["in C", "in Z3"])
def test_an_interrupt_ends_a_query_with_its_own_code(program: str) -> None:
    assert interrupted(program) == (130, "", "\n")


def test_a_question_that_z3_gave_up_for_an_interrupt_is_not_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(z3.Solver, "check", lambda *_: z3.unknown)
    monkeypatch.setattr(z3.Solver, "reason_unknown", lambda _: "interrupted from keyboard")
    with pytest.raises(KeyboardInterrupt):
        Prover().run("(declare-const a Bool)", (), Budget().start())


def test_afterwards_an_interrupt_is_what_it_was_before() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with ends_at_interrupt():
            pass
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupt_that_somebody_else_handles_stays_theirs() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: heard.append(number))
    try:
        with ends_at_interrupt():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]
