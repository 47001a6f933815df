"""Commands of reachproof as processes that need not import it: forks of one that has.

Each has its own arguments, folder, environment, streams and exit code, as if a shell had started the program itself;
what it lacks is the start of the interpreter, which `tests/cli/test_process.py` and `tests/api/test_serve.py` have.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import pkgutil
import shlex
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

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
_OF_SERVICES = "reachproof.api"


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
        with _started("commands", listening) as server:
            try:
                yield
            finally:
                server.terminate()


def _started(what: str, end: socket.socket) -> subprocess.Popen[bytes]:
    number = end.fileno()
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # a fork has one thread
    command = [sys.executable, "-P", __file__, what, str(number)]
    return subprocess.Popen(command, pass_fds=[number], env=environment)


def _import_everything() -> None:
    """Import what commands need, and make the parser of questions."""
    package = importlib.import_module("reachproof")
    for module in pkgutil.walk_packages(package.__path__, "reachproof.", onerror=_refuse):
        if not module.name.startswith((_OF_SERVICES, "reachproof.__main__")):
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


# ---------------------------------------------------------------- services


class Service:
    """A command that runs until it is told to end, with what is used here of `subprocess.Popen`.

    Not for `serve --processes`, where the start of each is the program's own.
    """

    def __init__(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        reading, writing = os.pipe()
        self._told, theirs = socket.socketpair()
        control, wanted = _services(), json.dumps([arguments, os.getcwd(), dict(environment)]).encode()
        with theirs:
            socket.send_fds(control, [len(wanted).to_bytes(4, "big")], [theirs.fileno(), 0, 1, writing])
        control.sendall(wanted)
        os.close(writing)
        self.stderr = os.fdopen(reading)
        self.pid = self._number()
        self.returncode: int | None = None

    def __enter__(self) -> Service:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wait()
        self.stderr.close()
        self._told.close()

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, less than 0 for a signal. Raises TimeoutError."""
        if self.returncode is None:
            self._told.settimeout(timeout)
            self.returncode = self._number()
        return self.returncode

    def _number(self) -> int:
        told = self._told.recv(4, socket.MSG_WAITALL)
        if not told:
            raise RuntimeError("the process that makes forks has ended")
        return int.from_bytes(told, "big", signed=True)

    def send_signal(self, sent: int) -> None:
        """Send a signal to the process, unless it has been waited for."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sent)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)


@cache
def _services() -> socket.socket:
    """A socket to the process of which services are forks, which ends with this one."""
    ours, theirs = socket.socketpair()
    with theirs:
        server = _started("services", theirs)
    atexit.register(_end, ours, server)
    return ours


def _end(control: socket.socket, server: subprocess.Popen[bytes]) -> None:
    control.close()
    server.terminate()
    server.wait()


def _await_service(control: socket.socket) -> None:
    """Return in a fork for each service, as the process that it is; the fork between waits for it."""
    signal.signal(signal.SIGCHLD, _reap)
    while True:
        size, given, _, _ = socket.recv_fds(control, 4, 4)
        if not size:
            sys.exit()
        wanted = control.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL)
        if os.fork() == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if _is_service(socket.socket(fileno=given[0]), given[1:]):
                _become(json.loads(wanted), given[1:])
                return
        for each in given:
            os.close(each)


def _reap(*_: object) -> None:
    """Wait for what has ended, so that its time counts as that of the tests."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _is_service(told: socket.socket, streams: list[int]) -> bool:
    """True in a fork; who asked is told its number, and how it ended, by this process, which ends then."""
    with told:
        fork = os.fork()
        if fork == 0:
            return True
        for stream in streams:
            os.close(stream)
        told.sendall(fork.to_bytes(4, "big"))
        _, status = os.waitpid(fork, 0)
        with suppress(BrokenPipeError):
            told.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))
    os._exit(0)


if __name__ == "__main__":
    given = socket.socket(fileno=int(sys.argv[2]))
    _import_everything()
    if sys.argv[1] == "services":
        importlib.import_module(f"{_OF_SERVICES}.serve")
        _await_service(given)
    else:
        _await_command(given)
    importlib.import_module("reachproof.cli.main").main()
