"""Connectivity as a Graphviz graph: a cluster for each namespace, an edge for each connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from reachproof.network.printable import printable
from reachproof.queries.report_nodes import End, EndKind
from reachproof.render.connectivity_words import Shown, connections, end_text, outside_names, remarks

_SHAPES = {EndKind.EXTERNAL: "diamond", EndKind.NODE: "hexagon", EndKind.NAMESPACE: "folder", EndKind.TENANT: "tab"}


def dot_lines(shown: Shown) -> Iterator[str]:
    """A `digraph` in the DOT language. Edges that are undetermined, or that some pods lack, are dashed, with a tip."""
    report = shown.report
    names = outside_names(report.ends)
    numbers = {end: f"n{number}" for number, end in enumerate(report.ends)}
    yield "digraph connectivity {"
    yield '  graph [rankdir="LR", fontname="sans-serif"];'
    yield '  node [shape="box", fontname="sans-serif"];'
    yield '  edge [fontname="sans-serif", fontsize="10"];'
    for number, (namespace, ends) in enumerate(_by_namespace(report.ends).items()):
        if namespace is None:
            yield from (f"  {_node(numbers[end], end, names)}" for end in ends)
            continue
        yield f"  subgraph cluster_{number} {{"
        yield f"    label={_quoted(namespace)};"
        yield from (f"    {_node(numbers[end], end, names)}" for end in ends)
        yield "  }"
    for row in report:
        said = remarks(row.access, row.partial_by)
        style = f', style="dashed", tooltip={_quoted(said)}' if said else ""
        yield f"  {numbers[row.src]} -> {numbers[row.dst]} [label={_quoted(connections(row.access.ports))}{style}];"
    yield "}"


def _by_namespace(ends: tuple[End, ...]) -> dict[str | None, list[End]]:
    found: dict[str | None, list[End]] = defaultdict(list)
    for end in ends:
        found[end.namespace].append(end)
    return found


def _node(number: str, end: End, names: dict[End, str]) -> str:
    own = end_text(end, names)
    label = own.removeprefix(f"{end.namespace}/") if end.namespace else own
    shape = f', shape="{_SHAPES[end.kind]}"' if end.kind in _SHAPES else ""
    tip = f", tooltip={_quoted(', '.join(end.cidrs))}" if end in names else ""
    return f"{number} [label={_quoted(label)}{shape}{tip}];"


def _quoted(text: str) -> str:
    """A quoted string of the DOT language; `\\\\` stands for a backslash in labels."""
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
