"""A connectivity report as lines: text, CSV (RFC 4180), Markdown and DOT."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from reachproof.documents.connectivity import Access, Exposure, Facing, PodEnd, ReportEnd, ports_of
from reachproof.documents.connectivity_matrix import ConnectivityMatrix, Explanation
from reachproof.documents.words import Truth
from reachproof.network.policy import Direction
from reachproof.network.printable import printable
from reachproof.render.connectivity_words import Names, connections, end_text, name_lines, remarks, short_names
from reachproof.render.text_fragments import assumption_lines, csv_line, markdown, markdown_row

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


COLUMNS = ("src", "dst", "connections", "depends", "partial", "partialBy")


def csv_lines(report: ConnectivityMatrix) -> Iterator[str]:
    """A header and a line for each row. A cell that a spreadsheet would take for a formula begins with `'`."""
    yield csv_line(COLUMNS)
    ends = [csv_line((end_text(end, {}),)) for end in report.ends]
    accesses = []
    for access in report.accesses:
        parts = (connections(ports_of(part)) if part else "" for part in (access.depends, access.partial))
        accesses.append(csv_line((connections(access.ports), *parts, access.partial_by or "")))
    for src, dst, number in report.places:
        yield f"{ends[src]},{ends[dst]},{accesses[number]}"


def md_lines(report: ConnectivityMatrix) -> Iterator[str]:
    """A table of the rows; then the CIDRs of the outside, the exposure if asked for, and what the report assumes."""
    names = short_names(report.ends)
    ends = [end_text(end, names) for end in report.ends]
    accesses = [(connections(access.ports), remarks(access)) for access in report.accesses]
    yield "| src | dst | connections | remarks |"
    yield "|---|---|---|---|"
    yield from (markdown_row((ends[src], ends[dst], *accesses[number])) for src, dst, number in report.places)
    if names:
        yield ""
        yield from (f"- {line}" for line in name_lines(names))
    if report.exposures is not None:
        yield from ("", "| exposed | to or from | connections |", "|---|---|---|")
        for each in report.exposures:
            yield from _exposed_rows(each, names)
    if report.assumptions:
        yield ""
        yield from (f"- assuming {markdown(f'{each.code}: {each.text}')}" for each in report.assumptions)


def _exposed_rows(exposure: Exposure, names: Names) -> Iterator[str]:
    end = end_text(exposure.end, names)
    facings = (("from", exposure.ingress), ("to", exposure.egress))
    for word, facing in ((word, facing) for word, facing in facings if facing is not None):
        found = [(end_text(other.end, names), other.connections) for other in facing.outside or ()]
        if facing.entire_cluster and ports_of(facing.entire_cluster):
            found.append(("the entire cluster", facing.entire_cluster))
        found += ((f"possible pods, such as {each.pod}", each.connections) for each in facing.possible_pods or ())
        yield from (markdown_row((end, f"{word} {other}", connections(ports_of(each)))) for other, each in found)


_SHAPES = {"external": "diamond", "node": "hexagon", "namespace": "folder", "tenant": "tab"}


def dot_lines(report: ConnectivityMatrix) -> Iterator[str]:
    """A `digraph` in the DOT language. Edges that are undetermined, or that some pods lack, are dashed, with a tip."""
    names = short_names(report.ends)
    yield "digraph connectivity {"
    yield '  graph [rankdir="LR", fontname="sans-serif"];'
    yield '  node [shape="box", fontname="sans-serif"];'
    yield '  edge [fontname="sans-serif", fontsize="10"];'
    for number, (namespace, ends) in enumerate(_by_namespace(report.ends).items()):
        nodes = [_node(f"n{at}", report.ends[at], names) for at in ends]
        if namespace is None:
            yield from (f"  {node}" for node in nodes)
            continue
        yield f"  subgraph cluster_{number} {{"
        yield f"    label={_quoted(namespace)};"
        yield from (f"    {node}" for node in nodes)
        yield "  }"
    edges = []
    for access in report.accesses:
        said = remarks(access)
        style = f', style="dashed", tooltip={_quoted(said)}' if said else ""
        edges.append(f"[label={_quoted(connections(access.ports))}{style}]")
    yield from (f"  n{src} -> n{dst} {edges[number]};" for src, dst, number in report.places)
    yield "}"


def _by_namespace(ends: tuple[ReportEnd, ...]) -> dict[str | None, list[int]]:
    """The numbers of the ends that are pods by their namespace, and of all others by None."""
    found: dict[str | None, list[int]] = defaultdict(list)
    for number, end in enumerate(ends):
        found[end.namespace if isinstance(end, PodEnd) else None].append(number)
    return found


def _node(number: str, end: ReportEnd, names: Names) -> str:
    own = end_text(end, names)
    label = own.removeprefix(f"{end.namespace}/") if isinstance(end, PodEnd) else own
    shape = f', shape="{_SHAPES[end.kind]}"' if end.kind in _SHAPES else ""
    tip = f", tooltip={_quoted(', '.join(end.cidrs))}" if end in names else ""
    return f"{number} [label={_quoted(label)}{shape}{tip}];"


def _quoted(text: str) -> str:
    """A quoted string of the DOT language; `\\\\` stands for a backslash in labels."""
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


LINES = {"text": text_lines, "csv": csv_lines, "md": md_lines, "dot": dot_lines}
"""The lines of a report by the name of the format."""
