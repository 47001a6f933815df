"""The ends of a report: pods put together by workload, namespace or tenant, nodes, and the outside."""

from __future__ import annotations

from dataclasses import dataclass

from reachproof.face.parts import Json


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
        """Whether it is addresses outside the cluster."""
        return self.kind == "external"

    def __str__(self) -> str:
        return self.title


def end_of(document: Json, by: str) -> ReportEnd:
    """An end of a report by pods, workloads, namespaces or tenants."""
    kind = document["kind"]
    if kind == "external":
        cidrs = tuple(document["cidrs"])
        return ReportEnd(kind=kind, title=", ".join(cidrs), cidrs=cidrs)
    return ReportEnd(
        kind=kind,
        title=_title(document, by),
        namespace=document["namespace"],
        name=document["name"],
        tenant=document["tenant"],
    )


def _title(document: Json, by: str) -> str:
    kind, name, workload = document["kind"], document["name"], document["workload"]
    if kind != "pod":
        return f"{kind} {name}"
    controlled = by == "workload" and workload
    return f"{document['namespace']}/{name}" + (f"[{workload.partition('/')[0]}]" if controlled else "")
