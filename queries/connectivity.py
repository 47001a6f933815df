"""All connections that a snapshot allows, as rows between ends: what `connectivity` shows and `diff` compares.

The sets engine makes the whole report at once. Samples of it are judged by the evaluator: flows of the region, and of
a report about everything also its rows as they are shown. Disagreement raises InternalError.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from reachproof.documents.words import By
from reachproof.grammar import ast
from reachproof.grammar.mistakes import QuerySyntaxError
from reachproof.network.cluster import Notice
from reachproof.network.errors import Problem
from reachproof.network.snapshot import Snapshot
from reachproof.queries.bind_sets import Binder
from reachproof.queries.entry_points import FROM_A_NODE, arrivals, clients_only
from reachproof.queries.ingress_controller import needs_stand_in, with_stand_in
from reachproof.queries.input_gaps import address_notices
from reachproof.queries.interpretation_notices import reasons
from reachproof.queries.possible import mentions_possible
from reachproof.queries.replay import judge_rows, spot_check
from reachproof.queries.report_nodes import End, grouping, outside_ends
from reachproof.solver.budget import Budget
from reachproof.solver.connection_matrix import ConnectionMatrix, connection_matrix
from reachproof.solver.encoding import Encoding, prepare
from reachproof.solver.goal import FALSE, All, At, Formula, Members, Side, Some, Wanted

if TYPE_CHECKING:
    from reachproof.queries.ask import Session  # which loads Z3; a report needs none of it

T = TypeVar("T")
DEFAULT_BUDGET = Budget()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Pods and ports of a report. Without `source` or `destination`: every pod, and the addresses outside the cluster.

    Nodes are ends only where a set names them. Without `ports`: every port.
    """

    by: By = By.WORKLOAD
    source: ast.SetExpr | None = None
    destination: ast.SetExpr | None = None
    ports: ast.Ports = ast.ANY_PORT

    @property
    def everything(self) -> bool:
        """True if the report leaves out nothing but nodes."""
        return self.source is None and self.destination is None and not self.ports.items


EVERYTHING = Request()


def request(by: By, src: str | None = None, dst: str | None = None, ports: str | None = None) -> Request:
    """A request from text: sets and ports of the query language. QuerySyntaxError with all that is no such text."""
    if src is None and dst is None and ports is None:
        return Request(by=by)
    from reachproof.grammar.parse import parse_ports, parse_set  # the parser takes a while to load

    problems: list[Problem] = []

    def read(parser: Callable[..., T], text: str | None, name: str, otherwise: T) -> T:
        try:
            return otherwise if text is None else parser(text, name=name)
        except QuerySyntaxError as error:
            problems.extend(error.problems)
            return otherwise

    found = Request(
        by=by,
        source=read(parse_set, src, "src", None),
        destination=read(parse_set, dst, "dst", None),
        ports=read(parse_ports, ports, "ports", ast.ANY_PORT),
    )
    if problems:
        raise QuerySyntaxError(problems)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Connectivity:
    """The whole report. Equal input gives equal rows in equal order.

    `ends`: inside the cluster by name, then those outside by address; also such that have no row, of those outside only
    if that was asked for. A row is a pair of ends with something in `matrix`: where an end is several pods or
    addresses, a port is in the row when some pair of them has it, `partial` when some other pair lacks it, and `open`
    when it is undetermined. A pair of ends without a row has no connection on the ports asked for, which is as sure as
    the rows are: pairs are left out for no other reason than that source or destination is not asked for, that both are
    outside, or that both are one and the same pod. `flows`: how many kinds of flow were told apart, none for an empty
    region. `judged`: how many flows the evaluator judged alike.
    """

    snapshot: Snapshot
    request: Request
    ends: tuple[End, ...]
    assumptions: tuple[Notice, ...]
    warnings: tuple[Notice, ...]
    flows: int
    judged: int
    matrix: ConnectionMatrix = field(repr=False, compare=False)
    encoding: Encoding = field(repr=False, compare=False)


def connectivity(
    where: Session | Encoding,
    request: Request = EVERYTHING,
    budget: Budget = DEFAULT_BUDGET,
    *,
    silent_outside: bool = False,
) -> Connectivity:
    """The report for a snapshot: that of a session, or of an encoding that is at hand.

    `silent_outside`: addresses outside without any connection are an end too, which an explanation needs.

    Raises QueryError for sets that do not fit the snapshot, OutOfBudget, InternalError. Cost: one run of the sets
    engine over all flows, then a table over the kinds of ends; rows cost when they are read.
    """
    encoding = _place_of(where, request)
    binder = Binder(encoding.universe)
    region = _region(binder, request)
    binder.finish()
    certain = _region(Binder(encoding.universe, sure=True), request) if binder.doubtful else None
    asked = Flows(region=region, certain=certain, nodes=binder.names_nodes)
    report = report_of(encoding, request, asked, budget, silent_outside=silent_outside)
    judged = judge_rows(report.snapshot, report.ends, report.matrix) if request.everything else 0
    return replace(
        report,
        assumptions=tuple(dict.fromkeys((*report.snapshot.assumptions, *binder.assumptions, *report.assumptions))),
        warnings=tuple(dict.fromkeys((*report.snapshot.warnings, *binder.warnings))),
        judged=judged + report.judged,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Flows that a report is about; `certain`: those of which that is sure, None for all. `nodes`: nodes are ends."""

    region: Formula
    certain: Formula | None
    nodes: bool


def report_of(
    encoding: Encoding, request: Request, asked: Flows, budget: Budget, *, silent_outside: bool = False
) -> Connectivity:
    """The report of some flows, with the notices that come of these alone; samples of them are judged."""
    snapshot, universe = encoding.snapshot, encoding.universe
    groups = grouping(universe, request.by, nodes=asked.nodes)
    running = budget.start()
    found = connection_matrix(
        encoding, asked.region, groups.numbers, running, certain=asked.certain, silent=silent_outside
    )
    sampled = found.sampled
    spot_check(snapshot, (*sampled.samples, *sampled.open_samples))
    notices = (
        *address_notices(universe, asked.region),
        *reasons(snapshot, sampled.open_samples, sampled.open_kinds),
    )
    return Connectivity(
        snapshot=snapshot,
        request=request,
        ends=(*groups.ends, *outside_ends(found.outside, snapshot.held)),
        assumptions=notices,
        warnings=(),
        flows=sampled.kinds,
        judged=len(sampled.samples),
        matrix=found,
        encoding=encoding,
    )


def _place_of(where: Session | Encoding, request: Request) -> Encoding:
    """The encoding that the request is about, with a stand-in for an ingress controller that the input lacks."""
    sets = (request.source, request.destination)
    if not isinstance(where, Encoding):
        return where.place_of(sets).encoding
    return prepare(with_stand_in(where.snapshot)) if needs_stand_in(where.snapshot, sets) else where


def _region(binder: Binder, request: Request) -> Formula:
    if mentions_possible(request.source) or mentions_possible(request.destination):
        binder.refuse("a report lists pods of the snapshot; ask `can possible pods reach ...` about others")
    endpoints = Members(binder.universe.pods | binder.universe.external)
    source = At(Side.SOURCE, endpoints) if request.source is None else binder.at(Side.SOURCE, request.source)
    if request.destination is None:
        return All((source, At(Side.DESTINATION, endpoints), binder.ports(request.ports)))
    into = binder.to(request.destination, request.ports)
    if request.source is None:
        binder.assumptions += clients_only(binder) if binder.reached else ()
        return All((source, into))
    arriving, notices = arrivals(binder, source, Wanted.CAN_ALLOW)
    binder.assumptions += notices
    binder.names_nodes |= any(notice.code == FROM_A_NODE for notice in notices)
    return All((source if arriving == FALSE else Some((source, arriving)), into))
