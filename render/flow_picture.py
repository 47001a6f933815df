"""A flow as a small picture: its source, what decides on the way, its destination."""

from __future__ import annotations

from dataclasses import dataclass

from reachproof.documents.parts import End, Step, TracedFlow
from reachproof.network.policy import Action
from reachproof.render.html_fragments import Html, drawing, joined, shortened, tag

_WIDTH, _HEIGHT, _GAP, _TOP = 164, 58, 30, 4
_MOST, _MOST_BOLD = 24, 19
COLOURS = {Action.ALLOW: "#22864f", Action.DENY: "#d32f2f", Action.PASS: "#7d8894"}
_END = "#1f6feb"
_BROKEN = "#9aa4b0"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """One stop: up to three lines in it, what it says in full, and whether the flow gets past it."""

    lines: tuple[str, str, str]
    full: str
    colour: str
    end: bool = False
    shut: bool = False


def flow_picture(flow: TracedFlow) -> Html:
    """The flow as SVG, from left to right. After the first step that denies, the line is broken."""
    boxes = (
        _end_box(flow.source, "source"),
        *(_step_box(step) for step in flow.steps),
        _end_box(flow.destination, f"{flow.protocol.lower()}/{flow.port}"),
    )
    width = len(boxes) * _WIDTH + (len(boxes) - 1) * _GAP + 4
    height = _HEIGHT + 2 * _TOP
    parts: list[Html] = []
    broken = False
    for number, box in enumerate(boxes):
        left = 2 + number * (_WIDTH + _GAP)
        if number:
            parts.append(_arrow(left - _GAP, broken=broken))
        parts.append(_drawn(box, left))
        broken = broken or box.shut
    return drawing(parts, width=width, height=height, title=str(flow))


def _end_box(end: End, word: str) -> _Box:
    first = (
        f"{end.namespace} · {word}"
        if end.namespace
        else f"{'outside' if end.kind == 'external' else end.kind} · {word}"
    )
    name = end.name or end.title
    labels = ", ".join(f"{key}={value}" for key, value in sorted(end.labels.items()))
    last = "does not exist yet" if end.possible else end.workload or (end.ip if end.name else "") or ""
    full = f"{end}, labels {labels}" if labels else str(end)
    return _Box(lines=(first, name, last), full=full, colour=_END, end=True)


def _step_box(step: Step) -> _Box:
    name = step.policy.name if step.policy else "no policy decides"
    rule = "" if step.rule_index is None else f" · rule {step.rule_index}"
    return _Box(
        lines=(f"{step.direction} · {step.tier}", name, f"{step.action}{rule}"),
        full=f"{step.text} [{step.origin}]" if step.origin else step.text,
        colour=COLOURS[step.action],
        shut=step.action is Action.DENY,
    )


def _drawn(box: _Box, left: int) -> Html:
    rectangle = tag(
        "rect",
        x=left,
        y=_TOP,
        width=_WIDTH,
        height=_HEIGHT,
        rx=9 if box.end else 4,
        fill=box.colour,
        fill_opacity="0.1",
        stroke=box.colour,
        stroke_width="2.5" if box.shut else "1.5",
    )
    last = {"fill": "currentColor", "opacity": "0.7"} if box.end else {"fill": box.colour, "font_weight": "700"}
    styles = ({"fill": "currentColor", "opacity": "0.7"}, {"fill": "currentColor", "font_weight": "600"}, last)
    texts = (
        tag(
            "text",
            shortened(line, _MOST if row != 1 else _MOST_BOLD),
            x=left + 9,
            y=_TOP + 17 + 17 * row,
            font_size=11 if row != 1 else 12,
            **look,
        )
        for row, (line, look) in enumerate(zip(box.lines, styles, strict=True))
    )
    return tag("g", tag("title", box.full), rectangle, joined(texts))


def _arrow(left: int, *, broken: bool) -> Html:
    middle = _TOP + _HEIGHT // 2
    colour = _BROKEN if broken else "currentColor"
    dashes: dict[str, str] = {"stroke_dasharray": "3 3"} if broken else {}
    line = tag(
        "line", x1=left + 3, y1=middle, x2=left + _GAP - 8, y2=middle, stroke=colour, stroke_width="1.5", **dashes
    )
    right = left + _GAP - 2
    return joined(
        [
            line,
            tag("polygon", points=f"{right - 7},{middle - 4} {right},{middle} {right - 7},{middle + 4}", fill=colour),
        ]
    )
