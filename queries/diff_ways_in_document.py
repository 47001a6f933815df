"""Differences of what comes in by routes, as part of the document of a difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reachproof.documents.connectivity import Route, connections
from reachproof.documents.diff import ChangedWayIn, Diff, DiffEvidence, RouteChange, Shift, Shifts, Undetermined
from reachproof.documents.json import viewed
from reachproof.documents.words import By, Edit, Relation
from reachproof.network.cluster import Ingress
from reachproof.network.origin import Origin
from reachproof.network.snapshot import Snapshot
from reachproof.queries.diff_rows import change_of, end_of_either
from reachproof.queries.diff_ways_in import ChangedWay, Side, changed_ways, side_of
from reachproof.queries.difference import difference, judged_flow
from reachproof.queries.document_parts import notices, origin_part
from reachproof.queries.ways_in import Lead, shares_of
from reachproof.queries.ways_in_document import route_document
from reachproof.semantics.sentences import some_of
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.encoding import Encoding
from reachproof.solver.z3_backend import Prover

_SHOWN = 3
_ANYWHERE = Origin(file="", path="")


def whole_difference(
    before: Encoding, after: Encoding, budget: Budget, prover: Prover, *, by: By = By.WORKLOAD
) -> Diff:
    """The difference of all flows, and of what comes in by routes. Raises what `difference` does.

    Where neither snapshot has a route it is that of the flows. The ways in have the budget once more; where it ends
    first, the relation is `unknown`, with the reason.
    """
    found = difference(before, after, budget, prover, by=by)
    if found.relation is Relation.UNKNOWN or not (before.snapshot.ingresses or after.snapshot.ingresses):
        return found
    try:
        sides = side_of(before, budget, by), side_of(after, budget, by)
        rows = changed_ways(*sides, budget.start(), {each.policy: each.edit for each in found.policies})
    except OutOfBudget as over:
        return viewed(Diff, found, relation=Relation.UNKNOWN, reason=str(over))
    return _joined(found, sides, rows)


def _joined(found: Diff, sides: tuple[Side, Side], rows: tuple[ChangedWay, ...]) -> Diff:
    snapshots = sides[0].snapshot, sides[1].snapshot
    reports = [side.ways.report for side in sides if side.ways is not None]
    assumed = notices(dict.fromkeys(each for report in reports for each in report.assumptions))
    judged = found.evidence.judged + sum(report.judged for report in reports)
    return viewed(
        Diff,
        found,
        relation=_relation(found, rows),
        ways_in=tuple(_document(snapshots, row) for row in rows),
        routes=tuple(_route_changes(*snapshots)),
        undetermined=(*found.undetermined, *_undetermined(rows)),
        witnesses=_witnesses(found.witnesses, snapshots, rows),
        assumptions=tuple(dict.fromkeys((*found.assumptions, *assumed))),
        evidence=viewed(DiffEvidence, found.evidence, judged=judged),
    )


def _relation(found: Diff, rows: Iterable[ChangedWay]) -> Relation:
    """The relation of the flows and of the ways in; UNDETERMINED where there are several that it may be."""
    listed = tuple(rows)
    looser = found.looser is not None or any(row.gained for row in listed)
    stricter = found.stricter is not None or any(row.lost for row in listed)
    if looser and stricter:
        return Relation.INCOMPARABLE
    if found.relation is Relation.UNDETERMINED or any(row.may_differ for row in listed):
        return Relation.UNDETERMINED
    if looser or stricter:
        return Relation.LOOSER if looser else Relation.STRICTER
    return found.relation


def _document(snapshots: tuple[Snapshot, Snapshot], row: ChangedWay) -> ChangedWayIn:
    before, after = row.before, row.after
    why = row.why
    return ChangedWayIn(
        src=end_of_either(snapshots, row.src),
        dst=end_of_either(snapshots, row.dst),
        change=change_of(before.ports, after.ports),
        before=connections(before.ports),
        after=connections(after.ports),
        gained=connections(row.gained),
        lost=connections(row.lost),
        may_differ=connections(row.may_differ) if row.may_differ else None,
        before_depends=connections(before.open) if before.open else None,
        after_depends=connections(after.open) if after.open else None,
        routes_before=_routes(row.leads[0]),
        routes_after=_routes(row.leads[1]),
        because=why.rules,
        endpoints=why.endpoints,
    )


def _routes(leads: Iterable[Lead]) -> tuple[Route, ...]:
    return tuple(map(route_document, shares_of(leads)))


def _route_changes(before: Snapshot, after: Snapshot) -> Iterator[RouteChange]:
    """The routes that are not what they were, in order of kind and name."""
    old, new = ({each.subject: each for each in snapshot.ingresses} for snapshot in (before, after))
    for subject in sorted(old.keys() | new.keys()):
        if subject not in old:
            yield _route_change(new[subject], Edit.ADDED)
        elif subject not in new:
            yield _route_change(old[subject], Edit.REMOVED)
        elif replace(old[subject], origin=_ANYWHERE) != replace(new[subject], origin=_ANYWHERE):
            yield _route_change(new[subject], Edit.CHANGED)


def _route_change(route: Ingress, edit: Edit) -> RouteChange:
    return RouteChange(
        kind=route.other_kind or "Ingress",
        namespace=route.namespace,
        name=route.name,
        edit=edit,
        origin=origin_part(route.origin),
    )


def _undetermined(rows: Iterable[ChangedWay]) -> Iterator[Undetermined]:
    open_ = [f"{row.src} => {row.dst}" for row in rows if row.may_differ]
    if open_:
        text = f"ways in now depend on something else: {some_of(open_, _SHOWN)}"
        yield Undetermined(policy=None, edit=None, what=(), text=text, origin=None)


def _witnesses(known: Shifts, snapshots: tuple[Snapshot, Snapshot], rows: tuple[ChangedWay, ...]) -> Shifts:
    """The flows that show the relation; of ways in where policy alone shows none."""
    return Shifts(
        looser=known.looser or _shift(snapshots, rows, "gained"),
        stricter=known.stricter or _shift(snapshots, rows, "lost"),
        undetermined=known.undetermined,
    )


def _shift(snapshots: tuple[Snapshot, Snapshot], rows: tuple[ChangedWay, ...], word: str) -> Shift | None:
    """A flow that is more, or less, of a way in than before, with what it is; null where no route leads there."""
    for row in rows:
        if word in row.shown:
            before, after = (
                judged_flow(snapshot, each.trace, each.truth)
                for snapshot, each in zip(snapshots, row.shown[word], strict=True)
            )
            return Shift(before=before, after=after)
    return None
