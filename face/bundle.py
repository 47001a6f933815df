"""Manifests on their way to a service: one text of many files, and how to tell the files' places from places in it."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reachproof.manifests.limits import DEFAULT_LIMITS
from reachproof.manifests.sources import texts
from reachproof.network.errors import InputError, Problem

Given = str | os.PathLike[str] | Mapping[str, object] | Iterable[Mapping[str, object]]
"""A path, an object, or some objects."""

SEPARATOR = "---\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """`manifests`: a text or a list of objects. `starts`: of a text, the line from 1 that each of `files` begins in."""

    manifests: str | list[Mapping[str, object]] = field(repr=False)
    starts: tuple[int, ...] = ()
    files: tuple[str, ...] = ()

    def place(self, line: int) -> tuple[str, int]:
        """The file of a line, and the line in it."""
        number = max(0, bisect_right(self.starts, line) - 1)
        return self.files[number], line - self.starts[number] + 1 if line else 0


def paths_or_objects(
    sources: tuple[Given, ...],
) -> tuple[tuple[str | os.PathLike[str], ...], None] | tuple[None, list[Mapping[str, object]]]:
    """Either paths, or objects. TypeError for sources of another kind, for a mixture, and for none."""
    paths = tuple(source for source in sources if isinstance(source, (str, os.PathLike)))
    if paths and len(paths) == len(sources):
        return paths, None
    alone = sources[0] if len(sources) == 1 and not paths else None
    if isinstance(alone, Mapping):
        return None, [alone]
    if isinstance(alone, Iterable) and not isinstance(alone, (str, bytes)):
        return None, list(alone)
    found = ", ".join(type(source).__name__ for source in sources) or "nothing"
    raise TypeError(f"found {found}, expected paths, or one list of objects")


def bundle(sources: tuple[Given, ...]) -> Bundle:
    """What is to be sent. Raises InputError with every file that cannot be read, TypeError as `paths_or_objects`."""
    paths, objects = paths_or_objects(sources)
    if paths is None:
        return Bundle(manifests=objects or [])
    problems: list[Problem] = []
    pieces: list[str] = []
    starts: list[int] = []
    files: list[str] = []
    line = 1
    for name, content in texts(paths, DEFAULT_LIMITS, problems):
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            message = f"found the byte 0x{content[error.start]:02x} at offset {error.start}, expected UTF-8"
            problems.append(Problem(file=name, message=message))
            continue
        text += "" if text.endswith("\n") else "\n"
        if pieces:
            text = SEPARATOR + text
            line += 1
        starts.append(line)
        files.append(name)
        pieces.append(text)
        line += text.count("\n") - (1 if len(pieces) > 1 else 0)
    if problems:
        raise InputError(problems)
    return Bundle(manifests="".join(pieces), starts=tuple(starts), files=tuple(files))


def relocated(document: Any, bundles: Mapping[str, Bundle]) -> Any:
    """The document with places in a bundle, named by the file that stands for it, as places in its files."""
    match document:
        case {"file": str(name), "line": int(line), **rest} if name in bundles and bundles[name].files:
            file, own = bundles[name].place(line)
            return {**rest, "file": file, "line": own}
        case dict():
            return {key: relocated(value, bundles) for key, value in document.items()}
        case list():
            return [relocated(value, bundles) for value in document]
        case _:
            return document
