"""Questions to a snapshot, wherever it is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from reachproof.documents.words import By
from reachproof.face.answer import Answer, answer_of
from reachproof.face.bundle import Given, paths_or_objects
from reachproof.face.connectivity import Connectivity, connectivity_of
from reachproof.face.difference import Diff, diff_of
from reachproof.face.findings import Findings, findings_of
from reachproof.face.local import Local
from reachproof.face.remote import Remote
from reachproof.face.report import Report, report_of
from reachproof.manifests import load as load_paths
from reachproof.manifests import load_objects
from reachproof.network.printable import printable
from reachproof.queries.ask import Session
from reachproof.queries.model_options import model_options
from reachproof.queries.packs import PackText, read_packs
from reachproof.solver.budget import DEFAULT_SECONDS

Source: TypeAlias = Local | Remote
"""Answers questions about a snapshot with documents: InputError for what cannot be asked, TypeError where it is to be
compared with a snapshot that is elsewhere. `seconds` are those that each statement may take."""
MOST_SECONDS = 86_400


class Questions:
    """Questions about one snapshot. In this process it is prepared at the first question, then kept.

    Every method raises InputError for what cannot be asked, with all its problems, and ValueError for a timeout that is
    not above 0 and at most a day. Not safe for use by several threads at once.
    """

    __slots__ = ("_source",)

    def __init__(self, source: Source) -> None:
        self._source = source

    def ask(
        self, text: str, *, timeout: float = DEFAULT_SECONDS, since: Mapping[str, Snapshot] | None = None
    ) -> Answer:
        """The answer to one statement; the verdict is `unknown` when it takes longer than `timeout` seconds.

        `since`: the snapshots that the statement may compare with, by the names that it has for them. TypeError for one
        that is in another place.
        """
        return self.ask_all(text, timeout=timeout, since=since)[0]

    def ask_all(
        self, *texts: str, timeout: float = DEFAULT_SECONDS, since: Mapping[str, Snapshot] | None = None
    ) -> tuple[Answer, ...]:
        """The answers to several statements, as `ask` gives each; nothing is decided where one cannot be asked."""
        return tuple(map(answer_of, self._source.queries(texts, _sources(since), seconds_of(timeout))))

    def explain(self, source: str, destination: str, port: str, *, timeout: float = DEFAULT_SECONDS) -> Answer:
        """Why the flows from one set to another are allowed or denied, with one of each kind in `flows`.

        The arguments are those of `reachproof explain`.
        """
        return answer_of(self._source.explain(source, destination, port, seconds_of(timeout)))

    def check(
        self,
        *packs: str | os.PathLike[str],
        timeout: float = DEFAULT_SECONDS,
        since: Mapping[str, Snapshot] | None = None,
    ) -> Report:
        """The report on packs, each statement with the whole timeout; without a pack, on the shipped ones.

        A path, or text that ends in `.reach`, is a file; any other text is a pack itself. `since` as in `ask`.
        """
        return report_of(self._source.check(packs_of(packs), _sources(since), seconds_of(timeout)))

    def connectivity(
        self,
        *,
        by: str = "workload",
        src: str | None = None,
        dst: str | None = None,
        ports: str | None = None,
        exposure: bool = False,
        timeout: float = DEFAULT_SECONDS,
    ) -> Connectivity:
        """Every allowed connection by `pod`, `workload`, `namespace` or `tenant`, as an iterable of rows.

        `src` and `dst` are sets of the query language, `ports` its ports; all if not given. `exposure`: also what each
        end is exposed to. ValueError for another `by`; ReachproofError when it takes longer than `timeout` seconds.
        """
        sets = {name: text for name, text in (("src", src), ("dst", dst), ("ports", ports)) if text is not None}
        found = self._source.connectivity(By(by), sets, exposure=exposure, seconds=seconds_of(timeout))
        return connectivity_of(found)

    def lint(self, *, timeout: float = DEFAULT_SECONDS) -> Findings:
        """Findings: policies that do nothing, or are not defined. Each kind of finding has the whole timeout."""
        return findings_of(self._source.lint(seconds_of(timeout)))


class Snapshot(Questions):
    """A cluster's objects and policies, ready to be asked about: from `load`, or of a service."""

    __slots__ = ()

    @property
    def digest(self) -> str:
        """`sha256:...` of the objects, whatever their order and formatting.

        Of a snapshot that goes along with each request ValueError: the service knows it.
        """
        return self._source.digest

    def __repr__(self) -> str:
        match self._source:
            case Local(session=session):
                inside = session.snapshot
                return f"<Snapshot {self.digest[:19]}: pods {len(inside.pods)}, policies {len(inside.policies)}>"
            case source:
                return printable(f"<Snapshot {source}>")


def diff(old: Snapshot, new: Snapshot, *, by: str = "workload", timeout: float = DEFAULT_SECONDS) -> Diff:
    """The difference: what `new` allows more, or less, than `old`; both of this process, or both of one service.

    `by`: what one end of a row is, of pod, workload, namespace and tenant. ValueError for anything else, or a timeout
    as in `ask`; TypeError for snapshots of two places.
    """
    return diff_of(old._source.difference(new._source, By(by), seconds_of(timeout)))


def _sources(since: Mapping[str, Snapshot] | None) -> dict[str, Source]:
    return {name: snapshot._source for name, snapshot in (since or {}).items()}


def load(*sources: Given, ignore_kinds: object = (), **options: object) -> Snapshot:
    """The snapshot of files and folders, or of one list of objects; a List, as kubectl prints it, may stand for it.

    `options` are the model options in the names of the command line and the service: tenantLabel, cni, podCidr, ...
    `ignore_kinds`: a list of kinds to go on without, as `--ignore-kind` has them; each answer says so.
    Raises InputError with every problem of the input, TypeError for sources of another kind or for none.
    """
    chosen = model_options(options)
    paths, objects = paths_or_objects(sources)
    kinds = _kinds(ignore_kinds)
    if paths is None:
        read = load_objects(objects or [], options=chosen, ignore_kinds=kinds)
    else:
        read = load_paths(*paths, options=chosen, ignore_kinds=kinds)
    return Snapshot(Local(Session(read)))


def _kinds(given: object) -> frozenset[str]:
    if isinstance(given, list | tuple | set | frozenset) and all(isinstance(each, str) for each in given):
        return frozenset(given)
    raise TypeError(f"ignore_kinds must be a list of kinds (got {given!r})")


def seconds_of(timeout: float) -> float:
    """The timeout, if it is one. ValueError if it is not above 0 and at most a day."""
    if not 0 < timeout <= MOST_SECONDS:
        raise ValueError(f"timeout must be above 0 and at most {MOST_SECONDS} seconds (got {timeout})")
    return timeout


def packs_of(given: Sequence[str | os.PathLike[str]]) -> tuple[PackText, ...] | None:
    """The packs, None for none. A path, or text that ends in `.reach`, is a file; any other text is a pack itself.

    Raises InputError with every file that cannot be read.
    """
    if not given:
        return None
    paths = [os.fspath(each) for each in given if _is_path(each)]
    files = iter(read_packs(paths))
    alone = len(given) == 1
    return tuple(
        next(files) if _is_path(each) else PackText(name="pack" if alone else f"packs[{number}]", text=os.fspath(each))
        for number, each in enumerate(given)
    )


def _is_path(given: str | os.PathLike[str]) -> bool:
    return not isinstance(given, str) or (given.endswith(".reach") and "\n" not in given)
