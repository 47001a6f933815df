"""A report of connections as the owner of some namespaces is shown it: the rows that touch their own ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reachproof.api.namespace_view import NamespaceView
from reachproof.api.redaction.decisions import shown
from reachproof.api.redaction.ends import is_own_end
from reachproof.documents.connectivity import BlockedPair, Connection, Connectivity
from reachproof.documents.connectivity_matrix import ConnectivityMatrix
from reachproof.documents.json import encoded, plain_fields, streamed
from reachproof.documents.parts import ABSENT, Rule


def report_blocks(matrix: ConnectivityMatrix, view: NamespaceView) -> Iterator[bytes]:
    """The document in UTF-8. Ends of others are one, so rows that differ in these alone are one too."""
    document = Connectivity(
        by=matrix.by,
        rows=(),
        absent=ABSENT if matrix.explanations is None else tuple(_absent(matrix, view)),
        ends=matrix.ends,
        exposure=ABSENT if matrix.exposures is None else matrix.exposures,
        ways_in=ABSENT if matrix.ways_in is None else tuple(each.row for each in matrix.ways_in),
        assumptions=matrix.assumptions,
        warnings=matrix.warnings,
        evidence=matrix.evidence,
    )
    return streamed(shown(document, view), "rows", _once(shown(row, view) for row in _rows(matrix, view)))


def _rows(matrix: ConnectivityMatrix, view: NamespaceView) -> Iterator[Connection]:
    own = [is_own_end(end, view) for end in matrix.ends]
    because: dict[tuple[int, int], tuple[Rule, ...]] = {
        (each.src, each.dst): each.because for each in matrix.explanations or ()
    }
    for src, dst, number in matrix.places:
        if own[src] or own[dst]:
            access = plain_fields(matrix.accesses[number])
            why = ABSENT if matrix.explanations is None else because.get((src, dst), ())
            yield Connection(src=matrix.ends[src], dst=matrix.ends[dst], **access, because=why)


def _absent(matrix: ConnectivityMatrix, view: NamespaceView) -> Iterator[BlockedPair]:
    ends = matrix.ends
    for each in matrix.explanations or ():
        pair = ends[each.src], ends[each.dst]
        if (each.src, each.dst) not in matrix.numbers and any(is_own_end(end, view) for end in pair):
            yield BlockedPair(src=pair[0], dst=pair[1], because=each.because, near=each.near)


def _once(rows: Iterable[Connection]) -> Iterator[Connection]:
    seen: set[bytes] = set()
    for row in rows:
        key = encoded(row)
        if key not in seen:
            seen.add(key)
            yield row
