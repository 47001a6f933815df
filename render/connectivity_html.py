"""Connectivity as one page that needs nothing else: a matrix coloured by access, filters, and the trace of a cell.

Names in manifests are chosen by whoever writes them. In the page they are JSON in a script element that is not run,
with every character that could end it escaped, and the script puts them in as text. The page's own policy allows no
other script, no request and no form target.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import TypeAlias

from reachproof.documents.connectivity import Access, PodEnd, ReportEnd, WorkloadEnd
from reachproof.documents.connectivity_matrix import Cells, ConnectivityMatrix, EndTraits, ExplainedWay, Stretch
from reachproof.documents.json import viewed
from reachproof.documents.words import Partial
from reachproof.network.ports import ranges
from reachproof.network.printable import printable
from reachproof.render.connectivity_text import TRUTHS
from reachproof.render.connectivity_words import Names, connections, end_text, remarks, short_names
from reachproof.render.text_fragments import place
from reachproof.render.ways_in import TITLE, route_lines, way_line

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"

_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def html_text(report: ConnectivityMatrix) -> Iterator[str]:
    """The page of a report that was made in this process. Traces are in it where the report has explanations."""
    assert report.cells_of is not None, "a report that was decoded has no matrix"
    cells = report.cells_of()
    own = files("reachproof.render")
    style, script = (own.joinpath(f"connectivity.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    policy = (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    yield _HEAD.format(policy=policy, style=style)
    yield _BODY.format(summary=escape(_summary(report)), by=escape(report.by))
    yield _ways_in(report)
    yield _notices(report)
    yield f'<script type="application/json" id="data">{_data(report, cells)}</script>\n<script>{script}</script>\n'
    yield "</body>\n</html>\n"


def _summary(report: ConnectivityMatrix) -> str:
    count = len(report.ends)
    digest = report.evidence.snapshot
    return f"{count} ends, snapshot {digest}" if digest else f"{count} ends"


def _ways_in(report: ConnectivityMatrix) -> str:
    """A section with a line for each way in; with its routes and steps where they are explained."""
    if report.ways_in is None:
        return ""
    names = short_names(end for each in report.ways_in for end in (each.row.src, each.row.dst))
    items = "".join(f"<li>{_way(each, names)}</li>" for each in report.ways_in) or "<li>none</li>"
    return f'<section id="ways-in"><h2>{TITLE}</h2><ul>{items}</ul></section>\n'


def _way(way: ExplainedWay, names: Names) -> str:
    line = escape(way_line(way.row, names))
    if not way.stretches:
        return line
    said = [f"<p>{escape(route)}</p>" for route in route_lines(way)]
    for each in way.stretches:
        said.append(f"<p>{escape(connections(each.ports))}: {TRUTHS[each.truth]}</p>")
        said += [f"<p><code>{escape(step)}</code></p>" for step in _steps(each)]
    return f"<details><summary>{line}</summary>{''.join(said)}</details>"


def _notices(report: ConnectivityMatrix) -> str:
    lines = [f"assuming {notice.code}: {notice.text}" for notice in report.assumptions]
    lines += [f"warning {notice.code}: {notice.text}" for notice in report.warnings]
    return "<footer>" + "".join(f"<p>{escape(printable(line))}</p>" for line in lines) + "</footer>\n"


def _data(report: ConnectivityMatrix, cells: Cells) -> str:
    names = short_names(report.ends)
    traces, texts = _traces(report)
    found: dict[str, Json] = {
        "groups": cells.groups,
        "ends": [_end(end, traits, names) for end, traits in zip(report.ends, cells.traits, strict=True)],
        "accesses": [_access(access) for access in cells.accesses],
        "lines": [list(line) for line in cells.lines],
        "rows": list(cells.rows),
        "columns": list(cells.columns),
        "own": {str(end): number for end, number in cells.own.items()},
        "traces": traces,
        "texts": texts,
    }
    return json.dumps(found, separators=(",", ":")).translate(_ESCAPES)


def _end(end: ReportEnd, traits: EndTraits, names: Names) -> Json:
    label = end_text(end, names)
    return {
        "label": f"{label} ({end})" if end in names else label,
        "set": printable(_set_text(end)),
        "pods": traits.pods,
        "unknown": traits.unknown,
        "several": traits.several,
    }


def _set_text(end: ReportEnd) -> str:
    """The end as a set of the query language, for a command that a person may copy."""
    if isinstance(end, PodEnd):
        return f"{'workload' if isinstance(end, WorkloadEnd) else 'pod'} {end.namespace}/{end.name}"
    return " or ".join(end.cidrs) if end.external else str(end)


def _access(access: Access) -> Json:
    listed: list[Json] = [
        [str(protocol), low, high] for protocol, spans in ranges(access.ports).items() for low, high in spans
    ]
    undetermined, partial = viewed(Access, access, partial=None), viewed(Access, access, depends=None)
    return {
        "text": connections(access.ports) if access.ports else "",
        "all": access.connections == "all",
        "open": remarks(undetermined),
        "partial": {str(by): remarks(viewed(Access, partial, partial_by=by)) for by in Partial}
        if access.partial
        else None,
        "ranges": listed,
    }


def _traces(report: ConnectivityMatrix) -> tuple[Json, list[Json]]:
    """By `source,destination` the stretches: ports, verdict, and steps as numbers of texts."""
    if report.explanations is None:
        return None, []
    numbers: dict[str, int] = {}
    found: dict[str, Json] = {}
    for each in report.explanations:
        stretches: list[Json] = [
            [
                connections(stretch.ports),
                TRUTHS[stretch.truth],
                [numbers.setdefault(t, len(numbers)) for t in _steps(stretch)],
            ]
            for stretch in each.stretches
        ]
        found[f"{each.src},{each.dst}"] = stretches
    return found, list(numbers)


def _steps(stretch: Stretch) -> list[str]:
    steps = [f"{step.direction} {step.action}: {step.text}{place(step.origin)}" for step in stretch.steps]
    depends = [f"depends on {notice.code}: {notice.text}" for notice in stretch.depends]
    return [printable(text) for text in (*steps, *depends)]


_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>Connectivity</title>
<style>{style}</style>
</head>
<body>
"""
_BODY = """<header><h1>Connectivity by {by}</h1><p>{summary}</p></header>
<form id="filters">
<label>From<input type="search" id="source" autocomplete="off"></label>
<label>To<input type="search" id="destination" autocomplete="off"></label>
<label>Port<input type="search" id="port" autocomplete="off" placeholder="tcp/5432"></label>
<label class="check"><input type="checkbox" id="connected">only ends with connections</label>
</form>
<div class="legend"><span><i class="all"></i>● all ports</span><span><i class="some"></i>◐ some ports</span>
<span><i class="open"></i>? undetermined, or only for some pods or addresses</span>
<span><i class="none"></i>nothing</span></div>
<div class="pages"><button type="button" id="up">↑</button><button type="button" id="down">↓</button>
<button type="button" id="left">←</button><button type="button" id="right">→</button><span id="counts"></span></div>
<main><div class="frame" id="matrix"></div>
<aside id="detail" aria-live="polite"><p>Choose a cell to see what decides.</p></aside></main>
"""
