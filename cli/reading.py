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


def how_to_read(reading: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of loading that the options ENTRIES and MODEL stand for. InputError with all that is wrong."""
    model = {**reading, "domains": domain_map(reading["domains"])}
    how = {name: model.pop(name) for name in ("lenient", "namespace", "exclude")}
    kinds = frozenset(model.pop("ignore_kinds"))
    return {**how, "ignore_kinds": kinds, "options": model_options(model)}


def read(sources: Sequence[str], reading: Mapping[str, Any]) -> Snapshot:
    """The snapshot of the sources. Raises InputError with everything that is wrong, options first."""
    how = how_to_read(reading)
    from reachproof.manifests import load  # help and usage errors do not wait for it

    return load(*sources, cache=_cache(), **how)


def read_one(given: str | Revision, reading: Mapping[str, Any]) -> Snapshot:
    """The snapshot of one source: a file, a folder, `-`, or `REVISION:PATH` where no file has this name."""
    from reachproof.manifests import Revision, load_revision

    if isinstance(given, Revision):
        return load_revision(given, **how_to_read(reading))
    name, separator, path = given.partition(":")
    if given == STDIN or not (name and separator) or os.path.exists(given):
        return read((given,), reading)
    relative = path.startswith(("./", "../")) or path == "."
    revision = Revision(name=name, paths=(path,), from_root=not relative)
    return load_revision(revision, **how_to_read(reading))


def read_named(entries: Sequence[str], reading: Mapping[str, Any]) -> dict[str, Snapshot]:
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
        found[name] = read_one(given, reading)
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
