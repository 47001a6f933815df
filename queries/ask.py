"""The pipeline of one question: parse -> bind -> prepare -> decide -> replay -> answer.

Every witness is replayed by the evaluator, and of every proof a sample of flows, one per cell of the question where
these are few. Disagreement raises InternalError: a verdict that two implementations do not share is never given.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import replace

from reachproof.grammar import ast
from reachproof.grammar.format import format_query
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.parse import parse, parse_many
from reachproof.network.cluster import Notice, Service
from reachproof.network.flow import Flow
from reachproof.network.policy import Action
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer, Because, Evidence, Witness
from reachproof.queries.bind import bind
from reachproof.queries.causes import causes
from reachproof.queries.changed import ChangePlan, answer_change
from reachproof.queries.entry_points import no_entry
from reachproof.queries.errors import QueryError
from reachproof.queries.explain import all_blockers, blamed, deciders
from reachproof.queries.hygiene import HygienePlan, answer_hygiene
from reachproof.queries.ingress_controller import needs_stand_in, with_stand_in
from reachproof.queries.lists import ListPlan
from reachproof.queries.missing_kinds import missing_kinds
from reachproof.queries.not_modelled import unless_certain
from reachproof.queries.plan import Check, Plan, Verdict, WhyPlan
from reachproof.queries.possible import invented_notices
from reachproof.queries.readings import by_proof, by_witness
from reachproof.queries.replay import attack, demand_replay, spot_check
from reachproof.queries.services import leads_to
from reachproof.queries.undetermined import reasons, two_outcomes
from reachproof.queries.unknown_addresses import address_notices, depends_on_address
from reachproof.semantics.evaluate import evaluate
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.decide import (
    Absent,
    Found,
    RankedOutcome,
    Ranking,
    SearchOutcome,
    Undecided,
    rank,
    search,
)
from reachproof.solver.goal import Goal, Search, Wanted
from reachproof.solver.ground import Encoding, prepare
from reachproof.solver.listing import listing
from reachproof.solver.possible.search import search_open
from reachproof.solver.prove import Prover, engine
from reachproof.solver.region import is_open

DEFAULT_BUDGET = Budget()


class Session:
    """A snapshot with its encoding, prepared at the first question and kept: ask as many as you like.

    `others` are those of other snapshots that a question may compare with, by name. A `prover` may be shared by the
    sessions of one thread. Not safe for use by several threads at once.
    """

    def __init__(
        self, snapshot: Snapshot, others: Mapping[str, Session] | None = None, prover: Prover | None = None
    ) -> None:
        self.snapshot = snapshot
        self.others = dict(others or {})
        self._encoding: Encoding | None = None
        self._with_controller: Session | None = None
        self.prover = prover or Prover()

    def reading(self, snapshot: Snapshot) -> Session:
        """Where the same cluster, read in another way, is asked about: here if it is the very same snapshot."""
        return self if snapshot is self.snapshot else Session(snapshot, self.others, self.prover)

    @property
    def encoding(self) -> Encoding:
        """The prepared encoding."""
        if self._encoding is None:
            self._encoding = prepare(self.snapshot)
        return self._encoding

    def place_of(self, asked: object) -> Session:
        """Where a sentence, or sets, are asked about: here, or with a stand-in for a missing ingress controller."""
        if not needs_stand_in(self.snapshot, asked):
            return self
        if self._with_controller is None:
            self._with_controller = self.reading(with_stand_in(self.snapshot))
        return self._with_controller

    def since(self, others: Mapping[str, Session]) -> Session:
        """This session with other snapshots to compare with; what is prepared is shared."""
        self._encoding = self.encoding
        found = copy(self)
        found.others = dict(others)
        found._with_controller = None
        return found

    def ask(self, text: str, budget: Budget = DEFAULT_BUDGET) -> Answer:
        """Answer one sentence. Raises InputError for a sentence that cannot be asked, InternalError for our bugs."""
        return self.answer(self.fit_one(text), text, budget)

    def ask_all(self, text: str, budget: Budget = DEFAULT_BUDGET) -> tuple[Answer, ...]:
        """Answer several sentences, each with the whole budget. Nothing is decided when one of them cannot be asked."""
        queries = self.fit(text)
        return tuple(self.answer(query, text[query.span.start : query.span.end], budget) for query in queries)

    def fit_one(self, text: str) -> ast.Query:
        """The sentence that a text is. Raises InputError if it cannot be asked."""
        query = parse(text)
        self._demand_fit([query], text)
        return query

    def fit(self, text: str) -> tuple[ast.Query, ...]:
        """The sentences of a text. Raises InputError with the problems of all of them that cannot be asked."""
        queries = parse_many(text)
        self._demand_fit(queries, text)
        return queries

    def _demand_fit(self, queries: Iterable[ast.Query], text: str) -> None:
        mistakes: list[Mistake] = []
        for query in queries:
            try:
                bind(query, self.encoding.universe, self.others)
            except QueryError as error:
                mistakes += error.mistakes
        if mistakes:
            raise QueryError(mistakes, text)

    def answer(self, query: ast.Query, text: str, budget: Budget = DEFAULT_BUDGET) -> Answer:
        """Answer a parsed sentence; `text` is what the user wrote."""
        place = self.place_of(query)
        if place is not self:
            return place.answer(query, text, budget)
        started = time.perf_counter()
        running = budget.start()
        draft = Answer(
            query=text,
            normalized=format_query(query),
            form="",
            verdict=Verdict.UNKNOWN,
            snapshot=self.snapshot,
            evidence=Evidence(
                replayed=False,
                cross_checked=False,
                engine=engine(),
                solver_ms=0.0,
                total_ms=0.0,
                snapshot=self.snapshot.digest,
            ),
        )
        plan = bind(query, self.encoding.universe, self.others)
        match plan:
            case Plan():
                found = self._run(plan, draft, running)
            case WhyPlan():
                found = self._with_causes(plan, self._why(plan, draft, running))
            case ListPlan():
                found = self._list(plan, draft, running)
            case HygienePlan():
                found = answer_hygiene(plan, draft, self._encoding_of(plan.snapshot), running, self.prover)
            case ChangePlan():
                both = self.others[plan.since].encoding, self._encoding_of(plan.snapshot)
                found = answer_change(plan, draft, both, running, self.prover)
        warnings = (*self.snapshot.warnings, *missing_kinds(query, self.snapshot), *found.warnings)
        noticed = replace(
            found,
            assumptions=tuple(dict.fromkeys((*self.snapshot.assumptions, *found.assumptions))),
            warnings=tuple(dict.fromkeys(warnings)),
        )
        total = (time.perf_counter() - started) * 1000
        return replace(noticed, evidence=replace(noticed.evidence, total_ms=round(total, 3)))

    # ------------------------------------------------------------ plans

    def _run(self, plan: Plan, draft: Answer, budget: Budget) -> Answer:
        """The first check with a verdict that is not good decides; an undecided one only if no other refutes."""
        draft = replace(draft, form=plan.form, world=plan.world, assumptions=plan.assumptions, warnings=plan.warnings)
        answers = []
        for check in plan.checks:
            answers.append(self._check(plan, check, draft, budget))
            if answers[-1].verdict not in (plan.good, Verdict.UNKNOWN):
                return answers[-1]
        undecided = [answer for answer in answers if answer.verdict is Verdict.UNKNOWN]
        if undecided:
            return undecided[0]
        last = answers[-1]
        return replace(
            last,
            vacuous=all(answer.vacuous for answer in answers),
            because=tuple(dict.fromkeys(because for answer in answers for because in answer.because)),
            assumptions=tuple(dict.fromkeys(notice for answer in answers for notice in answer.assumptions)),
        )

    def _check(self, plan: Plan, check: Check, draft: Answer, budget: Budget) -> Answer:
        encoding = self._encoding_of(check.snapshot)
        started = time.perf_counter()
        goal = check.goal
        outcome = self._decide(encoding, goal, budget)
        evidence = replace(draft.evidence, solver_ms=round((time.perf_counter() - started) * 1000, 3))
        region = check.goal.region
        draft = replace(
            draft,
            evidence=evidence,
            assumptions=(*draft.assumptions, *address_notices(encoding.universe, region)),
        )
        match outcome:
            case Undecided(reason):
                return replace(draft, verdict=Verdict.UNKNOWN, reason=reason)
            case Found(flow=flow, snapshot=imagined):
                answer = replace(draft, verdict=check.if_found)
                if imagined is None:
                    return self._witnessed(answer, check, flow, plan.services)
                return self._invented(answer, replace(check, snapshot=imagined), flow)
            case Absent(because=because, samples=samples, empty=empty, attempts=attempts, imagined=imagined):
                spot_check(check.snapshot, samples)
                if imagined is not None:
                    attack(imagined, attempts, check.goal.wanted)
                checked = imagined is None and not empty
                evidence = replace(evidence, replayed=bool(samples or attempts), cross_checked=checked)
                absent = replace(
                    draft,
                    verdict=check.if_absent,
                    because=blamed(because, _action(check.goal.wanted)),
                    vacuous=empty,
                    evidence=evidence,
                    assumptions=(*draft.assumptions, *by_proof(check.snapshot, because)),
                )
                if check.otherwise is None:
                    return absent
                return _together(absent, self._check(plan, check.otherwise, draft, budget))
            case Ranking(holds=holds, flow=flow, samples=samples, empty=empty, confirmed=confirmed):
                spot_check(check.snapshot, samples)
                verdict = check.if_found if holds else check.if_absent
                evidence = replace(evidence, replayed=bool(samples), cross_checked=confirmed)
                answer = replace(draft, verdict=verdict, vacuous=empty, evidence=evidence)
                if flow is None:
                    return answer
                shown = self._witnessed(answer, check, flow, plan.services)
                return replace(shown, evidence=evidence)

    def _decide(self, encoding: Encoding, goal: Goal, budget: Budget) -> SearchOutcome | RankedOutcome:
        if isinstance(goal, Search):
            decide = search_open if is_open(goal.region) else search
            return decide(encoding, goal, budget, self.prover)
        return rank(encoding, goal, budget, self.prover)

    def _witnessed(self, draft: Answer, check: Check, flow: Flow, services: tuple[str, ...]) -> Answer:
        """The answer with a flow that shows it, replayed."""
        prefer = _action(check.goal.wanted)
        if not isinstance(check.goal, Search) and draft.verdict is check.if_absent:
            prefer = Action.DENY
        trace = evaluate(check.snapshot, flow, prefer=prefer)
        demand_replay(trace, prefer)
        undecided = unless_certain(draft, flow, trace, check.direction)
        if undecided is not None:
            return undecided
        notices = [*by_witness(check.snapshot, trace), *trace.depends]
        notices += depends_on_address(self.encoding.universe, check.snapshot, flow, trace.truth)
        via = self._via(services, flow)
        notices += no_entry(self.snapshot, flow, via)
        if check.direction is not None:
            notices = [*trace.side(check.direction).depends]
        return replace(
            draft,
            witness=Witness(flow=flow, trace=trace, via=via, direction=check.direction),
            assumptions=(*draft.assumptions, *check.bound, *notices),
            evidence=replace(draft.evidence, replayed=True, cross_checked=True),
        )

    def _invented(self, draft: Answer, check: Check, flow: Flow) -> Answer:
        """The answer with a flow of invented pods, replayed in the check's snapshot, where they exist."""
        answer = self._witnessed(draft, check, flow, ())
        return replace(
            answer,
            snapshot=check.snapshot,
            assumptions=(*answer.assumptions, *invented_notices(check.snapshot)),
            evidence=replace(answer.evidence, cross_checked=False),
        )

    def _why(self, plan: WhyPlan, draft: Answer, budget: Budget) -> Answer:
        """`why can`: what lets a flow through. `why can't`: all that blocks, over every kind of pair in question."""
        draft = replace(draft, form="why", assumptions=plan.assumptions, warnings=plan.warnings)
        check = plan.check(_wanted(plan.negated), Verdict.EXPLAINED, _otherwise(plan.negated))
        running = Plan(form="why", good=Verdict.EXPLAINED, checks=(check,), services=plan.services)
        answer = self._check(running, check, draft, budget)
        if answer.verdict is not Verdict.EXPLAINED or answer.witness is None:
            return self._premise_is_wrong(plan, running, answer, budget)
        flow, trace = answer.witness.flow, answer.witness.trace
        answer = replace(answer, warnings=(*answer.warnings, *two_outcomes(trace)))
        if not plan.negated:
            return replace(answer, because=deciders(self.snapshot, trace))
        can = Search(plan.region, Wanted.CAN_ALLOW)
        others = search(self._encoding_of(plan.snapshot), can, budget, self.prover, explain=False)
        flows = [flow, *(sample.flow for sample in others.samples)] if isinstance(others, Absent) else [flow]
        warnings = list(answer.warnings)
        if isinstance(others, Found):
            certain = Search(plan.certain or plan.region, Wanted.MUST_ALLOW)
            surely = search(self._encoding_of(plan.snapshot), certain, budget, self.prover, explain=False)
            other = surely if isinstance(surely, Found) else others
            if other.flow != flow:
                how = "can" if other is surely else "may, which is undetermined"
                text = f"some of these {how}: {other.flow}; the explanation is for {flow}"
                warnings.append(Notice(code="SOME_CAN", text=text))
        return replace(answer, because=all_blockers(plan.snapshot, flows), warnings=tuple(warnings))

    def _with_causes(self, plan: WhyPlan, answer: Answer) -> Answer:
        """The answer with what is no policy and may still keep the connection from working."""
        services = [service for service in self.snapshot.services if str(service) in plan.services]
        told = causes(self.snapshot, services, plan.ports, [answer.witness] if answer.witness else [])
        return replace(answer, warnings=(*answer.warnings, *told))

    def _list(self, plan: ListPlan, draft: Answer, budget: Budget) -> Answer:
        """The rows of a list. The sets engine alone makes it; the evaluator judges flows of it."""
        encoding = self._encoding_of(plan.snapshot)
        notices = address_notices(encoding.universe, plan.region)
        draft = replace(draft, form=plan.form, assumptions=(*plan.assumptions, *notices), warnings=plan.warnings)
        started = time.perf_counter()
        try:
            found = listing(encoding, plan.region, budget, certain=plan.certain, groups=plan.groups, limit=plan.samples)
        except OutOfBudget as over:
            return replace(draft, verdict=Verdict.UNKNOWN, reason=str(over))
        if plan.samples is not None and found.kinds > plan.samples:
            reason = f"the question is about {found.kinds} kinds of flow, more than {plan.samples}; narrow it down"
            return replace(draft, verdict=Verdict.UNKNOWN, reason=reason)
        spot_check(plan.snapshot, (*found.samples, *found.open_samples))
        solver_ms = round((time.perf_counter() - started) * 1000, 3)
        why = reasons(plan.snapshot, found.open_samples, found.open_kinds)
        return replace(
            draft,
            verdict=Verdict.LISTED,
            assumptions=tuple(dict.fromkeys((*draft.assumptions, *why))),
            vacuous=not found.kinds,
            columns=plan.columns,
            rows=plan.rows(found),
            evidence=replace(draft.evidence, replayed=bool(found.samples), solver_ms=solver_ms),
        )

    def _premise_is_wrong(self, plan: WhyPlan, running: Plan, answer: Answer, budget: Budget) -> Answer:
        """Asked why it can, and it cannot, or the other way round: say so, and explain what is true."""
        if answer.verdict is Verdict.UNKNOWN:
            return answer
        if answer.vacuous:
            return replace(answer, verdict=Verdict.UNREACHABLE)
        check = plan.check(_wanted(not plan.negated), answer.verdict, answer.verdict)
        shown = self._check(running, check, answer, budget)
        if shown.witness is None:
            return answer
        text = "it cannot; here is what blocks it" if not plan.negated else "it can; here is what lets it through"
        because: tuple[Because, ...] = deciders(self.snapshot, shown.witness.trace)
        if not plan.negated:
            because = all_blockers(plan.snapshot, [shown.witness.flow])
        warnings = (*answer.warnings, Notice(code="PREMISE", text=text))
        return replace(shown, because=because, warnings=warnings)

    def _encoding_of(self, snapshot: Snapshot) -> Encoding:
        if snapshot is self.snapshot:
            return self.encoding
        return prepare(snapshot, self.encoding.universe)

    def _via(self, names: tuple[str, ...], flow: Flow) -> Service | None:
        """The first Service named as a destination that leads to where the flow goes."""
        keys = (tuple(name.split("/")) for name in names)
        services = (self.snapshot.service_of[namespace, name] for namespace, name in keys)
        return next((service for service in services if leads_to(self.snapshot, service, flow)), None)


def _together(absent: Answer, other: Answer) -> Answer:
    """The answer to a check that found no flow, and to what was asked otherwise: nothing was found there either."""
    if other.verdict is not absent.verdict or other.vacuous:
        return absent if other.vacuous else other
    evidence = replace(
        other.evidence,
        replayed=absent.evidence.replayed and other.evidence.replayed,
        cross_checked=absent.evidence.cross_checked and other.evidence.cross_checked,
    )
    return replace(
        other,
        because=tuple(dict.fromkeys((*absent.because, *other.because))),
        assumptions=tuple(dict.fromkeys((*absent.assumptions, *other.assumptions))),
        evidence=other.evidence if absent.vacuous else evidence,
    )


def _action(wanted: Wanted) -> Action:
    return Action.DENY if wanted in (Wanted.CAN_DENY, Wanted.MUST_DENY) else Action.ALLOW


def _wanted(negated: bool) -> Wanted:
    return Wanted.CAN_DENY if negated else Wanted.CAN_ALLOW


def _otherwise(negated: bool) -> Verdict:
    return Verdict.REACHABLE if negated else Verdict.UNREACHABLE
