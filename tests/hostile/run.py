"""Clients that send good and hostile requests, mixed at random, and judge every answer."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any

from tests.hostile.bad import BAD, JSON, Bad
from tests.hostile.good import Good, plain

PATIENCE = 120.0
"""Seconds for an answer."""
HEALTH = 0.5
"""Seconds in which /healthz is to answer, whatever else goes on."""


@dataclass(slots=True)
class Seen:
    """The answers that the clients saw; `wrong` is to stay empty. `truth`: the verdict of each sentence."""

    truth: Mapping[str, str]
    statuses: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest_health: float = 0.0

    @property
    def requests(self) -> int:
        """Those that were answered, or left."""
        return self.statuses.total()


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body of a response."""

    status: int
    headers: dict[str, str]
    body: bytes


def mixed(chance: random.Random, good: Sequence[Good], share: float = 0.5) -> Iterator[Good | Bad]:
    """Requests without end; this share of them is good."""
    while True:
        yield chance.choice(good) if chance.random() < share else chance.choice(BAD)(chance)


def truth_of(good: Sequence[Good]) -> dict[str, str]:
    """The verdict of each sentence."""
    return {each.body["query"]: each.expected["verdict"] for each in good if "query" in each.body}


def attack(
    port: int,
    requests: Iterator[Good | Bad],
    truth: Mapping[str, str],
    *,
    clients: int,
    every: Callable[[int], None] = lambda _: None,
) -> Seen:
    """Send all of them, by so many clients at once. `every` is told the number of requests so far, now and then."""
    seen, lock, done = Seen(truth=truth), threading.Lock(), threading.Event()
    workers = [threading.Thread(target=_client, args=(port, requests, seen, lock)) for _ in range(clients)]
    health = threading.Thread(target=_health, args=(port, seen, done))
    for each in (*workers, health):
        each.start()
    while any(each.is_alive() for each in workers):
        time.sleep(0.2)
        every(seen.requests)
    done.set()
    health.join()
    return seen


def _client(port: int, requests: Iterator[Good | Bad], seen: Seen, lock: threading.Lock) -> None:
    while True:
        with lock:
            request = next(requests, None)
        if request is None:
            return
        with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
            found = _sent(connection, request)
        with lock:
            _judge(request, found, seen)


def _sent(connection: HTTPConnection, request: Good | Bad) -> Answer | str:
    """The answer, or how there was none."""
    try:
        if isinstance(request, Good):
            connection.request("POST", request.path, json.dumps(request.body), JSON)
        else:
            connection.request(request.method, request.path, request.body, request.headers)
            if request.hangs_up:
                return "left"
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())
    except (OSError, HTTPException) as error:
        return f"no answer: {type(error).__name__}"


def _judge(request: Good | Bad, found: Answer | str, seen: Seen) -> None:
    name = request.path if isinstance(request, Good) else request.kind
    if isinstance(found, str):
        seen.statuses[found] += 1
        # A body that is refused before all of it has come may cost the connection, as HTTP has it.
        if isinstance(request, Good):
            seen.wrong.append(f"{name}: {found}")
        return
    seen.statuses[str(found.status)] += 1
    if found.status >= 500 and not (found.status == 503 and "retry-after" in found.headers):
        seen.wrong.append(f"{name}: status {found.status}: {found.body[:300]!r}")
    elif isinstance(request, Good):
        _judge_good(request, found, seen)
    elif found.status == 200 and request.kind == "no time":
        _judge_hurried(request, found, seen)


def _judge_good(request: Good, found: Answer, seen: Seen) -> None:
    if found.status == 503:
        return
    if found.status != 200:
        seen.wrong.append(f"{request.path}: status {found.status}: {found.body[:300]!r}")
        return
    document = plain(json.loads(found.body))
    seen.verdicts.update(_verdicts(document))
    if document != request.expected and "unknown" not in _verdicts(document):
        seen.wrong.append(f"{request.path} {json.dumps(request.body)[:200]}: {json.dumps(document)[:600]}")


def _judge_hurried(request: Bad, found: Answer, seen: Seen) -> None:
    verdict, sentence = json.loads(found.body)["verdict"], json.loads(request.body)["query"]
    seen.verdicts[verdict] += 1
    if verdict not in ("unknown", seen.truth[sentence]):
        seen.wrong.append(f"{sentence} in no time: {verdict}")


def _verdicts(document: Any) -> list[str]:
    items = document if isinstance(document, list) else [document]
    return [str(each.get("verdict", each.get("relation", "report"))) for each in items]


def _health(port: int, seen: Seen, done: threading.Event) -> None:
    while not done.wait(0.1):
        started = time.monotonic()
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
                connection.request("GET", "/healthz")
                status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            seen.wrong.append(f"/healthz: {type(error).__name__}")
            continue
        seen.slowest_health = max(seen.slowest_health, time.monotonic() - started)
        if status != 200:
            seen.wrong.append(f"/healthz: status {status}")
