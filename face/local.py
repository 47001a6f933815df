"""Questions answered in this process, with the progress of long work on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from reachproof.documents import report as documents
from reachproof.documents.answer import Answer
from reachproof.documents.connectivity_matrix import ConnectivityMatrix
from reachproof.documents.diff import Diff
from reachproof.documents.findings import Findings
from reachproof.documents.words import By
from reachproof.network.printable import printable
from reachproof.queries.answer import answer_document
from reachproof.queries.ask import Session, answer
from reachproof.queries.connectivity import request
from reachproof.queries.connectivity_document import report_document
from reachproof.queries.diff_ways_in_document import whole_difference
from reachproof.queries.errors import together
from reachproof.queries.explain import explain
from reachproof.queries.hygiene import lint
from reachproof.queries.packs import PackText, check, count_statements, library
from reachproof.solver.budget import Budget
from reachproof.solver.z3_backend import Prover


@dataclass(frozen=True, slots=True)
class Local:
    """A snapshot in this process, prepared at the first question and then kept. From one thread at a time."""

    session: Session

    @property
    def digest(self) -> str:
        """`sha256:...` of the objects."""
        return self.session.snapshot.digest

    def queries(self, texts: Sequence[str], since: Mapping[str, object], seconds: float) -> list[Answer]:
        """An answer to each text."""
        session = self.session.since(_sessions(since)) if since else self.session
        questions = together(partial(session.question, text) for text in texts)
        return [answer_document(answer(question, Budget(seconds=seconds))) for question in questions]

    def explain(self, source: str, destination: str, port: str, seconds: float) -> Answer:
        """One answer with flows."""
        return answer_document(explain(self.session, source, destination, port, Budget(seconds=seconds)))

    def check(self, packs: Sequence[PackText] | None, since: Mapping[str, object], seconds: float) -> documents.Report:
        """The report, with a bar."""
        given = library() if packs is None else packs
        others = {name: session.snapshot for name, session in _sessions(since).items()}
        with bar("checking", count_statements(given)) as advance:
            report = check(
                self.session.snapshot,
                given,
                budget=Budget(seconds=seconds),
                others=others,
                progress=lambda done, _total, name: advance(done, name),
            )
        return report.document

    def connectivity(self, by: By, sets: Mapping[str, str], *, exposure: bool, seconds: float) -> ConnectivityMatrix:
        """The report, with a bar. OutOfBudget when it takes too long."""
        wanted = request(by, **sets)
        with bar("connections", 2) as advance:
            advance(0, "preparing")
            _ = self.session.encoding
            advance(1, "deciding")
            return report_document(self.session, wanted, Budget(seconds=seconds), exposure=exposure)

    def lint(self, seconds: float) -> Findings:
        """The findings."""
        return lint(self.session.encoding, Budget(seconds=seconds), Prover())

    def difference(self, new: object, by: By, seconds: float) -> Diff:
        """The difference to `new`: what it allows more, or less."""
        (other,) = _sessions({"new": new}).values()
        return whole_difference(self.session.encoding, other.encoding, Budget(seconds=seconds), Prover(), by=by)


def _sessions(others: Mapping[str, object]) -> dict[str, Session]:
    found: dict[str, Session] = {}
    for name, other in others.items():
        if not isinstance(other, Local):
            raise TypeError("cannot combine a snapshot of a service with one of this process")
        found[name] = other.session
    return found


Advance = Callable[[int, str], None]
"""Told how much is done, and what comes next."""

DELAY = 1.0
"""Seconds before a bar appears: short work has none."""


@contextmanager
def bar(title: str, total: int) -> Iterator[Advance]:
    """A bar, as long as the work goes on. There is none without tqdm, which the extra `notebook` brings."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        yield lambda _done, _next: None
        return
    # Only switched off, never on: a user's TQDM_DISABLE stays in force.
    quiet = {} if is_watched() else {"disable": True}
    with tqdm(total=total, desc=title, leave=False, delay=DELAY, file=sys.stderr, **quiet) as shown:

        def advance(done: int, following: str) -> None:
            shown.set_postfix_str(printable(following)[:40], refresh=False)
            shown.update(done - shown.n)

        yield advance


def is_watched() -> bool:
    """True if somebody sees standard error: a terminal, or a notebook."""
    return sys.stderr.isatty() or _in_notebook()


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"
