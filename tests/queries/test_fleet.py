"""Audits of fleets by processes that die: one outcome for each snapshot, the same as without the deaths."""

from __future__ import annotations

import pickle
from concurrent.futures import Future
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path

import pytest

from reachproof import __version__
from reachproof.documents.audit import Audited
from reachproof.documents.words import State, Verdict
from reachproof.network.errors import InternalError, Problem
from reachproof.network.snapshot import Snapshot
from reachproof.queries.audit_places import local_places
from reachproof.queries.fleet import MOST_ATTEMPTS, AuditTask, Failure, Given, audit, audit_one, refused
from reachproof.queries.packs import PackText
from tests.queries.fleets import PACK, Endless, Fatal, Told, fleet, task

HOLDS, VIOLATED, UNKNOWN = Verdict.HOLDS, Verdict.VIOLATED, Verdict.UNKNOWN


class Here:
    """A place that works at once, and answers what it is told to."""

    def __init__(self, room: int = 1, answer: Audited | BaseException | None = None, again: bool = False) -> None:
        self.room = room
        self.held: list[str] = []
        self.closed: list[bool] = []
        self._answer = answer
        self._again = again

    def submit(self, task: AuditTask) -> Future[Audited]:
        self.held.append(task.name)
        future: Future[Audited] = Future()
        answer = self._answer or Audited(name=task.name, state=State.CHECKED)
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)
        return future

    def failure(self, error: BaseException) -> Failure | None:
        return Failure(state=State.LOST, reason="gone", again=self._again) if isinstance(error, EOFError) else None

    def close(self, *, at_once: bool) -> None:
        self.closed.append(at_once)


def summary(found: Audited) -> tuple[str, State, Verdict, int]:
    return found.name, found.state, found.verdict, found.attempts


def test_a_task_travels_and_its_outcome_too() -> None:
    given = task("eu", shut=False)
    assert pickle.loads(pickle.dumps(given)) == given
    found = audit_one(given)
    [pack] = found.packs
    assert pickle.loads(pickle.dumps(found)) == found
    assert pack.document is not None
    assert (found.verdict, pack.document.verdict) == (VIOLATED, VIOLATED)
    assert found.digest.startswith("sha256:")


def test_a_pack_that_does_not_fit_a_snapshot_does_not_stop_the_others() -> None:
    other = PackText(name="other.reach", text="invariant far: no pod in namespace nowhere can reach nodes\n")
    found = audit_one(replace(task("eu"), packs=(other, PACK)))
    assert [(each.pack, each.state) for each in found.packs] == [
        ("other.reach", State.REFUSED),
        ("shut.reach", State.CHECKED),
    ]
    assert [each.message.splitlines()[0] for each in found.packs[0].problems] == [
        "no namespace nowhere in the snapshot; it has shop, web"
    ]
    assert found.verdict is UNKNOWN


def test_a_worker_with_another_version_refuses() -> None:
    found = audit_one(replace(task("eu"), version="0.0.1"))
    message = (
        f"the worker runs reachproof {__version__}, the audit was started with 0.0.1; install the same version on both"
    )
    assert found == refused("eu", [Problem(message=message)])


def test_a_bug_on_one_snapshot_is_its_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Snapshot:
        raise ZeroDivisionError("a planted bug")

    monkeypatch.setattr("reachproof.queries.fleet.load_contents", broken)
    found = audit_one(task("eu"))
    assert (found.state, found.reason) == (State.BROKEN, "ZeroDivisionError: a planted bug")
    assert found.trace.startswith("Traceback")


def test_outcomes_stand_in_the_order_given_and_each_snapshot_has_one() -> None:
    places = Here(room=2), Here()
    told = Told()
    report = audit(fleet(*(task(name) for name in "abcdef")), places, told)
    assert [each.name for each in report.snapshots] == list("abcdef")
    assert sorted(told.names) == sorted(places[0].held + places[1].held) == list("abcdef")
    assert places[0].closed == places[1].closed == [False]


def test_what_cannot_be_read_is_given_to_nobody() -> None:
    bad = refused("bad", [Problem(message="unreadable")])
    place = Here()
    report = audit([Given(name="bad", read=lambda: bad), *fleet(task("good"))], [place], Told())
    assert report.snapshots == (bad, Audited(name="good", state=State.CHECKED))
    assert place.held == ["good"]


def test_a_task_whose_workers_keep_dying_is_given_up_after_so_many() -> None:
    place, told = Here(answer=EOFError(), again=True), Told()
    report = audit(fleet(task("a")), [place], told)
    assert place.held == ["a"] * MOST_ATTEMPTS
    assert told.repeated == [("a", 2), ("a", 3)]
    assert report.snapshots == (Audited(name="a", state=State.LOST, reason="gone", attempts=MOST_ATTEMPTS),)


def test_an_error_that_tells_nothing_of_workers_is_a_bug_of_ours() -> None:
    [found] = audit(fleet(task("a")), [Here(answer=KeyError("x"))], Told()).snapshots
    assert (found.state, found.reason) == (State.BROKEN, "KeyError: 'x'")


def test_an_answer_about_another_snapshot_is_never_taken() -> None:
    with pytest.raises(InternalError, match="asked about the snapshot a, answered about b"):
        audit(fleet(task("a")), [Here(answer=Audited(name="b", state=State.CHECKED))], Told())


@pytest.mark.parametrize("deaths", [1, MOST_ATTEMPTS])
def test_with_processes_that_are_killed_nothing_is_lost_and_nothing_counted_twice(tmp_path: Path, deaths: int) -> None:
    fatal = task("b", contents=Fatal.of(task("b").contents, tmp_path, deaths))
    told = Told()
    report = audit(fleet(task("a"), fatal, task("c", shut=False)), local_places(2), told)
    survived = deaths < MOST_ATTEMPTS
    b = ("b", State.CHECKED, HOLDS, deaths + 1) if survived else ("b", State.LOST, UNKNOWN, MOST_ATTEMPTS)
    assert list(map(summary, report.snapshots)) == [
        ("a", State.CHECKED, HOLDS, 1),
        b,
        ("c", State.CHECKED, VIOLATED, 1),
    ]
    assert sorted(told.names) == ["a", "b", "c"]
    assert told.repeated == [("b", 2), ("b", 3)][: min(deaths, MOST_ATTEMPTS - 1)]
    assert report.verdict is VIOLATED


def test_an_interrupt_keeps_what_is_finished_and_ends_the_processes() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    endless = task("b", contents=Endless(task("b").contents))
    before = active_children()
    report = audit(fleet(task("a"), endless, task("c")), local_places(2), Told(interrupt))
    assert [(each.name, each.state) for each in report.snapshots if each.name != "c"] == [
        ("a", State.CHECKED),
        ("b", State.UNFINISHED),
    ]
    assert report.interrupted
    assert [each for each in active_children() if each not in before] == []
