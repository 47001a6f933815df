"""A request of several statements in pieces: each is answered alone, maybe elsewhere, and the document is put together.

The document does not depend on where and in which order the pieces were answered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from reachproof.api.http_error import HttpError
from reachproof.api.namespace_view import NamespaceView
from reachproof.api.redaction.decisions import shown
from reachproof.api.redaction.errors import redacted_errors
from reachproof.api.schemas import CheckRequest, CompleteRequest, QueryRequest, SourceWithOptions
from reachproof.api.snapshot_provider import Sessions
from reachproof.documents.answer import Answer, with_reason
from reachproof.documents.json import encoded
from reachproof.documents.report import LeftOut, Result, Skipped, verdict_of
from reachproof.documents.words import Status
from reachproof.grammar.format import format_query
from reachproof.network.errors import InputError, Problem
from reachproof.network.snapshot import Snapshot
from reachproof.queries import answer as values
from reachproof.queries import packs
from reachproof.queries.answer import answer_document
from reachproof.queries.ask import Question, Session, answer, draft_answer
from reachproof.solver.budget import Budget

SKIPPED = "skipped"
"""The status of a statement of a pack that does not apply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The JSON object that a statement has in the document, and, in a report on packs, its status."""

    text: bytes
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A statement before it is answered, with the answer to give if the work fails."""

    answer: Answer | Skipped
    status: str = ""

    def unfinished(self, reason: str) -> Piece:
        """The verdict `unknown`, for this reason; what is skipped needs no answer."""
        answer = self.answer
        value = answer if isinstance(answer, Skipped) else with_reason(answer, reason)
        return Piece(text=encoded(value), status=self.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBatch:
    """A request whose statements all can be asked: a draft of each, and what answers it."""

    drafts: tuple[Draft, ...]
    answers: tuple[Callable[[Budget], Piece], ...]


def has_statements(request: object) -> bool:
    """True if a request can be answered in pieces."""
    return isinstance(request, CheckRequest) or (isinstance(request, QueryRequest) and request.queries is not None)


def open_batch(
    request: QueryRequest | CheckRequest, sessions: Sessions, most: int, view: NamespaceView | None
) -> OpenBatch:
    """The statements of a request, answered as they are shown in a view. Raises InputError with the problems of all of
    them, so that nothing is decided where one is wrong; HttpError where there are more statements in packs than `most`.
    """
    with redacted_errors(view):
        if isinstance(request, CheckRequest):
            return _packs(request, sessions, most, view)
        session = session_of(request, sessions)
        texts = request.queries or []
        questions = _fitting(session, texts)
        return OpenBatch(
            drafts=tuple(Draft(answer=shown(answer_document(_undecided(each)), view)) for each in questions),
            answers=tuple(partial(_answer, question, view=view) for question in questions),
        )


def assemble(request: QueryRequest | CheckRequest, pieces: Sequence[Piece]) -> bytes:
    """The document of pieces in the order of the statements."""
    if isinstance(request, QueryRequest):
        return b"[" + b",".join(piece.text for piece in pieces) + b"]"
    found = [piece for piece in pieces if piece.status != SKIPPED]
    skipped = b",".join(piece.text for piece in pieces if piece.status == SKIPPED)
    verdict = verdict_of(Status(piece.status) for piece in found)
    answers = b",".join(piece.text for piece in found)
    return b'{"verdict":"%s","answers":[%s],"skipped":[%s]}' % (verdict.encode(), answers, skipped)


def session_of(request: QueryRequest | CompleteRequest | CheckRequest, sessions: Sessions) -> Session:
    """The session that a request is about, with those of the snapshots that its statements may compare with."""
    session = sessions.session(request)
    if not request.snapshots:
        return session
    return session.since(
        {
            name: sessions.session(SourceWithOptions.of(source, request.options), f"snapshots.{name}")
            for name, source in request.snapshots.items()
        }
    )


def undecided(query: str, normalized: str, digest: str, reason: str = "") -> values.Answer:
    """The answer to a sentence that nobody decided. Its form is not known."""
    draft = draft_answer(Snapshot(digest=digest), query=query, normalized=normalized)
    return replace(draft, form="unknown", reason=reason)


def _answer(question: Question, budget: Budget, *, view: NamespaceView | None) -> Piece:
    with redacted_errors(view):
        return Piece(text=encoded(shown(answer_document(answer(question, budget)), view)))


def _undecided(question: Question) -> values.Answer:
    return undecided(question.text, format_query(question.query), question.place.snapshot.digest)


def _fitting(session: Session, texts: Sequence[str]) -> list[Question]:
    """The questions that these texts are; one InputError with the problems of all."""
    found: list[Question] = []
    problems: list[Problem] = []
    for number, text in enumerate(texts):
        try:
            found.append(session.question(text))
        except InputError as error:
            problems += (replace(problem, path=f"queries.{number}") for problem in error.problems)
    if problems:
        raise InputError(problems)
    return found


def _packs(request: CheckRequest, sessions: Sessions, most: int, view: NamespaceView | None) -> OpenBatch:
    given = _given(request)
    count = packs.count_statements([pack for pack in given if not pack.shipped])
    if count > most:
        raise HttpError(422, f"too many statements ({count}; the limit is {most})")
    bound = packs.bind_packs(session_of(request, sessions), given)
    allowed = packs.Allowed(no_policies=request.allow_no_policies, skipped=request.allow_skipped)
    judge = partial(_judged, allowed=allowed, view=view)
    drafts = tuple(_draft(each, view) for each in bound)
    return OpenBatch(drafts=drafts, answers=tuple(partial(judge, each) for each in bound))


def _given(request: CheckRequest) -> Sequence[packs.PackText]:
    """The packs of a request; the shipped ones where it brings none."""
    if request.pack is None and request.packs is None:
        return packs.library()
    texts = [request.pack] if request.pack is not None else request.packs or []
    return [packs.PackText(name=name, text=text) for name, text in zip(pack_names(request), texts, strict=True)]


def pack_names(request: CheckRequest) -> list[str]:
    """Names of the packs of a request in problems."""
    return ["pack"] if request.pack is not None else [f"packs[{index}]" for index in range(len(request.packs or []))]


def _judged(
    bound: packs.Bound | LeftOut, budget: Budget, *, allowed: packs.Allowed, view: NamespaceView | None
) -> Piece:
    with redacted_errors(view):
        if isinstance(bound, LeftOut):
            return _piece(bound, view)
        return _piece(packs.judged(bound, answer(bound.question, budget), allowed), view)


def _piece(found: Result | LeftOut, view: NamespaceView | None) -> Piece:
    if isinstance(found, LeftOut):
        return Piece(text=encoded(shown(found.document, view)), status=SKIPPED)
    return Piece(text=encoded(shown(found.answer, view)), status=found.status)


def _draft(bound: packs.Bound | LeftOut, view: NamespaceView | None) -> Draft:
    if isinstance(bound, LeftOut):
        return Draft(answer=shown(bound.document, view), status=SKIPPED)
    statement = bound.statement
    drafted = packs.named(_undecided(bound.question), statement)
    return Draft(answer=shown(answer_document(drafted, Status.UNDECIDED), view), status=Status.UNDECIDED)
