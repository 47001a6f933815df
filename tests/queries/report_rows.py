"""The rows of a connectivity report, as its document has them, with the values that they are made of."""

from __future__ import annotations

from dataclasses import dataclass

from reachproof.documents.words import Partial
from reachproof.network.intervals import IntervalSet
from reachproof.queries.connectivity import Connectivity
from reachproof.queries.connectivity_document import connectivity_document
from reachproof.queries.report_nodes import End
from reachproof.solver.connection_matrix import Access


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """A pair of ends with something allowed."""

    src: End
    dst: End
    access: Access
    partial_by: Partial | None

    @property
    def ports(self) -> IntervalSet:
        return self.access.ports


def rows_of(report: Connectivity) -> tuple[ReportRow, ...]:
    document = connectivity_document(report)
    kinds, found = report.matrix.accesses, []
    for src, dst, number in document.places:
        access = kinds[number % len(kinds)]
        by = document.accesses[number].partial_by
        found.append(ReportRow(src=report.ends[src], dst=report.ends[dst], access=access, partial_by=by))
    return tuple(found)


def between(report: Connectivity, src: End, dst: End) -> Access:
    """The connections allowed from one end to another, maybe none."""
    return report.matrix.access(report.ends.index(src), report.ends.index(dst))
