"""Kubernetes objects to a Snapshot: what the other layers call.

Input is refused whole, with every problem of every file, unless `lenient`, which leaves out a bad policy (and nothing
else) and says so in an assumption. Every verdict rests on the policies read here being what the cluster would
enforce; tests/manifests holds each reader against the rules of its API, field by field.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from reachproof.manifests.cache import SnapshotCache
from reachproof.manifests.errors import EnoughError, ManifestError, Problems
from reachproof.manifests.git_source import Revision, revision_texts
from reachproof.manifests.limits import DEFAULT_LIMITS, Limits
from reachproof.manifests.loader import Loading
from reachproof.manifests.reader import objects_of, read
from reachproof.manifests.sources import STDIN, texts
from reachproof.network.collector import without_collector
from reachproof.network.errors import Problem
from reachproof.network.options import DEFAULT_OPTIONS, Options
from reachproof.network.snapshot import Snapshot


def load(
    *sources: str | os.PathLike[str],
    options: Options = DEFAULT_OPTIONS,
    lenient: bool = False,
    ignore_kinds: frozenset[str] = frozenset(),
    limits: Limits = DEFAULT_LIMITS,
    cache: SnapshotCache | None = None,
) -> Snapshot:
    """The snapshot of files, folders (every .yaml, .yml and .json below) and `-` (standard input), in any mixture.

    `ignore_kinds`: unsupported policy kinds to go on without, each as `Kind` or `Kind.group`. `cache`: where large
    snapshots are kept; what comes from there equals what would be read. Raises ManifestError with all problems, also
    where there is no object at all. Cost: a second for 3 MB of YAML or 10 MB of JSON; from the cache, for 50 MB.
    """
    loading = Loading(options, lenient=lenient, ignore_kinds=ignore_kinds, limits=limits)
    given: Iterable[tuple[str, bytes]] = texts(sources, limits, loading.problems)
    with without_collector():
        if cache is None:
            return _read_all(loading, given, limits, sources)
        given = _held(given)
        key = None if loading.problems else cache.key(given, (options, lenient, sorted(ignore_kinds), limits))
        found = key and cache.get(key)
        if not found:
            found = _read_all(loading, given, limits, sources)
            if key:
                cache.put(key, found)
        return found


def load_revision(
    revision: Revision,
    *,
    options: Options = DEFAULT_OPTIONS,
    lenient: bool = False,
    ignore_kinds: frozenset[str] = frozenset(),
    limits: Limits = DEFAULT_LIMITS,
) -> Snapshot:
    """The snapshot of what a git revision has; the working tree is neither looked at nor changed. Otherwise as `load`.

    Origins have the form `REVISION:PATH`. Raises InputError where there is no such revision, or no git.
    """
    loading = Loading(options, lenient=lenient, ignore_kinds=ignore_kinds, limits=limits)
    given = revision_texts(revision, limits, loading.problems)
    with without_collector():
        return _read_all(loading, given, limits, (str(revision),))


def contents(*sources: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> tuple[tuple[str, bytes], ...]:
    """(name, bytes) of all files that `load` would read, not looked at yet: input that can be read on another machine.

    Raises ManifestError with everything that cannot be read.
    """
    problems = Problems(limits.problems)
    found = tuple(_held(texts(sources, limits, problems)))
    if problems:
        raise ManifestError(problems)
    return found


def load_contents(
    given: Sequence[tuple[str, bytes]],
    *,
    options: Options = DEFAULT_OPTIONS,
    lenient: bool = False,
    ignore_kinds: frozenset[str] = frozenset(),
    limits: Limits = DEFAULT_LIMITS,
) -> Snapshot:
    """The snapshot of what `contents` found. Otherwise as `load`."""
    loading = Loading(options, lenient=lenient, ignore_kinds=ignore_kinds, limits=limits)
    with without_collector():
        return _read_all(loading, given, limits, [name for name, _ in given])


def load_text(
    text: str | bytes,
    *,
    name: str = "<text>",
    options: Options = DEFAULT_OPTIONS,
    lenient: bool = False,
    ignore_kinds: frozenset[str] = frozenset(),
    limits: Limits = DEFAULT_LIMITS,
) -> Snapshot:
    """The snapshot of YAML or JSON text; `name` stands for the file in problems and origins. Otherwise as `load`."""
    loading = Loading(options, lenient=lenient, ignore_kinds=ignore_kinds, limits=limits)
    with without_collector():
        loading.documents(read(text, name, limits, loading.problems))
        require_objects(loading, name)
        return loading.snapshot()


def load_objects(
    objects: Iterable[Mapping[str, object]],
    *,
    name: str = "<objects>",
    options: Options = DEFAULT_OPTIONS,
    lenient: bool = False,
    ignore_kinds: frozenset[str] = frozenset(),
    limits: Limits = DEFAULT_LIMITS,
) -> Snapshot:
    """The snapshot of objects as a JSON decoder gives them (dict, list, str, int, float, bool and None).

    No objects make an empty snapshot. Origins have the place among the objects as `document` and no line. The objects
    are not changed, and must not be changed later. Otherwise as `load`.
    """
    loading = Loading(options, lenient=lenient, ignore_kinds=ignore_kinds, limits=limits)
    with without_collector():
        loading.documents(objects_of(objects, name, loading.problems))
        return loading.snapshot()


def _held(given: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """All contents at once: what is hashed must be what is read, also if a file changes meanwhile."""
    held: list[tuple[str, bytes]] = []
    with suppress(EnoughError):  # snapshot() says so
        held.extend(given)
    return held


def _read_all(
    loading: Loading, given: Iterable[tuple[str, bytes]], limits: Limits, sources: Sequence[str | os.PathLike[str]]
) -> Snapshot:
    blank = True
    with suppress(EnoughError):  # snapshot() says so
        for name, content in given:
            if loading.problems.full:
                break
            loading.documents(read(content, name, limits, loading.problems))
            blank = blank and (not content or content.isspace())
    require_objects(loading, ", ".join(os.fspath(source) for source in sources), blank=blank)
    return loading.snapshot()


def require_objects(loading: Loading, name: str, *, blank: bool = False) -> None:
    """Raises ManifestError where nothing was read at all; `name` is that of the source, `blank`: it has no text."""
    if loading.count or loading.problems:
        return
    if blank and name == STDIN:
        raise ManifestError([Problem(message="standard input is empty")])
    raise ManifestError([Problem(file=name, message="no Kubernetes objects")])
