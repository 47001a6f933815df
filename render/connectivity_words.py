"""The content of `reachproof connectivity`, and wording that several formats share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import ALL_PORTS, MAX_PORT, ranges
from reachproof.network.printable import printable

if TYPE_CHECKING:
    from reachproof.queries.connectivity import Connectivity
    from reachproof.queries.connectivity_explain import Explanation
    from reachproof.queries.exposure import Exposure
    from reachproof.queries.report_nodes import End

FEW_CIDRS = 4
"""External ends of more have a short name."""
_PARTIAL_WORDS = {
    "pods": "only between some of their pods",
    "addresses": "only at some of their addresses",
    "unknownAddresses": "depends on pod addresses that are not known; narrow them with {option}",
    "podsOrAddresses": "only between some of their pods or addresses",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The report, and what was asked for besides: None where it was not. `finished`: all of that is there."""

    report: Connectivity
    explanations: Sequence[Explanation] | None = None
    exposures: Sequence[Exposure] | None = None
    finished: bool = True


def connections(ports: IntervalSet) -> str:
    """`All Connections`, `No Connections`, or a list such as `TCP 80,8080-8090; UDP 53`."""
    if ports == ALL_PORTS:
        return "All Connections"
    words = []
    for protocol, spans in ranges(ports).items():
        listed = ",".join(str(low) if low == high else f"{low}-{high}" for low, high in spans)
        words.append(f"{protocol} {listed}" if spans != ((1, MAX_PORT),) else f"{protocol} all")
    return "; ".join(words) if words else "No Connections"


class _Access(Protocol):
    """Ports, and the parts of them that are undetermined, or that some pair of pods or addresses lacks."""

    @property
    def ports(self) -> IntervalSet: ...
    @property
    def open(self) -> IntervalSet: ...
    @property
    def partial(self) -> IntervalSet: ...


def remarks(
    access: _Access,
    by: str | None,
    *,
    ports_text: Callable[[IntervalSet], str] = connections,
    option: str = "--pod-cidr",
) -> str:
    """Remarks beside the ports of a row; mostly nothing. `by`: what `partial` is due to."""
    said = []
    for part, words in ((access.open, "undetermined"), (access.partial, by and _PARTIAL_WORDS[by])):
        if part and words:
            which = "" if part == access.ports else f"{ports_text(part)} "
            said.append(which + words.format(option=option))
    return ", ".join(said)


def outside_names(ends: Sequence[End]) -> dict[End, str]:
    """A short name for each external end that has more than a few CIDRs: `outside-1`, `outside-2`, ..."""
    many = [end for end in ends if len(end.cidrs) > FEW_CIDRS]
    return {end: f"outside-{number}" for number, end in enumerate(many, start=1)}


def end_text(end: End, names: dict[End, str]) -> str:
    """`shop/web[Deployment]`, `shop/web-1`, `namespace shop`, CIDRs, or the short name of an external end."""
    return printable(names.get(end) or (", ".join(end.cidrs) if end.cidrs else str(end)))
