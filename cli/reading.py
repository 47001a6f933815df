"""Sources and model options, as the command line has them, to a snapshot."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from reachproof.cli.options import NO_CACHE, domain_map
from reachproof.network.snapshot import Snapshot
from reachproof.queries.model_options import model_options

if TYPE_CHECKING:  # help and usage errors do not wait for it
    from reachproof.manifests import Revision
    from reachproof.manifests.cache import SnapshotCache

CACHE_VARIABLE = "REACHPROOF_CACHE"
_MOST_BYTES = 500_000_000
STDIN = "-"


def read(sources: Sequence[str], model: Mapping[str, Any], *, lenient: bool, ignore_kinds: Sequence[str]) -> Snapshot:
    """The snapshot of the sources. Raises InputError with everything that is wrong, options first."""
    options = model_options({**model, "domains": domain_map(model["domains"])})
    from reachproof.manifests import load  # help and usage errors do not wait for it

    kinds = frozenset(ignore_kinds)
    return load(*sources, options=options, lenient=lenient, ignore_kinds=kinds, cache=_cache())


def read_one(
    given: str | Revision, model: Mapping[str, Any], *, lenient: bool, ignore_kinds: Sequence[str]
) -> Snapshot:
    """The snapshot of one source: a file, a folder, `-`, or `REVISION:PATH` where no file has this name."""
    from reachproof.manifests import Revision, load_revision

    name, separator, path = given.partition(":") if isinstance(given, str) else ("", "", "")
    if isinstance(given, str) and (given == STDIN or not (name and separator) or os.path.exists(given)):
        return read((given,), model, lenient=lenient, ignore_kinds=ignore_kinds)
    relative = path.startswith(("./", "../")) or path == "."
    revision = given if isinstance(given, Revision) else Revision(name=name, paths=(path,), from_root=not relative)
    options = model_options({**model, "domains": domain_map(model["domains"])})
    return load_revision(revision, options=options, lenient=lenient, ignore_kinds=frozenset(ignore_kinds))


def read_named(
    entries: Sequence[str], model: Mapping[str, Any], *, lenient: bool, ignore_kinds: Sequence[str]
) -> dict[str, Snapshot]:
    """The snapshots of `NAME=SOURCE` entries; a usage error where one has another form, or a name comes twice."""
    found: dict[str, Snapshot] = {}
    for entry in entries:
        name, separator, given = entry.partition("=")
        if not (name and separator and given):
            raise click.BadParameter(f"{entry!r} is not of the form NAME=SOURCE", param_hint="'--snapshot'")
        if name in found:
            raise click.BadParameter(
                f"{name!r} is given twice; each snapshot needs its own name", param_hint="'--snapshot'"
            )
        found[name] = read_one(given, model, lenient=lenient, ignore_kinds=ignore_kinds)
    return found


def _cache() -> SnapshotCache | None:
    context = click.get_current_context(silent=True)
    folder = cache_folder()
    if folder is None or (context is not None and context.meta.get(NO_CACHE)):
        return None
    from reachproof.manifests.cache import SnapshotCache
    from reachproof.manifests.private_folder import PrivateFolder

    return SnapshotCache(folder=PrivateFolder(path=folder, most_bytes=_MOST_BYTES))


def cache_folder() -> str | None:
    """Where snapshots are kept: REACHPROOF_CACHE, else a folder in the user's cache; None if that is empty or unknown.

    The user's cache is that of the XDG Base Directory Specification, on macOS too.
    """
    if CACHE_VARIABLE in os.environ:
        return os.environ[CACHE_VARIABLE] or None
    from platformdirs.unix import Unix

    try:
        return Unix("reachproof").user_cache_dir
    except RuntimeError:  # nobody knows the home of this user
        return None
