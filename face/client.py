"""One service over HTTP: documents out, documents in, and what goes wrong as errors of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from reachproof.face.bundle import Bundle, relocated
from reachproof.face.extras import needed
from reachproof.network.errors import InputError, InternalError, Problem, ServiceError

if TYPE_CHECKING:
    import httpx2

CONNECT_SECONDS = 10.0
SPARE_SECONDS = 60.0
"""What a request may take besides the time of its statements: waiting for others, reading, the way."""
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
                how = "give connect(url, token=...) a token that the service knows"
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
