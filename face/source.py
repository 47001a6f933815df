"""Where questions are answered: in this process, or by a service. Both give the documents of docs/interfaces.md."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reachproof.documents.answer import Answer
from reachproof.documents.connectivity_matrix import ConnectivityMatrix
from reachproof.documents.diff import Diff
from reachproof.documents.findings import Findings
from reachproof.documents.report import Report
from reachproof.documents.words import By
from reachproof.queries.packs import PackText, read_packs

MOST_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The request for a report of connections, in the words of docs/interfaces.md."""

    by: By
    src: str | None = None
    dst: str | None = None
    ports: str | None = None
    exposure: bool = False


class Source(Protocol):
    """A snapshot that can be asked about. `seconds` are those that each statement may take.

    Every method raises InputError for what cannot be asked, and TypeError where it is to be compared with a snapshot
    that is elsewhere.
    """

    @property
    def digest(self) -> str:
        """`sha256:...` of the objects."""

    def query(self, text: str, since: Mapping[str, Source], seconds: float) -> Answer:
        """The answer to one statement."""

    def explain(self, source: str, destination: str, port: str, seconds: float) -> Answer:
        """The answer that explains the flows between two sets."""

    def check(self, packs: Sequence[PackText] | None, since: Mapping[str, Source], seconds: float) -> Report:
        """The report on packs; None: those that are shipped."""

    def connectivity(self, asked: Asked, seconds: float) -> ConnectivityMatrix:
        """Every allowed connection."""

    def lint(self, seconds: float) -> Findings:
        """The findings."""

    def difference(self, new: Source, by: By, seconds: float) -> Diff:
        """The difference to another snapshot."""


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
