"""How many questions a second the service answers, and in what time: a bounded load on loopback.

    python -m bench.load --generator PATH/gen_cluster.py [--pods 10000] [--queries 20000] [--clients 4] [--workers 2]
                         [--distinct 200]

Starts `reachproof serve` with a generated snapshot, and asks it in a closed loop: each client sends its next question
when it has the answer to the last. Prints questions per second, p50, p95 and p99 of the time of an answer, and the
memory of the service's process and of its workers at intervals. The same questions come again after `--distinct`; with
`--fresh` the service is asked not to take answers from its cache.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from bench.__main__ import SHAPES, generate
from bench.one import questions

from reachproof.manifests.load import load

NO_CACHE = {"cache-control": "no-cache"}


@dataclass
class Seen:
    """What the clients saw."""

    times: list[float] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    hits: int = 0
    wrong: list[str] = field(default_factory=list)


@contextmanager
def service(folder: Path, workers: int) -> Iterator[tuple[int, int]]:
    """A service on a free port: its process id, and the port."""
    command = [sys.executable, "-P", "-m", "reachproof", "serve", "--port", "0", "-f", str(folder)]
    database = {"REACHPROOF_DATABASE_URL": f"sqlite:///{folder}/store.db"}
    environment = {**os.environ, "REACHPROOF_WORKERS": str(workers), **database}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        threading.Thread(target=process.stderr.read, daemon=True).start()
        try:
            yield process.pid, int(told.rsplit(":", 1)[1])
        finally:
            process.terminate()


def resident(pid: int) -> float:
    """Megabytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def ask(connection: HTTPConnection, text: str, headers: dict[str, str], seen: Seen) -> None:
    started = time.perf_counter()
    connection.request("POST", "/query", json.dumps({"query": text}), {"content-type": "application/json", **headers})
    response = connection.getresponse()
    body = response.read()
    seen.times.append(time.perf_counter() - started)
    if response.status != 200:
        seen.wrong.append(f"{response.status} {body[:200]!r}")
        return
    seen.hits += response.headers.get("x-reachproof-cache", "").lower() == "hit"
    seen.verdicts[json.loads(body)["verdict"]] += 1


def client(port: int, asked: Iterator[str], headers: dict[str, str], seen: Seen, lock: threading.Lock) -> None:
    """One client of the closed loop."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        while True:
            with lock:
                text = next(asked, None)
            if text is None:
                return
            ask(connection, text, headers, seen)


def sizes(pid: int) -> str:
    return f"{resident(pid):.0f} + " + " + ".join(f"{resident(child):.0f}" for child in sorted(children(pid)))


def load_on(port: int, pid: int, texts: list[str], options: argparse.Namespace) -> Seen:
    """Ask everything; prints memory ten times on the way."""
    seen, lock = Seen(), threading.Lock()
    asked = iter(texts[number % len(texts)] for number in range(options.queries))
    headers = NO_CACHE if options.fresh else {}
    clients = [threading.Thread(target=client, args=(port, asked, headers, seen, lock)) for _ in range(options.clients)]
    for each in clients:
        each.start()
    step = max(1, options.queries // 10)
    marks = iter(range(step, options.queries + 1, step))
    mark = next(marks, None)
    while any(each.is_alive() for each in clients):
        time.sleep(0.05)
        while mark is not None and len(seen.times) >= mark:
            print(f"{mark:>7} queries: {sizes(pid)} MB (service + workers)", flush=True)
            mark = next(marks, None)
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--generator", type=Path, default=Path("../shared/bench/gen_cluster.py"))
    parser.add_argument("--pods", type=int, default=10_000, choices=sorted(SHAPES))
    parser.add_argument("--queries", type=int, default=20_000)
    parser.add_argument("--distinct", type=int, default=200)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--fresh", action="store_true", help="ask the service not to answer from its cache")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(options.generator, options.pods, folder)
        texts = questions(load(folder), options.distinct)
        with service(folder, options.workers) as (pid, port):
            warm = Seen()
            with closing(HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
                for text in texts[: 4 * options.workers]:
                    ask(connection, text, NO_CACHE, warm)
            print(f"   warm: {sizes(pid)} MB", flush=True)
            started = time.perf_counter()
            seen = load_on(port, pid, texts, options)
            seconds = time.perf_counter() - started
    report(seen, seconds)


def report(seen: Seen, seconds: float) -> None:
    cuts = statistics.quantiles(seen.times, n=100)
    print(
        f"{len(seen.times)} queries in {seconds:.1f} s: {len(seen.times) / seconds:.1f}/s; "
        f"p50 {cuts[49] * 1000:.1f} ms, p95 {cuts[94] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms; "
        f"{seen.hits} from the cache; verdicts {dict(seen.verdicts)}; refused or wrong: {len(seen.wrong)}"
    )
    for each in seen.wrong[:5]:
        print(each)


if __name__ == "__main__":
    main()
