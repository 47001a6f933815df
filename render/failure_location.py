"""A few lines about a result that did not pass."""

from __future__ import annotations

from reachproof.documents.report import LACKING, POLICIES_SKIPPED, Result
from reachproof.documents.words import Status, Verdict

_EXPLAINING = frozenset(("EMPTY_SET", "NO_ENDPOINTS", POLICIES_SKIPPED, *LACKING))


def headline(result: Result) -> str:
    """One line: the verdict, and how it compares with what the pack expects."""
    answer = result.answer
    match result.status:
        case Status.UNDECIDED if answer.verdict is Verdict.UNKNOWN:
            return f"not decided: {answer.reason}"
        case Status.UNDECIDED if answer.vacuous:
            return "nothing to check"
        case Status.UNDECIDED if any(notice.code == POLICIES_SKIPPED for notice in answer.assumptions):
            return f"{answer.verdict}, but a file was skipped that may hold policies"
        case Status.UNDECIDED:
            return f"{answer.verdict}, but the input lacks objects that the statement needs"
        case Status.FAILED if answer.expected is not Verdict.HOLDS:
            return f"expected {answer.expected}, got {answer.verdict}"
    return str(answer.verdict)


def story(result: Result) -> tuple[str, ...]:
    """The headline with the sentence, the flow that shows it, and what each deciding rule does."""
    answer = result.answer
    lines = [f"{headline(result)}: {answer.normalized}"]
    if answer.witness is not None:
        lines.append(str(answer.witness))
        lines += [step.text for step in answer.witness.steps]
    else:
        lines += [because.text for because in answer.because]
    if result.status is Status.UNDECIDED:
        lines += [notice.text for notice in (*answer.assumptions, *answer.warnings) if notice.code in _EXPLAINING]
    return tuple(lines)
