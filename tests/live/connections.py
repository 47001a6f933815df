"""Real connections between networks: what answers, and whether it was reached.

A TCP connection is open if the handshake comes to an end, a UDP one if the datagram is sent back. There is a listener
for everything that is tried, so silence and refusal both mean that something on the way stopped it.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from reachproof.network.ports import Protocol
from tests.live.network import Network

_TYPES = {Protocol.TCP: socket.SOCK_STREAM, Protocol.UDP: socket.SOCK_DGRAM}
_GREETING = b"reachproof"


@dataclass(frozen=True, slots=True)
class Connection:
    """From an address to a port of another; both addresses as text."""

    source: str
    destination: str
    protocol: Protocol
    port: int


@dataclass(frozen=True, slots=True)
class Rig:
    """Which network has an address, and everything that listens."""

    networks: Mapping[str, Network]
    listeners: Sequence[socket.socket]

    def opened(self, connections: Iterable[Connection], *, seconds: float) -> dict[Connection, bool]:
        """Each connection, tried once and all at a time: whether it was open within the seconds."""
        given = list(dict.fromkeys(connections))
        with ExitStack() as held, selectors.DefaultSelector() as selector:
            for listener in self.listeners:
                selector.register(listener, selectors.EVENT_READ)
            waiting: dict[socket.socket, Connection] = {}
            for connection in given:
                client = held.enter_context(self._begun(connection))
                writes = connection.protocol is Protocol.TCP
                selector.register(client, selectors.EVENT_WRITE if writes else selectors.EVENT_READ)
                waiting[client] = connection
            found = dict.fromkeys(given, False)
            found.update(_answers(selector, waiting, seconds))
            return found

    def _begun(self, connection: Connection) -> socket.socket:
        with self.networks[connection.source].entered():
            client = socket.socket(_family(connection.source), _TYPES[connection.protocol])
        client.setblocking(False)
        client.bind((connection.source, 0))
        with suppress(BlockingIOError, ConnectionError, PermissionError):
            client.connect((connection.destination, connection.port))
            if connection.protocol is Protocol.UDP:
                client.send(_GREETING)
        return client


@contextmanager
def listening(networks: Mapping[str, Network], ports: Iterable[int]) -> Iterator[Rig]:
    """Listeners for TCP and UDP on the ports of every address."""
    with ExitStack() as held:
        listeners = []
        for address, network in networks.items():
            with network.entered():
                for port in ports:
                    for kind in _TYPES.values():
                        listeners.append(held.enter_context(_listener(address, port, kind)))
        yield Rig(networks, listeners)


def _listener(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    made = socket.socket(_family(address), kind)
    made.setblocking(False)
    made.bind((address, port))
    if kind is socket.SOCK_STREAM:
        made.listen(512)
    return made


def _answers(
    selector: selectors.BaseSelector, waiting: dict[socket.socket, Connection], seconds: float
) -> Iterator[tuple[Connection, bool]]:
    end = time.monotonic() + seconds
    while waiting and (left := end - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            ready = key.fileobj
            assert isinstance(ready, socket.socket)
            if ready not in waiting:
                _serve(ready)
                continue
            selector.unregister(ready)
            connection = waiting.pop(ready)
            yield connection, _reached(ready, connection.protocol)


def _serve(listener: socket.socket) -> None:
    with suppress(BlockingIOError, ConnectionError):
        if listener.type is socket.SOCK_STREAM:
            listener.accept()[0].close()
        else:
            content, client = listener.recvfrom(64)
            listener.sendto(content, client)


def _reached(client: socket.socket, protocol: Protocol) -> bool:
    if protocol is Protocol.TCP:
        return client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    try:
        return client.recv(64) == _GREETING
    except OSError:
        return False


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
