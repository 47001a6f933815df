"""Questions answered by a service over HTTP: documents out, documents in, and what goes wrong as errors of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
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
from reachproof.face.bundle import Bundle, relocated
from reachproof.face.extras import needed
from reachproof.face.shown import Json
from reachproof.network.errors import InputError, InternalError, Problem, ServiceError
from reachproof.queries.packs import PackText, count_statements
from reachproof.solver.budget import OutOfBudget

if TYPE_CHECKING:
    import httpx2


CONNECT_SECONDS = 10.0
SPARE_SECONDS = 60.0
"""Seconds that a request may take besides the time of its statements: waiting for others, reading, the way."""
UPLOAD_SECONDS = 600.0
_MINE = "check the address, or start the service with `reachproof serve`"


class Client:
    """A service at an address. Close it when it is not needed any more; from one thread at a time."""

    def __init__(self, url: str, http: httpx2.Client) -> None:
        self.url = url
        self._http = http

    def close(self) -> None:
        """Give up the connections."""
        self._http.close()

    def get(self, path: str) -> Any:
        """The document at a path."""
        return self._document("GET", path, SPARE_SECONDS, {})

    def post(self, path: str, body: Any, seconds: float, bundles: Mapping[str, Bundle]) -> Any:
        """The answer. Places in `bundles`, by the names that the service has for them, become those of files."""
        return self._document("POST", path, seconds + SPARE_SECONDS, bundles, json=body)

    def put(self, path: str, body: Any) -> Any:
        """The answer to a body that is to be kept."""
        return self._document("PUT", path, SPARE_SECONDS, {}, json=body)

    def upload(self, path: str, files: Iterable[tuple[str, str]], **query: str) -> Any:
        """The answer to files, each with its name."""
        form = [("manifests", (name, text.encode(), "application/yaml")) for name, text in files]
        return self._document("POST", path, UPLOAD_SECONDS, {}, files=form, params=query)

    def _document(self, method: str, path: str, seconds: float, bundles: Mapping[str, Bundle], **sent: Any) -> Any:
        httpx2 = needed("httpx2", "connect()", "client")
        limits = httpx2.Timeout(seconds, connect=CONNECT_SECONDS)
        try:
            response = self._http.request(method, path, timeout=limits, **sent)
        except httpx2.TimeoutException:
            raise ServiceError(f"{self.url}: no answer in time; {_MINE}") from None
        except httpx2.TransportError as error:
            raise ServiceError(f"{self.url}: cannot connect ({error}); {_MINE}") from None
        document = self._decoded(response)
        if response.is_success:
            return relocated(document, bundles)
        raise self._error(response, relocated(document, bundles))

    def _decoded(self, response: httpx2.Response) -> Any:
        media_type = response.headers.get("content-type", "").partition(";")[0].strip()
        if media_type not in ("application/json", "application/problem+json"):
            found = f"status {response.status_code} with {media_type or 'no content type'}"
            raise ServiceError(
                f"{self.url}: not a reachproof service ({found}); {_MINE}",
                status=response.status_code,
            )
        try:
            return response.json()
        except ValueError as error:
            text = f"{self.url}: invalid JSON in the response ({error}); try again"
            raise ServiceError(text, status=response.status_code) from None

    def _error(self, response: httpx2.Response, document: Any) -> Exception:
        """The error of a response that is no success: bad input, a bug, or a service that cannot be asked."""
        status = response.status_code
        detail = document.get("detail", "") if isinstance(document, dict) else ""
        match status:
            case 400 | 404 | 405 | 413 | 415 | 422:
                errors = document.get("errors", []) if isinstance(document, dict) else []
                return InputError(
                    [_problem(each) for each in errors] or [Problem(message=detail or f"status {status}")]
                )
            case 401:
                how = "pass a token that the service accepts"
                return ServiceError(f"{self.url}: {detail or 'not authenticated'}; {how}", status=status)
            case 403:
                how = "ask who runs the service for a token with a role that may do this"
                return ServiceError(f"{self.url}: {detail or 'permission denied'}; {how}", status=status)
            case 429 | 503:
                return self._busy(response, detail)
            case 500:
                return InternalError(f"{self.url}: {detail or 'status 500'}")
            case _:
                text = f"{self.url}: unexpected status {status} ({detail}); {_MINE}"
                return ServiceError(text, status=status)

    def _busy(self, response: httpx2.Response, detail: str) -> ServiceError:
        said = response.headers.get("retry-after", "")
        after = float(said) if said.isdecimal() else None
        how = f"try again in {after:g} s" if after is not None else "try again later"
        text = f"{self.url}: the service is busy ({detail}); {how}"
        return ServiceError(text, status=response.status_code, retry_after=after)


def _problem(document: Mapping[str, Any]) -> Problem:
    return Problem(
        file=document["file"],
        line=document["line"],
        column=document.get("column", 0),
        path=document["path"],
        message=document["message"],
    )


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
        """`sha256:...` of the objects. ValueError where the service has not been told, or does not tell."""
        if self.name is None:
            raise ValueError("the digest is known to the service only: look at the evidence of an answer")
        if self.name.startswith("sha256:"):
            return self.name
        return str(self.client.get(f"/snapshots/{quote(self.name, safe='')}")["id"])

    def queries(self, texts: Sequence[str], since: Mapping[str, object], seconds: float) -> list[Answer]:
        """An answer to each text, by one request."""
        if len(texts) == 1:
            return [self._read(Answer, self._ask("/query", {"query": texts[0]}, seconds, since=since))]
        found = self._ask("/query", {"queries": list(texts)}, seconds, since=since, statements=len(texts))
        return list(self._read(tuple[Answer, ...], found))

    def explain(self, source: str, destination: str, port: str, seconds: float) -> Answer:
        """One answer with flows."""
        asked = {"source": source, "destination": destination, "port": port}
        return self._read(Answer, self._ask("/explain", asked, seconds))

    def check(self, packs: Sequence[PackText] | None, since: Mapping[str, object], seconds: float) -> Report:
        """The report on all packs, by one request; without a pack, on those that the service ships."""
        body = {} if packs is None else {"packs": [pack.text for pack in packs]}
        names = {f"packs[{at}]": Bundle(files=((p.name, p.text),)) for at, p in enumerate(packs or ())}
        statements = count_statements(packs) if packs else 100
        found = self._ask("/check", body, seconds, since=since, names=names, statements=statements)
        return self._read(Report, found)

    def connectivity(self, by: By, sets: Mapping[str, str], *, exposure: bool, seconds: float) -> ConnectivityMatrix:
        """The report. OutOfBudget when it takes too long."""
        body = {"by": str(by), "exposure": exposure, **sets}
        found = self._ask("/connectivity", body, seconds, statements=2)
        if found.get("verdict") == Verdict.UNKNOWN:
            raise OutOfBudget(self._read(Unfinished, found).reason)
        return matrix_of(self._read(documents.Connectivity, found))

    def lint(self, seconds: float) -> Findings:
        """The findings."""
        return self._read(Findings, self._ask("/lint", {}, seconds, statements=len(Code)))

    def difference(self, new: object, by: By, seconds: float) -> Diff:
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
        since: Mapping[str, object] | None = None,
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

    def _neighbours(self, others: Mapping[str, object]) -> dict[str, Remote]:
        found = {name: each for name, each in others.items() if isinstance(each, Remote) and each.client is self.client}
        if len(found) < len(others):
            raise TypeError("cannot combine a snapshot of this service with one from elsewhere")
        return found
