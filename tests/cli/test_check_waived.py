"""Failures that are accepted, by waivers and in baselines: what `check` prints, and what it exits with."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from reachproof.cli.exit_codes import ExitCode
from reachproof.cli.main import main
from tests.cli.test_check import MANIFESTS

SHUT = "invariant db-shut: no pod can reach namespace shop on tcp/80\n"
PRIVATE = "invariant db-private (high): no pod in namespace web can reach namespace shop on tcp/5432\n"
TYPO = "invariant typo: no pods labelled app=typo can reach namespace shop\n"
LATER, PAST = "2999-12-31", "2020-01-31"


def waiver(statement: str, expires: str, **more: str) -> str:
    fields = {"statement": statement, "owner": "team-shop", "reason": "SHOP-81", "expires": expires, **more}
    return "waivers:\n" + "".join(
        f"{'- ' if number == 0 else '  '}{key}: {value}\n" for number, (key, value) in enumerate(fields.items())
    )


class Check:
    """Runs `check` in a folder of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.write("cluster.yaml", MANIFESTS)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def run(self, pack: str, *options: str, waivers: str = "") -> tuple[int, str, str]:
        self.write("shop.reach", pack)
        given = ["--waivers", "w.yaml"] if waivers else []
        self.write("w.yaml", waivers)
        with pytest.raises(SystemExit) as ended:
            main(["check", "-q", "-f", "cluster.yaml", "--jobs", "1", *options, *given, "shop.reach"])
        told = self._capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, told.out, told.err


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Check:
    monkeypatch.chdir(tmp_path)
    return Check(tmp_path, capsys)


def test_a_waived_failure_is_named_with_owner_reason_and_last_day_and_does_not_fail(check: Check) -> None:
    code, out, _ = check.run(SHUT + PRIVATE, waivers=waiver("db-private", LATER))
    assert code == ExitCode.PROVED
    assert out.splitlines()[:4] == [
        "PASS  db-shut (medium)",
        "WAIVED  db-private (high)",
        "  waived by team-shop until 2999-12-31: SHOP-81",
        "  VIOLATED  no pod in namespace web can reach pods in namespace shop on tcp/5432",
    ]
    assert out.endswith("\n\n1 passed, 1 waived\n")


def test_an_expired_waiver_fails_and_is_told(check: Check) -> None:
    code, out, _ = check.run(SHUT + PRIVATE, waivers=waiver("db-private", PAST))
    assert code == ExitCode.REFUTED
    assert "FAIL  db-private (high)\n" in out
    assert out.endswith(
        "waiver without effect: db-private, waived by team-shop expired after 2020-01-31: SHOP-81; it is past its last "
        "day\n\n1 passed, 1 failed\n"
    )


@pytest.mark.parametrize(
    ("statement", "pack", "code", "why"),
    [
        ("db-shut", "shop.reach", 1, "the statement passed"),
        ("db-private", "other.reach", 1, "the statement is waived already"),
        ("nothing", "shop.reach", 1, "no statement of this name was checked"),
    ],
)
def test_a_waiver_that_is_for_nothing_is_told(check: Check, statement: str, pack: str, code: int, why: str) -> None:
    found, out, _ = check.run(SHUT + PRIVATE, waivers=waiver(statement, LATER, pack=pack))
    assert found == code
    if pack == "shop.reach":
        told = f"waiver without effect: {statement}, waived by team-shop until 2999-12-31: SHOP-81; {why}"
        assert told in out.splitlines()


def test_nothing_waives_what_is_undecided(check: Check) -> None:
    code, out, _ = check.run(SHUT + TYPO, waivers=waiver("typo", LATER))
    assert code == ExitCode.UNDECIDED
    assert (
        "waiver without effect: typo, waived by team-shop until 2999-12-31: SHOP-81; the statement is undecided, which "
        "nothing waives\n" in out
    )
    assert out.endswith("1 passed, 1 undecided\n")


def test_a_baseline_accepts_failures_of_the_same_rules_and_no_others(check: Check) -> None:
    code, out, _ = check.run(SHUT + PRIVATE, "--write-baseline", "known.json")
    assert (code, out.splitlines()[1:3]) == (
        ExitCode.PROVED,
        ["WAIVED  db-private (high)", "  accepted in the baseline"],
    )
    code, out, _ = check.run(PRIVATE + SHUT, "--baseline", "known.json")
    assert (code, out.splitlines()[-1]) == (ExitCode.PROVED, "1 passed, 1 waived")
    check.write(
        "cluster.yaml",
        MANIFESTS.replace("name: db, namespace: shop}\nspec:\n  pod", "name: x, namespace: shop}\nspec:\n  pod"),
    )
    code, out, _ = check.run(PRIVATE + SHUT, "--baseline", "known.json")
    assert (code, out.splitlines()[-1]) == (ExitCode.REFUTED, "1 passed, 1 failed")


def test_a_baseline_of_undecided_statements_is_no_pass(check: Check) -> None:
    code, _, _ = check.run(PRIVATE + TYPO, "--write-baseline", "known.json")
    assert code == ExitCode.UNDECIDED
    (entry,) = json.loads((check.folder / "known.json").read_text(encoding="utf-8"))["known"]
    assert entry["about"] == "db-private: violated"


def test_the_document_keeps_the_verdict_and_lists_every_waiver(check: Check) -> None:
    waivers = waiver("db-private", LATER) + waiver("db-shut", PAST).removeprefix("waivers:\n")
    code, out, _ = check.run(SHUT + PRIVATE, "-o", "json", waivers=waivers)
    report = json.loads(out)
    assert (code, report["verdict"], [each["status"] for each in report["answers"]]) == (
        ExitCode.PROVED,
        "violated",
        ["passed", "failed"],
    )
    told = {"by": "waiver", "owner": "team-shop", "reason": "SHOP-81"}
    assert report["waivers"] == [
        {"statement": "db-private", "state": "applied", "expires": LATER, **told},
        {"statement": "db-shut", "state": "expired", "expires": PAST, **told},
    ]


def test_build_servers_see_a_waived_failure_as_skipped_suppressed_or_a_notice(check: Check) -> None:
    waivers = waiver("db-private", LATER)
    suite = ElementTree.fromstring(check.run(SHUT + PRIVATE, "-o", "junit", waivers=waivers)[1])
    assert {key: suite.get(key) for key in ("failures", "errors", "skipped")} == {
        "failures": "0",
        "errors": "0",
        "skipped": "1",
    }
    (skipped,) = suite.iter("skipped")
    assert skipped.get("message") == "waived by team-shop until 2999-12-31: SHOP-81 (violated)"
    (result,) = json.loads(check.run(SHUT + PRIVATE, "-o", "sarif", waivers=waivers)[1])["runs"][0]["results"]
    assert result["suppressions"] == [
        {"kind": "external", "justification": "waived by team-shop until 2999-12-31: SHOP-81"}
    ]
    annotation = check.run(SHUT + PRIVATE, "-o", "github", waivers=waivers)[1].splitlines()[0]
    assert annotation.startswith(
        "::notice file=cluster.yaml,line=28,title=db-private (high)::waived by team-shop until 2999-12-31: SHOP-81%0A"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\n", "w.yaml:1: not a list of waivers; expected `waivers:` with a list below it, and nothing else"),
        ("waivers:\n- statement: a\n", "w.yaml:2: a waiver needs owner, reason, expires, as text"),
        (waiver("a", "31.12.2999"), "w.yaml:2: `expires` is no day of the form YYYY-MM-DD (got 31.12.2999)"),
        (waiver("a", LATER, until="x"), "w.yaml:2: unknown field `until`"),
    ],
)
def test_waivers_that_cannot_be_read_are_refused(check: Check, text: str, told: str) -> None:
    assert check.run(SHUT, waivers=text) == (ExitCode.BAD_INPUT, "", f"error: {told}\n")
