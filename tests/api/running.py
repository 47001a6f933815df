"""A service as a process of its own, with its log, and raw connections to it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from tests.forks import Service

Process = subprocess.Popen[str] | Service
SECONDS = 60.0  # a bound for what takes much less


class Running:
    """Its port, and the lines that it has written so far."""

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.port = port
        self.lines: list[str] = []
        self.reader = Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.lines.extend(self.process.stderr)

    def connect(self) -> socket.socket:
        """A connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)

    def request(
        self, path: str = "/query", body: Any = None, *, token: str | None = None, header: str = ""
    ) -> tuple[int, str]:
        """Status and the whole text of the answer to a request on a connection of its own."""
        content = b"" if body is None else json.dumps(body).encode()
        with self.connect() as connection:
            lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", "host: localhost", "connection: close"]
            lines += [f"content-length: {len(content)}", "content-type: application/json"]
            lines += [f"authorization: Bearer {token}"] if token else []
            lines += [header] if header else []
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + content)
            return answered(connection)

    def ended(self) -> int:
        """The exit code of the process, whose log is whole then."""
        code = self.process.wait(SECONDS)
        self.reader.join(SECONDS)
        return code


def answered(connection: socket.socket) -> tuple[int, str]:
    """Status and text of what comes until the service closes the connection; 0 where nothing came."""
    found = b""
    while piece := connection.recv(65_536):
        found += piece
    return (int(found.split(b" ", 2)[1]) if found else 0), found.decode()


def started(command: list[str], python: str | None = None, **settings: Any) -> Process:
    """A command of reachproof with these settings, and a pipe for what it logs; a fork where no `python` is given."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REACHPROOF_")}
    environment |= {f"REACHPROOF_{name.upper()}": str(value) for name, value in settings.items()}
    if python is None:
        return Service(command, environment)
    program = [python, "-P", "-m", "reachproof", *command]
    return subprocess.Popen(program, stderr=subprocess.PIPE, text=True, env=environment)


@contextmanager
def running(folder: Path, *arguments: str, python: str | None = None, **settings: Any) -> Iterator[Running]:
    """A service with these settings, on a free port, with a database of its own.

    It is a fork; where a `python` is given, which may have another version, a process of that.
    """
    file = folder / "settings.toml"
    given = {"database_url": f"sqlite:///{folder}/store.db", "workers": 1, **settings}
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in given.items()))
    with started(["serve", "--port", "0", "--config", str(file), *arguments], python) as process:
        try:
            assert process.stderr is not None
            told = process.stderr.readline()
            assert told.startswith("listening on "), told + process.stderr.read()
            service = Running(process, int(told.rpartition(":")[2]))
            try:
                yield service
            finally:
                process.kill()
                service.ended()
        finally:
            process.kill()
