"""An engine's own evaluator in a process: asked for many snapshots, one after the other."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from reachproof.network.address import format_address
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import Flow, Party
from tests.engines.programs import program
from tests.strategies.vocabulary import Manifest

Domains = Mapping[str, Sequence[str]]
"""Domain name -> the CIDRs of its addresses."""


class RefusedError(Exception):
    """The engine could not read an object: a drawn manifest that it should have understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A running driver. `name` is that of its module."""

    name: str
    process: subprocess.Popen[str]

    def ask(self, objects: Sequence[Manifest], flows: Sequence[Flow], domains: Domains) -> list[bool]:
        """True for each flow that the engine allows. RefusedError where it refuses an object."""
        request = {"objects": list(objects), "domains": dict(domains), "flows": [_written(flow) for flow in flows]}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"{self.name} ended"
        answer = json.loads(line)
        if answer["errors"]:
            raise RefusedError("; ".join(answer["errors"]))
        verdicts: list[bool] = answer["verdicts"] or []
        assert len(verdicts) == len(flows)
        return verdicts


@contextmanager
def running(name: str) -> Iterator[Engine]:
    """The engine of that name; it ends with the block."""
    with subprocess.Popen(
        [program(name)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1 << 20
    ) as process:
        try:
            yield Engine(name=name, process=process)
        finally:
            process.kill()


def fields_of(name: str) -> dict[str, list[str]]:
    """Kind -> the fields of its policies as the engine's own types have them, such as `spec.egress[].action`."""
    done = subprocess.run([program(name), "fields"], capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def _written(flow: Flow) -> Manifest:
    return {
        "from": _name(flow.source),
        "to": _name(flow.destination),
        "source": format_address(flow.source_address),
        "destination": format_address(flow.destination_address),
        "protocol": flow.protocol.value,
        "port": flow.port,
    }


def _name(party: Party) -> str:
    """`namespace/name` of a pod, `node:name` of a node and of the pods that speak with its address; else empty."""
    match party:
        case Pod():
            return f"node:{party.node}" if party.host_network else str(party)
        case Node():
            return f"node:{party.name}"
        case _:
            return ""
