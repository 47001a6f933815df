"""Routes and gateways as they are read, one object at a time; `attach` joins them."""

from __future__ import annotations

from dataclasses import dataclass

from reachproof.network.cluster import IngressBackend, Proxies
from reachproof.network.labels import Selector
from reachproof.network.origin import Origin


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
