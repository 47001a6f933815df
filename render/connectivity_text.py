"""Connectivity for a terminal: a line for each connection, in the style of netpol-analyzer's `list`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from reachproof.documents.words import Partial
from reachproof.network.policy import Direction
from reachproof.network.printable import printable
from reachproof.queries.report_nodes import partial_by
from reachproof.render.connectivity_words import Shown, connections, end_text, outside_names, remarks
from reachproof.render.notice_text import assumption_lines, place
from reachproof.semantics.trace import Truth

if TYPE_CHECKING:
    from reachproof.queries.connectivity import Connectivity
    from reachproof.queries.connectivity_explain import Explanation, Stretch
    from reachproof.queries.exposure import Exposure, Facing
    from reachproof.queries.report_nodes import End
    from reachproof.solver.connection_matrix import Access

    Names = dict[End, str]

_WORDS = {Truth.ALLOWED: "allowed", Truth.DENIED: "denied", Truth.EITHER: "undetermined"}


def text_lines(shown: Shown) -> Iterator[str]:
    """`SRC => DST : CONNECTIONS` for every row, then what was asked for besides, then what it assumes.

    External ends of many CIDRs have short names, which are explained after the rows.
    """
    report = shown.report
    names = outside_names(report.ends)
    if shown.explanations is not None:
        yield from _explained(shown, names)
    else:
        yield from _rows(report, names)
    for end, name in names.items():
        yield f"{name}: {', '.join(end.cidrs)}"
    if shown.exposures is not None:
        yield from _exposed(shown.exposures, names)
    yield from assumption_lines(report.assumptions)


def _rows(report: Connectivity, names: Names) -> Iterator[str]:
    """A line for each row; what they are made of is written once and used again, as there may be millions."""
    ends = [end_text(end, names) for end in report.ends]
    said = {by: [_access(access, by) for access in report.matrix.accesses] for by in Partial}
    partial = [bool(access.partial) for access in report.matrix.accesses]
    number = 0
    for src, dst, number in report.places():
        by = partial_by(report.ends[src], report.ends[dst]) if partial[number] else Partial.PODS
        yield f"{ends[src]} => {ends[dst]} : {said[by][number]}"
    if not number:
        yield "no connections"


def _access(access: Access, by: Partial | None) -> str:
    said = remarks(access, by)
    return f"{connections(access.ports)}  ({said})" if said else connections(access.ports)


def _connection(src: End, dst: End, access: Access, names: Names) -> str:
    return f"{end_text(src, names)} => {end_text(dst, names)} : {_access(access, partial_by(src, dst))}"


def _explained(shown: Shown, names: Names) -> Iterator[str]:
    """Pairs with a connection and what allows it, then pairs without one and what denies it."""
    report = shown.report
    if not shown.explanations:
        yield "no connections"
    with_access = [(each, report.between(each.src, each.dst)) for each in shown.explanations or ()]
    for present in (True, False):
        for each, access in with_access:
            if bool(access) is present:
                yield _connection(each.src, each.dst, access, names)
                yield from _stretches(each)


def _stretches(explanation: Explanation) -> Iterator[str]:
    for each in explanation.stretches:
        yield f"    {connections(each.ports)}: {_WORDS[each.truth]}"
        yield from _steps(each)
        yield from (printable(f"      depends on {notice.code}: {notice.text}") for notice in each.trace.depends)


def _steps(stretch: Stretch) -> Iterator[str]:
    trace = stretch.trace
    sides = (trace.egress, trace.ingress)
    telling = [side for side in sides if side.truth is Truth.DENIED] or sides
    for side in telling:
        for step in side.steps:
            yield printable(f"      {step.direction:<7} {step.action:<5} {step.text}{place(step.origin)}")


def _exposed(exposures: Iterable[Exposure], names: Names) -> Iterator[str]:
    listed = list(exposures)
    for direction, title, arrow in ((Direction.EGRESS, "Egress", "=>"), (Direction.INGRESS, "Ingress", "<=")):
        found = [(each.end, each.facing(direction)) for each in listed]
        facings = [(end, facing) for end, facing in found if facing is not None]
        lines = [f"{end_text(end, names)} {arrow} {line}" for end, facing in facings for line in _facing(facing, names)]
        narrowed = not any(facing.looked_at for _, facing in facings)
        yield from (
            "",
            f"{title} exposure:",
            *(lines or ["not looked at; the report is narrowed" if narrowed else "none"]),
        )


def _facing(facing: Facing, names: Names) -> Iterator[str]:
    for end, access in facing.outside or ():
        yield f"{end_text(end, names)} : {connections(access.ports)}"
    if facing.everywhere:
        yield f"entire-cluster : {connections(facing.everywhere)}"
    for each in facing.possible or ():
        yield printable(f"possible-pods : {connections(each.ports)}  (such as {each.pod})")
