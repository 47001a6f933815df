"""The ends of a connectivity report: pods put together by workload, namespace or tenant, nodes, and the outside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from reachproof.documents.words import By, Partial
from reachproof.network.address import ALL_V4, ALL_V6, format_cidrs
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External
from reachproof.network.intervals import EMPTY, IntervalSet, Span
from reachproof.network.snapshot import Snapshot
from reachproof.queries.tenancy import tenant_of
from reachproof.solver.universe import Universe, party_key


class EndKind(StrEnum):
    """Kinds of ends."""

    POD = "pod"
    WORKLOAD = "workload"
    NAMESPACE = "namespace"
    TENANT = "tenant"
    NODE = "node"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of the rows of a report.

    | kind | namespace | name | pods |
    |---|---|---|---|
    | pod | its | its | itself |
    | workload | its | `Kind/name` | all of its pods in the snapshot |
    | namespace | None | its | all of its pods |
    | tenant | None | its | all pods of its namespaces |
    | node | None | its | none |
    | external | None | its CIDRs, joined by commas | none |

    Ends are equal when they have one name, so that the same workload of two snapshots is one end; external ends are
    equal when their addresses are, which depends on how the policies of a snapshot cut them. `addresses` are those of
    an external end: outside the cluster and exact, disjoint from every other end's. `cidrs` are the fewest CIDRs that
    hold these and no address of another end; they run over addresses that pods, nodes and Services hold, which are not
    outside.
    """

    kind: EndKind
    namespace: str | None = None
    name: str
    pods: tuple[Pod, ...] = field(default=(), compare=False)
    node: Node | None = field(default=None, compare=False)
    addresses: IntervalSet = EMPTY
    cidrs: tuple[str, ...] = ()

    def __str__(self) -> str:
        match self.kind:
            case EndKind.POD:
                return f"{self.namespace}/{self.name}"
            case EndKind.WORKLOAD:
                kind, _, name = self.name.partition("/")
                return f"{self.namespace}/{name}[{kind}]"
            case EndKind.NAMESPACE | EndKind.TENANT | EndKind.NODE:
                return f"{self.kind} {self.name}"
            case EndKind.EXTERNAL:
                return self.name
            case _:
                assert_never(self.kind)


def partial_by(src: End, dst: End) -> Partial:
    """Properties that may tell the flows between two ends apart: their pods, or the addresses of one pod or node."""
    pods = (*src.pods, *dst.pods)
    if max(len(src.pods), len(dst.pods)) <= 1:
        return Partial.UNKNOWN_ADDRESSES if any(pod.abstract for pod in pods) else Partial.ADDRESSES
    several = any(len(pod.addresses) != 1 for pod in pods) or any(end.node for end in (src, dst))
    return Partial.PODS_OR_ADDRESSES if several else Partial.PODS


@dataclass(frozen=True, slots=True)
class Grouping:
    """Ends inside the cluster, in order: pods, workloads, namespaces or tenants by name, then nodes by name.

    `numbers[i]` is 1 + the place of the end that point i of the universe belongs to, 0 where it belongs to none.
    """

    ends: tuple[End, ...]
    numbers: tuple[int, ...]


def grouping(universe: Universe, by: By, *, nodes: bool) -> Grouping:
    """The ends of a universe, nodes if wanted.

    The pods of a namespace that belongs to no tenant stand for it; a pod without an owner is its own workload.
    """
    pods: dict[str, Pod] = {}
    found: dict[str, Node] = {}
    for point in universe.points:
        match point.party:
            case Pod() as pod:
                pods[party_key(pod)] = pod
            case Node() as node if nodes:
                found[party_key(node)] = node
            case Node() | External():
                pass
    groups: dict[tuple[EndKind, str | None, str], list[Pod]] = defaultdict(list)
    for pod in sorted(pods.values(), key=lambda each: each.key):
        groups[_identity(universe.snapshot, pod, by)].append(pod)
    inside = [End(kind=kind, namespace=ns, name=name, pods=tuple(own)) for (kind, ns, name), own in groups.items()]
    ends = sorted(inside, key=by_name)
    ends += [End(kind=EndKind.NODE, name=node.name, node=node) for node in sorted(found.values(), key=lambda n: n.name)]
    number = {party_key(pod): at for at, end in enumerate(ends, start=1) for pod in end.pods}
    number |= {party_key(end.node): at for at, end in enumerate(ends, start=1) if end.node is not None}
    return Grouping(tuple(ends), tuple(number.get(party_key(point.party), 0) for point in universe.points))


def _identity(snapshot: Snapshot, pod: Pod, by: By) -> tuple[EndKind, str | None, str]:
    match by:
        case By.WORKLOAD if pod.workload:
            return EndKind.WORKLOAD, pod.namespace, pod.workload
        case By.POD | By.WORKLOAD:
            return EndKind.POD, pod.namespace, pod.name
        case By.TENANT:
            tenant = tenant_of(snapshot, pod.namespace)
            return (EndKind.NAMESPACE, None, pod.namespace) if tenant is None else (EndKind.TENANT, None, tenant)
        case By.NAMESPACE:
            return EndKind.NAMESPACE, None, pod.namespace
        case _:
            assert_never(by)


def by_name(end: End) -> tuple[bool, str, tuple[str, str], EndKind]:
    """The order of ends that are pods."""
    return end.kind is EndKind.NAMESPACE, end.namespace or "", _name_first(end.name), end.kind


def _name_first(name: str) -> tuple[str, str]:
    """`Kind/name` in order of the name."""
    kind, _, own = name.rpartition("/")
    return own, kind


def outside_ends(addresses: Sequence[IntervalSet], held: IntervalSet) -> tuple[End, ...]:
    """The ends of disjoint sets of addresses outside, in the same order; `held` are addresses of the cluster."""
    shown = (format_cidrs(each) for each in _running_over(addresses, held))
    return tuple(
        End(kind=EndKind.EXTERNAL, name=",".join(cidrs), addresses=each, cidrs=cidrs)
        for each, cidrs in zip(addresses, shown, strict=True)
    )


def _running_over(sets: Sequence[IntervalSet], held: IntervalSet) -> list[IntervalSet]:
    """The sets, still disjoint, with the gaps that hold nothing but held addresses closed so that CIDRs are few."""
    spans = sorted((low, high, number) for number, each in enumerate(sets) for low, high in each)
    found: list[list[Span]] = [list(each.spans) for each in sets]
    for (low, high), (before, after) in _gaps(spans):
        if not IntervalSet(((low, high),)) <= held:
            continue
        border = low if before is None else high + 1 if after is None else _roundest(low, high + 1)
        if before is not None and (after is None or before == after):
            found[before].append((low, high))
        elif before is None and after is not None:
            found[after].append((low, high))
        elif before is not None and after is not None:
            found[before].append((low, border - 1))
            found[after].append((border, high))
    return [IntervalSet.of(each) for each in found]


def _gaps(spans: Sequence[tuple[int, int, int]]) -> Iterable[tuple[Span, tuple[int | None, int | None]]]:
    """Gaps between, before and after the spans in each address family, with the numbers of their neighbours."""
    for first, last in (ALL_V4.spans[0], ALL_V6.spans[0]):
        at, before = first, None
        for low, high, number in (each for each in spans if first <= each[0] <= last):
            if at < low:
                yield (at, low - 1), (before, number)
            at, before = high + 1, number
        if before is not None and at <= last:
            yield (at, last), (before, None)


def _roundest(low: int, high: int) -> int:
    """The number in low..high (inclusive) that the largest power of two divides: where a border costs fewest CIDRs."""
    for power in range(high.bit_length(), -1, -1):
        candidate = -(-low >> power) << power
        if candidate <= high:
            return candidate
    return low
