"""The rules at fault where a result did not pass, and by them the identity of a failure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from reachproof.documents.answer import Answer
from reachproof.documents.parts import Origin, Policy
from reachproof.documents.report import Result
from reachproof.network.policy import Action, Direction


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


def fingerprint(result: Result) -> str:
    """The identity of a failure in SHA-256: the statement and the rules at fault; no line and no address."""
    parts = [result.statement.name, result.answer.normalized, str(result.answer.verdict)]
    for fault in faults(result.answer):
        parts += [fault.policy.kind, fault.policy.namespace, fault.policy.name, str(fault.rule)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
