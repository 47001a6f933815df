"""The command about itself: alone, by `help`, by `version`, and to shells."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from reachproof import __version__
from reachproof.cli.help_page import Option, Section
from reachproof.cli.main import Commands, commands
from tests.cli.terminal import Terminal
from tests.forks import installed_on_path

ALONE = """\
Prove what the network policies of a Kubernetes cluster allow.

Three commands to try, with a folder of manifests:
  reachproof connectivity manifests/
  reachproof query manifests/ "which pods are exposed to the internet?"
  reachproof query manifests/ "why can't frontend reach backend on 8080?"

`reachproof help` lists all commands, `reachproof help COMMAND` shows the options of one.
"""
SHOP = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: frontend}
spec: {template: {metadata: {labels: {app: frontend}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: backend}
spec: {template: {metadata: {labels: {app: backend}}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed}
spec: {podSelector: {matchLabels: {app: backend}}, policyTypes: [Ingress]}
"""


def test_alone_it_shows_three_commands_to_try_and_is_no_success(terminal: Terminal) -> None:
    ran = terminal.run()
    assert (ran.code, ran.out, ran.err) == (2, "", ALONE)


def test_the_commands_to_try_work(terminal: Terminal) -> None:
    Path("manifests").mkdir()
    Path("manifests/shop.yaml").write_text(SHOP)
    typed = re.findall(r"^  reachproof (.*)$", ALONE, re.MULTILINE)
    ran = [terminal.run(*shlex.split(line), "--no-cache") for line in typed]
    assert [each.code for each in ran] == [0, 0, 0]
    assert [each.out.splitlines()[1].split()[0] for each in ran[1:]] == ["LISTED", "EXPLAINED"]


def test_help_is_that_of_the_option(terminal: Terminal) -> None:
    assert terminal.run("help") == terminal.run("--help")
    assert terminal.run("help", "query") == terminal.run("query", "--help")
    assert terminal.run("help", "token", "create") == terminal.run("token", "create", "--help")


def test_help_lists_each_command_in_one_line(terminal: Terminal) -> None:
    told = dict(re.findall(r"^  (\w+) +(\S.*)$", terminal.run("help").out.partition("\nAsk:")[2], re.MULTILINE))
    assert tuple(told) == Commands.NAMES
    assert told["query"] == "Answer a question, or prove a claim"
    assert max(map(len, terminal.run("help").out.partition("\nAsk:")[2].splitlines())) < 80


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("qery",), "error: No such command 'qery'. Did you mean 'query'?"),
        (("query", "more"), "error: reachproof query has no subcommands (got 'more')"),
        (("token", "make"), "error: No such command 'make'."),
    ],
)
def test_help_of_what_is_no_command_is_refused(words: tuple[str, ...], error: str, terminal: Terminal) -> None:
    ran = terminal.run("help", *words)
    assert (ran.code, ran.out, ran.err.splitlines()[-1]) == (2, "", error)


@pytest.mark.parametrize("command", ["", *Commands.NAMES])
def test_help_fits_a_terminal(command: str, terminal: Terminal) -> None:
    lines = terminal.run("help", *command.split()).out.splitlines()
    assert [line for line in lines if len(line) > 80] == []


def test_options_are_listed_by_section(terminal: Terminal) -> None:
    help_text = terminal.run("help", "query").out
    headings = [line.removesuffix(":") for line in help_text.splitlines() if re.fullmatch(r"[A-Z].*:", line)]
    wanted = [Section.SOURCES, Section.EXIT_CODE, Section.OUTPUT, Section.LIMITS, Section.MODEL]
    assert headings == wanted
    found = dict(zip(headings, re.split(r"^[A-Z].*:$", help_text, flags=re.MULTILINE)[1:], strict=True))
    where = {"--from": "Sources", "--expect": "Exit code", "--help": "Output", "--memory": "Limits"}
    assert [option for option, heading in where.items() if option not in found[Section(heading)]] == []
    assert "--pod-cidr" in found[Section.MODEL]


def test_every_model_option_is_also_the_variable_that_help_says() -> None:
    query = commands.get_command(click.Context(commands), "query")
    assert query is not None
    told = {
        option.opts[0]: option.envvar
        for option in query.params
        if isinstance(option, Option) and option.section is Section.MODEL
    }
    assert told.pop("--domain") == "REACHPROOF_DOMAINS"
    assert told == {name: f"REACHPROOF_{name[2:].replace('-', '_').upper()}" for name in told}


def test_version_is_that_of_the_option(terminal: Terminal) -> None:
    ran = terminal.run("version")
    assert ran == terminal.run("--version")
    assert (ran.code, ran.out) == (0, f"reachproof, version {__version__}\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(shell: str, terminal: Terminal) -> None:
    ran = terminal.run("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert f"_REACHPROOF_COMPLETE={shell}_complete" in ran.out


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("reachproof con", ["connectivity"]),
        ("reachproof help au", ["audit"]),
        ("reachproof check -o s", ["sarif"]),
        ("reachproof lint tena", ["tenants", "tenants-broken"]),
    ],
)
def test_bash_completes(typed: str, offered: list[str], workplace: Path) -> None:
    script = (
        f"source <(reachproof completion bash); COMP_WORDS=({typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); "
        'compopt() { files=1; }; _reachproof_completion reachproof; echo "${COMPREPLY[@]}"; '
        '[ -z "$files" ] || compgen -f -- "${COMP_WORDS[-1]}"'
    )
    environment = os.environ | installed_on_path()
    ran = subprocess.run(
        ["bash", "-c", script], cwd=workplace, env=environment, capture_output=True, text=True, check=True
    )
    assert (ran.stdout.split(), ran.stderr) == (offered, "")
