"""YAML text to documents, on the events of libyaml: bounded, with lines, and with kubectl's reading of scalars.

Trusted by every verdict about YAML input: a key or value lost here is a rule lost. Checked by tests/manifests, where
scalars, duplicate keys, merges and aliases are compared with what kubectl makes of them.
The builder keeps its own stack, so nesting is bounded by `Limits.depth` and never by the interpreter's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml

from reachproof.manifests.limits import Limits
from reachproof.manifests.yaml_document import Document, Listed, Mapped, describe
from reachproof.manifests.yaml_scalars import key_text, plain_scalar
from reachproof.network.errors import Problem

# PyYAML since 6.0.4 refuses a thousand levels itself, and reads ahead, so it may do so before we are asked.
_TOO_DEEP = "exceeded maximum nesting depth"
_TAG = "tag:yaml.org,2002:"
_RESOLVED_TAGS = frozenset(_TAG + word for word in ("bool", "int", "float", "null"))
_COLLECTION_TAGS = frozenset((None, "!", _TAG + "map", _TAG + "seq"))
_MERGE = "<<"


class _Stop(Exception):
    """The rest of the text cannot be read."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


class _Frame:
    """A map or list that is being read."""

    __slots__ = ("anchor", "before", "container", "into", "items", "key", "key_line", "merged", "merging", "waiting")

    def __init__(self, container: Mapped | Listed, anchor: str | None, before: int) -> None:
        self.container = container
        self.into = container if isinstance(container, Mapped) else None
        self.items = container if isinstance(container, Listed) else None
        self.anchor = anchor
        self.before = before
        self.key = ""
        self.key_line = 0
        self.waiting = False  # a key has come, its value has not
        self.merging = False  # that key is <<
        self.merged: list[tuple[int, object]] = []


def read_yaml(text: str, file: str, limits: Limits, problems: list[Problem]) -> Iterator[Document]:
    """The documents of the text, empty ones left out. What is wrong goes to `problems`; such a document is left out.

    After an error of syntax nothing more of the text is read.
    """
    builder = _Builder(file, limits, problems)
    try:
        yield from builder.documents(text)
    except _Stop as stop:
        problems.append(Problem(file=file, line=stop.line, message=stop.message + _template_hint(text)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = ", ".join(part for part in (error.context, error.problem) if part)
        message = f"invalid YAML: {said}{_template_hint(text)}"
        if error.problem == _TOO_DEEP:
            message = _depth_message(limits)
        problems.append(Problem(file=file, line=mark.line + 1 if mark else 0, message=message))
    except yaml.reader.ReaderError as error:
        problems.append(Problem(file=file, message=f"invalid YAML: {error.reason} (character {error.position})"))


def _depth_message(limits: Limits) -> str:
    return f"more than {limits.depth} levels of nesting"


def _template_hint(text: str) -> str:
    return "; it looks like a template, which must be rendered first" if "{{" in text else ""


class _Builder:
    def __init__(self, file: str, limits: Limits, problems: list[Problem]) -> None:
        self.file = file
        self.limits = limits
        self.problems = problems
        self.nodes = 0
        self.aliased = 0
        self.keys: dict[tuple[str, bool], str] = {}
        self._start()

    def _start(self) -> None:
        self.frames: list[_Frame] = []
        self.frame: _Frame | None = None  # the last of them
        self.anchors: dict[str, tuple[object, int]] = {}
        self.root: object = None
        self.root_line = 0
        self.known = len(self.problems)

    def documents(self, text: str) -> Iterator[Document]:
        number = -1
        scalar = yaml.ScalarEvent
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            kind = type(event)
            if kind is scalar:
                self._scalar(event)
            elif kind is yaml.MappingStartEvent:
                self._open(event, Mapped())
            elif kind is yaml.SequenceStartEvent:
                self._open(event, Listed())
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._close()
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                number += 1
                self._start()
            elif kind is yaml.DocumentEndEvent and self.root is not None and len(self.problems) == self.known:
                yield Document(file=self.file, number=number, line=self.root_line, value=self.root)

    def _scalar(self, event: Any) -> None:
        line = event.start_mark.line + 1
        text, plain, frame = event.value, event.implicit[0], self.frame
        if event.tag is not None:
            plain = self._tagged(event.tag, line) or plain
        self._count(1, line)
        if frame is not None and frame.into is not None and not frame.waiting:
            self._key(frame, frame.into, (text, plain), line)
            return
        value = plain_scalar(text) if plain else text
        if isinstance(value, float) and not math.isfinite(value):
            self._stop(line, f"the number {describe(text)} is not finite")
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1)
        self._add(value, line)

    def _tagged(self, tag: str, line: int) -> bool:
        """True if a scalar with this tag is read like one without quotes."""
        if tag not in _RESOLVED_TAGS and tag not in ("!", _TAG + "str"):
            self._stop(line, f"YAML tag {tag} is not supported")
        return tag in _RESOLVED_TAGS

    def _open(self, event: Any, container: Mapped | Listed) -> None:
        line = event.start_mark.line + 1
        if event.tag not in _COLLECTION_TAGS:
            self._stop(line, f"YAML tag {event.tag} is not supported")
        if self._expects_key():
            self._stop(line, "a key cannot be an object or a list")
        if len(self.frames) >= self.limits.depth:
            self._stop(line, _depth_message(self.limits))
        if event.anchor is not None:
            self.anchors.pop(event.anchor, None)
        self._add(container, line)
        self.frame = _Frame(container, event.anchor, self.nodes)
        self.frames.append(self.frame)
        self._count(1, line)

    def _close(self) -> None:
        frame = self.frames.pop()
        self.frame = self.frames[-1] if self.frames else None
        if frame.merged:
            self._merge(frame)
        if frame.anchor is not None:
            self.anchors[frame.anchor] = (frame.container, self.nodes - frame.before)

    def _alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if self._expects_key():
            self._stop(line, "a key cannot be an alias")
        if event.anchor not in self.anchors:
            self._stop(line, f"undefined alias *{event.anchor}; no anchor &{event.anchor} before it")
        value, nodes = self.anchors[event.anchor]
        self.aliased += nodes
        if self.aliased > self.limits.alias_nodes:
            self._stop(line, f"aliases expand to too many values (the limit is {self.limits.alias_nodes})")
        self._count(nodes, line)
        self._add(value, line)

    def _count(self, nodes: int, line: int) -> None:
        self.nodes += nodes
        if self.nodes > self.limits.nodes:
            self._stop(line, f"too many values (the limit is {self.limits.nodes}); JSON may have more")

    def _expects_key(self) -> bool:
        return self.frame is not None and self.frame.into is not None and not self.frame.waiting

    def _key(self, frame: _Frame, into: Mapped, written: tuple[str, bool], line: int) -> None:
        """`written`: the text of the key, and whether it has no quotes. Most keys have come before."""
        key = self.keys.get(written)
        if key is None:
            text, plain = written
            key = key_text(plain_scalar(text)) if plain else text
            if key is None:
                self._stop(line, "a key cannot be null")
            self.keys[written] = key
        frame.key, frame.key_line, frame.waiting = key, line, True
        frame.merging = key == _MERGE and written[1]
        first = into.lines.get(key)
        if first is not None and not frame.merging:
            found = f"duplicate field; first on line {first}"
            self.problems.append(Problem(file=self.file, line=line, path=self._path(key), message=found))

    def _add(self, value: object, line: int) -> None:
        frame = self.frame
        if frame is None:
            self.root, self.root_line = value, line
        elif frame.items is not None:
            frame.items.append(value)
            frame.items.lines.append(line)
        elif frame.into is not None:
            if frame.merging:
                frame.merged.append((frame.key_line, value))
            else:
                frame.into[frame.key] = value
                frame.into.lines[frame.key] = frame.key_line
            frame.waiting = False

    def _merge(self, frame: _Frame) -> None:
        """The merge key `<<`: fields of the merged maps that the map does not have itself; the first one wins."""
        into = frame.into
        assert into is not None
        for line, value in frame.merged:
            for source in value if isinstance(value, Listed) else [value]:
                if not isinstance(source, Mapped):
                    self._stop(line, f"cannot merge {describe(source)} after <<; only objects can be merged")
                for key, merged in source.items():
                    if key not in into:
                        into[key] = merged
                        into.lines[key] = source.lines[key]

    def _path(self, key: str) -> str:
        path = ""
        for frame in self.frames[:-1]:
            if frame.items is not None:
                path += f"[{len(frame.items) - 1}]"
            else:
                path += f".{frame.key}" if path else frame.key
        return f"{path}.{key}" if path else key

    def _stop(self, line: int, message: str) -> NoReturn:
        raise _Stop(line, message)
