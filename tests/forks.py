"""Commands of reachproof as processes that need not import it: forks of one that has.

Each has its own arguments, folder, environment, streams and exit code, as if a shell had started the program itself;
what it lacks is the start of the interpreter, which `tests/cli/test_process.py` and the services of `tests/api` have.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import shlex
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_CLIENT = """\
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect(sys.argv[1])
    wanted = json.dumps([sys.argv[2:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(asked, [len(wanted).to_bytes(4, "big")], [0, 1, 2])
    asked.sendall(wanted)
    code = asked.recv(1)
sys.exit(code[0] if code else "the server of forks has ended")
"""
_UNUSED = "reachproof.api"


@contextmanager
def forks_on_path() -> Iterator[dict[str, str]]:
    """An environment in which `reachproof` is such a fork, for as long as the block lasts."""
    with TemporaryDirectory() as folder:
        client, place = Path(folder) / "client.py", Path(folder) / "socket"
        client.write_text(_CLIENT, encoding="utf-8")
        # Without site-packages the interpreter starts in a tenth of the time.
        words = shlex.join([sys.executable, "-I", "-S", str(client), str(place)])
        program = Path(folder) / "reachproof"
        program.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        with _server(place):
            yield _environment(folder)


def installed_on_path() -> dict[str, str]:
    """An environment in which `reachproof` is the program that is installed beside this interpreter."""
    return _environment(sysconfig.get_path("scripts"))


def _environment(folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REACHPROOF_")}
    return {**kept, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


@contextmanager
def _server(place: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        listening.listen()
        number = listening.fileno()
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # a fork has one thread
        with subprocess.Popen(
            [sys.executable, "-P", __file__, str(number)], pass_fds=[number], env=environment
        ) as server:
            try:
                yield
            finally:
                server.terminate()


def _import_everything() -> None:
    """Import what commands need, and make the parser of questions."""
    package = importlib.import_module("reachproof")
    for module in pkgutil.walk_packages(package.__path__, "reachproof.", onerror=_refuse):
        if not module.name.startswith((_UNUSED, "reachproof.__main__")):
            importlib.import_module(module.name)
    importlib.import_module("reachproof.grammar.parse").parse("all tenants are isolated")


def _refuse(name: str) -> None:
    raise ImportError(name)


def _await_command(listening: socket.socket) -> None:
    """Return in a fork for each command, as the process that it is; they run one after the other."""
    while True:
        asked, _ = listening.accept()
        with asked:
            size, streams, _, _ = socket.recv_fds(asked, 4, 3)
            wanted = asked.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL)
            fork = os.fork()
            if fork == 0:
                listening.close()
                _become(json.loads(wanted), streams)
                return
            for stream in streams:
                os.close(stream)
            _, status = os.waitpid(fork, 0)
            asked.sendall(bytes([os.waitstatus_to_exitcode(status) % 256]))


def _become(wanted: tuple[list[str], str, dict[str, str]], streams: list[int]) -> None:
    arguments, folder, environment = wanted
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace")
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["reachproof", *arguments]


if __name__ == "__main__":
    _import_everything()
    _await_command(socket.socket(fileno=int(sys.argv[1])))
    importlib.import_module("reachproof.cli.main").main()
