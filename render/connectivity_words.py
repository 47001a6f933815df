"""Wording of reports and differences that several formats share: ports, remarks beside them, and ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from reachproof.documents.connectivity import Access, Connection, OutsideEnd, ReportEnd, ports_of
from reachproof.documents.words import Partial
from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import ALL_PORTS, MAX_PORT, ranges
from reachproof.network.printable import printable

FEW_CIDRS = 4
"""External ends of more have a short name."""
Names: TypeAlias = Mapping[ReportEnd, str]
"""The external ends that have a short name."""
_PARTIAL_WORDS = {
    Partial.PODS: "only between some of their pods",
    Partial.ADDRESSES: "only at some of their addresses",
    Partial.UNKNOWN_ADDRESSES: "depends on pod addresses that are not known; narrow them with {option}",
    Partial.PODS_OR_ADDRESSES: "only between some of their pods or addresses",
}


def connections(ports: IntervalSet) -> str:
    """`all ports`, `no ports`, or a list such as `TCP 80,8080-8090; UDP 53`."""
    if ports == ALL_PORTS:
        return "all ports"
    words = []
    for protocol, spans in ranges(ports).items():
        listed = ",".join(str(low) if low == high else f"{low}-{high}" for low, high in spans)
        words.append(f"{protocol} {listed}" if spans != ((1, MAX_PORT),) else f"all {protocol} ports")
    return "; ".join(words) if words else "no ports"


def remarks(
    access: Access | Connection,
    *,
    ports_text: Callable[[IntervalSet], str] = connections,
    option: str = "--pod-cidr",
) -> str:
    """Remarks beside the ports of a row: parts that are undetermined, or that some flows lack; mostly nothing."""
    partial = _PARTIAL_WORDS[access.partial_by or Partial.PODS_OR_ADDRESSES].format(option=option)
    said = []
    for part, words in ((access.depends, "undetermined"), (access.partial, partial)):
        if part is not None:
            said.append(words if part == access.connections else f"{ports_text(ports_of(part))} {words}")
    return ", ".join(said)


def short_names(ends: Iterable[ReportEnd]) -> Names:
    """A short name for each external end that has more than FEW_CIDRS: `outside-1`, `outside-2`, ... in order."""
    many = (end for end in dict.fromkeys(ends) if isinstance(end, OutsideEnd) and len(end.cidrs) > FEW_CIDRS)
    return {end: f"outside-{number}" for number, end in enumerate(many, start=1)}


def end_text(end: ReportEnd, names: Names) -> str:
    """`shop/web[Deployment]`, `shop/web-1`, `namespace shop`, CIDRs, or the short name of an external end."""
    return printable(names.get(end) or str(end))


def name_lines(names: Names) -> Iterator[str]:
    """The CIDRs behind short names."""
    return (f"{name}: {end}" for end, name in names.items())
