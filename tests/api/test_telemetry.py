"""With OpenTelemetry switched on, spans of requests reach a collector, and nothing that was asked goes with them."""

from __future__ import annotations

import gzip
import signal
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.api.running import running

QUESTION = {"query": "can any pod reach pods labelled app=hunter2?", "manifests": []}


class Collector(ThreadingHTTPServer):
    """Takes what comes by OTLP over HTTP; `received` is by path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.received: dict[str, list[bytes]] = {}

    @property
    def spans(self) -> list[Any]:
        requests = map(ExportTraceServiceRequest.FromString, self.received.get("/v1/traces", []))
        return [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class Taking(BaseHTTPRequestHandler):
    """Says yes to everything."""

    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
        self.server.received.setdefault(self.path, []).append(body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the output of tests is theirs."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_spans_of_requests_arrive_without_what_was_asked(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "reachproof-under-test")
    with running(tmp_path, otel=True) as service:
        status, answer = service.request(body=QUESTION)
        assert (status, "hunter2" in answer) == (200, True)
        assert service.request("/healthz")[0] == 200
        service.process.send_signal(signal.SIGTERM)
        service.ended()
    names = [span.name for span in collector.spans]
    assert "POST /query" in names
    everything = b"".join(body for bodies in collector.received.values() for body in bodies)
    assert b"reachproof-under-test" in everything
    assert b"hunter2" not in everything


def test_nothing_is_sent_unless_it_is_switched_on(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    with running(tmp_path) as service:
        assert service.request("/healthz")[0] == 200
        service.process.send_signal(signal.SIGTERM)
        service.ended()
    assert collector.received == {}
