"""The error of this layer: Kubernetes objects that cannot be used."""

from __future__ import annotations

from collections.abc import Iterable

from reachproof.network.errors import InputError, Problem


class ManifestError(InputError):
    """Every problem of every source, each once, ordered by file, line and field."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__(sorted(set(problems)))
