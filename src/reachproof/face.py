"""The public names, as `reachproof` gives them out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from reachproof.manifests import load as load_paths
from reachproof.manifests import load_objects
from reachproof.network import snapshot as network
from reachproof.network.errors import InputError, InternalError, ReachproofError
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.queries.model_options import model_options
from reachproof.queries.plan import Verdict
from reachproof.solver.budget import DEFAULT_SECONDS, Budget

__all__ = ["Answer", "InputError", "InternalError", "ReachproofError", "Snapshot", "Verdict", "load"]


class Snapshot:
    """A cluster's objects and policies, ready to be asked about. Prepared at the first question, then kept.

    Not safe for use by several threads at once.
    """

    def __init__(self, snapshot: network.Snapshot) -> None:
        self._session = Session(snapshot)

    @property
    def digest(self) -> str:
        """`sha256:...` of the objects, whatever their order and formatting."""
        return self._session.snapshot.digest

    def ask(self, text: str, *, timeout: float = DEFAULT_SECONDS) -> Answer:
        """The answer to one statement; the verdict is `unknown` when it takes longer than `timeout` seconds.

        Raises InputError for a statement that cannot be asked, with every problem of it.
        """
        return self._session.ask(text, Budget(seconds=timeout))

    def __repr__(self) -> str:
        inside = self._session.snapshot
        return f"<Snapshot of {len(inside.pods)} pods and {len(inside.policies)} policies, {self.digest[:19]}>"


def load(*sources: str | os.PathLike[str] | Iterable[Mapping[str, object]], **options: object) -> Snapshot:
    """The snapshot of files and folders, or of one list of objects.

    `options` are the model options in the names of the command line and the service: tenantLabel, cni, podCidr, ...
    Raises InputError with every problem of the input.
    """
    chosen = model_options(options)
    paths = [source for source in sources if isinstance(source, (str, os.PathLike))]
    if len(paths) == len(sources):
        return Snapshot(load_paths(*paths, options=chosen))
    if len(sources) != 1 or paths:
        raise TypeError("expected paths, or one list of objects")
    [objects] = [source for source in sources if not isinstance(source, (str, os.PathLike))]
    return Snapshot(load_objects(objects, options=chosen))
