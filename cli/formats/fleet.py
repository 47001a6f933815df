"""Parts that the outputs of an audit share: one word and one exit code for each snapshot, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.cli.exit_codes import ExitCode, worst
from reachproof.cli.text import error_lines
from reachproof.documents.words import State, Verdict
from reachproof.network.errors import InputError
from reachproof.queries.audit import Audited, PackAudit

_OF_STATE = {
    State.REFUSED: ExitCode.BAD_INPUT,
    State.BROKEN: ExitCode.OUR_BUG,
    State.LOST: ExitCode.UNDECIDED,
    State.UNREACHABLE: ExitCode.UNREACHABLE_SERVER,
    State.UNFINISHED: ExitCode.INTERRUPTED,
}
_OF_VERDICT = {
    Verdict.HOLDS: ExitCode.PROVED,
    Verdict.VIOLATED: ExitCode.REFUTED,
    Verdict.UNKNOWN: ExitCode.UNDECIDED,
}


def code_of(audited: Audited) -> ExitCode:
    """The exit code that this snapshot alone would lead to."""
    if audited.state is not State.CHECKED:
        return _OF_STATE[audited.state]
    return worst(_code_of_pack(pack) for pack in audited.packs)


def word_of(audited: Audited) -> str:
    """The state of the snapshot if it is not checked or some pack is not, else the verdict."""
    if audited.state is State.CHECKED and code_of(audited) is ExitCode.BAD_INPUT:
        return str(State.REFUSED)
    return str(audited.verdict if audited.state is State.CHECKED else audited.state)


def trouble(audited: Audited | PackAudit) -> Iterator[str]:
    """Why there is no verdict, line by line, unescaped; nothing where there is one."""
    reason = audited.reason if isinstance(audited, Audited) else ""
    if reason:
        yield f"{audited.state}: {reason}"
    elif audited.problems:
        yield from error_lines(InputError(audited.problems))
    elif audited.state is State.UNFINISHED:
        yield "interrupted before it was finished"


def _code_of_pack(pack: PackAudit) -> ExitCode:
    return _OF_VERDICT[pack.report.verdict] if pack.report is not None else _OF_STATE[pack.state]
