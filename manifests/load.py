"""Kubernetes objects to a Snapshot: what the other layers call.

Input is refused whole, with every problem of every file, unless `lenient`, which leaves out a bad policy (and nothing
else) and says so in an assumption. Every verdict rests on the policies read here being what the cluster would
enforce; tests/manifests holds each reader against the rules of its API, field by field.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TypedDict, Unpack

from reachproof.manifests.cache import SnapshotCache
from reachproof.manifests.errors import EnoughError, ManifestError, Problems
from reachproof.manifests.git_source import Revision, revision_texts
from reachproof.manifests.ignore_comments import ignore_comments
from reachproof.manifests.limits import DEFAULT_LIMITS, Limits
from reachproof.manifests.loader import Loading
from reachproof.manifests.reader import objects_of
from reachproof.manifests.sources import STDIN, STDIN_NAME, texts
from reachproof.manifests.yaml_document import Document
from reachproof.network.collector import without_collector
from reachproof.network.errors import Problem
from reachproof.network.options import Options
from reachproof.network.snapshot import Snapshot

Texts = Iterable[tuple[str, str | bytes]]
"""(name, content) of files."""


class Settings(TypedDict, total=False):
    """The keyword arguments of each function here: how input is read.

    `lenient`: leave out bad policies. `ignore_kinds`: unsupported policy kinds to go on without, each as `Kind` or
    `Kind.group`. `namespace`: that of objects which name none.
    """

    options: Options
    lenient: bool
    namespace: str
    ignore_kinds: frozenset[str]
    limits: Limits


def load(
    *sources: str | os.PathLike[str],
    cache: SnapshotCache | None = None,
    exclude: Sequence[str] = (),
    **settings: Unpack[Settings],
) -> Snapshot:
    """The snapshot of files, folders (every .yaml, .yml and .json below) and `-` (standard input), in any mixture.

    `cache`: where large snapshots are kept; what comes from there equals what would be read. `exclude`: patterns of
    names in folders to pass over. Raises ManifestError with
    all problems, also where there is no object at all. Cost: a second for 3 MB of YAML or 10 MB of JSON; from the
    cache, for 50 MB.
    """
    loading = Loading(**settings)
    given: Iterable[tuple[str, bytes]] = texts(sources, loading.limits, loading.problems, exclude)
    names = [os.fspath(source) for source in sources]
    with without_collector():
        if cache is None:
            return _snapshot(loading, given, names)
        given = _held(given)
        key = None if loading.problems else cache.key(given, loading.settings)
        found = key and cache.get(key)
        if not found:
            found = _snapshot(loading, given, names)
            if key:
                cache.put(key, found)
        return found


def load_revision(revision: Revision, exclude: Sequence[str] = (), **settings: Unpack[Settings]) -> Snapshot:
    """The snapshot of what a git revision has; the working tree is neither looked at nor changed. Otherwise as `load`.

    Origins have the form `REVISION:PATH`. Raises InputError where there is no such revision, or no git.
    """
    loading = Loading(**settings)
    given = revision_texts(revision, loading.limits, loading.problems, exclude)
    with without_collector():
        read_texts(loading, given, [str(revision)], named={f"{revision.name}:{path}" for path in revision.paths})
        return loading.snapshot()


def contents(
    *sources: str | os.PathLike[str], exclude: Sequence[str] = (), limits: Limits = DEFAULT_LIMITS
) -> tuple[tuple[str, bytes], ...]:
    """(name, bytes) of all files that `load` would read, not looked at yet: input that can be read on another machine.

    Raises ManifestError with everything that cannot be read.
    """
    problems = Problems(limits.problems)
    found = tuple(_held(texts(sources, limits, problems, exclude)))
    if problems:
        raise ManifestError(problems)
    return found


def load_contents(given: Sequence[tuple[str, str | bytes]], **settings: Unpack[Settings]) -> Snapshot:
    """The snapshot of what `contents` found. Otherwise as `load`."""
    loading = Loading(**settings)
    with without_collector():
        read_texts(loading, given, [name for name, _ in given], named=frozenset())
        return loading.snapshot()


def load_text(text: str | bytes, *, name: str = "<text>", **settings: Unpack[Settings]) -> Snapshot:
    """The snapshot of YAML or JSON text; `name` stands for the file in problems and origins. Otherwise as `load`."""
    with without_collector():
        return _snapshot(Loading(**settings), [(name, text)], [name])


def load_objects(
    objects: Iterable[Mapping[str, object]], *, name: str = "<objects>", **settings: Unpack[Settings]
) -> Snapshot:
    """The snapshot of objects as a JSON decoder gives them (dict, list, str, int, float, bool and None).

    No objects make an empty snapshot. Origins have the place among the objects as `document` and no line. The objects
    are not changed, and must not be changed later. Otherwise as `load`.
    """
    loading = Loading(**settings)
    with without_collector():
        loading.documents(objects_of(objects, name, loading.problems))
        return loading.snapshot()


def _held(given: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """All contents at once: what is hashed must be what is read, also if a file changes meanwhile."""
    held: list[tuple[str, bytes]] = []
    with suppress(EnoughError):  # snapshot() says so
        held.extend(given)
    return held


def _snapshot(loading: Loading, given: Texts, sources: Sequence[str]) -> Snapshot:
    read_texts(loading, given, sources, named={*sources, STDIN_NAME})
    return loading.snapshot()


def read_texts(
    loading: Loading,
    given: Texts,
    sources: Sequence[str] = (),
    passing: Callable[[Iterator[Document]], Iterator[Document]] = iter,
    named: Collection[str] | None = None,
) -> None:
    """Read files until there are too many problems; raises ManifestError where there is no object.

    `sources`: what to call them then, if not by their names. `passing`: who sees the objects before they are read.
    `named`: the files that were asked for by name, of which each document must be an object; without it all of them.
    Others, which are those of folders, may be without objects.
    """
    names: list[str] = []
    blank = True
    with suppress(EnoughError):  # snapshot() says so
        for name, content in given:
            names.append(name)
            if loading.problems.full:
                break
            reading = loading.files.named if named is None or name in named else loading.files.documents
            before = loading.count
            loading.documents(passing(reading(content, name, loading.limits, loading.problems)))
            if loading.count > before and not loading.problems:
                loading.files.ignores += ignore_comments(content, name)
            blank = blank and (not content or content.isspace())
    if loading.count or loading.problems:
        return
    source = ", ".join(sources or names)
    if blank and source == STDIN:
        raise ManifestError([Problem(message="standard input is empty")])
    raise ManifestError([Problem(file=source, message="no Kubernetes objects")])
