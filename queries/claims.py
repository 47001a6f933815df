"""Answers of plans with checks, for claims, `can` and `why`: checks are decided, replayed, and make the verdict.

`why can` shows all rules that let a flow through, `why can't` all that blocks, over every kind of pair in question.
A witness that is denied, or may be, has the rules that came nearest to letting it through.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from reachproof.documents.words import Verdict
from reachproof.engines.not_read import at_best, is_not_read
from reachproof.network.cluster import Notice, Service
from reachproof.network.flow import Flow
from reachproof.network.policy import Action
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer, Witness
from reachproof.queries.blame import all_blockers, all_deciders, blamed
from reachproof.queries.entry_points import no_entry
from reachproof.queries.input_gaps import address_notices, depends_on_address, unless_certain
from reachproof.queries.interpretation_notices import by_proof, by_witness, two_outcomes
from reachproof.queries.near_misses import near_misses
from reachproof.queries.non_policy_causes import causes
from reachproof.queries.plan import Check, Plan, WhyPlan
from reachproof.queries.possible import invented_notices
from reachproof.queries.replay import attack, demand_replay, spot_check
from reachproof.queries.services import leads_to
from reachproof.semantics.evaluate import evaluate
from reachproof.semantics.sentences import not_read_notice
from reachproof.solver.budget import Budget
from reachproof.solver.decide import Absent, Found, RankedOutcome, Ranking, SearchOutcome, Undecided, rank, search
from reachproof.solver.encoding import Encoding, prepare
from reachproof.solver.goal import Goal, Ranked, Search, Wanted, is_open
from reachproof.solver.witness import SpotCheck
from reachproof.solver.z3_backend import Prover


class PreparedSnapshot:
    """A snapshot, prepared at the first question and then kept, and the prover that its questions use."""

    def __init__(self, snapshot: Snapshot, prover: Prover) -> None:
        self.snapshot = snapshot
        self.prover = prover
        self._encoding: Encoding | None = None
        self._rewritten: Encoding | None = None

    @property
    def encoding(self) -> Encoding:
        """The prepared encoding."""
        if self._encoding is None:
            self._encoding = prepare(self.snapshot)
        return self._encoding

    def encoding_of(self, snapshot: Snapshot) -> Encoding:
        """The encoding of the same cluster with other policies; the last one is kept."""
        if snapshot is self.snapshot:
            return self.encoding
        if self._rewritten is None or self._rewritten.snapshot is not snapshot:
            self._rewritten = prepare(snapshot, self.encoding.universe)
        return self._rewritten


def answer_claim(plan: Plan, draft: Answer, place: PreparedSnapshot, budget: Budget) -> Answer:
    """The first check with a verdict that is not good decides; an undecided one only if no other refutes."""
    draft = replace(draft, form=plan.form, world=plan.world)
    answers = []
    for check in plan.checks:
        answers.append(answer_check(check, draft, place, budget, services=plan.services))
        if answers[-1].verdict not in (plan.good, Verdict.UNKNOWN):
            return answers[-1]
    undecided = [answer for answer in answers if answer.verdict is Verdict.UNKNOWN]
    if undecided:
        return undecided[0]
    return replace(
        answers[-1],
        vacuous=all(answer.vacuous for answer in answers),
        because=tuple(dict.fromkeys(because for answer in answers for because in answer.because)),
        assumptions=tuple(dict.fromkeys(notice for answer in answers for notice in answer.assumptions)),
    )


def answer_check(
    check: Check, draft: Answer, place: PreparedSnapshot, budget: Budget, *, services: tuple[str, ...]
) -> Answer:
    """The draft with the verdict of one check. `services`: those that the question names as destinations."""
    encoding = place.encoding_of(check.snapshot)
    started = time.perf_counter()
    outcome = _decide(encoding, check.goal, budget, place.prover)
    draft = draft.timed(started).assuming(address_notices(encoding.universe, check.goal.region))
    match outcome:
        case Undecided(reason):
            return draft.unknown(reason)
        case Found(flow=flow, snapshot=imagined):
            answer = replace(draft, verdict=check.if_found)
            if imagined is None:
                answer = with_witness(answer, check, flow, place, services)
            else:
                answer = _with_invented(answer, replace(check, snapshot=imagined), flow, place)
            return _undecided_by(answer, flow, check) if check.unsure else answer
        case Absent():
            absent = _absent(check, outcome, draft)
            if check.otherwise is None:
                return absent
            return _together(absent, answer_check(check.otherwise, draft, place, budget, services=services))
        case Ranking(holds=holds, flow=flow, samples=samples, empty=empty, confirmed=confirmed):
            spot_check(check.snapshot, samples)
            undecided = None if holds else _left_open_by_unread(check, samples, draft, place, budget)
            if undecided is not None:
                return undecided
            verdict = check.if_found if holds else check.if_absent
            answer = replace(draft, verdict=verdict, vacuous=empty)
            shown = answer if flow is None else with_witness(answer, check, flow, place, services)
            return shown.checked(replayed=bool(samples), cross_checked=confirmed)
        case _:
            assert_never(outcome)


def _decide(encoding: Encoding, goal: Goal, budget: Budget, prover: Prover) -> SearchOutcome | RankedOutcome:
    if not isinstance(goal, Search):
        return rank(encoding, goal, budget, prover)
    if not is_open(goal.region):
        return search(encoding, goal, budget, prover)
    from reachproof.solver.open_world.search import search_open  # many modules, which few questions need

    return search_open(encoding, goal, budget, prover)


def _left_open_by_unread(
    check: Check, samples: Sequence[SpotCheck], draft: Answer, place: PreparedSnapshot, budget: Budget
) -> Answer | None:
    """The answer `unknown` where the quantifiers hold if objects that are not read let through what they can.

    What lets more through takes no truth away from them, so else they are false whatever the objects say.
    """
    snapshot, goal = check.snapshot, check.goal
    unread = list(filter(is_not_read, snapshot.policies))
    if not unread or not isinstance(goal, Ranked):
        return None
    outcome = rank(place.encoding_of(snapshot.with_policies(at_best(snapshot.policies))), goal, budget, place.prover)
    match outcome:
        case Undecided(reason):
            return draft.unknown(reason)
        case Ranking(holds=False):
            return None
        case Ranking():
            every = [not_read_notice(policy) for policy in unread]
            told = {notice for each in samples for notice in evaluate(snapshot, each.flow).depends}
            notices = [notice for notice in every if notice in told] or every
            return draft.unknown(f"it depends on what is not read: {_first_of(notices)}").assuming(notices)
        case _:
            assert_never(outcome)


_SHOWN = 3


def _first_of(notices: Sequence[Notice]) -> str:
    shown = "; ".join(notice.text for notice in notices[:_SHOWN])
    return shown + (f"; and {len(notices) - _SHOWN} more" if len(notices) > _SHOWN else "")


def _undecided_by(answer: Answer, flow: Flow, check: Check) -> Answer:
    """The answer `unknown`, since the flow that was found and replayed may not exist."""
    return replace(answer, witness=None).unknown(f"{flow}: {check.unsure}")


def _absent(check: Check, outcome: Absent, draft: Answer) -> Answer:
    """The answer where no flow is as wanted: the evaluator judges samples of the proof, and tries invented flows."""
    spot_check(check.snapshot, outcome.samples)
    if outcome.imagined is not None:
        attack(outcome.imagined, outcome.attempts, check.goal.wanted)
    answer = replace(
        draft,
        verdict=check.if_absent,
        because=blamed(outcome.because, action_of(check.goal.wanted)),
        vacuous=outcome.empty,
    ).assuming(by_proof(check.snapshot, outcome.because))
    return answer.checked(
        replayed=bool(outcome.samples or outcome.attempts),
        cross_checked=outcome.imagined is None and not outcome.empty,
    )


def with_witness(draft: Answer, check: Check, flow: Flow, place: PreparedSnapshot, services: tuple[str, ...]) -> Answer:
    """The answer with a flow that shows it, replayed."""
    prefer = action_of(check.goal.wanted)
    if not isinstance(check.goal, Search) and draft.verdict is check.if_absent:
        prefer = Action.DENY
    trace = evaluate(check.snapshot, flow, prefer=prefer)
    demand_replay(trace, prefer)
    undecided = unless_certain(draft, flow, trace, check.direction)
    if undecided is not None:
        return undecided
    via = via_service(place.snapshot, services, flow)
    if check.direction is not None:
        notices = [*trace.side(check.direction).depends]
    else:
        notices = [*by_witness(check.snapshot, trace), *trace.depends]
        notices += depends_on_address(place.encoding.universe, check.snapshot, flow, trace.truth)
        notices += no_entry(place.snapshot, flow, via)
    witness = Witness(flow=flow, trace=trace, via=via, direction=check.direction)
    near = near_misses(check.snapshot, flow, via) if prefer is Action.DENY and check.direction is None else ()
    answer = replace(draft, witness=witness, near=near).assuming((*check.bound, *notices))
    return answer.checked(replayed=True, cross_checked=True)


def _with_invented(draft: Answer, check: Check, flow: Flow, place: PreparedSnapshot) -> Answer:
    """The answer with a flow of invented pods, replayed in the check's snapshot, where they exist."""
    answer = with_witness(draft, check, flow, place, ())
    answer = replace(answer, snapshot=check.snapshot).assuming(invented_notices(check.snapshot))
    return answer.checked(replayed=answer.evidence.replayed, cross_checked=False)


def via_service(snapshot: Snapshot, names: tuple[str, ...], flow: Flow) -> Service | None:
    """The first Service named as a destination that leads to where the flow goes."""
    keys = (tuple(name.split("/")) for name in names)
    services = (snapshot.service_of[namespace, name] for namespace, name in keys)
    return next((service for service in services if leads_to(snapshot, service, flow)), None)


def action_of(wanted: Wanted) -> Action:
    """The action that a wanted flow meets in the end."""
    return Action.DENY if wanted in (Wanted.CAN_DENY, Wanted.MUST_DENY) else Action.ALLOW


def _together(absent: Answer, other: Answer) -> Answer:
    """The answer to a check that found no flow, and to what was asked otherwise: nothing was found there either."""
    if other.verdict is not absent.verdict or other.vacuous:
        return absent if other.vacuous else other
    both = replace(other, because=tuple(dict.fromkeys((*absent.because, *other.because))))
    both = replace(both, assumptions=tuple(dict.fromkeys((*absent.assumptions, *other.assumptions))))
    if absent.vacuous:
        return both
    return both.checked(
        replayed=absent.evidence.replayed and other.evidence.replayed,
        cross_checked=absent.evidence.cross_checked and other.evidence.cross_checked,
    )


def answer_why(plan: WhyPlan, draft: Answer, place: PreparedSnapshot, budget: Budget) -> Answer:
    """The explanation, and what is no policy and may still keep the connection from working."""
    answer = _explained(plan, replace(draft, form="why"), place, budget)
    services = [service for service in place.snapshot.services if str(service) in plan.services]
    shown = [answer.witness] if answer.witness else []
    return answer.warning(causes(place.snapshot, services, plan.ports, shown))


def _explained(plan: WhyPlan, draft: Answer, place: PreparedSnapshot, budget: Budget) -> Answer:
    otherwise = Verdict.REACHABLE if plan.negated else Verdict.UNREACHABLE
    check = plan.check(_wanted(plan.negated), Verdict.EXPLAINED, otherwise)
    answer = answer_check(check, draft, place, budget, services=plan.services)
    if answer.verdict is not Verdict.EXPLAINED or answer.witness is None:
        return _premise_is_wrong(plan, answer, place, budget)
    trace = answer.witness.trace
    answer = answer.warning(two_outcomes(trace))
    if not plan.negated:
        return replace(answer, because=all_deciders(place.snapshot, trace))
    return _blocked(plan, answer, trace.flow, place, budget)


def _blocked(plan: WhyPlan, answer: Answer, flow: Flow, place: PreparedSnapshot, budget: Budget) -> Answer:
    """The answer with all that blocks; where some of the pairs can connect, with a warning that names one."""
    encoding = place.encoding_of(plan.snapshot)
    allowed = search(encoding, Search(plan.region, Wanted.CAN_ALLOW), budget, place.prover, explain=False)
    flows = [flow, *(sample.flow for sample in allowed.samples)] if isinstance(allowed, Absent) else [flow]
    answer = replace(answer, because=all_blockers(plan.snapshot, flows))
    if not isinstance(allowed, Found):
        return answer
    certain = Search(plan.certain or plan.region, Wanted.MUST_ALLOW)
    surely = search(encoding, certain, budget, place.prover, explain=False)
    other = surely if isinstance(surely, Found) else allowed
    if other.flow == flow:
        return answer
    can = "can" if other is surely else "may, which is undetermined"
    text = f"some of these {can}: {other.flow}; the explanation is for {flow}"
    return answer.warning([Notice(code="SOME_CAN", text=text)])


def _premise_is_wrong(plan: WhyPlan, answer: Answer, place: PreparedSnapshot, budget: Budget) -> Answer:
    """Answer `why can` where it cannot, or the other way round: say so, and explain what is true."""
    if answer.verdict is Verdict.UNKNOWN:
        return answer
    if answer.vacuous:
        return replace(answer, verdict=Verdict.UNREACHABLE)
    check = plan.check(_wanted(not plan.negated), answer.verdict, answer.verdict)
    shown = answer_check(check, answer, place, budget, services=plan.services)
    if shown.witness is None:
        return answer
    text = "it cannot; here is what blocks it" if not plan.negated else "it can; here is what lets it through"
    because = all_deciders(place.snapshot, shown.witness.trace)
    if not plan.negated:
        because = all_blockers(plan.snapshot, [shown.witness.flow])
    return replace(shown, because=because, warnings=answer.warnings).warning([Notice(code="PREMISE", text=text)])


def _wanted(negated: bool) -> Wanted:
    return Wanted.CAN_DENY if negated else Wanted.CAN_ALLOW
