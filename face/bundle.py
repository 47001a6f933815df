"""Manifests on their way to a service, and how to tell the files' places from places in what was sent."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any

from reachproof.manifests.limits import DEFAULT_LIMITS
from reachproof.manifests.sources import texts
from reachproof.network.errors import InputError, Problem

Given = str | os.PathLike[str] | Mapping[str, object] | Iterable[Mapping[str, object]]
"""A path, an object, or some objects."""

SEPARATOR = "---\n"
"""Stands between two files in one text: one line."""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """Either files, as name and text that ends in a line end, or objects."""

    files: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    objects: tuple[Mapping[str, object], ...] = field(default=(), repr=False)

    @cached_property
    def manifests(self) -> str | list[Mapping[str, object]]:
        """All files as one text, or the objects."""
        return SEPARATOR.join(text for _, text in self.files) if self.files else list(self.objects)

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        """The line from 1 in that text that each file begins in."""
        return tuple(accumulate((text.count("\n") + 1 for _, text in self.files[:-1]), initial=1))

    def place(self, line: int) -> tuple[str, int]:
        """The file of a line of that text, and the line in it; of an unknown line (0) the first file."""
        number = max(0, bisect_right(self._starts, line) - 1)
        return self.files[number][0], line - self._starts[number] + 1 if line else 0


def paths_or_objects(
    sources: tuple[Given, ...],
) -> tuple[tuple[str | os.PathLike[str], ...], None] | tuple[None, tuple[Mapping[str, object], ...]]:
    """Either paths, or objects. TypeError for sources of another kind, for a mixture, and for none."""
    paths = tuple(source for source in sources if isinstance(source, (str, os.PathLike)))
    if paths and len(paths) == len(sources):
        return paths, None
    alone = sources[0] if len(sources) == 1 and not paths else None
    if isinstance(alone, Mapping):
        return None, (alone,)
    if isinstance(alone, Iterable) and not isinstance(alone, (str, bytes)):
        return None, tuple(alone)
    found = ", ".join(type(source).__name__ for source in sources) or "nothing"
    raise TypeError(f"expected paths or one list of objects, got {found}")


def bundle(sources: tuple[Given, ...]) -> Bundle:
    """The files or objects sent. InputError names every file that cannot be read; TypeError as `paths_or_objects`."""
    paths, objects = paths_or_objects(sources)
    if paths is None:
        return Bundle(objects=objects or ())
    problems: list[Problem] = []
    files: list[tuple[str, str]] = []
    for name, content in texts(paths, DEFAULT_LIMITS, problems):
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            message = f"not valid UTF-8 (byte 0x{content[error.start]:02x} at offset {error.start})"
            problems.append(Problem(file=name, message=message))
            continue
        files.append((name, text if text.endswith("\n") else f"{text}\n"))
    if not files and not problems:
        problems.append(Problem(message=f"no manifests in {', '.join(os.fspath(each) for each in paths)}"))
    if problems:
        raise InputError(problems)
    return Bundle(files=tuple(files))


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
