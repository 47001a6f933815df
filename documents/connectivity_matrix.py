"""The report of connections as a matrix: each end and each access once, with the explanations of pairs of ends.

Large reports are rendered from it, and encoded row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from reachproof.documents.connectivity import (
    Access,
    BlockedPair,
    Connection,
    Connectivity,
    ConnectivityEvidence,
    Exposure,
    ReportEnd,
    WayIn,
    end_by,
)
from reachproof.documents.json import once, plain_fields, streamed, viewed
from reachproof.documents.near import NearMiss
from reachproof.documents.parts import ABSENT, Notice, Rule, Step
from reachproof.documents.words import By, Truth
from reachproof.network import cluster as network
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import Direction

_UNFINISHED = ("EXPOSURE_UNKNOWN", "EXPOSURE_UNFINISHED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Ports on which the flows between two ends are decided by the same steps, those of one such flow.

    `deciding`: the directions that tell why. `depends`: the reasons why they are undetermined.
    """

    ports: IntervalSet
    truth: Truth
    steps: tuple[Step, ...]
    deciding: tuple[Direction, ...]
    depends: tuple[network.Notice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The steps and rules that decide between two ends, which are numbers in the `ends` of a report.

    Allowed stretches come first, then by their first port. `because`: of a pair with a row the rules that decide its
    allowed flows, and all that may block the undetermined ones; of one without all that blocks. `near`: of a pair
    without a row, where it was asked for.
    """

    src: int
    dst: int
    stretches: tuple[Stretch, ...]
    because: tuple[Rule, ...]
    near: tuple[NearMiss, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedWay:
    """A way in, with the steps that decide where explanations were asked for."""

    row: WayIn
    stretches: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTraits:
    """Properties of an end that may tell its flows apart: its pods, addresses that are not known, or several."""

    pods: int
    unknown: bool
    several: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The matrix of a report: ends that no other end tells apart share a row, or a column.

    `rows` and `columns` have the row and column of each end, -1 for ends that are not asked for there. `lines` are
    numbers in `accesses`; those of an end to itself are in `own`. Ends from `groups` on are outside, and have nothing
    to each other. What an access of `accesses` is partial by is told by the traits of both ends.
    """

    groups: int
    rows: Sequence[int]
    columns: Sequence[int]
    own: Mapping[int, int]
    lines: Sequence[Sequence[int]]
    accesses: Sequence[Access]
    traits: Sequence[EndTraits]


@dataclass(frozen=True, kw_only=True)
class ConnectivityMatrix:
    """A report in the form that large ones are rendered from: each end and each access once.

    `places` are the rows: the numbers of a source, a destination, and an access; they may be millions, and can be gone
    through again. `explanations` and `exposures` are None where they were not asked for, `ways_in` where the input has
    no routes, or the report is not about the outside. `cells`, where the report was made in this process: the same as a
    matrix.
    """

    by: By
    ends: tuple[ReportEnd, ...]
    accesses: Sequence[Access] = field(repr=False)
    places: Iterable[tuple[int, int, int]] = field(repr=False)
    explanations: tuple[Explanation, ...] | None = field(default=None, repr=False)
    exposures: tuple[Exposure, ...] | None = None
    ways_in: tuple[ExplainedWay, ...] | None = None
    assumptions: tuple[Notice, ...] = ()
    warnings: tuple[Notice, ...] = ()
    evidence: ConnectivityEvidence
    cells_of: Callable[[], Cells] | None = field(default=None, repr=False)

    @property
    def finished(self) -> bool:
        """False if what possible pods may do is not known of all ends, where that was asked for."""
        return not any(notice.code in _UNFINISHED for notice in self.warnings)

    def __iter__(self) -> Iterator[Connection]:
        """The rows, made one by one."""
        fields = [plain_fields(access) for access in self.accesses]
        for src, dst, number in self.places:
            yield Connection(src=self.ends[src], dst=self.ends[dst], **fields[number])

    @cached_property
    def numbers(self) -> Mapping[tuple[int, int], int]:
        """The number of the access by those of source and destination; pairs with nothing are absent."""
        return {(src, dst): number for src, dst, number in self.places}


def matrix_of(document: Connectivity) -> ConnectivityMatrix:
    """The report as a matrix."""
    number = {end: at for at, end in enumerate(document.ends)}
    accesses: dict[Access, int] = {}
    places = []
    for row in document.rows:
        access = Access(
            connections=row.connections, depends=row.depends, partial=row.partial, partial_by=row.partial_by
        )
        places.append((number[row.src], number[row.dst], accesses.setdefault(access, len(accesses))))
    by = document.by
    exposures = tuple(viewed(Exposure, each, end=end_by(each.end, by)) for each in document.exposure or ())
    return ConnectivityMatrix(
        by=by,
        ends=tuple(end_by(end, by) for end in document.ends),
        accesses=tuple(accesses),
        places=places,
        exposures=exposures if document.exposure is not ABSENT else None,
        ways_in=tuple(_way_by(each, by) for each in document.ways_in) if document.ways_in is not ABSENT else None,
        assumptions=document.assumptions,
        warnings=document.warnings,
        evidence=document.evidence,
    )


def _way_by(row: WayIn, by: By) -> ExplainedWay:
    return ExplainedWay(row=viewed(WayIn, row, src=end_by(row.src, by), dst=end_by(row.dst, by)))


def connectivity_blocks(matrix: ConnectivityMatrix) -> Iterator[bytes]:
    """The document in UTF-8, one row to a line. At most some thousand rows are held at once.

    With explanations, rows have `because`, and `absent` lists the pairs without a row.
    """
    explained, exposures = matrix.explanations, matrix.exposures
    document = Connectivity(
        by=matrix.by,
        rows=(),
        absent=ABSENT if explained is None else tuple(_absent(matrix, explained)),
        ends=matrix.ends,
        exposure=ABSENT if exposures is None else exposures,
        ways_in=ABSENT if matrix.ways_in is None else tuple(each.row for each in matrix.ways_in),
        assumptions=matrix.assumptions,
        warnings=matrix.warnings,
        evidence=matrix.evidence,
    )
    return streamed(document, "rows", _rows(matrix))


def _rows(matrix: ConnectivityMatrix) -> Iterator[Connection]:
    """The rows; what they are made of is encoded once and used again."""
    ends: list[Any] = [once(end) for end in matrix.ends]
    fields: list[Mapping[str, Any]] = [
        {name: once(value) for name, value in plain_fields(access).items() if value is not None}
        for access in matrix.accesses
    ]
    if matrix.explanations is None:
        for src, dst, number in matrix.places:
            yield Connection(src=ends[src], dst=ends[dst], **fields[number])
        return
    for each in matrix.explanations:
        pair = each.src, each.dst
        if pair in matrix.numbers:
            access = fields[matrix.numbers[pair]]
            yield Connection(src=ends[each.src], dst=ends[each.dst], **access, because=each.because)


def _absent(matrix: ConnectivityMatrix, explained: Sequence[Explanation]) -> Iterator[BlockedPair]:
    ends = matrix.ends
    for each in explained:
        if (each.src, each.dst) not in matrix.numbers:
            yield BlockedPair(src=ends[each.src], dst=ends[each.dst], because=each.because, near=each.near)
