"""Small fleets, and snapshots that do something to the worker that reads them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from reachproof.documents.audit import Audited
from reachproof.queries.fleet import AuditTask, Given
from reachproof.queries.packs import PackText

PACK = PackText(name="shut.reach", text="invariant shut: no pod in namespace web can reach namespace shop on tcp/80\n")
_CLUSTER = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: site, namespace: web}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.2}
"""
_SHUT = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
Contents = tuple[tuple[str, bytes], ...]


def cluster(*, shut: bool) -> str:
    """A cluster in which the invariant of PACK holds, or does not."""
    return _CLUSTER + _SHUT if shut else _CLUSTER


def task(name: str, *, shut: bool = True, contents: Contents | None = None) -> AuditTask:
    """The audit of one such cluster."""
    given = contents if contents is not None else ((f"{name}.yaml", cluster(shut=shut).encode()),)
    return AuditTask(name=name, contents=given, packs=(PACK,))


def fleet(*tasks: AuditTask) -> list[Given]:
    """These tasks as a fleet."""
    return [Given(name=each.name, read=lambda each=each: each) for each in tasks]  # type: ignore[misc]


class Fatal(tuple[tuple[str, bytes], ...]):
    """Files that kill (kill -9) whoever reads them, as long as `folder` has fewer marks than `times`."""

    folder: Path
    times: int

    @staticmethod
    def of(contents: Contents, folder: Path, times: int) -> Fatal:
        """These files; the process that makes them is spared."""
        found = Fatal(contents)
        found.folder, found.times = folder, times
        return found

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Fatal.of, (tuple(tuple.__iter__(self)), self.folder, self.times)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        for number in range(self.times):
            mark = self.folder / f"death-{number}"
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return super().__iter__()


class Endless(tuple[tuple[str, bytes], ...]):
    """Files that nobody finishes reading."""

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        threading.Event().wait()
        return super().__iter__()


class Told:
    """A watcher that remembers, and that may do something when a snapshot is finished."""

    def __init__(self, then: Callable[[], None] | None = None) -> None:
        self.names: list[str] = []
        self.repeated: list[tuple[str, int]] = []
        self._then = then

    def finished(self, done: int, total: int, audited: Audited) -> None:
        self.names.append(audited.name)
        assert done == len(self.names) <= total
        if self._then is not None:
            then, self._then = self._then, None
            then()

    def again(self, name: str, attempt: int) -> None:
        self.repeated.append((name, attempt))
