"""Packs: files of named invariants and expectations, and what comes out when they are checked on a snapshot.

Verdicts come from `queries.ask` alone; here they are only compared with what a pack expects. Nothing but a proof is a
pass: a claim with nothing to check, and one that ran out of its budget, are undecided.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.resources import files

from reachproof.documents.report import KIND_MISSING, LACKING, POLICIES_SKIPPED, CheckReport, LeftOut, Result, Statement
from reachproof.documents.words import Severity, Status, Verdict
from reachproof.grammar.ast import Expect, Invariant, Pack
from reachproof.grammar.format import format_query
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.parse import outline, parse_pack
from reachproof.network.cluster import Notice
from reachproof.network.errors import InputError, Problem
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer, answer_document, truths
from reachproof.queries.ask import DEFAULT_BUDGET, Question, Session, answers_of
from reachproof.queries.errors import QueryError, together
from reachproof.queries.plain_speech import in_plain, plain_reader
from reachproof.queries.tenancy import tenancy_mistakes, with_tenants
from reachproof.solver.budget import Budget

Progress = Callable[[int, int, str], None]
"""Called before each answer is waited for: how many are done, how many there are, and the name of the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackText:
    """A pack as it was given: the name that problems carry, and its text. `shipped`: one of the library."""

    name: str
    text: str
    shipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A statement that fits the snapshot, with the snapshot as its pack reads it."""

    statement: Statement
    question: Question
    shipped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Statements that may pass: `vacuous` claims with nothing to check, those about input that has `no_policies` or
    lacks a kind that they need, and those about input of which a file was `skipped` that may hold policies."""

    vacuous: bool = False
    no_policies: bool = False
    skipped: bool = False


NOTHING_ALLOWED = Allowed()
"""Such statements stay undecided."""


# ---------------------------------------------------------------- reading


def read_packs(paths: Iterable[str]) -> tuple[PackText, ...]:
    """The packs in these files, in UTF-8. Raises InputError with every file that cannot be read."""
    return tuple(together(partial(_read_pack, path) for path in paths))


def _read_pack(path: str) -> PackText:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            return PackText(name=path, text=file.read().replace("\r\n", "\n"))
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        message = f"not valid UTF-8 (byte 0x{error.object[error.start]:02x} at offset {error.start})"
    raise InputError([Problem(file=path, message=message)])


def library() -> tuple[PackText, ...]:
    """The shipped packs, in order of name."""
    folder = files("reachproof.queries") / "library"
    shipped = sorted((each for each in folder.iterdir() if each.name.endswith(".reach")), key=lambda each: each.name)
    return tuple(
        PackText(name=f"library/{each.name}", text=each.read_text(encoding="utf-8"), shipped=True) for each in shipped
    )


def count_statements(packs: Sequence[PackText]) -> int:
    """Number of statements to check. Raises InputError with every mistake of the packs.

    Sentences that are not exact are counted and not read, since that takes a snapshot.
    """
    return sum(each.checks for each in together(partial(outline, given.text, name=given.name) for given in packs))


# ---------------------------------------------------------------- checking


def check(
    where: Snapshot | Session,
    packs: Sequence[PackText],
    *,
    budget: Budget = DEFAULT_BUDGET,
    jobs: int = 1,
    allowed: Allowed = NOTHING_ALLOWED,
    others: Mapping[str, Snapshot] | None = None,
    progress: Progress | None = None,
) -> CheckReport:
    """Check packs; each statement gets the whole budget. The result does not depend on `jobs`.

    A session brings what is prepared, and the snapshots that statements may compare with; with a snapshot, these are
    `others`, by name.

    Raises InputError with every problem of all packs before anything is decided: text that is no pack, definitions
    that contradict each other, names that do not exist. In a shipped pack a statement about what the snapshot does
    not have is skipped. With `jobs` above 1 and enough statements, other processes do the work.
    """
    if isinstance(where, Snapshot):
        where = Session(where, {name: Session(other) for name, other in (others or {}).items()})
    bound = bind_packs(where, packs)
    fitting = [each for each in bound if isinstance(each, Bound)]

    def told(done: int) -> None:
        if progress is not None:
            progress(done, len(fitting), fitting[done].statement.name)

    answers = iter(answers_of([each.question for each in fitting], budget, jobs=jobs, progress=told))
    return report_of(each if isinstance(each, LeftOut) else judged(each, next(answers), allowed) for each in bound)


def judged(bound: Bound, answer: Answer, allowed: Allowed = NOTHING_ALLOWED) -> Result | LeftOut:
    """The result of a statement with this answer; one of the shipped library that is about nothing does not apply.

    Where the input lacks the kind that would tell, whether it applies is not known.
    """
    statement = bound.statement
    answer = named(answer, statement)
    unread = not allowed.no_policies and _has(answer, KIND_MISSING)
    if bound.shipped and answer.vacuous and not unread:
        return LeftOut(statement=statement, reason=_nothing_there(answer))
    status = status_of(answer, allowed)
    return Result(statement=statement, answer=answer_document(answer, status), truths=truths(answer))


def named(answer: Answer, statement: Statement) -> Answer:
    """The answer with what a pack says of its statement."""
    return replace(answer, name=statement.name, severity=statement.severity, expected=statement.expected)


def report_of(found: Iterable[Result | LeftOut]) -> CheckReport:
    """The report on statements, in their order."""
    each = tuple(found)
    return CheckReport(
        results=tuple(one for one in each if isinstance(one, Result)),
        skipped=tuple(one for one in each if isinstance(one, LeftOut)),
    )


def status_of(answer: Answer, allowed: Allowed) -> Status:
    """Status of an answer: it passes, fails or decides nothing."""
    if answer.verdict is Verdict.UNKNOWN:
        return Status.UNDECIDED
    if answer.verdict is not answer.expected:
        return Status.FAILED
    bare = _has(answer, *LACKING)
    hidden = any(notice.code == POLICIES_SKIPPED for notice in answer.assumptions)
    open_ = (
        (answer.vacuous and not allowed.vacuous)
        or (bare and not allowed.no_policies)
        or (hidden and not allowed.skipped)
    )
    return Status.UNDECIDED if open_ else Status.PASSED


def _has(answer: Answer, *codes: str) -> bool:
    return any(notice.code in codes for notice in answer.warnings)


def bind_packs(session: Session, packs: Sequence[PackText]) -> tuple[Bound | LeftOut, ...]:
    """Every statement of every pack, in order, ready to be answered; packs that read tenants alike share a session.

    Raises InputError with every problem of all packs.
    """
    sessions: dict[tuple[str, object], Session] = {}
    bound: list[Bound | LeftOut] = []
    problems: list[Problem] = []
    outlines = together(partial(outline, given.text, name=given.name) for given in packs)
    for given, shape in zip(packs, outlines, strict=True):
        wrong = tuple(tenancy_mistakes(session.snapshot, shape.definitions))
        if wrong:
            problems += QueryError(wrong, given.text, given.name).problems
            continue
        view = with_tenants(session.snapshot, shape.definitions)
        key = (view.options.tenant_label, view.options.tenants)
        if view is session.snapshot:
            sessions[key] = session
        place = sessions.setdefault(key, session.reading(view))
        try:
            pack = parse_pack(given.text, name=given.name, plain=plain_reader(view))
        except InputError as error:
            problems += error.problems
            continue
        bound += _bound(given, pack, place, problems)
    if problems:
        raise InputError(problems)
    return tuple(bound)


def _bound(given: PackText, pack: Pack, session: Session, problems: list[Problem]) -> Iterator[Bound | LeftOut]:
    """The statements of a pack that fit the snapshot. What does not fit is a problem, or skipped if it is shipped."""
    mistakes: list[Mistake] = []
    for each in pack.checks:
        statement = _statement(given, each)
        written = given.text[each.query.span.start : each.query.span.end]
        try:
            question = _noted(session.bound(each.query, written))
        except QueryError as error:
            if given.shipped:
                yield LeftOut(statement=statement, reason="; ".join(mistake.message for mistake in error.mistakes))
            else:
                found = in_plain(each.query, error.mistakes)
                mistakes += (Mistake(m.message, m.span if m.span.end else each.span) for m in found)
            continue
        yield Bound(statement=statement, question=question, shipped=given.shipped)
    if mistakes:
        problems += QueryError(mistakes, given.text, given.name).problems


def _noted(question: Question) -> Question:
    """The question; one in plain speech with a warning, since it may mean something else tomorrow."""
    exact = question.query.exact
    if not exact:
        return question
    text = f"written in plain speech, whose names may mean something else in another snapshot; keep this: {exact}"
    warned = (*question.bound.warnings, Notice(code="PLAIN_SPEECH", text=text))
    return replace(question, bound=replace(question.bound, warnings=warned))


def _statement(given: PackText, check: Invariant | Expect) -> Statement:
    line = given.text.count("\n", 0, check.span.start) + 1
    if isinstance(check, Invariant):
        name, severity, expected = check.name, Severity(check.severity), Verdict.HOLDS
    else:
        name, severity, expected = check.text or format_query(check.query), Severity.MEDIUM, Verdict(check.verdict)
    return Statement(pack=given.name, line=line, name=name, severity=severity, text=check.text, expected=expected)


def _nothing_there(answer: Answer) -> str:
    reasons = [notice.text for notice in answer.warnings if notice.code in ("EMPTY_SET", "NO_ENDPOINTS", KIND_MISSING)]
    return "; ".join(reasons) or "nothing to check in this snapshot"


def usable_cores() -> int:
    """Number of cores this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
