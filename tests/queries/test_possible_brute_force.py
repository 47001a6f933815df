"""Answers about possible pods, against every pod that could be created in small drawn clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from reachproof.documents.words import Verdict
from reachproof.engines.own_tiers import NORMAL
from reachproof.grammar.parse import parse
from reachproof.manifests.load import load_objects
from reachproof.network.address import parse_cidr
from reachproof.network.flow import External
from reachproof.network.options import Cni
from reachproof.network.policy import TierName
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from reachproof.queries.bind import bind
from reachproof.queries.plan import Plan
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.budget import Budget
from reachproof.solver.goal import Wanted
from reachproof.solver.open_world.open_encoding import open_script
from reachproof.solver.open_world.scope import scope
from reachproof.solver.open_world.variables import layout
from reachproof.solver.z3_backend import Model, Prover
from tests.queries.possible_world import End, Port, addresses, existing, flow, is_node, possible, with_ends, words
from tests.queries.test_brute_force import FLOORS
from tests.strategies.cilium import policy_sets
from tests.strategies.snapshots import manifests, model_options

TEAM = "team"
ASKED = {"app": {"web", "db"}, "tier": {"a"}, "team": {"red"}, "env": set[str]()}
BLOCK = parse_cidr("10.0.0.0/29")
FEW = 12
QUESTIONS = 8
PROVER = Prover()


@dataclass(frozen=True)
class Phrase:
    """A set: its text, whether an end that could exist is in it, and what it is seen from the other end."""

    text: str
    inside: Callable[[End], bool]
    relative: Callable[[End, End], bool] = lambda end, other: True
    possible: bool = True
    new: bool = False


def is_pod(end: End) -> bool:
    return end.pod is not None and not is_node(end)


def same(of: Callable[[End], str | None], *, wanted: bool) -> Callable[[End, End], bool]:
    return lambda end, other: (of(end) is not None and of(end) == of(other)) is wanted


# Conditions that pin labels down leave few pods, so that each of them counts.
LABELS = (
    ("", lambda labels: True),
    (" labelled app!=db,tier", lambda labels: labels.get("app") != "db" and "tier" in labels),
    (" labelled !app,!tier", lambda labels: not labels),
    (" labelled app=web,!tier", lambda labels: labels == {"app": "web"}),
    (" labelled app=db,tier=a", lambda labels: labels.get("app") == "db" and labels.get("tier") == "a"),
    (" labelled app,app notin (web,db),!tier", lambda labels: labels.get("app") in ("", "zzz") and len(labels) == 1),
    (" labelled !app,tier=a", lambda labels: labels == {"tier": "a"}),
)
PLACES = (
    ("", lambda end: True),
    (" in namespace shop", lambda end: end.home == "shop" and not end.new),
    (" in namespaces labelled team=red", lambda end: end.team == "red"),
    (" in namespaces labelled !team,!env", lambda end: end.team is None and env(end) is None),
    (" outside namespace shop", lambda end: end.home != "shop" or end.new),
    (" in any tenant", lambda end: end.team is not None),
    (" on node n1", lambda end: end.pod is not None and end.pod.node == "n1"),
)
RELATIVE = (
    ("in the same namespace", same(lambda end: end.home, wanted=True), lambda end: True),
    ("in a different namespace", same(lambda end: end.home, wanted=False), lambda end: True),
    ("in the same tenant", same(lambda end: end.team, wanted=True), lambda end: end.team is not None),
    ("in a different tenant", same(lambda end: end.team, wanted=False), lambda end: end.team is not None),
)


def env(end: End) -> str | None:
    return end.namespace.labels.get("env") if end.namespace else None


@st.composite
def open_phrases(draw: st.DrawFn) -> Phrase:
    """A set of possible pods, in one of two forms: with namespaces that could be created, and without."""
    labelled, labels = draw(st.sampled_from(LABELS))
    where, place = draw(st.sampled_from(PLACES))
    new = draw(st.booleans())
    text = f"possible pods{labelled}{where}{' in possible namespaces' if new else ''}"
    return Phrase(text, lambda end: is_pod(end) and labels(end.labels) and place(end), new=new)


def closed_phrases(snapshot: Snapshot) -> list[Phrase]:
    found = [
        Phrase("pods", lambda end: end.pod is not None, possible=False),
        Phrase("nodes", lambda end: end.pod is None and not isinstance(end.party, External), possible=False),
        Phrase("outside the cluster", lambda end: isinstance(end.party, External), possible=False),
        Phrase(
            "10.0.0.0/29",
            lambda end: end.address in BLOCK,
            possible=False,
        ),
    ]
    for pod in snapshot.pods[:2]:
        found.append(Phrase(f"pod {pod}", lambda end, pod=pod: end.party == pod, possible=False))  # type: ignore[misc]
    return found


PORTS: tuple[tuple[str, Port], ...] = (
    ("tcp/80", (Protocol.TCP, 80)),
    ("tcp/8080", (Protocol.TCP, 8080)),
    ("udp/53", (Protocol.UDP, 53)),
    ("sctp/8080", (Protocol.SCTP, 8080)),
    ("tcp/443", (Protocol.TCP, 443)),
)


@dataclass(frozen=True)
class Question:
    snapshot: Snapshot
    source: Phrase
    destination: Phrase
    port: tuple[str, Port]
    prefix: str = ""


@st.composite
def questions(draw: st.DrawFn) -> list[Question]:
    """Several questions about one snapshot."""
    options = replace(draw(model_options()), tenant_label=TEAM)
    drawn = draw(manifests(channel=options.channel, most_pods=4))
    if options.cni is Cni.CILIUM:
        drawn += draw(policy_sets(most=2))
    snapshot = load_objects([*drawn, *draw(st.sampled_from(FLOORS))], options=options)
    return [draw(question(snapshot)) for _ in range(QUESTIONS)]


@st.composite
def question(draw: st.DrawFn, snapshot: Snapshot) -> Question:
    closed = st.sampled_from(closed_phrases(snapshot))
    form = draw(st.sampled_from(("source", "source", "source", "destination", "destination", "destination", "both")))
    source = draw(closed if form == "destination" else open_phrases())
    destination = draw(closed if form == "source" else open_phrases())
    if form == "both":
        source = replace(source, new=False, text=source.text.replace(" in possible namespaces", ""))
    if draw(st.booleans()):
        destination = related(draw, source, destination)
    prefix = draw(st.sampled_from(("", "", "with only network policies: ", "with only the admin tier: ")))
    return Question(snapshot, source, destination, draw(st.sampled_from(PORTS)), prefix)


def related(draw: st.DrawFn, source: Phrase, destination: Phrase) -> Phrase:
    """Relative to the other end, which needs pods on both sides."""
    if not destination.possible or not (source.possible or source.text.startswith("pod")):
        return destination
    text, relative, member = draw(st.sampled_from(RELATIVE))
    inside = destination.inside
    return replace(
        destination,
        text=f"{destination.text} {text}",
        relative=relative,
        inside=lambda end: inside(end) and member(end),
    )


def verdicts(question: Question) -> Iterator[tuple[bool, Truth]]:
    """The truth of every flow that the question is about, and whether a possible pod is at an end."""
    for pairs, world in worlds(question):
        for source, destination in pairs:
            asked = flow(source, destination, question.port[1])
            if asked is not None and question.destination.relative(destination, source):
                yield source.possible or destination.possible, truth(world, asked)


def asked_about(question: Question) -> Snapshot:
    """The snapshot with the policies that the prefix leaves."""
    tiers = {
        "with only network policies: ": (TierName.NETWORK_POLICY, NORMAL),
        "with only the admin tier: ": (TierName.ADMIN,),
    }
    kept = tiers.get(question.prefix)
    policies = tuple(policy for policy in question.snapshot.policies if kept is None or policy.tier in kept)
    return question.snapshot.with_policies(policies)


def worlds(question: Question) -> Iterator[tuple[Iterator[tuple[End, End]], Snapshot]]:
    """Pairs of ends, and the snapshot in which both exist."""
    snapshot, (_, port) = asked_about(question), question.port
    source, destination = question.source, question.destination
    of = words(snapshot, ASKED)
    here = addresses(snapshot, of, (BLOCK,))
    sources = [end for end in existing(snapshot) if source.inside(end)]
    destinations = [end for end in existing(snapshot) if destination.inside(end)]
    yield product(sources, destinations), snapshot
    for address in here if source.possible else ():
        ends = possible(snapshot, address, of, source.inside, new=source.new, nodes=nodes(destinations))
        yield product(ends, (end for end in destinations if end.address != address)), with_ends(snapshot, ends)
    for address in here if destination.possible else ():
        hosts = nodes(sources)
        ends = possible(snapshot, address, of, destination.inside, new=destination.new, nodes=hosts, port=port)
        yield product((end for end in sources if end.address != address), ends), with_ends(snapshot, ends)
    if source.possible and destination.possible:
        pairs = [(a, b) for a, b in product(here, repeat=2) if a != b]
        assume(len(pairs) <= FEW or not destination.new)  # so that they can be listed
        for first, second in pairs:
            ends = possible(snapshot, first, of, source.inside, new=source.new, nodes=nodes([]))
            hosts = nodes([])
            others = possible(snapshot, second, of, destination.inside, new=destination.new, nodes=hosts, port=port)
            yield product(ends, others), with_ends(snapshot, [*ends, *others])


def nodes(facing: list[End]) -> tuple[str, ...]:
    """On which nodes a possible pod is looked at: only nodes tell the difference, and `on node n1`."""
    return ("n1", "n2", "zzz") if any(is_node(end) for end in facing) else ("n1",)


TELLING = {
    Wanted.CAN_ALLOW: {Truth.ALLOWED, Truth.EITHER},
    Wanted.MUST_ALLOW: {Truth.ALLOWED},
    Wanted.CAN_DENY: {Truth.DENIED, Truth.EITHER},
    Wanted.MUST_DENY: {Truth.DENIED},
}


def by_z3(session: Session, text: str, wanted: Wanted) -> bool:
    """Whether Z3 finds a flow with a possible pod in the region of a question, whatever pods that exist can do."""
    plan = bind(parse(text), session.encoding.universe).plan
    assert isinstance(plan, Plan)
    found = scope(plan.checks[0].snapshot, session.encoding.universe, plan.checks[0].goal.region)
    if found is None:
        return False
    script = open_script(layout(found), wanted)
    return isinstance(PROVER.run(script.script.text, (), Budget()), Model)


@pytest.mark.heavy
@settings(max_examples=max(50, settings().max_examples // 2))
@given(questions())
def test_an_answer_is_what_is_true_of_every_pod_that_could_be_created(drawn: list[Question]) -> None:
    session = Session(drawn[0].snapshot)
    for each in drawn:
        flows = set(verdicts(each))
        ends = f"{each.destination.text} on {each.port[0]}"
        text = f"{each.prefix}can {each.source.text} reach {ends}?"
        for wanted, telling in TELLING.items():
            assert by_z3(session, text, wanted) is any((True, truth) in flows for truth in telling), (text, wanted)
        can = session.ask(text)
        every = session.ask(f"{each.prefix}every {each.source.text} can reach every {ends}")
        event(f"{can.verdict} {every.verdict}{' vacuous' if can.vacuous else ''}")
        found = {truth for _, truth in flows}
        assert (can.vacuous, every.vacuous) == (not found, not found), text
        assert (can.verdict is Verdict.REACHABLE) == bool(found - {Truth.DENIED}), text
        assert (every.verdict is Verdict.HOLDS) == (found <= {Truth.ALLOWED}), text
