"""The ends of a report with the names that they are shown by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reachproof.documents import connectivity as documents
from reachproof.render.connectivity_words import FEW_CIDRS


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEnd:
    """One end of the rows of a report. `title` is what it is called; ends are equal when kind and title are.

    `kind`: `pod` (also for a workload), `namespace`, `tenant`, `node` or `external`. What it does not have is None.
    """

    kind: str
    title: str
    namespace: str | None = None
    name: str | None = None
    tenant: str | None = None
    cidrs: tuple[str, ...] = ()

    @property
    def external(self) -> bool:
        """True for addresses outside the cluster."""
        return self.kind == "external"

    @property
    def words(self) -> str:
        """Its name in pictures."""
        short = self.external and len(self.cidrs) <= FEW_CIDRS
        return f"outside {self.title}" if short else self.title

    def __str__(self) -> str:
        return self.title


def named(ends: Iterable[ReportEnd]) -> dict[ReportEnd, ReportEnd]:
    """Each end as it is to be called: external ones of more than FEW_CIDRS are outside-1, outside-2, ... in order."""
    found: dict[ReportEnd, ReportEnd] = {}
    number = 0
    for end in ends:
        many = len(end.cidrs) > FEW_CIDRS and end not in found
        number += many
        found.setdefault(end, replace(end, title=f"outside-{number}") if many else end)
    return found


def outside_lines(ends: Iterable[ReportEnd]) -> Iterator[str]:
    """The CIDRs behind the short names of external ends."""
    for end in ends:
        if len(end.cidrs) > FEW_CIDRS:
            yield f"{end}: {', '.join(end.cidrs)}"


def end_of(document: documents.ReportEnd, by: str) -> ReportEnd:
    """An end of a report by pods, workloads, namespaces or tenants."""
    if isinstance(document, documents.OutsideEnd):
        return ReportEnd(kind=document.kind, title=", ".join(document.cidrs), cidrs=document.cidrs)
    return ReportEnd(
        kind=document.kind,
        title=_title(document, by),
        namespace=document.namespace,
        name=document.name,
        tenant=document.tenant,
    )


def _title(document: documents.InsideEnd, by: str) -> str:
    kind, name, workload = document.kind, document.name, document.workload
    if kind != "pod":
        return f"{kind} {name}"
    controlled = f"[{workload.partition('/')[0]}]" if by == "workload" and workload else ""
    return f"{document.namespace}/{name}{controlled}"
