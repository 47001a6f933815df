"""The hooks for pre-commit are valid, and every command that docs/ci.md shows is one of ours and runs."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from reachproof.cli.exit_codes import ExitCode
from reachproof.cli.main import commands
from tests.docs.pages import section, tagged
from tests.house.places import ROOT

PAGE = "docs/ci.md"
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
CONFIGURATION, WORKFLOW = (yaml.safe_load(block) for block in tagged(PAGE, "yaml"))
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
PACK = "invariant no-database: no pod in tenant A can reach 10.0.0.0/8 on tcp/5432\n"
NEEDED = {"id", "name", "entry", "language"}
KNOWN = NEEDED | {"description", "files", "pass_filenames", "require_serial"}


def parsed(words: list[str]) -> click.Context:
    """The context of the subcommand that these words call; a usage error if they call none of ours."""
    program, name, *rest = words
    assert program == "reachproof"
    command = commands.get_command(click.Context(commands), name)
    assert command is not None
    return command.make_context(name, rest)


def ours(text: str) -> list[list[str]]:
    """The words of each line of a shell text that calls reachproof, up to where its output goes."""
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("reachproof ")]
    return [shlex.split(line.partition(">")[0]) for line in lines]


SHOWN = [
    *(words for step in STEPS for words in ours(step.get("run", ""))),
    *(words for block in tagged(PAGE, "sh") for words in ours(block)),
    *(
        [*shlex.split(hook["entry"]), *used["args"]]
        for hook in HOOKS
        for used in CONFIGURATION["repos"][0]["hooks"]
        if used["id"] == hook["id"]
    ),
]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_has_what_is_needed_and_nothing_that_is_not_known(hook: dict[str, Any]) -> None:
    assert set(hook) >= NEEDED
    assert set(hook) <= KNOWN
    assert hook["language"] == "python"


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_runs_without_arguments_and_takes_no_file_names(hook: dict[str, Any]) -> None:
    assert parsed(shlex.split(hook["entry"])).params["sources"] == ()
    assert hook["pass_filenames"] is False


def test_the_hooks_run_where_a_manifest_or_a_pack_changed() -> None:
    names = ["k8s/a.yaml", "k8s/a.yml", "policies/a.reach", "a.yaml.md", "ayaml", "package.json"]
    changed = {hook["id"]: [name for name in names if re.search(hook["files"], name)] for hook in HOOKS}
    assert changed == {"reachproof-check": names[:3], "reachproof-lint": names[:2]}


def test_the_configuration_that_is_shown_uses_every_hook() -> None:
    used = [hook["id"] for hook in CONFIGURATION["repos"][0]["hooks"]]
    assert used == [hook["id"] for hook in HOOKS]


@pytest.mark.parametrize("words", SHOWN, ids=shlex.join)
def test_a_command_that_is_shown_parses(words: list[str]) -> None:
    assert parsed(words).params["sources"] == ("k8s",)


def test_what_does_not_parse_is_noticed() -> None:
    with pytest.raises(click.UsageError, match="No such option"):
        parsed(["reachproof", "check", "--no-such"])


@pytest.mark.parametrize(
    ("example", "codes"),
    [
        ("tenants", [0, 1, 0]),
        ("tenants-broken", [1, 1, 0]),
        ("slip", [2, 2, 2]),
    ],
)
def test_the_steps_of_the_workflow_end_as_the_page_says(
    example: str, codes: list[int], tmp_path: Path, forks: Mapping[str, str]
) -> None:
    folder = given(tmp_path, example)
    ended = [
        subprocess.run(["bash", "-e", "-c", step["run"]], cwd=folder, env=forks, capture_output=True, check=False)
        for step in STEPS
        if ours(step.get("run", ""))
    ]
    check, lint, reports = (done.returncode for done in ended)
    # The test at the end of the line for the reports makes a code of its own.
    assert [check, lint, 2 if reports else 0] == codes
    if not reports:
        written = [json.loads((folder / name).read_text(encoding="utf-8")) for name in ("check.sarif", "lint.sarif")]
        assert [report["version"] for report in written] == ["2.1.0", "2.1.0"]


def given(folder: Path, example: str) -> Path:
    """A repository with the files that the page talks of; `slip` has a policy with a typing error."""
    (folder / "policies").mkdir()
    (folder / "policies" / "tenancy.reach").write_text(PACK, encoding="utf-8")
    (folder / "k8s").mkdir()
    source = ROOT / "queries" / "examples" / ("tenants" if example == "slip" else example)
    for path in source.iterdir():
        text = path.read_text(encoding="utf-8")
        (folder / "k8s" / path.name).write_text(
            text.replace("podSelector", "podSelecter") if example == "slip" else text, encoding="utf-8"
        )
    return folder


def test_the_uploads_are_of_the_reports_that_were_written() -> None:
    written = re.findall(r"> (\S+\.sarif)", "\n".join(step.get("run", "") for step in STEPS))
    uploaded = [step["with"]["sarif_file"] for step in STEPS if "upload-sarif" in step.get("uses", "")]
    assert uploaded == written


def test_the_exit_codes_on_the_page_are_those_of_the_commands() -> None:
    told = [int(code) for code in re.findall(r"^\| (\d+) \|", section(PAGE, "Exit codes"), re.MULTILINE)]
    assert told == [ExitCode.PROVED, ExitCode.REFUTED, ExitCode.BAD_INPUT, ExitCode.UNDECIDED, ExitCode.OUR_BUG]
