"""Traffic from outside by Ingresses and other routes: the pods that it comes from, and the Services that it goes to.

| Route | Its traffic |
|---|---|
| leads to a Service for certain, and its proxies are known | flows of the proxies |
| the same, and its proxies are not known | flows of the stand-in; perhaps of any known proxy |
| may lead nowhere, or perhaps to the Service | perhaps flows of any known proxy, or of the stand-in |

By a flow that there may be nothing is decided: where only such a flow would show a verdict, it is `unknown`.
Trusted by verdicts on traffic from outside; checked by tests/queries/test_ways_in.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reachproof.network.cluster import Ingress, Notice, Pod, Service
from reachproof.network.snapshot import Snapshot
from reachproof.queries.bind_sets import Binder
from reachproof.queries.ingress_controller import servers
from reachproof.solver.goal import All, At, Formula, Members, Side, Some

Key = tuple[str, str]
Led = list[tuple[Service, Formula]]
_SHOWN = 3
_AN = ("A", "E", "I", "O", "HTTP")


@dataclass(frozen=True, slots=True, kw_only=True)
class WayIn:
    """Flows that come from outside by a way of their own, as a condition, and the notice that says so."""

    flows: Formula
    notice: Notice


def ways_in(binder: Binder) -> Iterator[WayIn]:
    """The flows that stand for what certainly comes in by routes to the Services that were named."""
    groups: dict[tuple[str, tuple[Key, ...]], Led] = defaultdict(list)
    for ingress, service, into in _led(binder):
        if not ingress.doubt(service):
            pods = servers(binder.snapshot, ingress).certain
            groups[with_article(ingress.other_kind or "Ingress"), keys(pods)].append((service, into))
    for (kind, sources), led in groups.items():
        text = f"the ingress controller as the source stands for clients outside: {kind} leads to service {_names(led)}"
        notice = Notice(code="ARRIVES_BY_INGRESS", text=text, origin=led[0][0].origin)
        if sources:
            yield WayIn(flows=_flows(binder, sources, led), notice=notice)


def possible_ways_in(binder: Binder) -> Iterator[WayIn]:
    """The flows that there may be: by routes that may lead nowhere, or from pods that may not serve them."""
    for sources, led, notice in _possible(binder):
        if sources:
            yield WayIn(flows=_flows(binder, sources, led), notice=notice)


def not_certain(binder: Binder) -> Iterator[Notice]:
    """The notices about routes that may lead to the Services that were named, where these are not judged."""
    return (notice for _, _, notice in _possible(binder))


def _possible(binder: Binder) -> Iterator[tuple[tuple[Key, ...], Led, Notice]]:
    """The pods that traffic may come from, the Services that it may go to, and the notice about it."""
    groups: dict[tuple[str, str, tuple[Key, ...]], Led] = defaultdict(list)
    for ingress, service, into in _led(binder):
        found, doubt = servers(binder.snapshot, ingress), ingress.doubt(service)
        if doubt:
            pods, why = (*found.certain, *found.perhaps), f"it is not known, since {doubt}"
        else:
            pods, why = found.perhaps, "which pods serve it is not known"
        if doubt or pods:
            groups[ingress.subject, why, keys(pods)].append((service, into))
    for (subject, why, sources), led in groups.items():
        text = f"{subject} may lead from outside to service {_names(led)}; {why}"
        yield sources, led, Notice(code="WAY_IN_NOT_CERTAIN", text=text, origin=led[0][0].origin)


def serving(binder: Binder) -> tuple[Pod, ...]:
    """The pods that certainly serve routes to the Services that were named."""
    found = {
        pod.key: pod
        for ingress, service, _ in _led(binder)
        if not ingress.doubt(service)
        for pod in servers(binder.snapshot, ingress).certain
    }
    return tuple(found.values())


def certain_ways_in(snapshot: Snapshot, service: Service) -> Iterator[Ingress]:
    """The Ingresses and other routes that lead to a Service for certain."""
    return (each for each in snapshot.ingresses if each.leads_to(service) and not each.doubt(service))


def with_article(kind: str) -> str:
    """`an Ingress`, `a Route`."""
    return f"{'an' if kind.startswith(_AN) else 'a'} {kind}"


def keys(pods: Iterable[Pod]) -> tuple[Key, ...]:
    """The pods by namespace and name."""
    return tuple(pod.key for pod in pods)


def _led(binder: Binder) -> Iterator[tuple[Ingress, Service, Formula]]:
    """Each route with a named Service that it leads to, or may, and the flows to that Service."""
    for ingress in binder.snapshot.ingresses:
        for service, into in binder.reached:
            if ingress.leads_to(service):
                yield ingress, service, into


def _flows(binder: Binder, pods: tuple[Key, ...], led: Led) -> Formula:
    """Flows from some pods to Services."""
    at_pods = At(Side.SOURCE, Members(binder.universe.pods_of(pods)))
    return All((at_pods, Some(tuple(into for _, into in led))))


def _names(led: Led) -> str:
    names = list(dict.fromkeys(str(service) for service, _ in led))
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
