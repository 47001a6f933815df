"""Replay: the evaluator's judgement of what the engines say. A disagreement is our bug, and no verdict is given.

For the rows of a connectivity report the flows between two ends are drawn without looking at how rows are made, so that
the way from the engine's tables to the rows is covered as well.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from reachproof.network.address import family
from reachproof.network.cluster import Pod
from reachproof.network.errors import InternalError
from reachproof.network.flow import External, Flow, Party
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import Action
from reachproof.network.ports import ALL_PORTS, place, protocol_port
from reachproof.network.snapshot import Snapshot
from reachproof.queries.report_nodes import End
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Trace, Truth
from reachproof.solver.connection_matrix import Access, ConnectionMatrix
from reachproof.solver.goal import Wanted
from reachproof.solver.witness import SpotCheck


def demand_replay(trace: Trace, wanted: Action) -> None:
    """The evaluator must find possible what the solver says of a flow."""
    wrong = Truth.DENIED if wanted is Action.ALLOW else Truth.ALLOWED
    if trace.truth is wrong:
        raise InternalError(
            f"the solver says that {trace.flow} can be {'allowed' if wanted is Action.ALLOW else 'denied'}, the "
            f"evaluator that it is {trace.truth}; this is a bug of reachproof, no verdict is given"
        )


def attack(snapshot: Snapshot, flows: tuple[Flow, ...], wanted: Wanted) -> None:
    """The evaluator must find no flow of invented pods as wanted, of which a proof says that none is."""
    excluded = {
        Wanted.CAN_ALLOW: (Truth.ALLOWED, Truth.EITHER),
        Wanted.CAN_DENY: (Truth.DENIED, Truth.EITHER),
        Wanted.MUST_ALLOW: (Truth.ALLOWED,),
        Wanted.MUST_DENY: (Truth.DENIED,),
    }[wanted]
    for flow in flows:
        found = truth(snapshot, flow)
        if found in excluded:
            raise InternalError(
                f"Z3 proved that no flow {wanted}, the evaluator says that {flow} is {found}; this is a bug of "
                "reachproof, no verdict is given"
            )


def spot_check(snapshot: Snapshot, samples: Iterable[SpotCheck]) -> None:
    """The evaluator must say the same of every sample as the engines."""
    for sample in samples:
        expected = truth(snapshot, sample.flow)
        if (sample.can_allow, sample.can_deny) != (expected is not Truth.DENIED, expected is not Truth.ALLOWED):
            raise InternalError(
                f"the engines and the evaluator ({expected}) disagree on {sample.flow}; this is a bug of reachproof, "
                "no verdict is given"
            )


PAIRS = 64


def judge_rows(snapshot: Snapshot, ends: tuple[End, ...], matrix: ConnectionMatrix) -> int:
    """Number of flows judged, all alike; InternalError for one that is not.

    For reports about every pod and every port. At most two flows for each of PAIRS pairs, half of these with rows.
    """
    judged = 0
    for source, destination in _pairs(ends, matrix):
        access = matrix.access(source, destination)
        for port in _ports(access):
            flow = _flow(snapshot, ends[source], ends[destination], port)
            if flow is not None:
                _demand(flow, access, truth(snapshot, flow))
                judged += 1
    return judged


def _demand(flow: Flow, access: Access, found: Truth) -> None:
    """A row holds what is possible; of what it holds nothing else may be impossible, or open."""
    port = place(flow.protocol, flow.port)
    match found:
        case Truth.ALLOWED:
            right = port in access.ports
        case Truth.EITHER:
            right = port in access.open
        case Truth.DENIED:
            right = port not in access.ports or port in access.partial
    if not right:
        raise InternalError(
            f"the report and the evaluator ({found}) disagree on {flow}; this is a bug of reachproof, "
            "no report is given"
        )


def _pairs(ends: tuple[End, ...], matrix: ConnectionMatrix) -> Iterator[tuple[int, int]]:
    """Pairs of places of ends; the choice is the same in every run."""
    chance = random.Random(0)
    for number in range(PAIRS if ends else 0):
        source = chance.randrange(len(ends))
        reached = [at for at, access in enumerate(matrix.row(source)) if access]
        yield source, chance.choice(reached) if number % 2 and reached else chance.randrange(len(ends))


def _ports(access: Access) -> Iterator[int]:
    """A port that is in the row, and one that is not."""
    for ports in (access.ports, ALL_PORTS - access.ports):
        if ports:
            yield ports.first


def _flow(snapshot: Snapshot, source: End, destination: End, port: int) -> Flow | None:
    """A flow between the ends, or None where the first parties of the two have none."""
    protocol, number = protocol_port(port)
    for a, first in _choices(snapshot, source):
        for b, second in _choices(snapshot, destination):
            if _exists(a, b, first, second):
                return Flow(
                    source=a,
                    destination=b,
                    source_address=first,
                    destination_address=second,
                    protocol=protocol,
                    port=number,
                )
    return None


def _exists(a: Party, b: Party, first: int, second: int) -> bool:
    if family(first) != family(second) or (isinstance(a, External) and isinstance(b, External)):
        return False
    return a is not b or (isinstance(a, Pod) and a.repeated and first != second)


def _choices(snapshot: Snapshot, end: End) -> Iterator[tuple[Party, int]]:
    """The last pods of the end, or its node, or the outside, with addresses of each."""
    if end.node is not None:
        yield from ((end.node, address) for address in end.node.addresses)
    for pod in end.pods[-2:]:
        for address in pod.addresses or _ends_of(snapshot.free_range(pod)):
            yield pod, address
    for address in _ends_of(end.addresses):
        yield External(), address


def _ends_of(addresses: IntervalSet) -> Iterator[int]:
    """The least and the greatest address."""
    if addresses:
        yield addresses.spans[0][0]
        yield addresses.spans[-1][1]
