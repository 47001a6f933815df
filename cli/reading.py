"""Sources and model options, as the command line has them, to a snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reachproof.cli.options import domain_map
from reachproof.network.snapshot import Snapshot
from reachproof.queries.model_options import model_options


def read(sources: Sequence[str], model: Mapping[str, Any], *, lenient: bool, ignore_kinds: Sequence[str]) -> Snapshot:
    """The snapshot of the sources. Raises InputError with everything that is wrong, options first."""
    options = model_options({**model, "domains": domain_map(model["domains"])})
    from reachproof.manifests import load  # help and usage errors do not wait for it

    return load(*sources, options=options, lenient=lenient, ignore_kinds=frozenset(ignore_kinds))
