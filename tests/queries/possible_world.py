"""All pods that could be created in a small drawn cluster, one by one: what an answer about possible pods is held to.

Nothing of the solver is used here. Labels are those of the vocabulary and one that nothing names; addresses are one of
every region that the vocabulary's CIDRs tell apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from reachproof.network.address import family, parse_address
from reachproof.network.cluster import ContainerPort, Namespace, Node, Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import NAMESPACE_NAME, Selector
from reachproof.network.origin import Origin
from reachproof.network.policy import AddressPeer, PodSet
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from tests.strategies.vocabulary import NAMESPACES

HERE = Origin(file="")
# One of every region that the vocabulary's CIDRs tell apart, and two where there are more.
FOUR = (*(f"10.0.0.{number}" for number in range(9)), "10.0.0.77", "192.168.0.1", "192.168.0.3", "192.168.0.4")
SIX = (*(f"fd00::{number}" for number in range(9)), "fd00::77")
OUTSIDE = ("203.0.113.0", "203.0.113.7", "203.0.113.200", "8.8.8.8", "2001:db8::1", "2600::1", "fd00::5555", "fd01::77")

Port = tuple[Protocol, int]


@dataclass(frozen=True)
class End:
    """A party with its namespace; `new`: the namespace could be created, `possible`: the pod could."""

    party: Party
    address: int
    namespace: Namespace | None = None
    new: bool = False
    possible: bool = False

    @property
    def pod(self) -> Pod | None:
        return self.party if isinstance(self.party, Pod) else None

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.pod.labels) if self.pod else {}

    @property
    def home(self) -> str | None:
        """The name of its namespace."""
        return self.namespace.labels[NAMESPACE_NAME] if self.namespace else None

    @property
    def team(self) -> str | None:
        return self.namespace.labels.get("team") if self.namespace else None


@dataclass(frozen=True)
class Words:
    """What the policies of a snapshot mention: nothing else can matter to them."""

    labels: tuple[dict[str, str], ...]
    namespace_labels: tuple[dict[str, str], ...]
    names: tuple[tuple[str, ...], ...]
    blocks: tuple[IntervalSet, ...]


def words(snapshot: Snapshot, asked: dict[str, set[str]]) -> Words:
    """The words of the policies, and the labels that a question asks for besides."""
    pods: dict[str, set[str]] = {key: set(values) for key, values in asked.items() if key in ("app", "tier")}
    namespaces: dict[str, set[str]] = {key: set(values) for key, values in asked.items() if key in ("team", "env")}
    names: set[str] = set()
    blocks: dict[IntervalSet, None] = {}
    for policy in snapshot.policies:
        rules = [*policy.egress, *policy.ingress]
        peers = [match.peer for rule in rules for match in rule.matches]
        for each in (policy.subject, *(peer for peer in peers if isinstance(peer, PodSet))):
            _mention(pods, each.pods)
            _mention(namespaces, each.namespaces)
        blocks |= dict.fromkeys(peer.addresses for peer in peers if isinstance(peer, AddressPeer))
        ports = [match.ports for rule in rules for match in rule.matches if match.ports]
        names |= {name.name for each in ports for name in (*each.names, *each.not_names)}
    namespaces.pop(NAMESPACE_NAME, None)
    subsets = [
        tuple(each for each, taken in zip(sorted(names), chosen, strict=True) if taken)
        for chosen in product((False, True), repeat=len(names))
    ]
    return Words(tuple(_labels(pods)), tuple(_labels(namespaces)), tuple(subsets), tuple(blocks))


def _mention(found: dict[str, set[str]], selector: Selector) -> None:
    for requirement in selector.requirements:
        found.setdefault(requirement.key, set()).update(requirement.values)


def _labels(values: dict[str, set[str]]) -> Iterator[dict[str, str]]:
    """Every choice of labels: absent, a value that nothing mentions (two of tenants, which are compared), mentioned."""
    unnamed = {"team": ("zzz", "yyy")}
    choices = [(None, *unnamed.get(key, ("zzz",)), *sorted(named)) for key, named in sorted(values.items())]
    for chosen in product(*choices):
        yield {key: value for key, value in zip(sorted(values), chosen, strict=True) if value is not None}


def existing(snapshot: Snapshot) -> list[End]:
    """Every end that there is: pods and nodes by each address, and addresses outside."""
    found = []
    for pod in snapshot.pods:
        own = pod.addresses or [a for a in map(parse_address, (*FOUR, *SIX)) if a in snapshot.free_range(pod)]
        found += [End(pod, address, snapshot.namespace_of[pod.namespace]) for address in own]
    found += [End(node, address) for node in snapshot.nodes for address in node.addresses]
    free = (parse_address(text) for text in (*OUTSIDE, *FOUR))
    return [*found, *(End(External(), address) for address in free if address not in snapshot.held)]


def addresses(snapshot: Snapshot, of: Words, blocks: tuple[IntervalSet, ...]) -> list[int]:
    """Two of every region that policies and `blocks` tell apart, where a possible pod may have its address."""
    pods = {address for pod in snapshot.pods if not pod.host_network for address in pod.addresses}
    taken = {address for node in snapshot.nodes for address in node.addresses}
    taken |= {address for service in snapshot.services for address in service.virtual_ips}
    texts = map(parse_address, (*FOUR, *SIX))
    regions: dict[tuple[object, ...], list[int]] = {}
    for address in texts:
        if (address in snapshot.declared_pod_range or address in pods) and address not in taken:
            signature = (family(address), *(address in block for block in (*of.blocks, *blocks)))
            regions.setdefault(signature, []).append(address)
    return [address for region in regions.values() for address in region[-2:]]


def homes(snapshot: Snapshot, of: Words, *, new: bool) -> list[tuple[Namespace, bool]]:
    """Namespaces of the snapshot, and with `new` those that could be created."""
    found = [(namespace, False) for namespace in snapshot.namespaces]
    if new:
        names = [name for name in NAMESPACES if name not in snapshot.namespace_of]
        for number, name in enumerate((*names[:1], "zzz", "yyy")):
            for other, labels in enumerate(of.namespace_labels):
                # One object for each choice of labels; what it is called in its cluster is a label.
                named = labels | {NAMESPACE_NAME: name}
                found.append((Namespace(name=f"new-{number}-{other}", labels=named, origin=HERE), True))
    return found


def possible(
    snapshot: Snapshot,
    address: int,
    of: Words,
    wanted: Callable[[End], bool],
    *,
    new: bool,
    nodes: tuple[str, ...] = ("zzz",),
    port: Port | None = None,
) -> list[End]:
    """Every pod that could be created with this address, as far as it is `wanted`.

    `port`: where it listens under any of the names that policies mention; without one, under none.
    """
    found = []
    choices = product(homes(snapshot, of, new=new), of.labels, nodes, of.names if port else ((),))
    for number, ((namespace, created), labels, node, named) in enumerate(choices):
        pod = Pod(
            namespace=namespace.name,
            name=f"possible-{address}-{number}",
            labels=labels,
            addresses=(address,),
            node=node,
            ports=tuple(ContainerPort(name=name, number=port[1], protocol=port[0]) for name in named if port),
            origin=HERE,
        )
        end = End(pod, address, namespace, created, possible=True)
        if wanted(end):
            found.append(end)
    return found


def with_ends(snapshot: Snapshot, ends: list[End]) -> Snapshot:
    """The snapshot in which the invented ends exist, and no pod has the address of one."""
    taken = {end.address for end in ends}
    kept = tuple(pod for pod in snapshot.pods if pod.host_network or not taken.intersection(pod.addresses))
    created = {end.namespace.name: end.namespace for end in ends if end.new and end.namespace}
    pods = tuple(end.pod for end in ends if end.pod)
    return replace(snapshot, pods=(*kept, *pods), namespaces=(*snapshot.namespaces, *created.values()))


def flow(source: End, destination: End, port: Port) -> Flow | None:
    """The flow between two ends, None where there is none."""
    one_home = source.new and destination.new and source.home == destination.home
    if one_home and source.namespace != destination.namespace:
        return None  # one namespace has one set of labels
    both_outside = isinstance(source.party, External) and isinstance(destination.party, External)
    same = source.address == destination.address or source.party == destination.party
    if both_outside or same or family(source.address) != family(destination.address):
        return None
    return Flow(
        source=source.party,
        destination=destination.party,
        source_address=source.address,
        destination_address=destination.address,
        protocol=port[0],
        port=port[1],
    )


def is_node(end: End) -> bool:
    return isinstance(end.party, Node) or (end.pod is not None and end.pod.host_network)
