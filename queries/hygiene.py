"""Findings that rest on flows: idle rules, redundant policies, ambiguous verdicts, pods without DNS; and the questions.

| Question or claim | Findings |
|---|---|
| which rules are shadowed? | SHADOWED_RULE |
| which policies are redundant? | REDUNDANT_POLICY |
| which selectors match nothing? | SELECTS_NOTHING, NEVER_SELECTS |
| which verdicts are ambiguous? | AMBIGUOUS_VERDICT |

The sets engine finds them; the evaluator judges flows of each. Disagreement raises InternalError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import assert_never

from reachproof.documents.findings import Code, Findings
from reachproof.documents.words import FindingSeverity, Verdict
from reachproof.engines.built_in import EXEMPTION
from reachproof.engines.not_read import stands_apart
from reachproof.engines.own_tiers import with_network_policies
from reachproof.engines.policies import others_rest_on_rule
from reachproof.grammar import ast
from reachproof.network.cluster import Notice, Pod
from reachproof.network.errors import InternalError
from reachproof.network.flow import Flow
from reachproof.network.policy import Action, Direction, Policy
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer, Witness
from reachproof.queries.findings import Finding, in_every_case, left_open
from reachproof.queries.findings_document import NOTHING_KNOWN, findings_document
from reachproof.queries.lint_dns import without_dns
from reachproof.queries.lint_input import has_policies_alone, input_findings, static_findings
from reachproof.queries.lint_words import rule_name
from reachproof.queries.plan import HygienePlan
from reachproof.queries.redundant_policies import demand_same, redundant
from reachproof.semantics.evaluate import evaluate
from reachproof.semantics.sentences import listed, number_or_name
from reachproof.semantics.trace import Truth
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.encoding import Encoding
from reachproof.solver.nondeterminism import Ambiguity, Cause, ambiguities
from reachproof.solver.representatives import reduced
from reachproof.solver.shadowing import IdleRule, Taker, idle_rules, whole
from reachproof.solver.z3_backend import Prover

COLUMNS = {
    ast.Hygiene.SHADOWED: ("rule", "action", "by", "origin"),
    ast.Hygiene.REDUNDANT: ("policy", "why", "confirmed", "origin"),
    ast.Hygiene.MATCHES_NOTHING: ("where", "selector", "origin"),
    ast.Hygiene.AMBIGUOUS: ("cause", "policies", "direction", "example", "why"),
}
"""The columns of the rows of each question."""
_SHOWN = 5
_LARGE = 500
"""With more pods, flows are looked at in a smaller snapshot that has each kind of them."""
_NOTHING = (
    Code.SELECTS_NOTHING,
    Code.NEVER_SELECTS,
    Code.HOST_NETWORK_PODS,
    Code.NAMESPACE_LABEL,
    Code.OTHER_NAMESPACE,
)


def findings_of(plan: HygienePlan, encoding: Encoding, budget: Budget, prover: Prover) -> tuple[Finding, ...]:
    """The findings that the question lists, in order. Raises OutOfBudget."""
    match plan.hygiene:
        case ast.Hygiene.SHADOWED:
            return tuple(each for each in idle(encoding, budget) if each.code is Code.SHADOWED_RULE)
        case ast.Hygiene.REDUNDANT:
            return tuple(redundant(encoding, budget, prover))
        case ast.Hygiene.MATCHES_NOTHING:
            return tuple(each for each in static_findings(encoding.universe) if each.code in _NOTHING)
        case ast.Hygiene.AMBIGUOUS:
            return ambiguous(encoding, budget)
        case _:
            assert_never(plan.hygiene)


def answer_hygiene(plan: HygienePlan, draft: Answer, encoding: Encoding, budget: Budget, prover: Prover) -> Answer:
    """The draft with the findings as rows: `listed`; of a claim `holds` where there is none, else `violated`.

    A violated claim that no verdict is ambiguous has a witness.
    """
    draft = replace(draft, form=plan.form)
    try:
        found = findings_of(plan, encoding, budget, prover)
    except OutOfBudget as over:
        return draft.unknown(over)
    examples = [finding.example for finding in found if finding.example is not None]
    if plan.claim and (open_ := left_open(plan.hygiene, encoding.snapshot, found, examples)):
        return draft.unknown(f"it depends on what is not read: {open_[0].text}").assuming(open_)
    claimed = Verdict.VIOLATED if found else Verdict.HOLDS
    witness = None
    if plan.claim and plan.hygiene is ast.Hygiene.AMBIGUOUS and examples:
        witness = Witness(flow=examples[0], trace=evaluate(encoding.snapshot, examples[0]))
    return replace(
        draft,
        verdict=claimed if plan.claim else Verdict.LISTED,
        vacuous=plan.vacuous,
        witness=witness,
        columns=COLUMNS[plan.hygiene],
        rows=tuple(finding.row for finding in found),
    ).checked(
        replayed=bool(examples), cross_checked=bool(found) and all(finding.confirmed is True for finding in found)
    )


KINDS = 4
"""How many kinds of findings need flows; each has the whole budget."""


def lint(encoding: Encoding, budget: Budget, prover: Prover, known: Counter[str] = NOTHING_KNOWN) -> Findings:
    """All findings. Each kind that needs flows has the whole budget; where it runs out, the report says so.

    `known`: what a baseline accepts.
    """
    found, undecided = all_findings(encoding, budget, prover)
    return findings_document(encoding.snapshot, found, undecided, known)


def all_findings(encoding: Encoding, budget: Budget, prover: Prover) -> tuple[list[Finding], list[Notice]]:
    """The findings, in no order, and a notice for each kind that the budget was too small for."""
    found = [*input_findings(encoding.universe)]
    undecided: list[Notice] = []
    if has_policies_alone(encoding.snapshot):
        return found, undecided
    large = len(encoding.snapshot.pods) > _LARGE
    flows = reduced(encoding) if large else encoding
    parts: dict[str, Callable[[Budget], Iterable[Finding]]] = {
        "shadowed and overridden rules": lambda running: idle(flows, running),
        "redundant policies": lambda running: redundant(flows, running, prover, selecting=True),
        "ambiguous verdicts": lambda running: ambiguous(flows, running),
        "pods without DNS": lambda running: without_dns(encoding, running),
    }
    for name, part in parts.items():
        try:
            for finding in part(budget.start()):
                found.append(finding)
        except OutOfBudget as over:
            undecided.append(Notice(code="UNDECIDED", text=f"{name} were not looked for to the end: {over}"))
    return found, undecided


# ---------------------------------------------------------------- rules that decide nothing


def idle(encoding: Encoding, budget: Budget) -> tuple[Finding, ...]:
    """Shadowed and overridden rules. Raises OutOfBudget, and InternalError where the evaluator sees them decide."""
    return tuple(in_every_case(encoding, lambda case: _idle(case, budget)))


def _idle(encoding: Encoding, budget: Budget) -> tuple[Finding, ...]:
    snapshot = encoding.snapshot
    every = idle_rules(whole(encoding, budget), budget)
    found = [each for each in every if not (stands_apart(each.policy) or others_rest_on_rule(each.rule))]
    rest = snapshot.with_policies(tuple(_without(policy, found) for policy in snapshot.policies))
    demand_same(snapshot, rest, (flow for each in found for flow in each.samples), budget)
    return tuple(map(_idle_finding, found))


def _without(policy: Policy, gone: Iterable[IdleRule]) -> Policy:
    idle_ = {(each.direction, each.rule.index) for each in gone if each.policy.ref == policy.ref}
    if not idle_:
        return policy
    egress, ingress = (
        tuple(rule for rule in policy.rules(direction) if (direction, rule.index) not in idle_)
        for direction in Direction
    )
    return replace(policy, egress=egress, ingress=ingress)


def _idle_finding(found: IdleRule) -> Finding:
    subject = rule_name(found.policy, found.direction, found.rule)
    action = found.rule.action
    by = tuple(map(_taker, found.takers))
    takers = listed(by if len(by) <= _SHOWN else (*by[:_SHOWN], f"{len(by) - _SHOWN} more"))
    differs = any(taker.action is not action for taker in found.takers)
    if found.overridden:
        severity = FindingSeverity.WARNING if differs else FindingSeverity.INFO
        why = f"never comes to decide: earlier tiers decide all of its flows, by {takers}"
    elif with_network_policies(found.policy.tier) and not differs:
        severity = FindingSeverity.INFO
        what = "denied" if action is Action.DENY else "allowed"
        why = f"adds nothing: all of its flows are {what} by {takers}"
    else:
        severity = FindingSeverity.ERROR if differs else FindingSeverity.WARNING
        why = f"never decides: all of its flows are decided before it, by {takers}"
    return Finding(
        code=Code.OVERRIDDEN_RULE if found.overridden else Code.SHADOWED_RULE,
        severity=severity,
        subject=subject,
        text=f"{subject} ({action}) {why}",
        origin=found.rule.origin,
        row={"rule": subject, "action": str(action), "by": by, "origin": str(found.rule.origin)},
        example=found.samples[0] if found.samples else None,
    )


def _taker(taker: Taker) -> str:
    if taker.policy.ref == EXEMPTION:
        return "the exemption of the pod's own node"
    name = f"{taker.policy.ref} {number_or_name(taker.rule)}" if taker.rule else f"{taker.policy.ref} as a whole"
    return f"{name} ({taker.action})"


# ---------------------------------------------------------------- verdicts that can go both ways


def ambiguous(encoding: Encoding, budget: Budget) -> tuple[Finding, ...]:
    """Causes that leave verdicts open, each once, with a flow. Raises OutOfBudget, and InternalError as above."""
    found = ambiguities(whole(encoding, budget), budget)
    findings = (_ambiguous_finding(encoding.snapshot, each) for each in found)
    return tuple({(each.text, each.row["cause"]): each for each in findings}.values())


def _ambiguous_finding(snapshot: Snapshot, found: Ambiguity) -> Finding:
    traces = [evaluate(snapshot, found.example, prefer=action) for action in (Action.ALLOW, Action.DENY)]
    if traces[0].truth is not Truth.EITHER:
        raise InternalError(
            f"the sets engine says that {found.example} can go both ways, the evaluator that it is {traces[0].truth}; "
            "this is a bug of reachproof, no verdict is given"
        )
    depends = dict.fromkeys(notice for trace in traces for notice in trace.side(found.direction).depends)
    refs = [policy.ref for policy in found.policies] or [
        ref for trace in traces for step in trace.side(found.direction).steps for ref in step.policies
    ]
    policies = tuple(dict.fromkeys(map(str, refs)))
    why = "; ".join(notice.text for notice in depends)
    severity = FindingSeverity.INFO if found.cause is Cause.MAY else FindingSeverity.ERROR
    origins = [policy.origin for policy in found.policies]
    origins += [step.origin for trace in traces for step in trace.side(found.direction).steps if step.origin]
    subject = listed(policies) if policies else f"{found.direction} of pods"
    return Finding(
        code=Code.AMBIGUOUS_VERDICT,
        severity=severity,
        subject=subject,
        text=f"{found.direction} can be allowed and can be denied, as for {found.example}: {why}",
        origin=origins[0] if origins else _pod_of(found.example).origin,
        row={
            "cause": str(found.cause),
            "policies": policies,
            "direction": str(found.direction),
            "example": str(found.example),
            "why": why,
        },
        example=found.example,
    )


def _pod_of(flow: Flow) -> Pod:
    """The pod that the flow is from, or to: one end at least is a pod where a policy leaves anything open."""
    (pod, *_) = [party for party in (flow.source, flow.destination) if isinstance(party, Pod)]
    return pod
