"""Audits on a real Dask cluster of processes, of which some are killed in the middle."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dask
import pytest
from distributed import LocalCluster

from reachproof.documents.words import State, Verdict
from reachproof.network.errors import InputError
from reachproof.queries.audit_places import dask_places
from reachproof.queries.fleet import ClusterError, audit
from tests.queries.fleets import Endless, Fatal, Told, fleet, task

HOLDS, VIOLATED, UNKNOWN = Verdict.HOLDS, Verdict.VIOLATED, Verdict.UNKNOWN


@contextmanager
def started(workers: int) -> Iterator[LocalCluster]:
    """So many workers: forks of a process that has imported distributed, each with a nanny that replaces it."""
    with (
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}),
        LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
        ) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Two workers; a task may see two of them die."""
    with dask.config.set({"distributed.scheduler.allowed-failures": 2}), started(2) as found:
        yield found


def address(cluster: LocalCluster) -> str:
    return str(cluster.scheduler_address).replace("tcp://", "dask://")


def test_with_workers_that_are_killed_nothing_is_lost_and_nothing_counted_twice(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    [place] = dask_places(address(cluster))
    workers = place._client.run(os.getpid)  # type: ignore[attr-defined]
    killed = next(iter(workers.values()))
    told = Told(lambda: os.kill(killed, signal.SIGKILL))  # when the first is finished, another is under way there
    tasks = [task(f"s{number}", shut=number % 2 == 0) for number in range(7)]
    tasks.append(task("fatal", contents=Fatal.of(task("fatal").contents, tmp_path, 1)))
    report = audit(fleet(*tasks), [place], told)
    assert [(each.name, each.state, each.verdict) for each in report.snapshots] == [
        *((f"s{number}", State.CHECKED, VIOLATED if number % 2 else HOLDS) for number in range(7)),
        ("fatal", State.CHECKED, HOLDS),
    ]
    assert sorted(told.names) == sorted(each.name for each in tasks)
    assert [each.name for each in tmp_path.iterdir()] == ["death-0"]


def test_what_kills_every_worker_is_lost_and_the_others_are_not(cluster: LocalCluster, tmp_path: Path) -> None:
    cluster.wait_for_workers(2)  # behind the task that kills the only worker, any other would be blamed as well
    fatal = task("fatal", contents=Fatal.of(task("fatal").contents, tmp_path, 100))
    report = audit(fleet(fatal, task("good")), dask_places(address(cluster)), Told())
    assert [(each.name, each.state, each.verdict, each.reason) for each in report.snapshots] == [
        ("fatal", State.LOST, UNKNOWN, "3 workers died while they worked on it"),
        ("good", State.CHECKED, HOLDS, ""),
    ]


def test_what_was_finished_stays_when_the_scheduler_goes_away() -> None:
    with started(1) as doomed:

        def stop() -> None:
            doomed.close()

        endless = task("b", contents=Endless(task("b").contents))
        report = audit(fleet(task("a"), endless, task("c")), dask_places(address(doomed)), Told(stop))
    gone = "the connection to the scheduler was lost"
    assert [(each.name, each.state, each.reason) for each in report.snapshots] == [
        ("a", State.CHECKED, ""),
        ("b", State.UNREACHABLE, gone),
        ("c", State.UNREACHABLE, gone),
    ]


def test_a_cluster_that_is_not_there_is_told() -> None:
    with pytest.raises(ClusterError) as raised:
        dask_places("dask://127.0.0.1:1")
    assert (
        str(raised.value)
        == "cannot connect to the Dask scheduler at dask://127.0.0.1:1: [Errno 111] Connection refused"
    )


def test_a_cluster_without_workers_is_told() -> None:
    with started(0) as empty:
        empty_address = address(empty)
        with pytest.raises(ClusterError) as raised:
            dask_places(empty_address)
    assert str(raised.value) == f"the Dask scheduler {empty_address} has no workers; start at least one"


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError) as raised:
        dask_places("dask://127.0.0.1:8786")
    text = "an audit on Dask needs the package `distributed`; pip install 'reachproof[dask]'"
    assert [(each.file, each.message) for each in raised.value.problems] == [("--executor", text)]
