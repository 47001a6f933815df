"""Findings that are accepted, by comments and in baselines: what is printed, and what it exits with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reachproof.cli.exit_codes import ExitCode
from reachproof.cli.main import main

NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
POD = """---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop}
spec: {containers: [{name: c, image: i}]}
"""
IGNORE = "# reachproof: ignore NAMESPACE_WITHOUT_POLICY nothing to protect\n"
OPEN = "info: NAMESPACE_WITHOUT_POLICY: namespace shop has 1 pod and no NetworkPolicy"
TYPO = """---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: np, namespace: shop}
spec: {podSelector: {matchLabels: {app: typo}}}
"""


class Lint:
    """Runs `lint` in a folder of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def run(self, text: str, *options: str) -> tuple[int, list[str], str]:
        """Exit code, lines without those that explain, stderr."""
        (self.folder / "all.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(SystemExit) as ended:
            main(["lint", "-q", "-f", "all.yaml", *options])
        told = self._capsys.readouterr()
        assert isinstance(ended.value.code, int)
        out = told.out if "-o" in options else told.out.split("\n\n")[0] + "\n" + told.out.split("\n\n")[-1]
        return ended.value.code, [*filter(None, dict.fromkeys(out.splitlines()))], told.err


@pytest.fixture
def lint(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lint:
    monkeypatch.chdir(tmp_path)
    return Lint(tmp_path, capsys)


def test_a_comment_with_a_reason_accepts_a_finding_which_is_named_and_counted(lint: Lint) -> None:
    assert lint.run(IGNORE + NAMESPACE + POD, "--fail-on", "info") == (
        ExitCode.PROVED,
        [
            "accepted: all.yaml:2: NAMESPACE_WITHOUT_POLICY: namespace shop (nothing to protect)",
            "0 errors, 0 warnings, 0 info; 1 accepted",
        ],
        "",
    )


@pytest.mark.parametrize(
    ("comment", "wrong"),
    [
        (
            "ignore NAMESPACE_WITHOUT_POLICY",
            "it gives no reason; write # reachproof: ignore NAMESPACE_WITHOUT_POLICY REASON",
        ),
        (
            "ignore NAMESPACE_WITHOUT_POLICI why",
            "NAMESPACE_WITHOUT_POLICI is no code of lint; did you mean NAMESPACE_WITHOUT_POLICY?",
        ),
        ("ignore", "it names no code; write # reachproof: ignore CODE REASON"),
        ("ignore DNS_BLOCKED why", "lint finds no DNS_BLOCKED in this object; remove the comment"),
    ],
)
def test_a_comment_that_accepts_nothing_is_a_finding(lint: Lint, comment: str, wrong: str) -> None:
    code, lines, _ = lint.run(f"# reachproof: {comment}\n{NAMESPACE}{POD}", "--fail-on", "warning")
    assert code == ExitCode.REFUTED
    assert lines == [
        f"all.yaml:1: warning: IGNORE_COMMENT: the comment accepts nothing: {wrong}",
        f"all.yaml:2: {OPEN}",
        "0 errors, 1 warning, 1 info",
    ]


def test_a_comment_is_not_called_useless_where_not_everything_was_looked_for(lint: Lint) -> None:
    text = f"# reachproof: ignore DNS_BLOCKED why\n{NAMESPACE}{POD}"
    code, lines, _ = lint.run(text, "--timeout", "0.0000001")
    assert code == ExitCode.UNDECIDED
    assert not any("IGNORE_COMMENT" in line for line in lines)


def test_a_comment_is_about_its_own_object_only(lint: Lint) -> None:
    code, lines, _ = lint.run(NAMESPACE + POD.replace("---", f"---\n{IGNORE.strip()}"), "--fail-on", "never")
    assert code == ExitCode.PROVED
    assert f"all.yaml:1: {OPEN}" in lines


def test_a_baseline_accepts_what_was_found_and_fails_on_what_is_new(lint: Lint) -> None:
    code, lines, _ = lint.run(NAMESPACE + POD, "--write-baseline", "known.json", "--fail-on", "info")
    assert (code, lines) == (ExitCode.PROVED, [f"all.yaml:1: {OPEN}", "0 errors, 0 warnings, 1 info"])
    written = json.loads((lint.folder / "known.json").read_text(encoding="utf-8"))
    (entry,) = written["known"]
    assert (written["apiVersion"], written["command"]) == ("reachproof/v1", "lint")
    assert entry["about"] == "NAMESPACE_WITHOUT_POLICY namespace shop"
    more_pods = POD + POD.replace("name: db", "name: other")
    assert lint.run(f"# moved\n{NAMESPACE}{more_pods}", "--baseline", "known.json", "--fail-on", "info") == (
        ExitCode.PROVED,
        ["in the baseline: NAMESPACE_WITHOUT_POLICY: 1", "0 errors, 0 warnings, 0 info; 1 accepted"],
        "",
    )
    code, lines, _ = lint.run(NAMESPACE + POD + TYPO, "--baseline", "known.json", "--fail-on", "warning")
    assert code == ExitCode.REFUTED
    assert lines[0] == (
        "all.yaml:10: warning: SELECTS_NOTHING: NetworkPolicy shop/np selects pods labelled app=typo in namespace "
        "shop; no pod in the snapshot is selected"
    )


def test_a_baseline_accepts_a_finding_as_often_as_it_was_found(lint: Lint) -> None:
    one = TYPO.replace("podSelector: {matchLabels: {app: typo}}", "podSelector: {}, ingress: [{ports: [{port: a}]}]")
    two = one.replace("{port: a}", "{port: a}, {port: b}")
    lint.run(NAMESPACE + POD + one, "--write-baseline", "known.json")
    code, lines, _ = lint.run(NAMESPACE + POD + two, "--baseline", "known.json")
    assert code == ExitCode.REFUTED
    assert [line for line in lines if "error: " in line] == [
        "all.yaml:13: error: UNKNOWN_PORT_NAME: NetworkPolicy shop/np ingress rule 0 names the port b of tcp, which no "
        "destination pod that it selects declares"
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file or directory"),
        (
            "x",
            "not a baseline (Expecting value: line 1 column 1 (char 0)); make one with --write-baseline",
        ),
        ('{"apiVersion": "reachproof/v1", "command": "check", "known": []}', "a baseline of `check`, not of `lint`"),
    ],
)
def test_a_file_that_is_no_baseline_is_refused(lint: Lint, content: str | None, told: str) -> None:
    if content is not None:
        (lint.folder / "known.json").write_text(content, encoding="utf-8")
    code, lines, err = lint.run(NAMESPACE, "--baseline", "known.json")
    assert (code, lines, err) == (ExitCode.BAD_INPUT, [], f"error: known.json: {told}\n")


def test_sarif_has_what_is_accepted_as_suppressions(lint: Lint) -> None:
    _, lines, _ = lint.run(IGNORE + NAMESPACE + POD, "-o", "sarif", "--fail-on", "never")
    assert '"justification": "nothing to protect"' in "\n".join(lines)
    assert '"kind": "inSource",' in "\n".join(lines)
