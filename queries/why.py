"""`why can`: what lets a flow through. `why can't`: all that blocks, over every kind of pair in question."""

from __future__ import annotations

from dataclasses import replace

from reachproof.documents.words import Verdict
from reachproof.network.cluster import Notice
from reachproof.network.flow import Flow
from reachproof.queries.answer import Answer
from reachproof.queries.causes import causes
from reachproof.queries.claims import answer_check
from reachproof.queries.explain import all_blockers, deciders
from reachproof.queries.plan import WhyPlan
from reachproof.queries.prepared import PreparedSnapshot
from reachproof.queries.undetermined import two_outcomes
from reachproof.solver.budget import Budget
from reachproof.solver.decide import Absent, Found, search
from reachproof.solver.goal import Search, Wanted


def answer_why(plan: WhyPlan, draft: Answer, place: PreparedSnapshot, budget: Budget) -> Answer:
    """The explanation, and what is no policy and may still keep the connection from working."""
    draft = replace(draft, form="why").assuming(plan.assumptions).warning(plan.warnings)
    answer = _explained(plan, draft, place, budget)
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
        return replace(answer, because=deciders(place.snapshot, trace))
    return _blocked(plan, answer, trace.flow, place, budget)


def _blocked(plan: WhyPlan, answer: Answer, flow: Flow, place: PreparedSnapshot, budget: Budget) -> Answer:
    """All that blocks; where some of the pairs can connect, a warning that names one."""
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
    """Asked why it can, and it cannot, or the other way round: say so, and explain what is true."""
    if answer.verdict is Verdict.UNKNOWN:
        return answer
    if answer.vacuous:
        return replace(answer, verdict=Verdict.UNREACHABLE)
    check = plan.check(_wanted(not plan.negated), answer.verdict, answer.verdict)
    shown = answer_check(check, answer, place, budget, services=plan.services)
    if shown.witness is None:
        return answer
    text = "it cannot; here is what blocks it" if not plan.negated else "it can; here is what lets it through"
    because = deciders(place.snapshot, shown.witness.trace)
    if not plan.negated:
        because = all_blockers(plan.snapshot, [shown.witness.flow])
    return replace(shown, because=because, warnings=answer.warnings).warning([Notice(code="PREMISE", text=text)])


def _wanted(negated: bool) -> Wanted:
    return Wanted.CAN_DENY if negated else Wanted.CAN_ALLOW
