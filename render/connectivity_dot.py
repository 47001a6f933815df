"""Connectivity as a Graphviz graph: a cluster for each namespace, an edge for each connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from reachproof.documents.connectivity import ConnectivityMatrix, PodEnd, ReportEnd
from reachproof.network.printable import printable
from reachproof.render.connectivity_words import Names, connections, end_text, remarks, short_names

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
