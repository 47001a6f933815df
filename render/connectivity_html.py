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
from dataclasses import replace
from html import escape
from importlib.resources import files
from typing import TypeAlias

from reachproof.documents.words import Partial
from reachproof.network.intervals import EMPTY
from reachproof.network.ports import ALL_PORTS, ranges
from reachproof.network.printable import printable
from reachproof.queries.connectivity import Connectivity
from reachproof.queries.connectivity_explain import Explanation, Stretch, explain_report
from reachproof.queries.report_nodes import End, EndKind
from reachproof.render.connectivity_words import Shown, connections, end_text, outside_names, remarks
from reachproof.render.notice_text import place
from reachproof.semantics.trace import Truth
from reachproof.solver.budget import OutOfBudget
from reachproof.solver.connection_matrix import Access

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"

MOST_TRACED = 3_000
_WORDS = {Truth.ALLOWED: "allowed", Truth.DENIED: "denied", Truth.EITHER: "undetermined"}
_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def html_text(shown: Shown) -> Iterator[str]:
    """The page. Traces are in it if they were asked for, or where the report has at most MOST_TRACED pairs."""
    style, script = (_own(f"connectivity.{kind}") for kind in ("css", "js"))
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    policy = (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    yield _HEAD.format(policy=policy, style=style)
    yield _BODY.format(summary=escape(_summary(shown.report)), by=escape(shown.report.request.by))
    yield _notices(shown.report)
    yield f'<script type="application/json" id="data">{_data(shown)}</script>\n<script>{script}</script>\n'
    yield "</body>\n</html>\n"


def _own(name: str) -> str:
    return files("reachproof.render").joinpath(name).read_text(encoding="utf-8")


def _summary(report: Connectivity) -> str:
    count = len(report.ends)
    digest = report.snapshot.digest
    return f"{count} ends, snapshot {digest}" if digest else f"{count} ends"


def _notices(report: Connectivity) -> str:
    lines = [f"assuming {notice.code}: {notice.text}" for notice in report.assumptions]
    lines += [f"warning {notice.code}: {notice.text}" for notice in report.warnings]
    return "<footer>" + "".join(f"<p>{escape(printable(line))}</p>" for line in lines) + "</footer>\n"


def _data(shown: Shown) -> str:
    report, matrix = shown.report, shown.report.matrix
    names = outside_names(report.ends)
    traces, texts = _traces(report, _explanations(shown))
    found: dict[str, Json] = {
        "groups": matrix.groups,
        "ends": [_end(end, names) for end in report.ends],
        "accesses": [_access(access) for access in matrix.accesses],
        "lines": [list(line) for line in matrix.lines],
        "rows": list(matrix.row_numbers),
        "columns": list(matrix.column_numbers),
        "own": {str(end): number for end, number in matrix.own.items()},
        "traces": traces,
        "texts": texts,
    }
    return json.dumps(found, separators=(",", ":")).translate(_ESCAPES)


def _end(end: End, names: dict[End, str]) -> Json:
    label = end_text(end, names)
    return {
        "label": f"{label} ({', '.join(end.cidrs)})" if end in names else label,
        "set": printable(_set_text(end)),
        "pods": len(end.pods),
        "unknown": any(pod.abstract for pod in end.pods),
        "several": end.node is not None or any(len(pod.addresses) != 1 for pod in end.pods),
    }


def _set_text(end: End) -> str:
    """The end as a set of the query language, for a command that a person may copy."""
    match end.kind:
        case EndKind.WORKLOAD:
            return f"workload {end.namespace}/{end.name.rpartition('/')[2]}"
        case EndKind.POD:
            return f"pod {end.namespace}/{end.name}"
        case EndKind.EXTERNAL:
            return " or ".join(end.cidrs)
        case _:
            return str(end)


def _access(access: Access) -> Json:
    listed: list[Json] = [
        [str(protocol), low, high] for protocol, spans in ranges(access.ports).items() for low, high in spans
    ]
    return {
        "text": connections(access.ports) if access else "",
        "all": access.ports == ALL_PORTS,
        "open": remarks(replace(access, partial=EMPTY), None),
        "partial": {str(by): remarks(replace(access, open=EMPTY), by) for by in Partial} if access.partial else None,
        "ranges": listed,
    }


def _explanations(shown: Shown) -> tuple[Explanation, ...] | None:
    """Those asked for; else those of a report that is small enough for them to cost little."""
    matrix = shown.report.matrix
    if shown.explanations is not None:
        return tuple(shown.explanations)
    if len(matrix.sources) * len(matrix.destinations) > MOST_TRACED:
        return None
    try:
        return explain_report(shown.report)
    except OutOfBudget:
        return None


def _traces(report: Connectivity, explanations: tuple[Explanation, ...] | None) -> tuple[Json, list[Json]]:
    """By `source,destination` the stretches: ports, verdict, and steps as numbers of texts."""
    if explanations is None:
        return None, []
    numbers: dict[str, int] = {}
    found: dict[str, Json] = {}
    for each in explanations:
        stretches: list[Json] = [
            [
                connections(stretch.ports),
                _WORDS[stretch.truth],
                [numbers.setdefault(t, len(numbers)) for t in _steps(stretch)],
            ]
            for stretch in each.stretches
        ]
        found[f"{report.place[each.src]},{report.place[each.dst]}"] = stretches
    return found, list(numbers)


def _steps(stretch: Stretch) -> list[str]:
    steps = [f"{step.direction} {step.action}: {step.text}{place(step.origin)}" for step in stretch.trace.steps]
    depends = [f"depends on {notice.code}: {notice.text}" for notice in stretch.trace.depends]
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
<div class="legend"><span><i class="all"></i>● every port</span><span><i class="some"></i>◐ some ports</span>
<span><i class="open"></i>? undetermined, or only for some pods or addresses</span>
<span><i class="none"></i>nothing</span></div>
<div class="pages"><button type="button" id="up">↑</button><button type="button" id="down">↓</button>
<button type="button" id="left">←</button><button type="button" id="right">→</button><span id="counts"></span></div>
<main><div class="frame" id="matrix"></div>
<aside id="detail" aria-live="polite"><p>Choose a cell to see what decides.</p></aside></main>
"""
