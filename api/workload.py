"""Load of the workplace in numbers, for /metrics and /readyz."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A look at one moment. Counts are since the start of the service's process; sizes are in bytes.

    `ready`: whether a worker is idle or busy. `trouble`: why no worker can be started, else empty. `workers`: how many
    there are to be; of these some are `idle`, some `busy`, the others are starting. `waiting`: pieces of work that no
    worker has taken; a request with several statements has as many. `requests`: those that are not finished.

    `jobs`: pieces of work that were finished; `unfinished` were answered with `unknown` because their worker ended,
    `retried` were given to a second worker, `cancelled` were stopped since their client left. `restarts`: workers that
    were started in place of another; `killed`: workers that were ended by force. `refused`: requests that were answered
    with 503. `solver_seconds`: time that workers spent on questions. `warm_hits`, `warm_misses`: how often a snapshot
    was found prepared, or was not. `memory`: resident bytes of each worker, as of its last piece of work.
    """

    ready: bool
    trouble: str = ""
    workers: int
    idle: int
    busy: int
    waiting: int = 0
    requests: int = 0
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
    memory: tuple[int, ...] = ()


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
