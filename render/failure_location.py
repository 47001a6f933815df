"""Where a result that did not pass points to, and what it says in a few lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reachproof.documents.answer import Answer
from reachproof.documents.parts import Origin, Policy
from reachproof.documents.report import LACKING, POLICIES_SKIPPED, Result
from reachproof.documents.words import Status, Verdict
from reachproof.network.policy import Action, Direction

_EXPLAINING = frozenset(("EMPTY_SET", "NO_ENDPOINTS", POLICIES_SKIPPED, *LACKING))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A rule, or a policy as a whole (`rule` None), that makes the verdict what it is."""

    policy: Policy
    rule: int | None
    origin: Origin
    text: str


def faults(answer: Answer) -> tuple[Fault, ...]:
    """The rules that decide the witness, egress first; without a witness those that the verdict rests on.

    Of a denied flow the rules that deny. Empty where nothing written decides, as when no policy selects a pod.
    """
    return tuple(fault for fault in dict.fromkeys(_faults(answer)) if fault.origin.file)


def _faults(answer: Answer) -> Iterator[Fault]:
    witness = answer.witness
    if witness is None:
        for because in answer.because:
            yield Fault(policy=because.policy, rule=because.rule_index, origin=because.origin, text=because.text)
        return
    steps = witness.before.steps if witness.lost and witness.before else witness.steps
    deciders = {step.direction: step for step in steps}  # the last step of a direction decides it
    asked = [deciders[direction] for direction in Direction if direction in deciders]
    denying = [step for step in asked if step.action is Action.DENY]
    for step in denying or asked:
        if step.policy is not None and step.origin is not None:
            yield Fault(policy=step.policy, rule=step.rule_index, origin=step.origin, text=step.text)


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
