"""Pods that cannot ask for names: shut out from DNS over UDP, or over TCP alone.

The sets engine finds them, the evaluator judges a flow of each; disagreement raises InternalError.
"""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.documents.findings import Code
from reachproof.documents.words import FindingSeverity
from reachproof.network.cluster import Pod
from reachproof.network.errors import InternalError
from reachproof.network.flow import Flow
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import Selector
from reachproof.network.policy import Action
from reachproof.network.ports import Protocol, place
from reachproof.queries.findings import Finding
from reachproof.semantics.evaluate import evaluate
from reachproof.semantics.sentences import listed
from reachproof.semantics.trace import Step, Trace, Truth
from reachproof.solver.bitset import positions
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import Encoding
from reachproof.solver.goal import All, At, InPorts, Members, Side
from reachproof.solver.shadowing import shut_out

DNS = Selector.equal("k8s-app", "kube-dns")
_SHOWN = 5


def without_dns(encoding: Encoding, budget: Budget) -> Iterator[Finding]:
    """Pods on the pod network that reach no pod labelled k8s-app=kube-dns on port 53, by what stops them.

    None where there is no such pod; of those that reach one over UDP the ones that reach none over TCP. Raises
    OutOfBudget, and InternalError where the evaluator says otherwise.
    """
    universe = encoding.universe
    servers = universe.labelled(DNS)
    clients = universe.pods & ~universe.host_pods & ~servers
    for protocol, code in ((Protocol.UDP, Code.DNS_BLOCKED), (Protocol.TCP, Code.DNS_TCP_BLOCKED)):
        if not servers or not clients:
            return
        for points, flow, trace in _stopped(encoding, clients, servers, protocol, budget):
            clients &= ~points
            names = dict.fromkeys(str(universe.points[index].party) for index in positions(points))
            yield _finding(code, list(names), flow, trace)


def _stopped(
    encoding: Encoding, clients: int, servers: int, protocol: Protocol, budget: Budget
) -> Iterator[tuple[int, Flow, Trace]]:
    port = InPorts(IntervalSet.single(place(protocol, 53)))
    asked = All((At(Side.SOURCE, Members(clients)), At(Side.DESTINATION, Members(servers)), port))
    for points, flow in shut_out(encoding, asked, budget):
        trace = evaluate(encoding.snapshot, flow, prefer=Action.DENY)
        if trace.truth is not Truth.DENIED:
            raise InternalError(
                f"the sets engine says that {flow} is denied, the evaluator that it is {trace.truth}; this is a bug of "
                "reachproof, no verdict is given"
            )
        yield points, flow, trace


def _finding(code: Code, names: list[str], flow: Flow, trace: Trace) -> Finding:
    stopping = next(side.decider for side in (trace.egress, trace.ingress) if side.truth is Truth.DENIED)
    more = [f"{len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    subject = f"{'pods' if len(names) > 1 else 'pod'} {listed([*names[:_SHOWN], *more])}"
    origin = stopping.origin or _pod_of(flow).origin
    udp = code is Code.DNS_BLOCKED
    where = "on udp/53" if udp else "on tcp/53, only on udp/53"
    return Finding(
        code=code,
        severity=FindingSeverity.WARNING,
        subject=subject,
        text=f"{subject} cannot reach any pod labelled {DNS} {where}: {stopping.text}",
        origin=origin,
        row={"where": subject, "why": stopping.text, "origin": str(origin)},
        example=flow,
        about=_about(stopping),
    )


def _about(step: Step) -> str:
    """The policies that stop the flow."""
    return listed(map(str, step.policies)) if step.policies else str(step.tier)


def _pod_of(flow: Flow) -> Pod:
    """The pod that the flow is from."""
    assert isinstance(flow.source, Pod)
    return flow.source
