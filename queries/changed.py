"""`what changed since snapshot S?`, `nothing is newly allowed since snapshot S`, `nothing changed since snapshot S`.

| Sentence | is refuted by, or lists |
|---|---|
| nothing is newly allowed | a flow that can be allowed now, and could be denied before or is that of a new pod |
| nothing changed | that, or a flow that can be denied now and could be allowed before |
| what changed | pairs of workloads with a flow that is allowed more or less than before |

S is the earlier one and stays as it is. Sets in exceptions, and prefixes, are about the snapshot that is asked.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import assert_never

from reachproof.grammar import ast
from reachproof.network.cluster import Notice, Pod
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import Action, PolicyRef
from reachproof.network.ports import format_ports
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer, Because, Earlier, Row, Witness
from reachproof.queries.diff_causes import replayed
from reachproof.queries.diff_notices import one_sided, uncompared
from reachproof.queries.difference import Diff, Relation, difference, judge
from reachproof.queries.one_cni import demand_one_cni
from reachproof.queries.plan import Verdict
from reachproof.queries.replay import demand_replay, spot_check
from reachproof.queries.sets import Binder
from reachproof.queries.unknown_addresses import address_notices
from reachproof.semantics.evaluate import evaluate
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.compare import Comparison, Decision, Differs, Equal, PairSample, compare, decide, settled
from reachproof.solver.decide import Absent, Found, SearchOutcome, Undecided, search
from reachproof.solver.goal import TRUE, All, At, Formula, Members, Search, Side, Some, Wanted
from reachproof.solver.ground import Encoding
from reachproof.solver.joint import Difference
from reachproof.solver.pairing import Pairing, pair
from reachproof.solver.prove import Prover

FORM = "changed"
COLUMNS = ("change", "from", "to", "before", "after", "depends")
_CLAIMED = {ast.ChangeForm.NOTHING_NEW: Difference.GAIN, ast.ChangeForm.NOTHING: Difference.DRIFT}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePlan:
    """A question about what is different since another snapshot, or a claim; `region`: the flows it is about."""

    change: ast.ChangeForm
    since: str
    snapshot: Snapshot
    region: Formula
    assumptions: tuple[Notice, ...] = ()
    warnings: tuple[Notice, ...] = ()


def change_plan(binder: Binder, changed: ast.Changed, known: Iterable[str]) -> ChangePlan:
    """The plan of a sentence; `known` are the names of the snapshots that it may name."""
    name = changed.snapshot
    if name.text not in known:
        binder.refuse(_unknown(name.text, sorted(known)), name.span)
    return ChangePlan(
        change=changed.form,
        since=name.text,
        snapshot=binder.snapshot,
        region=binder.negated(lambda: binder.exempt(changed.exceptions)) if changed.exceptions else TRUE,
        assumptions=tuple(dict.fromkeys(binder.assumptions)),
        warnings=tuple(dict.fromkeys(binder.warnings)),
    )


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=3)
    there = f" (did you mean {' or '.join(near)}?)" if near else f", but {', '.join(known)}" if known else ""
    how = "`--snapshot NAME=SOURCE` on the command line, `snapshots` over HTTP, `since` in Python"
    return f"no snapshot named {name} is given{there}; give it with {how}"


def answer_change(
    plan: ChangePlan, draft: Answer, encodings: tuple[Encoding, Encoding], budget: Budget, prover: Prover
) -> Answer:
    """The draft with a verdict: `holds` or `violated` for claims, `listed` for the question. First the earlier one."""
    before = encodings[0].snapshot
    demand_one_cni(before, encodings[1].snapshot)
    notices = dict.fromkeys((*plan.assumptions, *before.assumptions))
    draft = replace(
        draft,
        form=FORM,
        assumptions=tuple(notices),
        warnings=tuple(dict.fromkeys((*plan.warnings, *before.warnings))),
        evidence=replace(draft.evidence, since=before.digest),
    )
    if plan.change is ast.ChangeForm.WHAT:
        return _listed(plan, draft, difference(*encodings, budget, prover, region=plan.region))
    try:
        return _claimed(plan, draft, encodings, budget, prover)
    except OutOfBudget as over:
        return replace(draft, verdict=Verdict.UNKNOWN, reason=str(over))


# ---------------------------------------------------------------- claims


def _claimed(
    plan: ChangePlan, draft: Answer, encodings: tuple[Encoding, Encoding], budget: Budget, prover: Prover
) -> Answer:
    started = time.perf_counter()
    before, after = encodings
    pairing = pair(before.snapshot, after.snapshot)
    parts = compare(encodings, pairing, plan.region, budget)
    ways = [way for part in parts for way in settled(part, budget)]
    decisions = [(way, decide(way, _CLAIMED[plan.change], budget, prover)) for way in ways]
    added = search(after, Search(_of_new_pods(plan, after, pairing), Wanted.CAN_ALLOW), budget, prover, explain=False)
    evidence = replace(draft.evidence, solver_ms=round((time.perf_counter() - started) * 1000, 3))
    notices = (
        *draft.assumptions,
        *address_notices(before.universe, TRUE),
        *address_notices(after.universe, plan.region),
        *one_sided(pairing, f"snapshot {plan.since}"),
        *uncompared(ways, pairing),
    )
    draft = replace(draft, evidence=evidence, assumptions=tuple(dict.fromkeys(notices)))
    return _with_new_pods(plan, added, _decided(plan, draft, decisions))


def _of_new_pods(plan: ChangePlan, after: Encoding, pairing: Pairing) -> Formula:
    """Flows of the plan with a pod at an end that was not there before, and no node at the other."""
    universe = after.universe
    new = Members(universe.pods_of(pod.key for pod in pairing.new if isinstance(pod, Pod)))
    ends = [At(side, Members(universe.pods | universe.external)) for side in Side]
    return All((plan.region, *ends, Some(tuple(At(side, new) for side in Side))))


def _with_new_pods(plan: ChangePlan, added: SearchOutcome, answer: Answer) -> Answer:
    """The answer, once what new pods can do is looked at as well: nothing of it was allowed before."""
    if answer.verdict is Verdict.VIOLATED:
        return answer
    match added:
        case Undecided(reason):
            return replace(answer, verdict=Verdict.UNKNOWN, reason=reason)
        case Found(flow=flow):
            trace = evaluate(plan.snapshot, flow)
            demand_replay(trace, Action.ALLOW)
            return replace(
                answer,
                verdict=Verdict.VIOLATED,
                reason="",
                vacuous=False,
                witness=Witness(flow=flow, trace=trace),
                assumptions=tuple(dict.fromkeys((*answer.assumptions, *trace.depends))),
                evidence=replace(answer.evidence, replayed=True, cross_checked=True),
            )
        case Absent(samples=samples):
            spot_check(plan.snapshot, samples)
            return answer
        case _:
            assert_never(added)


def _decided(plan: ChangePlan, draft: Answer, decisions: list[tuple[Comparison, Decision]]) -> Answer:
    """Violated where one of the decisions refutes the claim; else undecided where one is; else it holds."""
    for comparison, decision in decisions:
        if isinstance(decision, Differs):
            return _violated(plan, draft, comparison, decision.sample)
    for _, decision in decisions:
        if isinstance(decision, Undecided):
            return replace(draft, verdict=Verdict.UNKNOWN, reason=decision.reason)
    equal = [(comparison, each) for comparison, each in decisions if isinstance(each, Equal) and not each.empty]
    for comparison, decision in equal:
        for sample in decision.samples:
            judge(comparison, sample)
    evidence = replace(draft.evidence, replayed=bool(equal), cross_checked=bool(equal))
    return replace(draft, verdict=Verdict.HOLDS, vacuous=not equal, evidence=evidence)


def _violated(plan: ChangePlan, draft: Answer, comparison: Comparison, sample: PairSample) -> Answer:
    old, new = replayed(comparison, sample)
    earlier = Earlier(name=plan.since, snapshot=comparison.snapshots[0], flow=sample.flows.before, trace=old)
    return replace(
        draft,
        verdict=Verdict.VIOLATED,
        witness=Witness(flow=sample.flows.after, trace=new, before=earlier),
        assumptions=tuple(dict.fromkeys((*draft.assumptions, *old.depends, *new.depends))),
        evidence=replace(draft.evidence, replayed=True, cross_checked=True),
    )


# ---------------------------------------------------------------- the question


def _listed(plan: ChangePlan, draft: Answer, diff: Diff) -> Answer:
    draft = replace(
        draft,
        assumptions=tuple(dict.fromkeys((*draft.assumptions, *diff.assumptions))),
        evidence=replace(draft.evidence, solver_ms=diff.solver_ms),
    )
    if diff.relation is Relation.UNKNOWN:
        return replace(draft, verdict=Verdict.UNKNOWN, reason=diff.reason)
    return replace(
        draft,
        verdict=Verdict.LISTED,
        vacuous=not diff.compared,
        columns=COLUMNS,
        rows=tuple(_rows(diff)),
        because=_because(diff),
        evidence=replace(draft.evidence, replayed=bool(diff.judged), cross_checked=bool(diff.compared)),
    )


def _rows(diff: Diff) -> Iterable[Row]:
    for row in diff.rows:
        yield {
            "change": str(row.change),
            "from": str(row.src),
            "to": str(row.dst),
            "before": format_ports(row.before),
            "after": format_ports(row.after),
            "depends": _depends(row.before_open | row.after_open),
        }
    for change, ends in (("new", diff.new), ("lost", diff.lost)):
        yield from (
            {"change": change, "from": str(end), "to": "", "before": "", "after": "", "depends": ""} for end in ends
        )


def _depends(ports: IntervalSet) -> str:
    return format_ports(ports) if ports else ""


def _because(diff: Diff) -> tuple[Because, ...]:
    """The rules of all rows, each once."""
    found: dict[tuple[PolicyRef, object, object, object], Because] = {}
    for row in diff.rows:
        for cause in row.causes.rules:
            because = replace(cause.because, text=f"{cause.when}: {cause.because.text}{_edited(cause.edit)}")
            found.setdefault((because.policy, because.direction, because.rule_index, cause.when), because)
    return tuple(found.values())


def _edited(edit: object) -> str:
    return f" ({edit})" if edit else ""
