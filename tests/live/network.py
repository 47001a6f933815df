"""Networks of their own for tests: kernel namespaces without names, joined by virtual wires.

A namespace is held by a file descriptor only, so that it is gone, with its wires, addresses and filter rules, as soon
as the process is. Needs root; nothing outside of these namespaces is changed or reached.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET of sched.h
_LIBRARY = ctypes.CDLL(None, use_errno=True)
_NO_QUESTIONS: dict[bool, Sequence[str]] = {True: ("nodad",), False: ()}  # by whether the address is of IPv6
_CURRENT = "/proc/thread-self/ns/net"


@dataclass(frozen=True, slots=True)
class Network:
    """A network namespace, by a file descriptor that this process holds."""

    descriptor: int

    @property
    def path(self) -> str:
        """A path by which other programs find it while this process lives."""
        return f"/proc/{os.getpid()}/fd/{self.descriptor}"

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Sockets and processes that this thread makes meanwhile are in the namespace."""
        before = os.open(_CURRENT, os.O_RDONLY)
        try:
            _system("setns", self.descriptor, _NEW_NETWORK)
            yield
        finally:
            _system("setns", before, _NEW_NETWORK)
            os.close(before)

    def ip(self, *words: str) -> None:
        """Runs `ip` in the namespace."""
        self.run("ip", *words)

    def run(self, *command: str) -> str:
        """What a command in the namespace prints; RuntimeError with its complaint where it fails."""
        with self.entered():
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout


@contextmanager
def new_network() -> Iterator[Network]:
    """A new namespace with a loopback; PermissionError for those who may not make one."""
    before = os.open(_CURRENT, os.O_RDONLY)
    try:
        _system("unshare", _NEW_NETWORK)
        made = Network(os.open(_CURRENT, os.O_RDONLY))
        _system("setns", before, _NEW_NETWORK)
    finally:
        os.close(before)
    try:
        made.ip("link", "set", "lo", "up")
        yield made
    finally:
        os.close(made.descriptor)


def join(node: Network, other: Network, name: str, addresses: Sequence[str]) -> None:
    """A wire from a router, where it has `name`, to `eth0` of another network, which has the addresses there.

    The other end sends everything to the router, and the router sends the addresses there. Neither asks for hardware
    addresses: the questions and answers of IPv6 are packets that filter rules may stop.
    """
    near, far = "02:00:00:00:00:01", "02:00:00:00:00:02"
    wire = ("link", "add", name, "address", near, "type", "veth")
    node.ip(*wire, "peer", "name", "eth0", "address", far, "netns", other.path)
    node.ip("link", "set", name, "up")
    other.ip("link", "set", "eth0", "up")
    for router in ("169.254.1.1", "fe80::1"):
        node.ip("addr", "add", router, "dev", name, *_NO_QUESTIONS[":" in router])
        other.ip("neigh", "add", router, "lladdr", near, "dev", "eth0")
    other.ip("route", "add", "169.254.1.1", "dev", "eth0")
    for address in addresses:
        other.ip("addr", "add", address, "dev", "eth0", *_NO_QUESTIONS[":" in address])
        node.ip("route", "add", address, "dev", name)
        node.ip("neigh", "add", address, "lladdr", far, "dev", name)
    other.ip("route", "add", "default", "via", "169.254.1.1", "dev", "eth0")
    other.ip("-6", "route", "add", "default", "via", "fe80::1", "dev", "eth0")


def _system(name: str, *arguments: int) -> None:
    if getattr(_LIBRARY, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
