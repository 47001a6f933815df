"""A command that does not come to its end within its limits ends as undecided, whatever it is at."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from importlib import import_module
from typing import Any

import pytest

from reachproof.cli import watchdog
from reachproof.cli.watchdog import GRACE, Limits
from reachproof.network.process_memory import MEGABYTE, available, resident
from reachproof.solver.budget import Budget
from tests.cli.terminal import Terminal
from tests.cli.test_process import EXAMPLES, ISOLATED, environment

# A command of which reading does what the test says.
PROGRAM = """
import ctypes, sys
from importlib import import_module
from reachproof.cli.main import main
def in_c(*_):
    while True:
        ctypes.CDLL(None).sleep(1000)
def in_python(*_):
    while True:
        pass
def growing(*_):
    kept = []
    while True:
        kept.append(b"x" * 1_000_000)
def exhausted(*_):
    kept, size = [], 1_000_000
    while True:
        try:
            kept.append(b"x" * size)
        except MemoryError:
            if size == 1:
                raise
            size //= 10
def at_once(*_):
    return [None] * 10**10
module = import_module(f"reachproof.cli.{sys.argv[2]}")
name = "_read" if sys.argv[2] == "diff" else "read"
setattr(module, name, globals()[sys.argv[1]])
if sys.argv[1] == "exhausted":
    from reachproof.cli import watchdog
    watchdog._LOOKS = 1000  # the command itself has to notice
sys.argv[1:] = sys.argv[2:]
main()
"""


def ended(work: str, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of which reading does this work, once it has ended."""
    sources = ["a", "b"] if command == "diff" else ["-f", str(EXAMPLES / "tenants")]
    told = [sys.executable, "-P", "-c", PROGRAM, work, command, *sources, *arguments]
    return subprocess.run(told, capture_output=True, text=True, env=environment(), check=False)


SOON = ("--timeout", "0.1")
REASON = "time limit of 0.1 s reached"


@pytest.mark.parametrize("work", ["in_c", "in_python"])
def test_a_query_that_takes_too_long_is_unknown(work: str) -> None:
    ran = ended(work, "query", *SOON, ISOLATED)
    assert (ran.returncode, ran.stderr) == (3, "")
    assert ran.stdout == f"UNKNOWN  {ISOLATED}\n  reason: {REASON}\n"


def test_each_statement_of_a_query_is_told() -> None:
    ran = ended("in_c", "query", *SOON, "-o", "json", ISOLATED, "can tenant A reach tenant B?")
    assert ran.returncode == 3
    told = [(each["query"], each["verdict"], each["reason"]) for each in json.loads(ran.stdout)]
    assert told == [(ISOLATED, "unknown", REASON), ("can tenant A reach tenant B?", "unknown", REASON)]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("explain", "a", "b", "80"), {"query": "explain a b 80", "verdict": "unknown", "reason": REASON}),
        (("check",), {"verdict": "unknown", "answers": [], "skipped": [{"name": "pack", "reason": REASON}]}),
        (("connectivity",), {"apiVersion": "reachproof/v1", "verdict": "unknown", "reason": REASON}),
        (("diff",), {"relation": "unknown", "reason": REASON, "rows": []}),
        (("lint",), {"findings": [], "undecided": [{"code": "UNDECIDED"}]}),
    ],
    ids=["explain", "check", "connectivity", "diff", "lint"],
)
def test_every_command_that_takes_too_long_writes_its_document(command: tuple[str, ...], told: dict[str, Any]) -> None:
    ran = ended("in_c", *command, *SOON, "-o", "json")
    assert ran.returncode == 3
    document = json.loads(ran.stdout)
    if command == ("lint",):
        said = document["undecided"][0].pop("text")
        assert said == f"the search for findings did not finish: {REASON}"
    assert {name: document[name] for name in told} == told
    assert ran.stderr == ("" if command[0] == "explain" else f"undecided: {REASON}\n")


@pytest.mark.parametrize("output", ["text", "sarif", "junit", "github"])
def test_a_report_that_could_be_taken_for_a_clean_one_is_not_written(output: str) -> None:
    ran = ended("in_c", "check", *SOON, "-o", output)
    assert (ran.returncode, ran.stdout, ran.stderr) == (3, "", f"undecided: {REASON}\n")


@pytest.mark.parametrize("work", ["growing", "at_once", "exhausted"])
def test_a_query_that_needs_too_much_memory_is_unknown(work: str) -> None:
    ran = ended(work, "query", "--memory", "300", ISOLATED)
    assert (ran.returncode, ran.stderr) == (3, "")
    assert ran.stdout == f"UNKNOWN  {ISOLATED}\n  reason: memory limit of 300 MB reached\n"


def test_a_lack_of_memory_in_a_process_of_somebody_else_is_unknown_too(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(import_module("reachproof.cli.query"), "read", short)
    ran = terminal.run("query", "-q", "-f", "tenants", "--memory", "5000", ISOLATED)
    assert (ran.code, ran.out) == (3, f"UNKNOWN  {ISOLATED}\n  reason: memory limit of 5000 MB reached\n")


def test_a_lack_of_memory_while_an_answer_is_written_is_no_bug_and_no_verdict(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(import_module("reachproof.cli.query"), "_write", short)
    ran = terminal.run("query", "-q", "-f", "tenants", ISOLATED)
    told = "out of memory: the output may be incomplete; ask about less, or raise --memory\n"
    assert (ran.code, ran.out, ran.err) == (3, "", told)


def test_an_answer_is_written_without_a_limit_of_memory() -> None:
    program = """
import resource
from importlib import import_module
from reachproof.cli.main import main
def limit():
    return resource.getrlimit(resource.RLIMIT_DATA)[0]
query = import_module("reachproof.cli.query")
tell, before = query._told_here, limit()
def told(*given, **more):
    print(limit())
    return tell(*given, **more)
query._told_here = told
query._write = lambda *_, **__: print(limit() == before)
main()
"""
    told = [
        sys.executable,
        "-P",
        "-c",
        program,
        "query",
        "-q",
        "-f",
        str(EXAMPLES / "tenants"),
        "--memory",
        "2000",
        ISOLATED,
    ]
    ran = subprocess.run(told, capture_output=True, text=True, env=environment(), check=False)
    assert (ran.stdout, ran.stderr, ran.returncode) == ("2500000000\nTrue\n", "", 0)


def test_an_answer_that_is_there_is_not_taken_back() -> None:
    told: list[str] = []
    turn, over = threading.Lock(), threading.Event()
    watchdog._claim(turn, over)
    late = Limits(budget=Budget(seconds=1, until=time.monotonic() - 60), most_bytes=10**15)
    assert late.broken() == "time limit of 1 s reached"
    watchdog._watch(late, told.append, turn, over)
    watchdog._watch(late, told.append, turn, threading.Event())
    assert told == []


def test_limits_are_those_of_the_command_with_some_grace() -> None:
    plenty = 10**15
    assert Limits(budget=Budget(), most_bytes=plenty).broken() == ""
    assert Limits(budget=Budget(seconds=60, until=time.monotonic() + 60), most_bytes=plenty).broken() == ""
    assert Limits(budget=Budget(), most_bytes=MEGABYTE).broken() == "memory limit of 1 MB reached"
    assert GRACE < 0.5
    assert 0 < resident() < available()
    assert resident(2**30) == 0


def test_time_for_the_whole_command_is_no_time_for_each_statement() -> None:
    now = [100.0]
    budget = Budget(seconds=5, until=105, clock=lambda: now[0])
    first = budget.start()
    now[0] = 103
    assert (first.left, budget.start().left) == (2, 2)
    now[0] = 106
    assert budget.start().left == 0
