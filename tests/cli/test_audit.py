"""`reachproof audit`: what it writes in every form, and the codes it ends with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from concurrent.futures import Future
from pathlib import Path
from xml.etree import ElementTree

import pytest

from reachproof.cli.exit_codes import ExitCode, audited_code
from reachproof.cli.main import main
from reachproof.documents.audit import Audited
from reachproof.documents.words import State
from reachproof.queries import audit_places
from reachproof.queries.fleet import AuditTask, audit_one
from reachproof.render.report_text import word_of
from tests.cli.test_check import check_sarif
from tests.cli.test_process import command, environment
from tests.queries.fleets import PACK, cluster

TEXT = """\
HOLDS  eu  (1 passed)
VIOLATED  us  (1 failed)
  FAIL  shut (medium)
    VIOLATED  no pod in namespace web can reach pods in namespace shop on tcp/80
      pod web/site (10.0.0.2) -> pod shop/db (10.0.0.1) on tcp/80
        egress  allow no policy decides egress from pod web/site to pod shop/db on tcp/80; it is allowed by default
        ingress allow no policy decides ingress from pod web/site to pod shop/db on tcp/80; it is allowed by default
REFUSED  typo
  error: typo/cluster.yaml:1: not a Kubernetes object: no apiVersion; leave out files that \
are not manifests, and render charts and overlays first

3 snapshots: 1 holds, 1 violated, 1 refused
"""


NO_OBJECT = "kind: Pod\nmetadata: {}\n"


class Place:
    """A folder with a fleet, and a way to audit some of it."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        Path("shut.reach").write_text(PACK.text, encoding="utf-8")
        for name, text in (("eu", cluster(shut=True)), ("us", cluster(shut=False)), ("typo", NO_OBJECT)):
            Path(name).mkdir()
            Path(name, "cluster.yaml").write_text(text, encoding="utf-8")

    def audit(self, *arguments: str) -> tuple[int, str, str]:
        """The exit code, stdout and stderr."""
        self._capsys.readouterr()
        one = () if "--executor" in arguments else ("--jobs", "1")  # each process would load Z3
        with pytest.raises(SystemExit) as ended:
            main(["audit", "--pack", "shut.reach", *one, *arguments])
        assert isinstance(ended.value.code, int)
        out, err = self._capsys.readouterr()
        return int(ended.value.code), out, err


class Inline:
    """This process as a place: what is written does not depend on who did the work."""

    room = 1

    def submit(self, task: AuditTask) -> Future[Audited]:
        future: Future[Audited] = Future()
        future.set_result(audit_one(task))
        return future

    def failure(self, error: BaseException) -> None:
        raise error

    def close(self, *, at_once: bool) -> None:
        assert not at_once


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    return Place(capsys)


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_places, "local_places", lambda _jobs: (Inline(),))


def test_a_broken_snapshot_does_not_stop_the_others(place: Place) -> None:
    assert place.audit("--no-color", "--snapshots", "eu", "us/", "typo") == (2, TEXT, NO_POLICIES)


NO_POLICIES = (
    "us: warning: NO_POLICIES: the input has no policies, so every connection is allowed; check what was collected\n"
)


@pytest.mark.usefixtures("inline")
@pytest.mark.parametrize(("snapshots", "code"), [(("eu",), 0), (("eu", "us"), 1), (("us", "missing"), 2)], ids=str)
def test_the_exit_code_is_the_worst_of_the_fleet(place: Place, snapshots: tuple[str, ...], code: int) -> None:
    assert place.audit("-q", "--snapshots", *snapshots)[0] == code


@pytest.mark.usefixtures("inline")
def test_a_fleet_without_policies_passes_only_where_that_is_allowed(place: Place) -> None:
    Path("open.reach").write_text("invariant open: every pod can reach every pod\n", encoding="utf-8")
    arguments = ("-q", "--no-color", "--pack", "open.reach", "--snapshots", "us")
    Path("shut.reach").write_text("expect reachable: can any pod reach any pod?\n", encoding="utf-8")
    assert place.audit(*arguments)[0] == 3
    assert place.audit("--allow-no-policies", *arguments)[:2] == (
        0,
        "HOLDS  us  (2 passed)\n\n1 snapshot: 1 holds\n",
    )


def test_every_state_has_the_exit_code_of_its_kind() -> None:
    codes = {state: audited_code(Audited(name="a", state=state)) for state in State if state is not State.CHECKED}
    assert codes == {
        State.REFUSED: ExitCode.BAD_INPUT,
        State.BROKEN: ExitCode.OUR_BUG,
        State.LOST: ExitCode.UNDECIDED,
        State.UNREACHABLE: ExitCode.UNREACHABLE_SERVER,
        State.UNFINISHED: ExitCode.INTERRUPTED,
    }
    assert {word_of(Audited(name="a", state=state)) for state in codes} == set(map(str, codes))


@pytest.mark.usefixtures("inline")
def test_the_json_has_every_snapshot_with_its_packs(place: Place) -> None:
    code, out, _ = place.audit("--snapshots", "eu", "us", "typo", "-o", "json")
    document = json.loads(out)
    assert (code, document["verdict"], document["interrupted"]) == (2, "violated", False)
    assert document["counts"] == {
        "checked": 2, "refused": 1, "broken": 0, "lost": 0, "unreachable": 0, "unfinished": 0,
    }  # fmt: skip
    assert [(each["name"], each["state"], each["verdict"], each["attempts"]) for each in document["snapshots"]] == [
        ("eu", "checked", "holds", 1),
        ("us", "checked", "violated", 1),
        ("typo", "refused", "unknown", 1),
    ]
    [pack] = document["snapshots"][1]["packs"]
    assert (pack["pack"], pack["state"], pack["verdict"]) == ("shut.reach", "checked", "violated")
    assert [(each["name"], each["status"]) for each in pack["answers"]] == [("shut", "failed")]
    assert pack["answers"][0]["evidence"]["snapshot"] == document["snapshots"][1]["snapshot"]
    assert [each["file"] for each in document["snapshots"][2]["problems"]] == ["typo/cluster.yaml"]


@pytest.mark.usefixtures("inline")
def test_junit_has_a_suite_for_each_pack_on_each_snapshot(place: Place) -> None:
    _, out, _ = place.audit("--snapshots", "eu", "us", "typo", "-o", "junit")
    suites = ElementTree.fromstring(out)
    assert suites.attrib == {"name": "reachproof", "tests": "3", "failures": "1", "errors": "1", "skipped": "0"}
    assert [suite.get("name") for suite in suites] == ["eu shut.reach", "us shut.reach", "typo"]
    error = suites[2].find("testcase/error")
    assert error is not None and error.get("type") == "refused" and "no apiVersion" in str(error.text)


@pytest.mark.usefixtures("inline")
def test_sarif_has_a_run_for_each_snapshot(place: Place) -> None:
    _, out, _ = place.audit("--snapshots", "eu", "us", "-o", "sarif")
    document = json.loads(out)
    check_sarif(document)
    assert [(run["automationDetails"]["id"], len(run["results"])) for run in document["runs"]] == [
        ("reachproof-audit/eu/", 0),
        ("reachproof-audit/us/", 1),
    ]
    [run] = json.loads(place.audit("--snapshots", "typo", "-o", "sarif")[1])["runs"]
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [each["level"] for each in invocation["toolExecutionNotifications"]] == ["error"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("eu", "./eu"), "Invalid value for '--snapshots': './eu' and 'eu' are the same; name it once"),
        (("-",), "Invalid value for '--snapshots': cannot read from standard input; name a file or a folder"),
        (("eu", "--pack", "shut.reach"),
            "Invalid value for '--pack': 'shut.reach' and 'shut.reach' are the same; name it once"),
        (("eu", "--executor", "ray://x"), "Invalid value for '--executor': 'ray://x' is not an executor; write local or dask://HOST:PORT"),
        (("eu", "--executor", "dask://x:1", "--jobs", "2"),
            "Invalid value for '--jobs': not with a Dask cluster, whose workers are started there"),
    ],
)  # fmt: skip
def test_what_would_be_counted_twice_or_not_at_all_is_a_usage_error(
    place: Place, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = place.audit("--snapshots", *arguments)
    assert (code, out, err.splitlines()[-1]) == (2, "", f"error: {message}")


def test_a_pack_that_is_none_is_told_once_and_nothing_is_done(place: Place) -> None:
    Path("bad.reach").write_text("invariant: no pod can reach nodes\n", encoding="utf-8")
    code, out, err = place.audit("--pack", "bad.reach", "--snapshots", "eu", "us")
    assert (code, out) == (2, "")
    assert err.startswith("error: bad.reach:1: found `:`")


def test_a_sentence_that_is_not_understood_refuses_its_pack_on_each_snapshot(place: Place) -> None:
    Path("bad.reach").write_text("invariant a: no pod can reech nodes\n", encoding="utf-8")
    code, out, _ = place.audit("--pack", "bad.reach", "--snapshots", "eu", "us")
    refused = [line for line in out.splitlines() if line.startswith("  error: ")]
    assert (code, refused) == (2, ["  error: bad.reach:1: found `reech`, expected `reach`; did you mean `reach`?"] * 2)


def test_packs_in_plain_speech_are_checked_as_check_does(place: Place) -> None:
    Path("plain.reach").write_text("invariant plain: nothing in web can talk to shop/db on 80\n", encoding="utf-8")
    code, out, err = place.audit("--pack", "plain.reach", "--snapshots", "eu", "us")
    assert (code, out.splitlines()[0]) == (1, "HOLDS  eu  (2 passed)")
    assert "VIOLATED  us  (2 failed)" in out.splitlines()
    exact = "no pod in namespace web can reach pod shop/db on tcp/80"
    assert [line for line in err.splitlines() if "PLAIN_SPEECH" in line and exact in line] != []


def test_a_scheduler_that_is_not_there_has_a_code_of_its_own(place: Place) -> None:
    assert place.audit("--snapshots", "eu", "--executor", "dask://127.0.0.1:1") == (
        4,
        "",
        "error: cannot connect to the Dask scheduler at dask://127.0.0.1:1: [Errno 111] Connection refused\n",
    )


def test_an_interrupt_reports_what_is_finished(place: Place) -> None:
    os.mkfifo("late.yaml")  # read when the first is finished, as there is one process
    asked = command("audit", "--jobs", "1", "--pack", "shut.reach", "--snapshots", "eu", "late.yaml")
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(asked, stdout=pipe, stderr=pipe, text=True, env=environment()) as running,
        open("late.yaml", "wb"),  # waits for a reader
    ):
        running.send_signal(signal.SIGINT)
        out, err = running.communicate()
    assert (running.returncode, err) == (130, "")
    assert out == (
        "HOLDS  eu  (1 passed)\nUNFINISHED  late.yaml\n  interrupted before it was finished\n\n"
        "2 snapshots: 1 holds, 1 unfinished\n"
    )
