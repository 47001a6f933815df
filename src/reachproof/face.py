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
from reachproof.queries.by import By
from reachproof.queries.connectivity import Connectivity, connectivity, request
from reachproof.queries.difference import Diff, difference
from reachproof.queries.explanation import explain
from reachproof.queries.model_options import model_options
from reachproof.queries.plan import Verdict
from reachproof.solver.budget import DEFAULT_SECONDS, Budget
from reachproof.solver.prove import Prover

MOST_SECONDS = 86_400

__all__ = ["Answer", "InputError", "InternalError", "ReachproofError", "Snapshot", "Verdict", "diff", "load"]


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

    def ask(
        self, text: str, *, timeout: float = DEFAULT_SECONDS, since: Mapping[str, Snapshot] | None = None
    ) -> Answer:
        """The answer to one statement; the verdict is `unknown` when it takes longer than `timeout` seconds.

        `since`: the snapshots that the statement may compare with, by the names that it has for them. Raises InputError
        for a statement that cannot be asked, with every problem of it, and ValueError for a timeout that is not above 0
        and at most a day.
        """
        session = (
            self._session.since({name: other._session for name, other in since.items()}) if since else self._session
        )
        return session.ask(text, _budget(timeout))

    def explain(self, source: str, destination: str, port: str, *, timeout: float = DEFAULT_SECONDS) -> Answer:
        """Why the flows from one set to another are allowed or denied, with one of each kind in `flows`.

        The arguments are those of `reachproof explain`. Raises as `ask` does.
        """
        return explain(self._session, source, destination, port, _budget(timeout))

    def connectivity(
        self,
        *,
        by: str = "workload",
        src: str | None = None,
        dst: str | None = None,
        ports: str | None = None,
        timeout: float = DEFAULT_SECONDS,
    ) -> Connectivity:
        """Every allowed connection by `pod`, `workload`, `namespace` or `tenant`, as an iterable of rows.

        `src` and `dst` are sets of the query language, `ports` its ports; all if not given. Raises InputError as `ask`
        does, ValueError for another `by`, and ReachproofError when it takes longer than `timeout` seconds.
        """
        wanted = request(By(by), src, dst, ports)
        return connectivity(self._session, wanted, Budget(seconds=timeout))

    def __repr__(self) -> str:
        inside = self._session.snapshot
        return f"<Snapshot {self.digest[:19]}: pods {len(inside.pods)}, policies {len(inside.policies)}>"


def diff(old: Snapshot, new: Snapshot, *, by: str = "workload", timeout: float = DEFAULT_SECONDS) -> Diff:
    """What `new` allows more, or less, than `old`.

    `by`: what one end of a row is, of pod, workload, namespace and tenant. ValueError for anything else, or a timeout
    as in `ask`.
    """
    return difference(old._session.encoding, new._session.encoding, _budget(timeout), Prover(), by=By(by))


def _budget(timeout: float) -> Budget:
    if not 0 < timeout <= MOST_SECONDS:
        raise ValueError(f"found a timeout of {timeout} s, expected more than 0 and at most {MOST_SECONDS}")
    return Budget(seconds=timeout)


def load(
    *sources: str | os.PathLike[str] | Mapping[str, object] | Iterable[Mapping[str, object]], **options: object
) -> Snapshot:
    """The snapshot of files and folders, or of one list of objects; a List, as kubectl prints it, may stand for it.

    `options` are the model options in the names of the command line and the service: tenantLabel, cni, podCidr, ...
    Raises InputError with every problem of the input, TypeError for sources of another kind or for none.
    """
    chosen = model_options(options)
    paths = [source for source in sources if isinstance(source, (str, os.PathLike))]
    if paths and len(paths) == len(sources):
        return Snapshot(load_paths(*paths, options=chosen))
    alone = sources[0] if len(sources) == 1 and not paths else None
    if isinstance(alone, Mapping):
        return Snapshot(load_objects([alone], options=chosen))
    if isinstance(alone, Iterable) and not isinstance(alone, (str, bytes)):
        return Snapshot(load_objects(alone, options=chosen))
    found = ", ".join(type(source).__name__ for source in sources) or "nothing"
    raise TypeError(f"found {found}, expected paths, or one list of objects")
