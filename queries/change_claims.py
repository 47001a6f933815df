"""`what changed since snapshot S?`, `nothing is newly allowed since snapshot S`, `nothing changed since snapshot S`.

| Sentence | is refuted by, or lists |
|---|---|
| nothing is newly allowed | a flow that is allowed more than before, those of new pods and nodes included |
| nothing changed | that, or a flow that is allowed less, those of lost pods and nodes included |
| what changed | pairs of workloads with a flow that is allowed more or less than before |

A claim that no flow refutes is unknown where what is not modelled could: a flow that is open in both snapshots for
other reasons, a policy that differs in what flows do not show.

S is the earlier one and stays as it is. Sets in exceptions, and prefixes, are about the snapshot that is asked.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

from reachproof.documents.answer import Row
from reachproof.documents.connectivity import ReportEnd, ports_of
from reachproof.documents.diff import Diff
from reachproof.documents.parts import Rule
from reachproof.documents.words import Relation, Verdict
from reachproof.engines.not_read import is_not_read
from reachproof.grammar import ast
from reachproof.network.cluster import Notice
from reachproof.network.ports import format_ports
from reachproof.queries.answer import Answer, Earlier, Witness
from reachproof.queries.bind_sets import Binder
from reachproof.queries.diff_causes import replayed
from reachproof.queries.difference import difference, judge, undetermined
from reachproof.queries.errors import QueryError
from reachproof.queries.input_changes import (
    PolicyChange,
    demand_same_engine,
    one_sided,
    policy_changes,
    relevant_changes,
    uncompared,
)
from reachproof.queries.input_gaps import address_notices
from reachproof.queries.plan import ChangePlan
from reachproof.semantics.sentences import some_of
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.compare import Comparison, Decision, Differs, Equal, PairSpotCheck, compare, decide
from reachproof.solver.decide import Undecided
from reachproof.solver.encoding import Encoding
from reachproof.solver.endpoint_matching import pair
from reachproof.solver.goal import TRUE, All, Formula
from reachproof.solver.joint_slices import Difference
from reachproof.solver.z3_backend import Prover

FORM = "changed"
COLUMNS = ("change", "from", "to", "before", "after", "depends")
_NOTHING: Row = dict.fromkeys(COLUMNS, "")
_MOST_NAMED = 5
# What refutes a claim, and what makes it unknown.
_BREAKING = {
    ast.ChangeForm.NOTHING_NEW: ((Difference.LOOSER,), (Difference.MAY_GAIN,)),
    ast.ChangeForm.NOTHING: (
        (Difference.LOOSER, Difference.STRICTER),
        (Difference.MAY_GAIN, Difference.MAY_LOSE),
    ),
}


def answer_change(
    plan: ChangePlan, draft: Answer, encodings: tuple[Encoding, Encoding], budget: Budget, prover: Prover
) -> Answer:
    """The draft with a verdict: `holds` or `violated` for claims, `listed` for the question. First the earlier one."""
    before = encodings[0].snapshot
    demand_same_engine(before, encodings[1].snapshot)
    draft = replace(draft, form=FORM).with_evidence(since=before.digest)
    draft = draft.assuming(before.assumptions).warning(before.warnings)
    if plan.change is ast.ChangeForm.WHAT:
        earlier = _earlier_region(plan, encodings[0])
        return _listed(plan, draft, difference(*encodings, budget, prover, region=plan.region, earlier=earlier))
    try:
        return _claimed(plan, draft, encodings, budget, prover)
    except OutOfBudget as over:
        return draft.unknown(over)


# ---------------------------------------------------------------- claims


def _claimed(
    plan: ChangePlan, draft: Answer, encodings: tuple[Encoding, Encoding], budget: Budget, prover: Prover
) -> Answer:
    started = time.perf_counter()
    before, after = encodings
    pairing = pair(before.snapshot, after.snapshot)
    earlier = _earlier_region(plan, before)
    parts = compare(encodings, pairing, plan.region, budget, earlier=earlier)
    broken, doubtful = _BREAKING[plan.change]
    decisions = [(part, way, decide(part, way, budget, prover)) for way in broken for part in parts]
    doubts = [(part, decide(part, way, budget, prover)) for way in doubtful for part in parts]
    notices = (
        *address_notices(before.universe, TRUE),
        *address_notices(after.universe, plan.region),
        *one_sided(pairing, f"snapshot {plan.since}"),
        *uncompared(parts, pairing),
    )
    answer = _decided(plan, draft.timed(started).assuming(notices), decisions)
    if answer.verdict is not Verdict.HOLDS:
        return answer
    changes = relevant_changes(policy_changes(before.snapshot, after.snapshot), encodings, (earlier, plan.region))
    return _doubted(plan, answer, doubts, changes)


def _earlier_region(plan: ChangePlan, before: Encoding) -> Formula:
    """The flows of the earlier snapshot alone that the claim is about. A name that it does not have excepts nothing."""
    return All(tuple(part for each in plan.exceptions for part in _unexcepted(each, before)))


def _unexcepted(exempt: ast.Exempt, before: Encoding) -> Iterator[Formula]:
    binder = Binder(before.universe)
    formula = binder.negated(lambda: binder.exempt((exempt,)))
    with suppress(QueryError):
        binder.finish()
        yield formula


def _decided(plan: ChangePlan, draft: Answer, decisions: list[tuple[Comparison, Difference, Decision]]) -> Answer:
    """Violated where one of the decisions refutes the claim; else undecided where one is; else it holds.

    A flow whose difference rests on an object that is not read refutes nothing: then the claim is undecided.
    """
    refuted = [
        _violated(plan, draft, comparison, sample)
        for comparison, way, decision in decisions
        if isinstance(decision, Differs)
        for sample in _telling(comparison, way, decision)
    ]
    for answer in refuted:
        if not _on_unread(answer):
            return answer
    if refuted:
        notices = _on_unread(refuted[0])
        return draft.unknown(f"it depends on what is not read: {notices[0].text}").assuming(notices)
    for _, _, decision in decisions:
        if isinstance(decision, Undecided):
            return draft.unknown(decision.reason)
    equal = [(comparison, each) for comparison, _, each in decisions if isinstance(each, Equal) and not each.empty]
    for comparison, decision in equal:
        for sample in decision.samples:
            judge(comparison, sample)
    answer = replace(draft, verdict=Verdict.HOLDS, vacuous=not equal)
    return answer.checked(replayed=bool(equal), cross_checked=bool(equal))


def _telling(comparison: Comparison, way: Difference, decision: Differs) -> Iterator[PairSpotCheck]:
    """Flows that differ: the one that was found and, where objects are not read, some that certainly do."""
    yield decision.sample
    if any(is_not_read(policy) for snapshot in comparison.snapshots for policy in snapshot.policies):
        yield from comparison.samples(comparison.differing(way) & comparison.certain)


def _on_unread(answer: Answer) -> tuple[Notice, ...]:
    """The notices of its flow, before or after, about objects that are not read."""
    witness = answer.witness
    assert witness is not None
    traces = (witness.trace, *((witness.before.trace,) if witness.before else ()))
    found = (notice for trace in traces for notice in trace.depends if notice.code == "OBJECT_NOT_READ")
    return tuple(dict.fromkeys(found))


def _doubted(
    plan: ChangePlan, answer: Answer, doubts: list[tuple[Comparison, Decision]], changes: tuple[PolicyChange, ...]
) -> Answer:
    """The answer of a claim that no flow refutes; unknown where something that is not known could."""
    for _, decision in doubts:
        if isinstance(decision, Undecided):
            return replace(answer, vacuous=False).unknown(decision.reason)
    shown = next((replayed(part, each.sample) for part, each in doubts if isinstance(each, Differs)), None)
    if shown is None:
        # What is open about flows is told by them; only `nothing changed` minds a change that none of them shows.
        changes = tuple(each for each in changes if each.closed or plan.change is ast.ChangeForm.NOTHING)
    named = undetermined(changes, shown)
    if not named:
        return answer
    texts = [f"{each.policy} {each.text}" if each.policy else each.text for each in named]
    text = f"undetermined: {some_of(texts, _MOST_NAMED, apart='; ')}"
    return replace(answer, vacuous=False).unknown(text)


def _violated(plan: ChangePlan, draft: Answer, comparison: Comparison, sample: PairSpotCheck) -> Answer:
    old, new = replayed(comparison, sample)
    known = new or old
    assert known is not None
    witness = Witness(flow=known.flow, trace=known, lost=new is None)
    if old is not None:
        earlier = Earlier(name=plan.since, snapshot=comparison.snapshots[0], flow=old.flow, trace=old)
        witness = replace(witness, before=earlier)
    depends = (notice for trace in (old, new) if trace is not None for notice in trace.depends)
    answer = replace(draft, verdict=Verdict.VIOLATED, witness=witness).assuming(depends)
    return answer.checked(replayed=True, cross_checked=True)


# ---------------------------------------------------------------- the question


def _listed(plan: ChangePlan, draft: Answer, diff: Diff) -> Answer:
    draft = draft.with_evidence(solver_ms=diff.evidence.solver_ms)
    draft = replace(draft, assumptions=tuple(dict.fromkeys((*draft.assumptions, *diff.assumptions))))
    if diff.relation is Relation.UNKNOWN:
        return draft.unknown(diff.reason)
    return replace(
        draft,
        verdict=Verdict.LISTED,
        vacuous=not diff.evidence.compared,
        columns=COLUMNS,
        rows=tuple(_rows(diff)),
        because=_because(diff),
    ).checked(replayed=bool(diff.evidence.judged), cross_checked=bool(diff.evidence.compared))


def _rows(diff: Diff) -> Iterable[Row]:
    for row in diff.rows:
        depends = ports_of(row.before_depends) | ports_of(row.after_depends)
        yield {
            "change": str(row.change),
            "from": _name(row.src),
            "to": _name(row.dst),
            "before": format_ports(ports_of(row.before)),
            "after": format_ports(ports_of(row.after)),
            "depends": format_ports(depends) if depends else "",
        }
    for each in diff.undetermined:
        named = str(each.policy) if each.policy else ""
        yield {**_NOTHING, "change": "undetermined", "from": named, "depends": each.text}
    for change, ends in (("new", diff.new), ("lost", diff.lost)):
        yield from ({**_NOTHING, "change": change, "from": str(end)} for end in ends)


def _name(end: ReportEnd) -> str:
    return ",".join(end.cidrs) or str(end)


def _because(diff: Diff) -> tuple[Rule, ...]:
    """The rules of all rows, each once."""
    found: dict[tuple[object, ...], Rule] = {}
    for row in diff.rows:
        for cause in row.because:
            key = cause.policy, cause.direction, cause.rule_index, cause.when
            found.setdefault(key, cause.as_rule)
    return tuple(found.values())
