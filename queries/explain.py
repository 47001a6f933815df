"""`explain SOURCE DESTINATION PORT`: the trace of a flow both ways and all that blocks it, for each kind of flow.

Flows are of one kind when they have the same truth and the same policies decide and block them. The sets engine lists
one flow of everything that the policies and the question tell apart, and says of each what it can be; Z3 is asked
whether any can be allowed and whether any can be denied; the evaluator judges every flow that was listed. What any two
of them disagree on raises InternalError.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reachproof.documents.words import Verdict
from reachproof.grammar import ast
from reachproof.grammar.format import format_ports, format_set
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.parse import Pair, parse_pair
from reachproof.network.cluster import Notice, Service
from reachproof.network.errors import InternalError
from reachproof.network.flow import External, Flow
from reachproof.network.policy import Action
from reachproof.network.snapshot import Snapshot
from reachproof.queries.address_sets import with_certain_names
from reachproof.queries.answer import Answer, Explained, Witness
from reachproof.queries.ask import DEFAULT_BUDGET, Session, draft_answer
from reachproof.queries.bind_sets import Binder
from reachproof.queries.blame import all_blockers, all_deciders, deciders
from reachproof.queries.entry_points import arrivals, no_entry
from reachproof.queries.errors import QueryError
from reachproof.queries.input_gaps import address_notices, depends_on_address
from reachproof.queries.interpretation_notices import by_witness
from reachproof.queries.near_misses import near_misses
from reachproof.queries.non_policy_causes import causes
from reachproof.queries.possible import possible_sets
from reachproof.queries.replay import spot_check
from reachproof.queries.services import leads_to
from reachproof.semantics.evaluate import evaluate
from reachproof.semantics.trace import Truth
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.decide import Found, Undecided, search
from reachproof.solver.goal import FALSE, All, Formula, Not, Search, Side, Some, Wanted
from reachproof.solver.reachability_matrix import reachability
from reachproof.solver.witness import SpotCheck

MOST_FLOWS = 300
_NAME = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_OBJECT = re.compile(rf"({_NAME})/({_NAME}(?:\.{_NAME})*)")
_NUMBERS = re.compile(r"[0-9]+(?:-[0-9]+)?")
_PORT_NAME = re.compile(rf"(?!(?:tcp|udp|sctp|any|every)\b){_NAME}")
_WORST_FIRST = (Truth.DENIED, Truth.EITHER, Truth.ALLOWED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairQuestion:
    """A request for an explanation, and its place. `services`: those that the destination names.

    `certain`: where it is left open what is behind a Service, the part of the region that is asked about for sure.
    `arriving`: what the explanation rests on where the source of a flow stands for clients outside.
    """

    session: Session
    pair: Pair
    query: str
    region: Formula
    certain: Formula | None
    services: tuple[Service, ...]
    arriving: tuple[Notice, ...]
    assumptions: tuple[Notice, ...]
    warnings: tuple[Notice, ...]


def explain(session: Session, source: str, destination: str, ports: str, budget: Budget = DEFAULT_BUDGET) -> Answer:
    """The explanation of the flows from one set to another on some ports, as `flows`, those that are denied first.

    SOURCE and DESTINATION are sets of the query language or bare `namespace/name`; a bare number or name is a port.
    Raises InputError with the problems of all three.
    """
    started = time.perf_counter()
    asked = bind_pair(session, source, destination, ports)
    answer = _explained(asked.session, asked, budget.start())
    told = causes(asked.session.snapshot, asked.services, asked.pair.ports, [each.witness for each in answer.flows])
    answer = answer.warning(told)
    total = (time.perf_counter() - started) * 1000
    return answer.with_evidence(total_ms=round(total, 3))


def bind_pair(session: Session, source: str, destination: str, ports: str, *, outside: bool = True) -> PairQuestion:
    """The three texts bound to the session's snapshot. Raises InputError with the problems of all three.

    `outside`: with flows that stand for what clients outside send.
    """
    snapshot = session.snapshot
    pair = parse_pair(_set_words(snapshot, source), _set_words(snapshot, destination), _port_words(ports))
    _demand_explainable(pair)
    session = _place_of(session, pair)
    snapshot = session.snapshot
    binder = Binder(session.encoding.universe)
    region, notices = _region(binder, pair, outside=outside)
    certain = _region(Binder(session.encoding.universe, sure=True), pair, outside=outside)[0]
    return PairQuestion(
        session=session,
        pair=pair,
        query=f"explain {source} {destination} {ports}",
        region=region,
        certain=certain if binder.doubtful else None,
        arriving=notices,
        services=tuple(snapshot.service_of[name.namespace, name.name] for name in dict.fromkeys(binder.services)),
        assumptions=tuple(binder.assumptions),
        warnings=tuple(binder.warnings),
    )


def _region(binder: Binder, pair: Pair, *, outside: bool) -> tuple[Formula, tuple[Notice, ...]]:
    """The flows of the pair, and the notices about those that stand for what clients outside send."""
    at, into = binder.at(Side.SOURCE, pair.source), binder.to(pair.destination, pair.ports)
    try:
        binder.finish()
    except QueryError as error:
        raise QueryError(error.mistakes, pair.text, "explain") from None
    arriving, notices = arrivals(binder, at, Wanted.CAN_ALLOW) if outside else (FALSE, ())
    return All((at if arriving == FALSE else Some((at, arriving)), into)), notices


def _demand_explainable(pair: Pair) -> None:
    text = "possible pods cannot be explained; ask with `can` or `no`"
    spans = [pods.span for part in (pair.source, pair.destination) for pods in possible_sets(part)]
    if spans:
        raise QueryError([Mistake(text, span) for span in spans], pair.text, "explain")


def _place_of(session: Session, pair: Pair) -> Session:
    """The session of the pair: what goes to a domain meets rules that name the domain for certain."""
    place = session.place_of(pair)
    if not isinstance(pair.destination, ast.Domain):
        return place
    policies = with_certain_names(place.snapshot, pair.destination.name.text)
    return place.reading(place.snapshot.with_policies(policies))


def _set_words(snapshot: Snapshot, text: str) -> str:
    """A bare `namespace/name` as the set that it is the name of: a pod, else a workload, else a Service."""
    match = _OBJECT.fullmatch(text.strip())
    if match is None:
        return text
    name = match[1], match[2]
    workloads = {(pod.namespace, pod.workload.partition("/")[2]) for pod in snapshot.pods if pod.workload}
    kind = "pod"
    if name not in snapshot.pod_of and name not in snapshot.idle_of:
        kind = "workload" if name in workloads else "service" if name in snapshot.service_of else "pod"
    return f"{kind} {match[0]}"


def _port_words(text: str) -> str:
    """A bare number or name as a port."""
    bare = text.strip()
    return f"port {bare}" if _NUMBERS.fullmatch(bare) or _PORT_NAME.fullmatch(bare) else text


def _explained(session: Session, asked: PairQuestion, budget: Budget) -> Answer:
    draft = draft_of(session, asked)
    started = time.perf_counter()
    try:
        found = _listed(session, asked, budget)
    except OutOfBudget as over:
        return draft.unknown(over)
    if not found.samples:
        return replace(draft, verdict=Verdict.UNREACHABLE, vacuous=True)
    spot_check(session.snapshot, found.samples)
    confirmed = _confirmed(session, asked, found, budget)
    draft = draft.timed(started)
    kinds = tuple(_kinds(session.snapshot, asked, found))
    flows = tuple(each for each, _ in kinds)
    main = flows[0]
    answer = replace(
        draft,
        verdict=Verdict.EXPLAINED,
        witness=main.witness,
        because=tuple(dict.fromkeys(because for each in flows for because in each.because)),
        flows=flows,
    )
    answer = answer.assuming((*asked.arriving, *_left_open(kinds), *_notices(session, flows))).warning(_in_part(found))
    return answer.checked(replayed=True, cross_checked=confirmed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """Flows of the question, first those that are asked about for sure, then those of which that is `left_open`."""

    certain: tuple[SpotCheck, ...]
    left_open: tuple[SpotCheck, ...]
    kinds: int

    @property
    def samples(self) -> tuple[SpotCheck, ...]:
        return self.certain + self.left_open


def _listed(session: Session, asked: PairQuestion, budget: Budget) -> _Listed:
    found = reachability(session.encoding, asked.certain or asked.region, budget, limit=MOST_FLOWS).sampled
    if asked.certain is None:
        return _Listed(certain=found.samples, left_open=(), kinds=found.kinds)
    region = All((asked.region, Not(asked.certain)))
    rest = reachability(session.encoding, region, budget, limit=MOST_FLOWS).sampled
    return _Listed(certain=found.samples, left_open=rest.samples, kinds=found.kinds + rest.kinds)


def draft_of(session: Session, asked: PairQuestion) -> Answer:
    """The answer as far as it does not depend on what is found."""
    pair, snapshot = asked.pair, session.snapshot
    notices = address_notices(session.encoding.universe, asked.region)
    normalized = f"explain {format_set(pair.source)} to {format_set(pair.destination)} on {format_ports(pair.ports)}"
    draft = replace(draft_answer(snapshot, query=asked.query, normalized=normalized), form="explain")
    return draft.assuming((*asked.assumptions, *notices)).warning(asked.warnings)


def _confirmed(session: Session, asked: PairQuestion, found: _Listed, budget: Budget) -> bool:
    """True if Z3 says the same of the whole: that some flow can be allowed, or denied, or none. False out of time."""
    for wanted in (Wanted.CAN_ALLOW, Wanted.CAN_DENY):
        outcome = search(session.encoding, Search(asked.region, wanted), budget, session.prover, explain=False)
        if isinstance(outcome, Undecided):
            return False
        listed = any(each.can_allow if wanted is Wanted.CAN_ALLOW else each.can_deny for each in found.samples)
        if listed and not isinstance(outcome, Found):
            raise InternalError(
                f"a flow was listed that {wanted}, and none was found; this is a bug of reachproof, no verdict is given"
            )
    return True


def _kinds(snapshot: Snapshot, asked: PairQuestion, listed: _Listed) -> Iterator[tuple[Explained, bool]]:
    """One flow of each kind, the worst first, then as listed; a client itself before what stands for it.

    The second of a pair is true where it is left open whether the flow is asked about: so only for kinds of which no
    flow is for sure.
    """

    def stands_for_a_client(sample: SpotCheck) -> bool:
        return bool(asked.arriving) and not isinstance(sample.flow.source, External)

    found: dict[tuple[object, ...], tuple[Explained, bool]] = {}
    samples = [
        (sample, left_open)
        for part, left_open in ((listed.certain, False), (listed.left_open, True))
        for sample in sorted(part, key=stands_for_a_client)
    ]
    for sample, left_open in samples:
        explained = _one(snapshot, asked, sample)
        steps = (
            (step.direction, step.tier, step.action, step.policies, step.rule_index) for step in explained.witness.steps
        )
        rules = ((each.policy, each.direction, each.rule_index) for each in explained.because)
        found.setdefault((explained.truth, *steps, *rules), (explained, left_open))
    for truth in _WORST_FIRST:
        yield from ((_whole(snapshot, each), left) for each, left in found.values() if each.truth is truth)


def _whole(snapshot: Snapshot, explained: Explained) -> Explained:
    """The kind with all rules that allow its flow, or with those that came nearest to it."""
    witness = explained.witness
    if explained.truth is Truth.ALLOWED:
        return replace(explained, because=all_deciders(snapshot, witness.trace))
    return replace(explained, near=near_misses(snapshot, witness.flow, witness.via))


def _one(snapshot: Snapshot, asked: PairQuestion, sample: SpotCheck) -> Explained:
    trace = evaluate(snapshot, sample.flow)
    via = next((service for service in asked.services if leads_to(snapshot, service, sample.flow)), None)
    blocked = trace.truth is not Truth.ALLOWED
    if trace.truth is Truth.DENIED:
        trace = evaluate(snapshot, sample.flow, prefer=Action.DENY)
    return Explained(
        truth=trace.truth,
        witness=Witness(flow=sample.flow, trace=trace, via=via),
        because=all_blockers(snapshot, [sample.flow]) if blocked else tuple(dict.fromkeys(deciders(snapshot, trace))),
    )


def _notices(session: Session, flows: Iterable[Explained]) -> Iterator[Notice]:
    """Notices on what the shown flows rest on."""
    snapshot = session.snapshot
    for each in flows:
        flow: Flow = each.witness.flow
        yield from by_witness(snapshot, each.witness.trace)
        yield from each.witness.trace.depends
        yield from no_entry(snapshot, flow, each.witness.via)
        yield from depends_on_address(session.encoding.universe, snapshot, flow, each.truth)


def _left_open(kinds: Iterable[tuple[Explained, bool]]) -> Iterator[Notice]:
    for each, left_open in kinds:
        if left_open:
            text = (
                f"whether the question includes {each.witness.flow} is undetermined, as some backends of a "
                f"Service are; {each.access} is the verdict of policy on the flow itself"
            )
            yield Notice(code="BACKEND_LEFT_OPEN", text=text)


def _in_part(found: _Listed) -> Iterator[Notice]:
    if found.kinds > MOST_FLOWS:
        text = (
            f"policies and question tell {found.kinds} flows apart here; {len(found.samples)} of them, chosen by a "
            "fixed seed, are explained; ask about smaller sets for the others"
        )
        yield Notice(code="EXPLAINED_IN_PART", text=text)
