"""Why a flow differs between two snapshots: the rules that decide it in either, and what was done to their policies.

| The flow is decided by | causes |
|---|---|
| policies of which some were added, removed or changed | the rules of these |
| policies that are as they were | all of the rules, and what is different about the endpoints |

Only the directions count in which the flow came to another end. Every flow that is looked at is judged by the
evaluator in both snapshots; InternalError where it disagrees with the engines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from reachproof.documents import words
from reachproof.documents.diff import Cause
from reachproof.documents.json import plain_fields
from reachproof.documents.parts import Policy, Rule
from reachproof.documents.words import Edit
from reachproof.network.cluster import Node, Pod
from reachproof.network.errors import InternalError
from reachproof.network.flow import Party
from reachproof.network.policy import Action, Direction
from reachproof.network.snapshot import Snapshot
from reachproof.queries.blame import VERBS, by_step, selecting, tier_that_ends
from reachproof.queries.ingress_controller import STAND_IN
from reachproof.semantics.evaluate import evaluate
from reachproof.semantics.trace import Step, Trace, Truth
from reachproof.solver.compare import Comparison, PairSpotCheck
from reachproof.solver.diff_matrix import Place
from reachproof.solver.endpoint_matching import When as When
from reachproof.solver.goal import Side
from reachproof.solver.witness_pair import flow_between

MOST_CELLS = 32
MOST_FLOWS = 128
MOST_JUDGED = 5_000
"""Kinds of flow that are looked at for the causes of all rows together."""


@dataclass(frozen=True, slots=True)
class Causes:
    """Rules, and what is different about the endpoints, each once."""

    rules: tuple[Cause, ...] = ()
    endpoints: tuple[str, ...] = ()


class Explainer:
    """Explainer of the differences of a comparison, in parts, until it has looked at MOST_JUDGED kinds of flow.

    `judged` counts the flows that the evaluator has judged; `left_out` whether there were more to look at.
    """

    def __init__(self, comparisons: Sequence[Comparison], edits: Mapping[Policy, Edit]) -> None:
        self.judged = 0
        self.left_out = False
        self._comparisons = comparisons
        self._edits = edits
        self._atoms: dict[Place, list[int]] = {}
        self._known: dict[tuple[Place, int], Causes] = {}

    def causes(self, cells: Iterable[Place], most: int = MOST_FLOWS) -> Causes:
        """Why flows between these cells differ: of `most` kinds of flow at the most, some of every pair of cells first.

        Cost: an evaluation in either snapshot for each kind.
        """
        return together(self._of_kind(kind) for kind in islice(self._kinds(list(cells)), most))

    def _kinds(self, places: Sequence[Place]) -> Iterator[tuple[Place, int]]:
        """The kinds of flow that differ: the first atom of each pair of cells, then the second, and so on."""
        for place in places:
            if place not in self._atoms:
                self._atoms[place] = self._comparisons[place[0]].differing_atoms(*place[1:])
        for turn in range(max((len(self._atoms[place]) for place in places), default=0)):
            yield from ((place, self._atoms[place][turn]) for place in places if turn < len(self._atoms[place]))

    def _of_kind(self, kind: tuple[Place, int]) -> Causes:
        if kind not in self._known and self.judged == MOST_JUDGED:
            self.left_out = True
            return Causes()
        if kind not in self._known:
            (part, source, destination), atom = kind
            comparison = self._comparisons[part]
            joint = comparison.joint
            ends = joint.point_pairs[Side.SOURCE][source], joint.point_pairs[Side.DESTINATION][destination]
            flows = flow_between(joint, *ends, atoms=1 << atom)
            self._known[kind] = Causes()
            if flows is not None:
                self.judged += 1
                traces = replayed(comparison, comparison.sample((source, destination, atom), flows))
                self._known[kind] = causes_of(comparison.snapshots, traces, self._edits)
        return self._known[kind]


Traces = tuple[Trace | None, Trace | None]


def causes_of(snapshots: tuple[Snapshot, Snapshot], traces: Traces, edits: Mapping[Policy, Edit]) -> Causes:
    """The causes of a difference of a flow, by its traces before and after; `edits` are those of policies."""
    before, after = traces
    if before is None or after is None:
        return _of_one_side(snapshots, traces, edits)
    rules = []
    for direction in Direction:
        sides = [trace.side(direction) for trace in (before, after)]
        if sides[0].truth is sides[1].truth:
            continue
        for when, snapshot, side in zip(When, snapshots, sides, strict=True):
            for step in side.steps:
                for because in by_step(snapshot, step):
                    rules.append(_cause(because, step, when, edits))
    edited = tuple(cause for cause in rules if cause.edit is not None)
    if edited:
        return Causes(edited)
    ends = (before.flow.source, after.flow.source), (before.flow.destination, after.flow.destination)
    return Causes(tuple(rules), tuple(text for pair in ends for text in _differences(*snapshots, *pair)))


def _cause(because: Rule, step: Step, when: When, edits: Mapping[Policy, Edit]) -> Cause:
    """The rule, or what selecting a pod does, without the flow that it was found with."""
    fields = plain_fields(because) | {"text": _general(because, step)}
    return Cause(**fields, when=words.When(when), edit=edits.get(because.policy))


def _of_one_side(snapshots: tuple[Snapshot, Snapshot], traces: Traces, edits: Mapping[Policy, Edit]) -> Causes:
    """The rules that allow a flow which only one snapshot has, and whose ends these are."""
    rules: list[Cause] = []
    ends: list[str] = []
    for when, snapshot, trace in zip(When, snapshots, traces, strict=True):
        if trace is None:
            continue
        for step in trace.steps:
            for because in by_step(snapshot, step):
                rules.append(_cause(because, step, when, edits))
        word = "new" if when is When.AFTER else "lost"
        other = snapshots[0 if when is When.AFTER else 1]
        parties = (trace.flow.source, trace.flow.destination)
        ends += [f"{word}: {each}" for party in parties if (each := _missing(party, other))]
    return Causes(tuple(rules), tuple(ends))


def _missing(party: Party, other: Snapshot) -> str:
    """The name of an endpoint that another snapshot has not by that name; empty where it has."""
    match party:
        case Pod() as pod if pod == STAND_IN:
            return ""
        case Pod() as pod if pod.key not in other.pod_of or other.pod_of[pod.key].workload != pod.workload:
            return f"pod {pod}"
        case Node(name=name) if name not in other.node_of:
            return f"node {name}"
        case _:
            return ""


def replayed(comparison: Comparison, sample: PairSpotCheck) -> Traces:
    """The traces of a flow that differs, shown so that they end differently; None where it does not exist.

    InternalError where the evaluator does not say of it what the engines say.
    """
    before, after = comparison.snapshots
    gained = sample.after[0] and sample.before[1]
    wishes = (Action.DENY, Action.ALLOW) if gained else (Action.ALLOW, Action.DENY)
    first, second = sample.flows.before, sample.flows.after
    traces = (
        None if first is None else evaluate(before, first, prefer=wishes[0]),
        None if second is None else evaluate(after, second, prefer=wishes[1]),
    )
    demand_judged(sample, *(None if trace is None else trace.truth for trace in traces))
    return traces


def demand_judged(sample: PairSpotCheck, before: Truth | None, after: Truth | None) -> None:
    """InternalError unless the evaluator says of a flow what the engines say, in each snapshot that has it."""
    for flow, told, found in (
        (sample.flows.before, sample.before, before),
        (sample.flows.after, sample.after, after),
    ):
        if found is not None and told != (found is not Truth.DENIED, found is not Truth.ALLOWED):
            raise InternalError(
                f"the engines and the evaluator ({found}) disagree on {flow}; this is a bug of reachproof, "
                "no verdict is given"
            )


def together(causes: Iterable[Causes]) -> Causes:
    """All of them as one."""
    rules: dict[tuple[object, ...], Cause] = {}
    endpoints: dict[str, None] = {}
    for each in causes:
        for cause in each.rules:
            key = cause.policy, cause.direction, cause.rule_index, cause.action, cause.when
            rules.setdefault(key, cause)
        endpoints.update(dict.fromkeys(each.endpoints))
    return Causes(tuple(rules.values()), tuple(endpoints))


def _general(because: Rule, step: Step) -> str:
    if because.rule_index is None:
        return selecting(because.policy, because.direction, tier_that_ends(step))
    name = f' "{because.rule_name}"' if because.rule_name else ""
    rule = f"{because.policy} {because.direction} rule {because.rule_index}{name}"
    return f"{rule} {VERBS[because.action]}"


def _differences(before: Snapshot, after: Snapshot, old: Party, new: Party) -> Iterator[str]:
    """Differences of an endpoint that policies can see."""
    match old, new:
        case Pod(), Pod():
            pod = f"pod {new}" if old.key == new.key else f"pod {new} (before: {old})"
            homes = before.namespace_of[old.namespace].labels, after.namespace_of[new.namespace].labels
            changed = {
                f"labels of {pod}": old.labels != new.labels,
                f"labels of namespace {new.namespace}": homes[0] != homes[1],
                f"addresses of {pod}": old.addresses != new.addresses,
                f"named ports of {pod}": old.ports != new.ports,
                f"node of {pod}": old.node != new.node,
                f"host network of {pod}": old.host_network != new.host_network,
            }
            yield from (f"other {what}" for what, differs in changed.items() if differs)
        case Node(), Node():
            if old.labels != new.labels:
                yield f"other labels of node {new.name}"
            if old.addresses != new.addresses:
                yield f"other addresses of node {new.name}"
