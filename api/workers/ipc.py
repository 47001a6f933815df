"""Messages between the service's process and a worker: pickles, each after its length in eight bytes.

The body that an assignment is about follows it as it is, so that it is in no message.
Both ends are the same code, run by the same user, over a socket that nobody else has.
"""

from __future__ import annotations

import math
import pickle
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from reachproof.api.batch import Draft
from reachproof.api.dispatch import Job
from reachproof.api.request_reader import RequestBounds
from reachproof.api.schemas import Question
from reachproof.api.token_scope import TokenScope
from reachproof.api.uploads import StoredUpload, Upload
from reachproof.manifests.limits import DEFAULT_LIMITS, Limits
from reachproof.network.errors import Problem

LENGTH = 8
"""Bytes of a length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The first message to a worker: its limits, those of manifests, and where its snapshots are. Sizes in bytes.

    `database`: the URL of the store, None where there is none; `preloaded`: what the service was started with, pickled.
    """

    most_memory: int
    warm_memory: int
    reading: Limits = DEFAULT_LIMITS
    database: str | None = field(default=None, repr=False)
    preloaded: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTask:
    """Read a body to a request of this kind, and keep its manifests at hand."""

    kind: type[Question]
    bounds: RequestBounds


@dataclass(frozen=True, slots=True)
class StoreTask:
    """Store the manifests of a body."""

    upload: Upload


@dataclass(frozen=True, slots=True)
class ContentTask:
    """Tell all of a stored snapshot, as a client sees it within limits."""

    digest: str
    limits: TokenScope
    client: str


@dataclass(frozen=True, slots=True)
class WholeTask:
    """Make the whole document."""


@dataclass(frozen=True, slots=True)
class OpenTask:
    """Read the request, and find out whether all of its statements can be asked."""


@dataclass(frozen=True, slots=True)
class StatementTask:
    """Answer the statement with this index."""

    index: int


Task = ReadTask | StoreTask | ContentTask | WholeTask | OpenTask | StatementTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A job, with a key that no other has, and the digests of the snapshots that it names; None is named by leaving
    out. `apart`: how to read the body that has its manifests, where the job is without them.
    """

    key: str
    job: Job
    digests: Mapping[str | None, str]
    apart: ReadTask | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Work on a task; `number` tells it apart from those before and after.

    `order` is None where the worker has it, and where the task needs none. `body`: bytes that follow. Seconds:
    `reading` until snapshots are read and prepared, `question` from there.
    """

    number: int
    key: str
    task: Task
    order: Order | None
    body: int = 0
    reading: float = math.inf
    question: float = math.inf


@dataclass(frozen=True, slots=True)
class Cancel:
    """Nobody waits for this task any more."""

    number: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has loaded everything and waits."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Snapshots are read and prepared; from now on the time of the question runs."""


@dataclass(frozen=True, slots=True)
class Block:
    """The next part of the document."""

    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The task is finished. `drafts`: of all statements, after `OpenTask`; `status`: of one, after `StatementTask`;
    `request`: without its manifests, after `ReadTask`; `stored` after `StoreTask`. `document`: a small one,
    that was in no Block.
    """

    document: bytes = field(default=b"", repr=False)
    drafts: tuple[Draft, ...] = ()
    status: str = ""
    request: Question | None = None
    stored: StoredUpload | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The task ended in an error; `kind`: `refusal`, `input`, `internal`, `unexpected`, `memory`, `overran` or
    `cancelled`.
    """

    kind: str
    text: str
    status: int = 0
    problems: tuple[Problem, ...] = ()
    retry_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """The worker is ready for the next task; sent after `Done` and `Failed`.

    `warm`: the keys of what it has at hand. `memory`: resident bytes. `spent`: it has more memory than it may keep.
    `seconds` were spent on the question; `hits` and `misses` of prepared snapshots are those of the task.
    """

    warm: frozenset[str]
    memory: int
    spent: bool
    seconds: float
    hits: int
    misses: int


def body_key(key: str) -> str:
    """The key of the manifests of an order that a worker has at hand."""
    return f"body of {key}"


def packed(message: object) -> bytes:
    """A message as it is sent."""
    content = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return len(content).to_bytes(LENGTH, "big") + content


def unpacked(content: bytes) -> object:
    """A message as it was sent, from what follows its length."""
    return pickle.loads(content)


class Channel:
    """The worker's end; one thread may send while another receives."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._reader = end.makefile("rb")

    def send(self, message: object) -> None:
        """Waits until the message is on its way. Raises OSError where the other end is closed."""
        self._end.sendall(packed(message))

    def receive(self) -> object | None:
        """Waits for the next message; None where the other end is closed."""
        length = self._reader.read(LENGTH)
        content = self._reader.read(int.from_bytes(length, "big")) if len(length) == LENGTH else b""
        return unpacked(content) if content else None

    def body(self, assignment: Assignment) -> bytes:
        """Waits for the body that follows an assignment."""
        return self._reader.read(assignment.body)
