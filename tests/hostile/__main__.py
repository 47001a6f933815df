"""`python -m tests.hostile [--requests 20000] [--seed N]`: good and hostile requests, mixed at random, to a service.

Ends with 1 if an answer is wrong, a status is 5xx but 503 with Retry-After, /healthz takes longer than half a second, a
worker is lost, the service's process takes more than 300 MB, or its memory or that of its workers goes on growing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from reachproof.manifests import load
from tests.api.running_service import workers_of
from tests.hostile.good import NAME, TENANTS, good_requests, manifests
from tests.hostile.run import HEALTH, Seen, attack, mixed, truth_of

MOST_MB = 300
GROWTH = 1.2
"""Memory in the last quarter of the run over that in the second one."""
SLACK_MB = 20
MARKS = 20


@contextmanager
def service(folder: Path, workers: int) -> Iterator[tuple[int, int]]:
    """A service with a store of its own: its process id, and its port."""
    environment = {
        **os.environ,
        "REACHPROOF_DATABASE_URL": f"sqlite:///{folder}/store.db",
        "REACHPROOF_WORKERS": str(workers),
    }
    command = [sys.executable, "-P", "-m", "reachproof", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        port = int(process.stderr.readline().rsplit(":", 1)[1])
        threading.Thread(target=process.stderr.read, daemon=True).start()
        try:
            yield process.pid, port
        finally:
            process.terminate()


def megabytes(pid: int) -> float:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def stored(port: int) -> None:
    """Store the example cluster as NAME."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", f"/snapshots?name={NAME}", manifests(), {"content-type": "application/yaml"})
        response = connection.getresponse()
        assert response.status in (200, 201), response.read()


def metric(port: int, name: str) -> float:
    """The value of a metric without labels."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


class Memory:
    """Megabytes of the service's process and of its workers together, at marks on the way."""

    def __init__(self, pid: int, requests: int) -> None:
        self._pid = pid
        self._step = max(1, requests // MARKS)
        self.own: list[float] = []
        self.workers: list[float] = []

    def look(self, requests: int) -> None:
        """Note how much it is now, if another mark is passed."""
        if requests < self._step * (len(self.own) + 1):
            return
        self.own.append(megabytes(self._pid))
        self.workers.append(sum(map(megabytes, workers_of(self._pid))))
        print(f"{requests:>7} requests: {self.own[-1]:.0f} MB, workers {self.workers[-1]:.0f} MB", flush=True)

    def problems(self) -> Iterator[str]:
        """A line for each limit that was not kept."""
        if max(self.own, default=0) > MOST_MB:
            yield f"the service took {max(self.own):.0f} MB (the limit is {MOST_MB})"
        for name, marks in (("the service", self.own), ("its workers", self.workers)):
            quarter = len(marks) // 4
            before, after = max(marks[quarter : 2 * quarter], default=0), max(marks[-quarter:], default=0)
            if after > before * GROWTH + SLACK_MB:
                yield f"the memory of {name} grew from {before:.0f} to {after:.0f} MB"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    good = good_requests(load(TENANTS))
    with TemporaryDirectory() as folder, service(Path(folder), options.workers) as (pid, port):
        stored(port)
        memory = Memory(pid, options.requests)
        requests = islice(mixed(random.Random(options.seed), good), options.requests)
        started = time.monotonic()
        seen = attack(port, requests, truth_of(good), clients=options.clients, every=memory.look)
        seconds = time.monotonic() - started
        lost = metric(port, "reachproof_worker_kills_total")
    return report(seen, [*memory.problems(), *_lost(lost)], seconds)


def _lost(workers: float) -> Iterator[str]:
    if workers:
        yield f"{workers:.0f} workers were killed"


def report(seen: Seen, problems: list[str], seconds: float) -> int:
    """Print what was seen; 1 where it is not as it should be."""
    if seen.slowest_health > HEALTH:
        problems.append(f"/healthz took {seen.slowest_health:.2f} s (the limit is {HEALTH} s)")
    print(f"{seen.requests} requests in {seconds:.0f} s; slowest /healthz {seen.slowest_health:.2f} s")
    print("statuses", json.dumps(dict(sorted(seen.statuses.items()))))
    print("verdicts", json.dumps(dict(sorted(seen.verdicts.items()))))
    for each in [*seen.wrong[:20], *problems]:
        print(f"WRONG: {each}")
    print(f"{len(seen.wrong)} wrong answers, {len(problems)} other problems")
    return int(bool(seen.wrong or problems))


if __name__ == "__main__":
    raise SystemExit(main())
