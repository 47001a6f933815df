"""Questions answered by a service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from reachproof.documents import connectivity as documents
from reachproof.documents.answer import Answer
from reachproof.documents.connectivity import Unfinished
from reachproof.documents.connectivity_matrix import ConnectivityMatrix, matrix_of
from reachproof.documents.diff import Diff
from reachproof.documents.findings import Code, Findings
from reachproof.documents.json import decoded
from reachproof.documents.report import Report
from reachproof.documents.words import By, Verdict
from reachproof.face.bundle import Bundle
from reachproof.face.client import Client
from reachproof.face.shown import Json
from reachproof.face.source import Asked, Source
from reachproof.network.errors import ServiceError
from reachproof.queries.packs import PackText, count_statements
from reachproof.solver.budget import OutOfBudget

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A snapshot that a service has, by `name` or digest, or manifests that go along with each request.

    Neither: the one that the service was started with.
    """

    client: Client
    name: str | None = None
    sent: Bundle | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        what = "manifests that go along" if self.sent else self.name or "the snapshot it was started with"
        return f"{what}, asked at {self.client.url}"

    @property
    def digest(self) -> str:
        """See `Source`; so do all methods below. ValueError where the service has not been told, or does not tell."""
        if self.name is None:
            raise ValueError("the digest is known to the service only: look at the evidence of an answer")
        if self.name.startswith("sha256:"):
            return self.name
        return str(self.client.get(f"/snapshots/{quote(self.name, safe='')}")["id"])

    def query(self, text: str, since: Mapping[str, Source], seconds: float) -> Answer:
        """One answer."""
        return self._read(Answer, self._ask("/query", {"query": text}, seconds, since=since))

    def explain(self, source: str, destination: str, port: str, seconds: float) -> Answer:
        """One answer with flows."""
        asked = {"source": source, "destination": destination, "port": port}
        return self._read(Answer, self._ask("/explain", asked, seconds))

    def check(self, packs: Sequence[PackText] | None, since: Mapping[str, Source], seconds: float) -> Report:
        """The report on all packs, by one request; without a pack, on those that the service ships."""
        body = {} if packs is None else {"packs": [pack.text for pack in packs]}
        names = {f"packs[{at}]": Bundle(files=((p.name, p.text),)) for at, p in enumerate(packs or ())}
        statements = count_statements(packs) if packs else 100
        found = self._ask("/check", body, seconds, since=since, names=names, statements=statements)
        return self._read(Report, found)

    def connectivity(self, asked: Asked, seconds: float) -> ConnectivityMatrix:
        """The report. OutOfBudget when it takes too long."""
        body: dict[str, Any] = {"by": str(asked.by), "exposure": asked.exposure}
        body |= {key: text for key in ("src", "dst", "ports") if (text := getattr(asked, key)) is not None}
        found = self._ask("/connectivity", body, seconds, statements=2)
        if found.get("verdict") == Verdict.UNKNOWN:
            raise OutOfBudget(self._read(Unfinished, found).reason)
        return matrix_of(self._read(documents.Connectivity, found))

    def lint(self, seconds: float) -> Findings:
        """The findings."""
        return self._read(Findings, self._ask("/lint", {}, seconds, statements=len(Code)))

    def difference(self, new: Source, by: By, seconds: float) -> Diff:
        """The difference to `new`: what it allows more, or less. ValueError where both are read under other options."""
        (other,) = self._neighbours({"new": new}).values()
        if other.options != self.options:
            raise ValueError(
                f"both snapshots need the same options (got {dict(self.options)} and {dict(other.options)})"
            )
        body = {"old": self._source(), "new": other._source(), "by": str(by), "options": dict(self.options)}
        names = {name: each.sent for name, each in (("old", self), ("new", other)) if each.sent}
        return self._read(Diff, self._posted("/diff", body, seconds, names))

    def _read(self, kind: type[T], document: Json) -> T:
        """The document that the service sent. ServiceError for one of another shape."""
        try:
            return decoded(document, kind)
        except ValueError as error:
            text = f"{self.client.url}: unexpected answer ({error}); is the service of another version?"
            raise ServiceError(text) from None

    def _ask(
        self,
        path: str,
        body: Mapping[str, Any],
        seconds: float,
        *,
        since: Mapping[str, Source] | None = None,
        names: Mapping[str, Bundle] | None = None,
        statements: int = 1,
    ) -> Json:
        others = self._neighbours(since or {})
        whole = {**body, **self._source(), "options": dict(self.options)}
        if others:
            whole["snapshots"] = {name: other._source() for name, other in others.items()}
        sent = {"manifests": self.sent, **{f"snapshots.{name}": other.sent for name, other in others.items()}}
        known = {**(names or {}), **{name: each for name, each in sent.items() if each}}
        return self._posted(path, whole, seconds, known, statements)

    def _posted(
        self, path: str, body: Mapping[str, Any], seconds: float, names: Mapping[str, Bundle], statements: int = 1
    ) -> Json:
        whole = {**body, "timeoutMs": max(1, round(seconds * 1000))}
        found: Json = self.client.post(path, whole, seconds * statements, names)
        return found

    def _source(self) -> dict[str, Any]:
        if self.sent is not None:
            return {"manifests": self.sent.manifests}
        return {"snapshot": self.name} if self.name is not None else {}

    def _neighbours(self, others: Mapping[str, Source]) -> dict[str, Remote]:
        return dict(self._each(others))

    def _each(self, others: Mapping[str, Source]) -> Iterator[tuple[str, Remote]]:
        for name, other in others.items():
            if not isinstance(other, Remote) or other.client is not self.client:
                raise TypeError("cannot combine a snapshot of this service with one from elsewhere")
            yield name, other
