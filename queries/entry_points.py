"""Traffic from outside the cluster to a Service: with which source it arrives, and whether it can arrive at all.

| Service | What comes from outside | Here |
|---|---|---|
| NodePort, LoadBalancer, externalIPs; externalTrafficPolicy Local | keeps the client's address | flows of the client |
| the same with externalTrafficPolicy Cluster | may have the address of any node instead | also flows of every node |
| behind an Ingress or another route | comes from a proxy that serves it | also flows of its pods, or the stand-in |
| behind a route that may lead nowhere | may come from such a proxy | `unknown`, where only this would decide |
| LoadBalancer with ranges of clients, no node ports | may be dropped | `unknown`, where only this would decide |
| any other | cannot be sent to it | flows of the client, and a notice: policy alone is judged |

Only the pod's own node is exempt from ingress policy; any other node is judged by its address. The flows of nodes and
controllers are a second goal with the verdicts of the first, asked where the first finds nothing: so they can add a
flow that refutes a claim, or shows that something can be reached, and take none away.

Where the proxies of a route are not known, any known one may serve it. By a flow that there may be nothing is decided:
where only such a flow would show a verdict, it is `unknown`.

Trusted by verdicts on traffic from outside; checked by tests/queries/test_entry_points.py, test_ways_in.py and, flow by
flow, test_brute_force.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from reachproof.network.cluster import Ingress, Notice, Pod, Service
from reachproof.network.flow import External, Flow
from reachproof.network.snapshot import Snapshot
from reachproof.queries import ingress_controller
from reachproof.queries.bind_sets import Binder
from reachproof.queries.ingress_controller import STAND_IN, servers
from reachproof.queries.plan import Check, PossibleFlows, asked_last, with_possible
from reachproof.queries.services import backends
from reachproof.queries.source_ranges import limited, perhaps_dropped, ranges_ignored, serves_some
from reachproof.semantics.sentences import some_of
from reachproof.solver.goal import (
    FALSE,
    All,
    At,
    Formula,
    Members,
    Not,
    Ranked,
    Search,
    Side,
    Some,
    Wanted,
    addresses_in,
)
from reachproof.solver.universe import Universe
from reachproof.solver.view import View

Key = tuple[str, str]
Led = list[tuple[Service, Formula]]
_SHOWN = 3
_AN = ("A", "E", "I", "O", "HTTP")
FROM_A_NODE = "ARRIVES_FROM_A_NODE"


def from_outside(universe: Universe, source: Formula) -> bool:
    """True if an address outside the cluster may be a source; True in doubt."""
    view = View.of(universe, addresses_in(source))
    return bool(view.upper_bound(source, Side.SOURCE) & view.lift(universe.external))


def with_arrivals(binder: Binder, check: Check) -> Check:
    """The check, and what is asked where it finds nothing: the same of traffic as it may arrive from outside.

    The region of a Search must be a conjunction whose first item says which sources are meant; the others must hold of
    what arrives as well.
    """
    goal = check.goal
    if not binder.reached:
        return check
    if isinstance(goal, Ranked):
        if from_outside(binder.universe, goal.sources):
            binder.assumptions += clients_only(binder)
        return check
    assert isinstance(goal.region, All)
    source, *rest = goal.region.items
    if not from_outside(binder.universe, source):
        return check
    dropped = perhaps_dropped(binder, source)
    sources, notices = _arrivals(binder, goal.wanted, source, judged=True)
    if dropped and goal.wanted is Wanted.CAN_ALLOW:
        served = Not(Some(tuple(each.region for each in dropped)))
        check = replace(check, goal=Search(All((source, served, *rest)), goal.wanted))
    if sources != FALSE:
        check = asked_last(check, replace(check, goal=Search(All((sources, *rest)), goal.wanted), bound=notices))
    check = with_possible(check, (PossibleFlows(All((each.region, *rest)), each.notice) for each in dropped))
    if goal.wanted is not Wanted.CAN_ALLOW:
        return check
    # A sentence without a word of the outside has no pod that stands for proxies that are not known.
    binder.assumptions += _not_certain(binder) if STAND_IN not in binder.snapshot.pods else ()
    return with_possible(check, possible_arrivals(binder, rest))


def possible_arrivals(binder: Binder, rest: Iterable[Formula]) -> tuple[PossibleFlows, ...]:
    """Flows that there may be besides, by routes that may lead nowhere; `rest`: conditions on them as well."""
    return tuple(
        PossibleFlows(All((_flows(binder, sources, led), *rest)), notice)
        for sources, led, notice in _possible(binder)
        if sources
    )


def arrivals(binder: Binder, source: Formula, wanted: Wanted) -> tuple[Formula, tuple[Notice, ...]]:
    """The flows that stand for traffic from outside to the Services that were named, and the notices that say so.

    No flow, and no notice, where no source is outside. What is not judged is noted with the binder.
    """
    if not from_outside(binder.universe, source):
        return FALSE, ()
    binder.assumptions += _not_certain(binder) if wanted is Wanted.CAN_ALLOW else ()
    return _arrivals(binder, wanted, source, judged=False)


def _arrivals(binder: Binder, wanted: Wanted, source: Formula, *, judged: bool) -> tuple[Formula, tuple[Notice, ...]]:
    """`judged`: which clients a load balancer serves is looked at."""
    found = list(_arriving(binder, wanted, source if judged else None))
    codes = {notice.code for _, notice in found}
    binder.assumptions += _nodes_not_given(binder) if FROM_A_NODE in codes else kept(binder)
    by_ingress = "ARRIVES_BY_INGRESS" in codes
    binder.assumptions += ingress_controller.notices(_serving(binder)) if by_ingress else ()
    binder.assumptions += _not_judged(binder, ingress=not by_ingress, ranges=judged)
    binder.assumptions += _not_certain(binder) if wanted is not Wanted.CAN_ALLOW else ()
    return Some(tuple(formula for formula, _ in found)), tuple(notice for _, notice in found)


def _arriving(binder: Binder, wanted: Wanted, source: Formula | None) -> Iterator[tuple[Formula, Notice]]:
    """Conditions on flows that stand for traffic from outside, each with the notice that says so.

    An Ingress is one way in, so it can show that something gets in. It shows nothing about the other ways.
    """
    universe = binder.universe
    opened = [
        each
        for each in binder.reached
        if each.service.entry_point
        and not each.service.keeps_client
        and (source is None or limited(binder, each) is None or serves_some(universe, each.service, source))
    ]
    if opened and universe.nodes:
        names = _names((each.service, each.into) for each in opened)
        text = (
            f"a node as the source stands for clients outside: what they send to service {names} may arrive with the "
            "address of any node (externalTrafficPolicy: Cluster)"
        )
        at_nodes = At(Side.SOURCE, Members(universe.nodes))
        notice = Notice(code="ARRIVES_FROM_A_NODE", text=text, origin=opened[0].service.origin)
        yield All((at_nodes, Some(tuple(each.into for each in opened)))), notice
    if wanted is Wanted.CAN_ALLOW:
        yield from _ways_in(binder)


def _nodes_not_given(binder: Binder) -> Iterator[Notice]:
    """A pod's own node may always reach it, so a node that is not in the input could let something through."""
    snapshot = binder.snapshot
    for service in dict.fromkeys(service for service in _named(binder) if service.entry_point):
        pods = (each.pod for each in backends(snapshot, service))
        names = {pod.node for pod in pods if pod is not None and pod.node not in (None, *snapshot.node_of)}
        if names and not service.keeps_client:
            text = (
                f"pods behind service {service} run on {', '.join(sorted(map(str, names)))}, which the input does not "
                "have as a Node: what arrives with its address, which they always accept, is not judged"
            )
            yield Notice(code="NODE_NOT_GIVEN", text=text, origin=service.origin)


def kept(binder: Binder) -> tuple[Notice, ...]:
    """For Services that were named and can be connected to from outside: that nodes as sources are not judged."""
    return tuple(
        Notice(
            code="CLIENT_ADDRESS_KEPT",
            text=f"traffic from outside to the {service.type} service {service} is judged with the client's own "
            "address; after source rewriting (externalTrafficPolicy: Cluster) it may arrive with a node's",
            origin=service.origin,
        )
        for service in _named(binder)
        if service.entry_point and not service.keeps_client
    )


def clients_only(binder: Binder) -> tuple[Notice, ...]:
    """For Services that were named, where flows of clients alone are judged: what they may also arrive as."""
    return (*kept(binder), *_not_judged(binder), *_not_certain(binder))


def _not_judged(binder: Binder, *, ingress: bool = True, ranges: bool = False) -> Iterator[Notice]:
    """Notices on parts of the named Services that are not judged; `ingress`: what comes by one is not.

    `ranges`: which clients a load balancer serves is, where these come by nothing else.
    """
    for service in _named(binder):
        for each in dict.fromkeys(
            way for way, led, doubt, _ in _led(binder) if led is service and not doubt and ingress
        ):
            text = (
                f"{each.subject} leads to service {service}; what comes that way comes from the ingress controller, "
                "and is not judged here: ask about `the ingress controller`"
            )
            yield Notice(code="BEHIND_INGRESS", text=text, origin=service.origin)
        looked_at = ranges and all(map(service.by_load_balancer_alone, service.ports))
        if service.source_ranges and service.type == "LoadBalancer" and not looked_at:
            yield ranges_ignored(service)


def no_entry(snapshot: Snapshot, flow: Flow, via: Service | None) -> tuple[Notice, ...]:
    """For a flow from outside by a Service that nothing outside can connect to: that policy alone is judged."""
    if via is None or via.entry_point or not isinstance(flow.source, External):
        return ()
    text = (
        f"service {via} is of type {via.type}, which nothing outside the cluster can connect to; what is said is "
        "whether policy would let an outside address through to the pods behind it"
    )
    return (Notice(code="NOT_AN_ENTRY_POINT", text=text, origin=via.origin),)


# ---------------------------------------------------------------- routes


def _named(binder: Binder) -> Iterator[Service]:
    """The Services that were named, one for each time."""
    return (each.service for each in binder.reached)


def _names(led: Iterable[tuple[Service, Formula]]) -> str:
    return some_of(dict.fromkeys(str(service) for service, _ in led), _SHOWN)


def _ways_in(binder: Binder) -> Iterator[tuple[Formula, Notice]]:
    """The flows that stand for what certainly comes in by routes to the Services that were named."""
    groups: dict[tuple[str, tuple[Key, ...]], Led] = defaultdict(list)
    for ingress, service, doubt, into in _led(binder):
        if not doubt:
            pods = servers(binder.snapshot, ingress).certain
            groups[_with_article(ingress.other_kind or "Ingress"), _keys(pods)].append((service, into))
    for (kind, sources), led in groups.items():
        text = f"the ingress controller as the source stands for clients outside: {kind} leads to service {_names(led)}"
        notice = Notice(code="ARRIVES_BY_INGRESS", text=text, origin=led[0][0].origin)
        if sources:
            yield _flows(binder, sources, led), notice


def _not_certain(binder: Binder) -> Iterator[Notice]:
    """The notices about routes that may lead to the Services that were named, where these are not judged."""
    return (notice for _, _, notice in _possible(binder))


def _possible(binder: Binder) -> Iterator[tuple[tuple[Key, ...], Led, Notice]]:
    """The pods that traffic may come from, the Services that it may go to, and the notice about it."""
    groups: dict[tuple[str, str, tuple[Key, ...]], Led] = defaultdict(list)
    for ingress, service, doubt, into in _led(binder):
        found = servers(binder.snapshot, ingress)
        if doubt:
            pods, why = (*found.certain, *found.perhaps), f"it is not known, since {doubt}"
        else:
            pods, why = found.perhaps, "which pods serve it is not known"
        if doubt or pods:
            groups[ingress.subject, why, _keys(pods)].append((service, into))
    for (subject, why, sources), led in groups.items():
        text = f"{subject} may lead from outside to service {_names(led)}; {why}"
        yield sources, led, Notice(code="WAY_IN_NOT_CERTAIN", text=text, origin=led[0][0].origin)


def _serving(binder: Binder) -> tuple[Pod, ...]:
    """The pods that certainly serve routes to the Services that were named."""
    found = {
        pod.key: pod
        for ingress, _, doubt, _ in _led(binder)
        if not doubt
        for pod in servers(binder.snapshot, ingress).certain
    }
    return tuple(found.values())


def _with_article(kind: str) -> str:
    """`an Ingress`, `a Route`."""
    return f"{'an' if kind.startswith(_AN) else 'a'} {kind}"


def _keys(pods: Iterable[Pod]) -> tuple[Key, ...]:
    """The pods by namespace and name."""
    return tuple(pod.key for pod in pods)


def _led(binder: Binder) -> Iterator[tuple[Ingress, Service, str, Formula]]:
    """Each route with a named Service, the reason why it may not lead there, and the flows of which that is true."""
    for ingress in binder.snapshot.ingresses:
        for reach in binder.reached:
            if ingress.leads_to(reach.service):
                doubt_of = partial(ingress.doubt, reach.service)
                yield from (
                    (ingress, reach.service, doubt, flows) for doubt, flows in reach.parts(binder.universe, doubt_of)
                )


def _flows(binder: Binder, pods: tuple[Key, ...], led: Led) -> Formula:
    """Flows from some pods to Services."""
    at_pods = At(Side.SOURCE, Members(binder.universe.pods_of(pods)))
    return All((at_pods, Some(tuple(into for _, into in led))))
