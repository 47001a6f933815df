"""Packs checked on one snapshot of a fleet: what is asked for and what comes out, both fit to travel between machines.

`audit_one` is a function of its task and of nothing else: no file is read and no state is kept, so that a task whose
worker died can be done again by another. Verdicts come from `queries.packs.check` alone.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass

from reachproof import __version__
from reachproof.documents.audit import Audited, AuditedPack
from reachproof.documents.report import CheckReport
from reachproof.documents.words import State
from reachproof.manifests import load_contents
from reachproof.network.errors import InputError, Problem
from reachproof.network.options import DEFAULT_OPTIONS, Options
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import DEFAULT_BUDGET
from reachproof.queries.packs import PackText, check
from reachproof.solver.budget import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTask:
    """One snapshot as the bytes of its files, and all that decides what comes out; values only.

    `budget`: of each statement. `version`: of who asks, since another one may judge otherwise.
    """

    name: str
    contents: tuple[tuple[str, bytes], ...]
    packs: tuple[PackText, ...]
    options: Options = DEFAULT_OPTIONS
    lenient: bool = False
    ignore_kinds: frozenset[str] = frozenset()
    budget: Budget = DEFAULT_BUDGET
    allow_vacuous: bool = False
    allow_no_policies: bool = False
    version: str = __version__


def refused(name: str, problems: Iterable[Problem]) -> Audited:
    """The outcome of a snapshot that cannot be used."""
    return Audited(name=name, state=State.REFUSED, problems=tuple(problems))


def audit_one(task: AuditTask) -> Audited:
    """Read the snapshot and check the packs on it. Raises nothing: a mistake and a bug are outcomes like others.

    Each statement has the whole budget; more than that times the number of statements it cannot take.
    """
    if task.version != __version__:
        message = (
            f"the worker runs reachproof {__version__}, the audit was started with {task.version}; "
            "install the same version on both"
        )
        return refused(task.name, [Problem(message=message)])
    try:
        options, kinds = task.options, task.ignore_kinds
        snapshot = load_contents(task.contents, options=options, lenient=task.lenient, ignore_kinds=kinds)
        packs = _checked(snapshot, task, task.packs)
    except InputError as error:
        return refused(task.name, error.problems)
    except Exception as error:  # one broken snapshot must not take the others with it; it is told, with exit code 70
        reason = f"{type(error).__name__}: {error}"
        return Audited(name=task.name, state=State.BROKEN, reason=reason, trace=traceback.format_exc())
    return Audited(name=task.name, state=State.CHECKED, digest=snapshot.digest, packs=packs)


def _checked(snapshot: Snapshot, task: AuditTask, packs: tuple[PackText, ...]) -> tuple[AuditedPack, ...]:
    """All packs at once, so that they share what is prepared; one by one where a pack does not fit the snapshot."""
    try:
        report = check(
            snapshot,
            packs,
            budget=task.budget,
            allow_vacuous=task.allow_vacuous,
            allow_no_policies=task.allow_no_policies,
        )
    except InputError as error:
        if len(packs) == 1:
            return (AuditedPack(pack=packs[0].name, state=State.REFUSED, problems=error.problems),)
        return tuple(audit for pack in packs for audit in _checked(snapshot, task, (pack,)))
    return tuple(_of_pack(report, pack) for pack in packs)


def _of_pack(report: CheckReport, pack: PackText) -> AuditedPack:
    own = CheckReport(
        results=tuple(each for each in report.results if each.statement.pack == pack.name),
        skipped=tuple(each for each in report.skipped if each.statement.pack == pack.name),
    )
    return AuditedPack(pack=pack.name, state=State.CHECKED, report=own)
