"""Counters of the pool."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Counts since the start, as `Workload` tells them."""

    jobs: int = 0
    unfinished: int = 0
    retried: int = 0
    cancelled: int = 0
    restarts: int = 0
    killed: int = 0
    refused: int = 0
    solver_seconds: float = 0.0
    warm_hits: int = 0
    warm_misses: int = 0
