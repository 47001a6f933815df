"""Routes and gateways as they are read, one object at a time, and joined to the ways in that they are.

| Route | Is a way in |
|---|---|
| without a gateway by its kind | yes |
| a gateway of the input takes it | yes, served by the gateway's proxies |
| its gateway is not in the input | it may be, served by pods of the gateway's namespace among others |
| its parent is of a kind that is not read | it may be |
| no gateway takes it: no parent, or no listener for its kind, namespace, section, port and hosts | no |
| included, or delegated to, by one of these | as the one that includes it |

A backend of another namespace without the ReferenceGrant that it needs gets nothing.
Trusted by questions about traffic from outside; checked by tests/manifests/test_routes.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reachproof.network.cluster import Ingress, IngressBackend, Namespace, Proxies
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Selector
from reachproof.network.origin import Origin

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A reference of a route to a gateway; an empty `section` and port 0 stand for all its listeners.

    `unread`: it is to another thing that may let traffic in, which is not read; in words.
    """

    namespace: str
    name: str
    section: str = ""
    port: int = 0
    unread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An object that sends requests on to Services.

    `parents`: None for a kind that needs no gateway. `family`: the API group of the gateways. `granted`: backends in
    other namespaces need a ReferenceGrant. `includes`: the routes, by namespace and name, that it hands requests on to;
    one that is not `rooted` gets requests from these only. `open`: the reason why it may lead nowhere. `proxies`: the
    pods that serve it, where its kind tells.
    """

    kind: str
    namespace: str
    name: str
    hosts: tuple[str, ...] = ()
    parents: tuple[Parent, ...] | None = None
    family: str = ""
    backends: tuple[IngressBackend, ...] = ()
    granted: bool = False
    includes: tuple[tuple[str, str], ...] = ()
    rooted: bool = True
    open: str = ""
    proxies: Proxies | None = None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One listener of a gateway. `kinds`: those of the routes that it takes; `hosts`: empty for every host.

    `everywhere`: it takes routes of all namespaces; else of those that `namespaces` selects, or of the gateway's own
    where that is None.
    """

    name: str
    port: int
    kinds: frozenset[str]
    hosts: tuple[str, ...] = ()
    everywhere: bool = False
    namespaces: Selector | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A gateway, and the pods that serve it, where its labels tell."""

    family: str
    namespace: str
    name: str
    listeners: tuple[Listener, ...]
    proxies: Proxies | None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A ReferenceGrant: routes of a (kind, namespace) may use these Services of its namespace; None: all of them."""

    namespace: str
    name: str
    sources: frozenset[tuple[str, str]]
    services: frozenset[str] | None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One way that requests come to a route, by these proxies where they are known. `reason`: why it may be none."""

    proxies: Proxies | None = None
    reason: str = ""


def ways_in(
    routes: Iterable[Route], gateways: Iterable[Gateway], grants: Iterable[Grant], namespaces: Iterable[Namespace]
) -> tuple[Ingress, ...]:
    """The routes that let something in, or may; by kind, namespace and name."""
    written = sorted(routes, key=lambda each: (each.kind, each.namespace, each.name))
    includers: dict[tuple[str, Key], list[Route]] = defaultdict(list)
    for route in written:
        for key in route.includes:
            includers[route.kind, key].append(route)
    joined = _Joined(
        gateways={(each.family, each.namespace, each.name): each for each in gateways},
        grants=tuple(grants),
        homes={each.name: each for each in namespaces},
        includers=includers,
    )
    return tuple(ingress for route in written if (ingress := joined.ingress(route)) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Joined:
    gateways: Mapping[tuple[str, str, str], Gateway]
    grants: tuple[Grant, ...]
    homes: Mapping[str, Namespace]
    includers: Mapping[tuple[str, Key], list[Route]]

    def ingress(self, route: Route) -> Ingress | None:
        """The way in that a route is; None where it certainly is none."""
        entries = list(self._entries(route, frozenset()))
        backends = tuple(each for each in route.backends if self._granted(route, each))
        if not entries or not backends:
            return None
        certain = [entry for entry in entries if not entry.reason]
        counted = certain or entries
        known = all(entry.proxies is not None for entry in counted)
        proxies = dict.fromkeys(entry.proxies for entry in counted if entry.proxies is not None)
        return Ingress(
            namespace=route.namespace,
            name=route.name,
            backends=backends,
            other_kind=route.kind,
            open="" if certain else entries[0].reason,
            proxies=tuple(proxies) if known else (),
            origin=route.origin,
        )

    def _entries(self, route: Route, seen: frozenset[Key]) -> Iterator[_Entry]:
        key = (route.namespace, route.name)
        if route.parents is None and route.rooted:
            yield _Entry(proxies=route.proxies, reason=route.open)
        for parent in route.parents or ():
            yield from self._by_parent(route, parent)
        for includer in self.includers.get((route.kind, key), ()):
            if key not in seen:
                yield from self._entries(includer, seen | {key})

    def _by_parent(self, route: Route, parent: Parent) -> Iterator[_Entry]:
        if parent.unread:
            yield _Entry(reason=f"its parent {parent.unread} is not read")
            return
        gateway = self.gateways.get((route.family, parent.namespace, parent.name))
        if gateway is None:
            near = Proxies(namespace=parent.namespace, pods=EVERYTHING)
            yield _Entry(proxies=near, reason=f"Gateway {parent.namespace}/{parent.name} is not in the input")
        elif any(self._takes(gateway, listener, route, parent) for listener in gateway.listeners):
            yield _Entry(proxies=gateway.proxies)

    def _takes(self, gateway: Gateway, listener: Listener, route: Route, parent: Parent) -> bool:
        return (
            route.kind in listener.kinds
            and parent.section in ("", listener.name)
            and parent.port in (0, listener.port)
            and self._allowed(gateway, listener, route)
            and hosts_meet(listener.hosts, route.hosts)
        )

    def _allowed(self, gateway: Gateway, listener: Listener, route: Route) -> bool:
        if listener.everywhere:
            return True
        if listener.namespaces is None:
            return route.namespace == gateway.namespace
        home = self.homes.get(route.namespace)
        return listener.namespaces.matches(home.labels if home else {NAMESPACE_NAME: route.namespace})

    def _granted(self, route: Route, backend: IngressBackend) -> bool:
        if not route.granted or not backend.namespace:
            return True
        return any(
            grant.namespace == backend.namespace
            and (route.kind, route.namespace) in grant.sources
            and (grant.services is None or backend.service in grant.services)
            for grant in self.grants
        )


def hosts_meet(listening: tuple[str, ...], asked: tuple[str, ...]) -> bool:
    """True if some host is in both; no hosts are every host, and `*.` begins a name with any labels before the rest."""
    if not listening or not asked:
        return True
    return any(_meet(one.lower(), other.lower()) for one in listening for other in asked)


def _meet(one: str, other: str) -> bool:
    if one.startswith("*.") and other.startswith("*."):
        return f".{one[2:]}".endswith(other[1:]) or f".{other[2:]}".endswith(one[1:])
    if one.startswith("*."):
        return other.endswith(one[1:])
    return one.endswith(other[1:]) if other.startswith("*.") else one == other
