"""The ends of reports and differences in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from reachproof.documents.connectivity import OutsideEnd, ReportEnd
from reachproof.network.printable import printable

FEW_CIDRS = 4
"""External ends of more have a short name."""
Names: TypeAlias = Mapping[ReportEnd, str]
"""The external ends that have a short name."""


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
