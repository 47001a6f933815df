"""Make the golden store anew, with the code of another version.

    git worktree add /tmp/before f3aba9f && python -m venv /tmp/before/.venv
    /tmp/before/.venv/bin/pip install -e '/tmp/before[postgresql]'
    python -m tests.api.golden_store.make /tmp/before/.venv/bin/python

The service of that version stores the snapshots of `inputs`, gives and takes names, and answers questions, first on a
file of SQLite and then on PostgreSQL. What the databases hold then is written to sqlite.sql and postgresql.sql, and
what the service said to recorded.json, without texts. f3aba9f is the version before documents, engines and the store
were rebuilt.
"""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.api.golden_store.inputs import PACK, SENTENCES, snapshots
from tests.api.postgres import programs, server
from tests.api.running import Running, running
from tests.products.fronts import text

FOLDER = Path(__file__).parent
SQLITE, POSTGRESQL, RECORDED = FOLDER / "sqlite.sql", FOLDER / "postgresql.sql", FOLDER / "recorded.json"
TOKENS = {
    "writer": ("--role", "write", "--expires", "9999w"),
    "reader": ("--role", "read"),
    "revoked": ("--role", "write"),
    "expired": ("--role", "read", "--expires", "1m"),
}
_LEFT_OUT = ("text", "reason", "origin", "engine", "solverMs", "totalMs")
# Of a dump: comments, settings of the session, commands of psql, and the schema, which is made by who loads it.
_NOT_SENT = r"--|SET |SELECT pg_catalog.set_config|\\|.*SCHEMA"
Json = Any


class Before:
    """The running service of the other version."""

    def __init__(self, python: str, folder: Path, service: Running) -> None:
        self._command = [python, "-P", "-m", "reachproof", "token"]
        self._config = ("--config", str(folder / "settings.toml"))
        self._service = service
        self.tokens = {name: self._token("create", "--name", name, *more) for name, more in TOKENS.items()}
        self._token("revoke", self.tokens["revoked"])

    def _token(self, *arguments: str) -> str:
        command = [*self._command, *arguments, *self._config]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def recorded(self) -> tuple[Json, Json]:
        """Fill the database; the answers to questions, and what is told about what is stored."""
        self._store()
        answers = [
            {"path": path, "body": body, "answer": decided(self._post(path, body))} for path, body in questions()
        ]
        return answers, {"tokens": self.tokens, **self._told()}

    def _store(self) -> None:
        """Snapshots under their names; `prod` moves from one to another, and `gone` is taken away."""
        for each in snapshots():
            path = f"/snapshots?name={each.name}&cni={each.world.engine}"
            self._send("POST", path, text(each.manifests).encode(), "application/yaml")
        for name, wanted in (("prod", "istio"), ("gone", "calico"), ("prod", "kubernetes")):
            self._send("PUT", f"/snapshots/names/{name}", json.dumps({"id": wanted}).encode())
        self._send("DELETE", "/snapshots/names/gone")

    def _told(self) -> Json:
        return {
            "snapshots": self._send("GET", "/snapshots")["snapshots"],
            "names": {name: self._send("GET", f"/snapshots/names/{name}") for name in ("prod", "gone", "cilium")},
            "objects": len(self._send("GET", "/snapshots/calico?content=true")["objects"]),
        }

    def _post(self, path: str, body: Json) -> Json:
        return self._send("POST", path, json.dumps(body).encode())

    def _send(self, method: str, path: str, body: bytes | None = None, content_type: str = "application/json") -> Json:
        headers = {"authorization": f"Bearer {self.tokens['writer']}", "content-type": content_type}
        with closing(HTTPConnection("127.0.0.1", self._service.port, timeout=120)) as connection:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode()
        assert response.status < 300, (method, path, text, self._service.lines)
        return json.loads(text or "null")


def questions() -> list[tuple[str, Json]]:
    """Paths and bodies of requests about what is stored."""
    found: list[tuple[str, Json]] = []
    for each in snapshots():
        about = {"snapshot": each.name, "options": each.options}
        found += [("/query", {"query": sentence, **about}) for sentence in SENTENCES.values()]
        found.append(("/check", {"pack": PACK, **about}))
        found.append(("/connectivity", {"by": "namespace", **about}))
        found.append(("/explain", {"source": "pod bank/api", "destination": "pod shop/db", "port": "tcp/440", **about}))
    shared = {"podCidr": "10.1.0.0/16"}
    pair = {"old": {"snapshot": "istio"}, "new": {"snapshot": "prod"}}
    found.append(("/diff", {**pair, "by": "namespace", "options": shared}))
    return found


def decided(document: Json) -> Json:
    """A document without texts for people, places in files, and times."""
    match document:
        case dict():
            return {key: decided(value) for key, value in document.items() if key not in _LEFT_OUT}
        case list():
            return [decided(each) for each in document]
        case _:
            return document


def of_sqlite(file: Path) -> str:
    """The tables of a file as statements."""
    with closing(sqlite3.connect(file)) as connection:
        return "\n".join(connection.iterdump()) + "\n"


def of_postgresql(url: str) -> str:
    """The tables of a database as statements that a driver can send, for whatever schema is the first one."""
    folder = programs()
    assert folder is not None
    command = [str(folder / "pg_dump"), "--no-owner", "--no-privileges", "--inserts", "--schema=public", url]
    dumped = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    wanted = re.sub(r"\bpublic\.", "", dumped)
    lines = [line for line in wanted.splitlines() if not re.match(_NOT_SENT, line)]
    return re.sub(r"\n{2,}", "\n", "\n".join(lines)).lstrip() + "\n"


def recorded(python: str, folder: Path, database_url: str) -> tuple[Json, Json]:
    """Answers of the service of the other version, with all that is stored in an empty database."""
    settings = {"database_url": database_url, "auth": "required", "default_timeout_ms": 60_000}
    with running(folder, python=python, **settings) as service:
        return Before(python, folder, service).recorded()


def main(python: str) -> None:
    """Write the three files."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        answers, of_file = recorded(python, Path(folder), f"sqlite:///{file}")
        SQLITE.write_text(of_sqlite(file), encoding="utf-8")
    with TemporaryDirectory() as folder, server() as url:
        _, of_server = recorded(python, Path(folder), url)
        POSTGRESQL.write_text(of_postgresql(url), encoding="utf-8")
    said = {"answers": answers, "sqlite": of_file, "postgresql": of_server}
    RECORDED.write_text(json.dumps(said, indent=0, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
