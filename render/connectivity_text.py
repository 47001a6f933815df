"""Connectivity for a terminal: a line for each connection, in the style of netpol-analyzer's `list`."""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.documents.connectivity import Access, ConnectivityMatrix, Explanation, Facing, ports_of
from reachproof.documents.words import Truth
from reachproof.network.policy import Direction
from reachproof.network.printable import printable
from reachproof.render.connectivity_words import Names, connections, end_text, name_lines, remarks, short_names
from reachproof.render.notice_text import assumption_lines

TRUTHS = {Truth.ALLOWED: "allowed", Truth.DENIED: "denied", Truth.EITHER: "undetermined"}


def text_lines(report: ConnectivityMatrix) -> Iterator[str]:
    """`SRC => DST : CONNECTIONS` for every row, then what was asked for besides, then what it assumes.

    External ends of many CIDRs have short names, which are explained after the rows.
    """
    names = short_names(report.ends)
    ends = [end_text(end, names) for end in report.ends]
    yield from _rows(report, ends) if report.explanations is None else _explained(report, report.explanations, ends)
    yield from name_lines(names)
    if report.exposures is not None:
        yield from _exposed(report, names)
    yield from assumption_lines(report.assumptions)


def _rows(report: ConnectivityMatrix, ends: list[str]) -> Iterator[str]:
    """A line for each row; what they are made of is written once and used again, as there may be millions."""
    said = [_access(access) for access in report.accesses]
    none = True
    for src, dst, number in report.places:
        none = False
        yield f"{ends[src]} => {ends[dst]} : {said[number]}"
    if none:
        yield "no connections"


def _access(access: Access) -> str:
    said = remarks(access)
    return f"{connections(access.ports)}  ({said})" if said else connections(access.ports)


def _explained(report: ConnectivityMatrix, explanations: tuple[Explanation, ...], ends: list[str]) -> Iterator[str]:
    """Pairs with a connection and what allows it, then pairs without one and what denies it."""
    if not explanations:
        yield "no connections"
    numbers = [report.numbers.get((each.src, each.dst)) for each in explanations]
    for present in (True, False):
        for each, number in zip(explanations, numbers, strict=True):
            if (number is not None) is present:
                said = "no ports" if number is None else _access(report.accesses[number])
                yield f"{ends[each.src]} => {ends[each.dst]} : {said}"
                yield from _stretches(each)


def _stretches(explanation: Explanation) -> Iterator[str]:
    for each in explanation.stretches:
        yield f"    {connections(each.ports)}: {TRUTHS[each.truth]}"
        yield from (printable(f"      {step}") for step in each.steps if step.direction in each.deciding)
        yield from (printable(f"      depends on {notice.code}: {notice.text}") for notice in each.depends)


def _exposed(report: ConnectivityMatrix, names: Names) -> Iterator[str]:
    exposures = report.exposures or ()
    for direction, title, arrow in ((Direction.EGRESS, "Egress", "=>"), (Direction.INGRESS, "Ingress", "<=")):
        found = [(each.end, each.facing(direction)) for each in exposures]
        facings = [(end, facing) for end, facing in found if facing is not None]
        lines = [f"{end_text(end, names)} {arrow} {line}" for end, facing in facings for line in _facing(facing, names)]
        narrowed = not any(facing.looked_at for _, facing in facings)
        yield from (
            "",
            f"{title} exposure:",
            *(lines or ["not looked at; the report is narrowed" if narrowed else "none"]),
        )


def _facing(facing: Facing, names: Names) -> Iterator[str]:
    for other in facing.outside or ():
        yield f"{end_text(other.end, names)} : {connections(ports_of(other.connections))}"
    if everywhere := ports_of(facing.entire_cluster):
        yield f"entire-cluster : {connections(everywhere)}"
    for each in facing.possible_pods or ():
        yield printable(f"possible-pods : {connections(ports_of(each.connections))}  (such as {each.pod})")
