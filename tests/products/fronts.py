"""One world asked by the command line, the service and the Python face: their documents, without times and places."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr
from starlette.testclient import TestClient

from reachproof.api.app import create_app
from reachproof.api.settings import Settings
from reachproof.face.local import Local
from reachproof.face.service import Service, asked
from reachproof.face.snapshot import Snapshot
from tests.api.requests import client
from tests.cli.terminal import Terminal
from tests.products.worlds import Manifest, World

Json = Any
URL = "http://reachproof.test"
PACK = """\
invariant apart (high): no pod in tenant b can reach pods in tenant a on tcp/5432
invariant floor (low): network policies enforces default deny for ingress for namespace shop
expect reachable "names": can pods in tenant b reach pod infra/dns on udp/53?
"""
_LEFT_OUT = ("solverMs", "totalMs", "origin", "file", "line", "pack")
_PLACE = re.compile(r"(?:[^ \[]*/)?(?:p\.yaml|manifests)(?::[0-9]+)?")


class Inside(TestClient):
    """An HTTP client of an app in this process, for which a limit of time means nothing."""

    def request(self, method: str, url: Any, *, timeout: Any = None, **sent: Any) -> Any:
        """As it is, without the limit."""
        return super().request(method, url, **sent)


@contextmanager
def remote(snapshot: Snapshot) -> Iterator[Service]:
    """The same snapshot behind a service, asked from Python."""
    assert isinstance(snapshot._source, Local)
    app = create_app(Settings(database_url=SecretStr("sqlite://")), snapshot._source.session.snapshot)
    with Inside(app, base_url=URL) as http:
        yield asked(URL, http)


def text(manifests: list[Manifest]) -> str:
    """Manifests as YAML."""
    return str(yaml.safe_dump_all(manifests, sort_keys=False))


def write(folder: Path, name: str, manifests: list[Manifest]) -> Path:
    """A file of manifests."""
    path = folder / name
    path.write_text(text(manifests), encoding="utf-8")
    return path


def flags(world: World) -> list[str]:
    """The model options for the command line."""
    return ["--cni", world.engine, "--pod-cidr", ",".join(world.cidrs("pods"))]


def plain(document: Json) -> Json:
    """A document without what differs from run to run, or between a file and text that was sent."""
    match document:
        case dict():
            return {key: plain(value) for key, value in document.items() if key not in _LEFT_OUT}
        case list():
            return [plain(each) for each in document]
        case str():
            return _PLACE.sub("PLACE", document)
        case _:
            return document


@cache
def service() -> TestClient:
    """A service without a snapshot of its own."""
    return client()


def post(world: World, path: str, manifests: list[Manifest] | None = None, **body: Any) -> Json:
    """The document of a request about manifests."""
    about = {} if manifests is None else {"manifests": text(manifests)}
    response = service().post(path, json={**body, **about, "options": world.options})
    assert response.status_code == 200, response.text
    return response.json()


def command(terminal: Terminal, world: World, name: str, *arguments: str) -> Json:
    """The document that a command writes."""
    ran = terminal.run(name, *arguments, "-q", "-o", "json", *flags(world))
    assert ran.out, ran.err
    return json.loads(ran.out)
