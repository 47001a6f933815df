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
    from reachproof.manifests.cache import SnapshotCache

CACHE_VARIABLE = "REACHPROOF_CACHE"
_MOST_BYTES = 500_000_000


def read(sources: Sequence[str], model: Mapping[str, Any], *, lenient: bool, ignore_kinds: Sequence[str]) -> Snapshot:
    """The snapshot of the sources. Raises InputError with everything that is wrong, options first."""
    options = model_options({**model, "domains": domain_map(model["domains"])})
    from reachproof.manifests import load  # help and usage errors do not wait for it

    kinds = frozenset(ignore_kinds)
    return load(*sources, options=options, lenient=lenient, ignore_kinds=kinds, cache=_cache(os.environ))


def _cache(environment: Mapping[str, str]) -> SnapshotCache | None:
    context = click.get_current_context(silent=True)
    folder = cache_folder(environment)
    if folder is None or (context is not None and context.meta.get(NO_CACHE)):
        return None
    from reachproof.manifests.cache import SnapshotCache
    from reachproof.manifests.private_folder import PrivateFolder

    return SnapshotCache(folder=PrivateFolder(path=folder, most_bytes=_MOST_BYTES))


def cache_folder(environment: Mapping[str, str]) -> str | None:
    """Where snapshots are kept: REACHPROOF_CACHE, else a folder in the user's cache; None if that is empty or unknown.

    Relative paths of the XDG base directory specification are ignored, as it demands.
    """
    if CACHE_VARIABLE in environment:
        return environment[CACHE_VARIABLE] or None
    for root in (environment.get("XDG_CACHE_HOME", ""), os.path.join(os.path.expanduser("~"), ".cache")):
        if os.path.isabs(root):
            return os.path.join(root, "reachproof")
    return None
