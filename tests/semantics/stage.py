"""A small snapshot built by hand, so that the evaluator is tested without a loader."""

from __future__ import annotations

from reachproof.network.address import parse_address
from reachproof.network.cluster import ContainerPort, Namespace, Node, Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Selector
from reachproof.network.options import DEFAULT_OPTIONS, Options
from reachproof.network.origin import Origin
from reachproof.network.policy import (
    Action,
    Direction,
    Match,
    Peer,
    PodSet,
    Policy,
    PolicyRef,
    PortMatch,
    Rule,
    TierName,
)
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot

ORIGIN = Origin(file="stage.yaml", line=1)
SHOP = Selector.equal(NAMESPACE_NAME, "shop")
PODS = PodSet(EVERYTHING, EVERYTHING)
N1 = Node(name="n1", labels={"zone": "a"}, addresses=(parse_address("192.168.0.1"),), origin=ORIGIN)
N2 = Node(
    name="n2", labels={"zone": "b"}, addresses=(parse_address("192.168.0.2"), parse_address("fd01::2")), origin=ORIGIN
)
WORLD = External()


def pod(
    name: str, address: str | None, node: str | None = "n1", *, host_network: bool = False, replicas: int = 1
) -> Pod:
    """A pod of the namespace shop with app=NAME; without an address it is an abstract one."""
    return Pod(
        namespace="shop",
        name=name,
        labels={"app": name},
        addresses=() if address is None else (parse_address(address),),
        node=node,
        host_network=host_network,
        replicas=replicas,
        ports=(ContainerPort(name="sql", number=5432, protocol=Protocol.TCP),) if name == "db" else (),
        origin=ORIGIN,
    )


WEB = pod("web", "10.0.0.1")
DB = pod("db", "10.0.0.2", "n2")
HOST = pod("host", "192.168.0.2", "n2", host_network=True)
JOB = pod("job", None, None)
JOBS = pod("jobs", None, None, replicas=2)


def snapshot(*policies: Policy, options: Options = DEFAULT_OPTIONS) -> Snapshot:
    """The stage with these policies."""
    shop = Namespace(name="shop", labels={NAMESPACE_NAME: "shop"}, origin=ORIGIN)
    pods = (DB, HOST, JOB, JOBS, WEB)
    return Snapshot(namespaces=(shop,), nodes=(N1, N2), pods=pods, policies=policies, options=options)


def flow(source: Party, destination: Party, port: int = 5432, *, at: tuple[str, str] | None = None) -> Flow:
    """A TCP flow between the first addresses of both ends, unless addresses are given."""
    if at is not None:
        addresses = [parse_address(text) for text in at]
    else:
        addresses = [_first(party) for party in (source, destination)]
    return Flow(
        source=source,
        destination=destination,
        source_address=addresses[0],
        destination_address=addresses[1],
        protocol=Protocol.TCP,
        port=port,
    )


def rule(action: Action, peer: Peer, ports: PortMatch | None = None, *, index: int = 0, name: str = "") -> Rule:
    """A rule with one match."""
    return Rule(action=action, matches=(Match(peer, ports),), index=index, name=name, origin=ORIGIN)


def network_policy(
    name: str,
    subject: Selector,
    *,
    ingress: tuple[Rule, ...] = (),
    isolates: tuple[Direction, ...] = (Direction.INGRESS,),
) -> Policy:
    """A NetworkPolicy of the namespace shop."""
    return Policy(
        ref=PolicyRef(kind="NetworkPolicy", namespace="shop", name=name),
        tier=TierName.NETWORK_POLICY,
        subject=PodSet(SHOP, subject),
        ingress=ingress,
        isolates=frozenset(isolates),
        origin=ORIGIN,
    )


def admin_policy(
    name: str, *, priority: int = 1, egress: tuple[Rule, ...] = (), ingress: tuple[Rule, ...] = ()
) -> Policy:
    """An AdminNetworkPolicy for all pods."""
    return Policy(
        ref=PolicyRef(kind="AdminNetworkPolicy", namespace="", name=name),
        tier=TierName.ADMIN,
        priority=priority,
        subject=PODS,
        egress=egress,
        ingress=ingress,
        origin=ORIGIN,
    )


def _first(party: Party) -> int:
    match party:
        case External():
            return parse_address("203.0.113.7")
        case _:
            return party.addresses[0] if party.addresses else parse_address("10.0.9.9")
