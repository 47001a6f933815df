"""Comments `# reachproof: ignore CODE reason` in YAML, with the objects that they are about.

A comment is about the object that it stands in, or that begins below the comments it is one of. One above a `---`
stands in the object before. What looks like one inside a text is none. No verdict rests on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from reachproof.manifests.reader import looks_like_json
from reachproof.network.ignore_comment import IgnoreComment
from reachproof.network.origin import Origin

_COMMENT = re.compile(r"(?:^|(?<=\s))#\s*reachproof:\s*ignore\b[ \t]*(\S*)[ \t]*(.*)$", re.MULTILINE)
_HINT = "reachproof:"


@dataclass(slots=True)
class _Layout:
    """Where objects begin (lines from 1), and the places of texts (line and column from 0)."""

    objects: list[int] = field(default_factory=list)
    texts: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)


def ignore_comments(content: bytes | str, file: str) -> tuple[IgnoreComment, ...]:
    """The comments of a file that was read without a problem; none of JSON, which has no comments."""
    text = content if isinstance(content, str) else content.decode("utf-8-sig", "replace")
    if _HINT not in text or looks_like_json(text) or not _COMMENT.search(text):
        return ()
    layout = _layout(text)
    lines = text.split("\n")
    starts = sorted({_above(lines, first) for first in layout.objects})
    found: list[IgnoreComment] = []
    for written in _COMMENT.finditer(text):
        line = text.count("\n", 0, written.start()) + 1
        place = line - 1, written.start() - (text.rfind("\n", 0, written.start()) + 1)
        if any(begin <= place < end for begin, end in layout.texts):
            continue
        own = max((start for start in starts if start <= line), default=line)
        last = min((start for start in starts if start > line), default=len(lines) + 1) - 1
        code, reason = written[1], written[2].strip()
        origin = Origin(file=file, line=line)
        found.append(IgnoreComment(code=code, reason=reason, origin=origin, first=own, last=last))
    return tuple(found)


def _above(lines: list[str], first: int) -> int:
    """The first line of an object (from 1) with the comments and the separator right above it.

    A comment further in than the object, or above its separator, stands in the object before, if there is one.
    """
    column = _column(lines[first - 1])
    start = first
    while start > 1 and lines[start - 2].lstrip().startswith("#") and _column(lines[start - 2]) <= column:
        start -= 1
    if start > 1 and lines[start - 2].startswith("---"):
        start -= 1
        head = lines[: start - 1]
        return 1 if all(line.startswith("#") for line in head) else start
    return start


def _column(line: str) -> int:
    return len(line) - len(line.lstrip())


def _layout(text: str) -> _Layout:
    """The events of YAML that tell of the text."""
    layout = _Layout()
    for events in _documents(text, layout):
        root, items, is_list = events
        layout.objects += items if is_list and items else [root]
    return layout


def _documents(text: str, layout: _Layout) -> Iterator[tuple[int, list[int], bool]]:
    """Of each document with a map: the line of it, those of the maps in its lists, and whether it is a List."""
    depth, root, items, key, is_list = 0, 0, list[int](), "", False
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        match event:
            case yaml.DocumentStartEvent():
                depth, root, items, key, is_list = 0, 0, [], "", False
            case yaml.DocumentEndEvent() if root:
                yield root, items, is_list
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                if isinstance(event, yaml.MappingStartEvent) and depth in (0, 2):
                    line = _place(event.start_mark)[0] + 1
                    root, items = (line, items) if depth == 0 else (root, [*items, line])
                depth += 1
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                depth -= 1
            case yaml.ScalarEvent():
                layout.texts.append((_place(event.start_mark), _place(event.end_mark)))
                is_list = is_list or (depth == 1 and key == "kind" and event.value.endswith("List"))
                key = event.value if depth == 1 else key
            case _:
                pass  # streams and aliases hold no objects of their own


def _place(mark: Any) -> tuple[int, int]:
    return mark.line, mark.column
