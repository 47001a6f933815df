"""`reachproof query`: what the cases cannot show in a file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any, NoReturn

import pytest

from reachproof.cli import options
from reachproof.cli.exit_codes import ExitCode, exit_code
from reachproof.documents.words import Verdict
from reachproof.manifests import load
from reachproof.network.errors import InternalError
from reachproof.queries import ask
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.solver import budget
from tests.cli.contract import check_answer
from tests.cli.terminal import Terminal
from tests.house.places import ROOT

ISOLATED = "tenant A is isolated from tenant B"
DENIED = "BANP enforces default deny for every tenant"
EMPTY = "no pods labelled app=typo can reach tenant A"


def without_times(document: dict[str, Any]) -> dict[str, Any]:
    """The answer with its times made equal."""
    return {**document, "evidence": {**document["evidence"], "solverMs": 0.0, "totalMs": 0.0}}


def raising(error: BaseException) -> Callable[..., NoReturn]:
    def fail(*_arguments: object, **_options: object) -> NoReturn:
        raise error

    return fail


@pytest.fixture
def rushed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock takes a minute."""
    original = budget.Budget

    def hurried(**limits: Any) -> budget.Budget:
        minutes = count(0, 60)
        return original(**{"clock": lambda: float(next(minutes)), **limits})

    monkeypatch.setattr(options, "Budget", hurried)


# ---------------------------------------------------------------- undecided


@pytest.mark.usefixtures("rushed")
def test_a_question_that_runs_out_of_time_is_unknown_and_undecided(terminal: Terminal) -> None:
    ran = terminal.run("query", "-q", "-f", "tenants", ISOLATED)
    assert (ran.code, ran.err) == (3, "")
    assert ran.out == f"UNKNOWN  {ISOLATED}\n  reason: time limit of 30 s reached\n"


@pytest.mark.usefixtures("rushed")
def test_the_timeout_is_the_budget_of_a_statement(terminal: Terminal) -> None:
    ran = terminal.run("query", "-q", "-f", "tenants", "--timeout", "0.5", ISOLATED)
    assert (ran.code, ran.out) == (3, f"UNKNOWN  {ISOLATED}\n  reason: time limit of 0.5 s reached\n")


@pytest.mark.usefixtures("rushed")
def test_an_expected_verdict_that_was_not_reached_in_time_is_undecided_not_refuted(terminal: Terminal) -> None:
    assert terminal.run("query", "-q", "-f", "tenants", "--expect", "holds", ISOLATED).code == 3


@pytest.mark.usefixtures("rushed")
def test_a_violation_outweighs_what_is_undecided(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    original = ask.answer

    def in_time_for_one(question: ask.Question, limits: budget.Budget) -> Answer:
        return original(question, replace(limits, clock=lambda: 0.0) if question.text == DENIED else limits)

    monkeypatch.setattr(ask, "answer", in_time_for_one)
    ran = terminal.run("query", "-q", "-o", "json", "-f", "tenants", ISOLATED, DENIED)
    assert [each["verdict"] for each in json.loads(ran.out)] == ["unknown", "violated"]
    assert ran.code == 1


# ---------------------------------------------------------------- exit codes of several answers


@pytest.fixture(scope="module")
def proved() -> Answer:
    return Session(load(ROOT / "queries" / "examples" / "tenants")).ask(ISOLATED)


@pytest.mark.parametrize(
    ("verdict", "vacuous", "expect", "allow_vacuous", "code"),
    [
        (Verdict.HOLDS, False, None, False, ExitCode.PROVED),
        (Verdict.HOLDS, True, None, False, ExitCode.UNDECIDED),
        (Verdict.HOLDS, True, None, True, ExitCode.PROVED),
        (Verdict.HOLDS, True, "violated", False, ExitCode.REFUTED),
        (Verdict.HOLDS, False, "violated", False, ExitCode.REFUTED),
        (Verdict.VIOLATED, False, None, False, ExitCode.REFUTED),
        (Verdict.VIOLATED, False, "violated", False, ExitCode.PROVED),
        (Verdict.UNKNOWN, False, None, True, ExitCode.UNDECIDED),
        (Verdict.UNKNOWN, False, "holds", True, ExitCode.UNDECIDED),
        (Verdict.UNKNOWN, False, "unknown", False, ExitCode.PROVED),
        (Verdict.REACHABLE, False, None, False, ExitCode.PROVED),
        (Verdict.UNREACHABLE, False, None, False, ExitCode.PROVED),
        (Verdict.UNREACHABLE, True, None, False, ExitCode.UNDECIDED),
        (Verdict.LISTED, False, None, False, ExitCode.PROVED),
        (Verdict.EXPLAINED, False, None, False, ExitCode.PROVED),
    ],
)
def test_an_answer_has_the_code(
    proved: Answer, verdict: Verdict, vacuous: bool, expect: str | None, allow_vacuous: bool, code: ExitCode
) -> None:
    answer = replace(proved, verdict=verdict, vacuous=vacuous)
    assert exit_code([answer], expect=expect, allow_vacuous=allow_vacuous) is code


def test_a_refuted_answer_outweighs_an_undecided_one_and_that_a_proved_one(proved: Answer) -> None:
    refuted, undecided = replace(proved, verdict=Verdict.VIOLATED), replace(proved, verdict=Verdict.UNKNOWN)
    for answers in ([proved, undecided, refuted], [refuted, undecided, proved]):
        assert exit_code(answers, expect=None, allow_vacuous=False) is ExitCode.REFUTED
        without = [answer for answer in answers if answer is not refuted]
        assert exit_code(without, expect=None, allow_vacuous=False) is ExitCode.UNDECIDED


# ---------------------------------------------------------------- our bugs, and the user's patience


def test_a_disagreement_of_our_engines_is_an_internal_error(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "ask_all", raising(InternalError("two engines disagree")))
    ran = terminal.run("query", "-f", "tenants", ISOLATED)
    assert (ran.code, ran.out) == (70, "")
    assert ran.err == (
        "internal error: two engines disagree\n"
        "This is a bug of reachproof and no verdict: please report it with the manifests and the statement.\n"
    )


def test_an_error_that_nobody_expected_is_an_internal_error_and_no_violation(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "ask_all", raising(KeyError("nobody")))
    ran = terminal.run("query", "-f", "tenants", ISOLATED)
    assert (ran.code, ran.out) == (70, "")
    first, *_, last, internal, report, end = ran.err.split("\n")
    assert (first, last) == ("Traceback (most recent call last):", "KeyError: 'nobody'")
    assert (internal, end) == ("internal error", "")
    assert (
        report == "This is a bug of reachproof and no verdict: please report it with the manifests and the statement."
    )


def test_an_interruption_has_a_code_of_its_own(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "ask_all", raising(KeyboardInterrupt()))
    ran = terminal.run("query", "-f", "tenants", ISOLATED)
    assert (ran.code, ran.out, ran.err.strip()) == (130, "", "")


# ---------------------------------------------------------------- JSON


@pytest.mark.parametrize("folder", ["tenants", "tenants-broken", "tie.yaml"])
@pytest.mark.parametrize(
    "sentence",
    [
        "can any pod reach 10.0.0.0/8 on tcp/5432?",
        "can any pod reach any pod on udp/53?",
        "no pod can reach the internet",
        "every pod can reach any pod on tcp/53",
        "the cluster enforces default deny for every pod",
        "why can't any pod reach any pod on tcp/80?",
        "which pods can reach any pod on tcp/80?",
        "no pods labelled app=typo can reach any pod",
    ],
)
def test_json_is_one_document_of_the_promised_shape(folder: str, sentence: str, terminal: Terminal) -> None:
    ran = terminal.run("query", "-o", "json", "-f", folder, sentence)
    document = json.loads(ran.out)
    check_answer(document)
    assert document["query"] == sentence


@pytest.mark.usefixtures("rushed")
def test_json_of_an_unknown_verdict_has_the_promised_shape(terminal: Terminal) -> None:
    document = json.loads(terminal.run("query", "-o", "json", "-f", "tenants", ISOLATED).out)
    check_answer(document)
    assert (document["verdict"], document["reason"]) == ("unknown", "time limit of 30 s reached")


def test_json_of_several_statements_is_a_list_in_their_order(terminal: Terminal) -> None:
    ran = terminal.run("query", "-o", "json", "-f", "tenants", ISOLATED, EMPTY, DENIED)
    documents = json.loads(ran.out)
    for document in documents:
        check_answer(document)
    assert [each["query"] for each in documents] == [ISOLATED, EMPTY, DENIED]
    assert [(each["verdict"], each["vacuous"]) for each in documents] == [
        ("holds", False),
        ("holds", True),
        ("violated", False),
    ]
    assert ran.code == 1


def test_bad_input_leaves_stdout_empty_in_json_too(terminal: Terminal) -> None:
    ran = terminal.run("query", "-o", "json", "-f", "tenants", "can tenant Z reach tenant A?")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: query:1: no tenant Z in the snapshot; ")


def test_the_text_of_a_statement_is_told_as_it_was_written(terminal: Terminal) -> None:
    document = json.loads(terminal.run("query", "-o", "json", "-f", "tenants", "  CAN  tenant A reach tenant B ?").out)
    assert (document["query"], document["normalized"]) == (
        "CAN  tenant A reach tenant B ?",
        "can pods in tenant A reach pods in tenant B",
    )


# ---------------------------------------------------------------- options


def test_no_source_means_the_current_folder(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("tenants")
    named = terminal.run("query", "-q", "-o", "json", "-f", ".", ISOLATED)
    assert without_times(json.loads(terminal.run("query", "-q", "-o", "json", ISOLATED).out)) == without_times(
        json.loads(named.out)
    )


@pytest.mark.parametrize(
    ("option", "name", "value"),
    [
        ("--tenant-label", "REACHPROOF_TENANT_LABEL", "team"),
        ("--pod-cidr", "REACHPROOF_POD_CIDR", "nowhere"),
        ("--service-cidr", "REACHPROOF_SERVICE_CIDR", "nowhere"),
        ("--domain", "REACHPROOF_DOMAINS", "a.example=nowhere"),
    ],
)
def test_a_model_option_may_come_from_the_environment(
    option: str, name: str, value: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_option = terminal.run("query", "-f", "tenants", option, value, ISOLATED)
    monkeypatch.setenv(name, value)
    assert terminal.run("query", "-f", "tenants", ISOLATED) == by_option
    assert by_option.code == 2


@pytest.mark.parametrize(
    ("option", "values"),
    [
        (
            "--cni",
            (
                *("spec", "calico", "cilium", "ovn-kubernetes", "antrea", "kube-network-policies", "kube-router"),
                "auto",
            ),
        ),
        ("--channel", ("standard", "experimental")),
        ("--host-network-pods", ("ignored", "pods")),
        ("--cidr-matches", ("all", "world+nodes", "world+pods", "world")),
        ("--enforcement", ("none", "np", "np+admin", "always")),
        ("--ambient-port", ("15008", "original", "unknown")),
        ("--trust-domain", ("corp.example", "corp.example,old.example")),
        ("--root-namespace", ("mesh",)),
    ],
)
def test_every_value_of_a_model_option_is_taken_as_it_is_documented(
    option: str, values: tuple[str, ...], terminal: Terminal
) -> None:
    for value in values:
        also = ("--cni", "cilium") if value == "always" else ()
        asked = ("query", "-q", "-f", "tenants", *also, option, value, "can any pod in tenant A reach tenant A?")
        ran = terminal.run(*asked)
        assert (ran.code, ran.err) == (0, "")


def test_enforcement_changes_what_is_proved(terminal: Terminal) -> None:
    asked = ("query", "-q", "-f", "tenants", "--expect", "holds", ISOLATED)
    assert terminal.run(*asked).code == 0
    assert terminal.run(*asked[:-1], "--enforcement", "none", ISOLATED).code == 1


def test_addresses_of_one_domain_given_twice_are_joined(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = terminal.run(
        *("query", "-f", "tenants", "--domain", "a.example=x", "--domain", "a.example=y,10.0.0.0/8", ISOLATED)
    )
    assert twice.err == (
        "error: options domains.a.example: must be a CIDR such as 10.244.0.0/16 (got 'x')\n"
        "error: options domains.a.example: must be a CIDR such as 10.244.0.0/16 (got 'y')\n"
    )


@pytest.mark.parametrize("command", ["query", "serve"])
def test_help_tells_every_option(command: str, terminal: Terminal) -> None:
    ran = terminal.run(command, "--help")
    shared = {
        "-f, --from",
        "--skip-invalid, --lenient",
        "--strict",
        "--ignore-kind",
        "--tenant-label",
        "--cni",
        "--channel",
        "--pod-cidr",
    }
    shared |= {"--service-cidr", "--host-network-pods", "--cidr-matches", "--domain", "--enforcement", "--with-staged"}
    shared |= {"--trust-domain", "--root-namespace", "--ambient-port"}
    own = {
        "query": {
            "-o, --output",
            "--timeout",
            "--expect",
            "--allow-vacuous",
            "-q, --quiet",
            "-v, --verbose",
            "--no-color",
        },
        "serve": {"--host", "--port", "--allow-unauthenticated"},
    }
    assert (ran.code, ran.err) == (0, "")
    assert [option for option in sorted(shared | own[command]) if f"  {option} " not in ran.out] == []


def test_help_of_query_tells_every_exit_code(terminal: Terminal) -> None:
    told = terminal.run("query", "--help").out.partition("Exit codes\n")[2].partition("\n\n")[0]
    assert [int(line.split()[0]) for line in told.splitlines()] == [0, 1, 2, 3, 4, 70]


def test_the_settings_of_the_service_are_refused_with_the_variable(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REACHPROOF_WORKERS", "many")
    monkeypatch.setenv("REACHPROOF_MAX_TIMEOUT_MS", "0")
    ran = terminal.run("serve")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error: environment REACHPROOF_MAX_TIMEOUT_MS: invalid value '0': must be greater than 0\n"
        "error: environment REACHPROOF_WORKERS: invalid value 'many': must be a whole number\n"
    )


def test_a_name_that_could_steer_the_terminal_is_written_out(terminal: Terminal) -> None:
    ran = terminal.run("query", "-f", "no\x1b[31mwhere", ISOLATED)
    assert (ran.code, ran.err) == (2, "error: no\\x1b[31mwhere: no such file or folder\n")
    assert os.path.exists("tenants")
