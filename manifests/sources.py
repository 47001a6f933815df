"""Paths to the texts behind them: files, folders (everything below) and `-` for standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import BinaryIO

from reachproof.manifests.limits import Limits
from reachproof.manifests.reader import allowed_bytes, too_large
from reachproof.manifests.stray_files import KUSTOMIZATIONS, first_in_folder
from reachproof.network.errors import Problem

SUFFIXES = (".yaml", ".yml", ".json")
STDIN = "-"
STDIN_NAME = "<stdin>"
_PEEK = 4096


def texts(
    sources: tuple[str | os.PathLike[str], ...],
    limits: Limits,
    problems: list[Problem],
    exclude: Sequence[str] = (),
) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every file, each file once; what cannot be read is added to `problems`.

    A file that is named is read whatever its suffix. In folders, names that begin with a dot and what one of the
    patterns of `exclude` matches are passed over, and links are followed, to each folder once.
    """
    seen: set[str] = set()
    for source in sources:
        name = os.fspath(source)
        if name == STDIN:
            if STDIN not in seen:
                seen.add(STDIN)
                yield from _stdin(limits, problems)
            continue
        for path in _files(name, problems, exclude):
            real = os.path.realpath(path)
            if real not in seen:
                seen.add(real)
                yield from _file(path, limits, problems)


def is_manifest(file: str) -> bool:
    """True for a file that is read where a folder is, by its name."""
    return file.endswith(SUFFIXES) or file in KUSTOMIZATIONS


def _stdin(limits: Limits, problems: list[Problem]) -> Iterator[tuple[str, bytes]]:
    yield from _bounded(sys.stdin.buffer, STDIN_NAME, limits, problems)


def _bounded(opened: BinaryIO, name: str, limits: Limits, problems: list[Problem]) -> Iterator[tuple[str, bytes]]:
    """Reads no more than is allowed of the language that the text begins in."""
    content = opened.read(_PEEK)
    allowed = allowed_bytes(content, limits)
    content += opened.read(max(0, allowed + 1 - len(content)))
    if len(content) > allowed:
        problems.append(too_large(name, allowed))
    else:
        yield name, content


def excluded(path: str, patterns: Sequence[str]) -> bool:
    """True if a pattern matches the path below a folder: one with a slash all of it, others the name of one part."""
    parts = path.split("/")
    return any(
        fnmatchcase(path, pattern) if "/" in pattern else any(fnmatchcase(part, pattern) for part in parts)
        for pattern in patterns
    )


def _files(name: str, problems: list[Problem], exclude: Sequence[str]) -> list[str]:
    if os.path.isdir(name):
        known = len(problems)
        below = (path for path in _below(name, problems) if not excluded(_relative(path, name), exclude))
        found = sorted(below, key=first_in_folder)
        if not found and len(problems) == known:
            message = "no .yaml, .yml or .json files in this folder"
            problems.append(Problem(file=name, message=message))
        return found
    if not os.path.exists(name):
        problems.append(Problem(file=name, message="no such file or folder"))
        return []
    return [name]


def _relative(path: str, folder: str) -> str:
    return os.path.relpath(path, folder).replace(os.sep, "/")


def _below(folder: str, problems: list[Problem]) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        message = f"cannot read the folder: {error.strerror}"
        problems.append(Problem(file=os.fsdecode(error.filename), message=message))

    visited: set[str] = set()
    for here, folders, files in os.walk(folder, onerror=refuse, followlinks=True):
        real = os.path.realpath(here)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for file in files:
            if is_manifest(file) and not file.startswith("."):
                yield os.path.join(here, file)


def _file(path: str, limits: Limits, problems: list[Problem]) -> Iterator[tuple[str, bytes]]:
    try:
        with open(path, "rb") as opened:
            yield from _bounded(opened, path, limits, problems)
    except OSError as error:
        problems.append(Problem(file=path, message=f"cannot read the file: {error.strerror}"))
