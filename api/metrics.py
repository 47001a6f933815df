"""Numbers for Prometheus, in a registry of each application. No label has values that a client chooses.

With several processes (`PROMETHEUS_MULTIPROC_DIR` is set then) counters and histograms are those of all of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from reachproof.api.executor import Workload

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
_VERDICTS = frozenset(
    {
        "reachable", "unreachable", "holds", "violated", "listed", "explained", "unknown",
        "equivalent", "stricter", "looser", "incomparable",
    }
)  # fmt: skip
_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0)


class Metrics:
    """Counters."""

    def __init__(self, workload: Callable[[], Workload]) -> None:
        """`workload`: what the executor of this process is doing."""
        self._registry = CollectorRegistry()
        self._shown = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            self._shown = CollectorRegistry()
            MultiProcessCollector(self._shown)  # type: ignore[no-untyped-call]
        ProcessCollector(registry=self._shown)
        self._shown.register(_WorkloadCollector(workload))
        labels = ("method", "route", "status")
        self._requests = Counter("reachproof_requests", "Requests.", labels, registry=self._registry)
        self._seconds = Histogram(
            "reachproof_request_seconds",
            "From the header of a request to the end of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._verdicts = Counter("reachproof_verdicts", "Answers by verdict.", ("verdict",), registry=self._registry)
        self._solver = Histogram(
            "reachproof_solver_seconds",
            "Solver time of one answer.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._results = Counter(
            "reachproof_results",
            "Lookups in the result cache.",
            ("outcome",),
            registry=self._registry,
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request has ended. `route`: the path as the service has it, not as the client wrote it."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def answer(self, verdict: str, solver_seconds: float | None) -> None:
        """A statement was answered."""
        if verdict in _VERDICTS:
            self._verdicts.labels(verdict).inc()
        if solver_seconds is not None:
            self._solver.observe(solver_seconds)

    def looked_up(self, outcome: str) -> None:
        """A result was looked for among those that are kept: `hit` or `miss`."""
        self._results.labels(outcome).inc()

    def text(self) -> bytes:
        """All of it, in Prometheus's text format."""
        return generate_latest(self._shown)


class _WorkloadCollector(Collector):
    def __init__(self, workload: Callable[[], Workload]) -> None:
        self._workload = workload

    def collect(self) -> Iterable[Metric]:
        """Labelled with the process, since a scrape of several comes to any one of them."""
        now = self._workload()
        yield from _families(now, str(os.getpid()))


def _families(now: Workload, process: str) -> Iterator[Metric]:
    workers = GaugeMetricFamily("reachproof_workers", "Solver workers.", labels=("process", "state"))
    for state, count in (("idle", now.idle), ("busy", now.busy), ("starting", now.workers - now.idle - now.busy)):
        workers.add_metric((process, state), count)
    yield workers
    gauges = (
        ("queue", "Tasks waiting for a worker.", now.waiting),
        ("requests_open", "Requests in progress.", now.requests),
        ("workers_memory_bytes", "Resident memory of all workers.", sum(now.memory)),
    )
    for name, text, value in gauges:
        gauge = GaugeMetricFamily(f"reachproof_{name}", text, labels=("process",))
        gauge.add_metric((process,), value)
        yield gauge
    counters: tuple[tuple[str, str, float], ...] = (
        ("jobs", "Tasks finished.", now.jobs),
        ("jobs_unfinished", "Statements answered with unknown because their worker died.", now.unfinished),
        ("jobs_retried", "Tasks retried on a second worker.", now.retried),
        ("jobs_cancelled", "Tasks cancelled because the client disconnected.", now.cancelled),
        ("worker_restarts", "Workers started to replace another.", now.restarts),
        ("worker_kills", "Workers killed.", now.killed),
        ("requests_refused", "Requests refused with 503.", now.refused),
        ("worker_seconds", "Time workers spent on questions.", now.solver_seconds),
        ("warm_hits", "Questions whose snapshot was already prepared.", now.warm_hits),
        ("warm_misses", "Questions whose snapshot had to be prepared.", now.warm_misses),
    )
    for name, text, total in counters:
        counter = CounterMetricFamily(f"reachproof_{name}", text, labels=("process",))
        counter.add_metric((process,), total)
        yield counter
