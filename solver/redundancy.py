"""Policies whose removal changes no verdict: the tables of all flows with the policy and without it are equal.

It is about flows that exist in the snapshot now: between pods, nodes and the outside, a pod to itself left out.

Where rules of the policy may match, as those about domain names, the tables are equal as well if they do: two policies
that may allow a flow leave the same undetermined, and each is needed if the other does not match.

Trusted: nothing by itself. Z3 confirms what is small enough to be written out as a formula (`confirmed`), the evaluator
judges flows with the policy and without it (`queries.hygiene`), and tests/solver/test_shadowing.py all flows.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

from reachproof.network.errors import InternalError
from reachproof.network.flow import Flow
from reachproof.network.policy import Direction, Policy, PolicyRef
from reachproof.solver import witness
from reachproof.solver.bitset import from_positions, from_words, positions
from reachproof.solver.bitset_engine import Verdicts, verdicts
from reachproof.solver.boxes import Classes
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import Encoding
from reachproof.solver.goal import PEER, SUBJECT, All, At, Formula, InPorts, Members, Not, Side, Some, Wanted
from reachproof.solver.slice import Slice, SlicedPolicy, cut
from reachproof.solver.smt_encoding import search_script
from reachproof.solver.table import Table, everything, region
from reachproof.solver.z3_backend import GaveUp, Model, Prover

SAMPLES = 8
WRITTEN_OUT = 60
FEW = 4
"""The number of subjects that are looked at before all of them."""
_OPPOSITE = {Wanted.CAN_ALLOW: Wanted.MUST_DENY, Wanted.CAN_DENY: Wanted.MUST_ALLOW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Redundancy:
    """Nothing changes without the policy. `selects`: whether it selects any pod in a direction in which it has rules.

    `confirmed`: Z3 found no difference either (there was none to look for where it selects nothing).
    """

    policy: Policy
    selects: bool
    confirmed: bool
    samples: tuple[Flow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """Flows of one direction from or to pods in two slices; `differs`: some have other verdicts in the second."""

    part: Slice
    rest: Slice
    domain: Formula
    inside: Table
    tables: Verdicts
    differs: bool


def redundancy(encoding: Encoding, policy: Policy, budget: Budget, prover: Prover) -> Redundancy | None:
    """True if every verdict is the same without the policy; None where some is not. Raises OutOfBudget.

    Two tables are compared for each direction: all flows of the pods it selects, with the policy and without it.
    """
    if _differs_for_some(encoding, policy, budget):
        return None
    same: list[_Compared] = []
    selects = False
    for direction in Direction:
        points = _selected(encoding, policy.ref, direction)
        if not points:
            continue
        selects = True
        compared = _compared(encoding, policy, direction, points, budget)
        if compared is not None and compared.differs:
            return None
        same += [compared] if compared is not None else []
    return Redundancy(
        policy=policy,
        selects=selects,
        confirmed=all(_confirmed(each, budget, prover) for each in same),
        samples=tuple(flow for each in same for flow in _some_flows(each)),
    )


def _differs_for_some(encoding: Encoding, policy: Policy, budget: Budget) -> bool:
    """True if a verdict of a few of the pods that it selects is another without it: of most policies one is."""
    for direction in Direction:
        points = list(positions(_selected(encoding, policy.ref, direction)))
        few = from_positions(points[:: len(points) // FEW + 1])
        compared = _compared(encoding, policy, direction, few, budget) if len(points) > FEW else None
        if compared is not None and compared.differs:
            return True
    return False


def _compared(
    encoding: Encoding, policy: Policy, direction: Direction, points: int, budget: Budget
) -> _Compared | None:
    """The flows of these subjects with the policy and without it; None where there are none."""
    domain = All((At(SUBJECT[direction], Members(points)), *_concerned(encoding, policy.ref, direction)))
    part = cut(encoding, (domain,), budget)
    if not (part.sources and part.destinations and part.atoms):
        return None
    rest = _without(part, policy.ref)
    inside = everything(part) & region(part, domain)
    tables, others = verdicts(part, budget), verdicts(rest, budget)
    every = [tables, *([verdicts(_matching(part, policy.ref), budget)] if _may_match(part, policy.ref) else [])]
    differs = any((inside & (each.wanted(of) ^ others.wanted(of))).any() for each in every for of in _OPPOSITE)
    return _Compared(part=part, rest=rest, domain=domain, inside=inside, tables=tables, differs=differs)


def _concerned(encoding: Encoding, ref: PolicyRef, direction: Direction) -> Iterator[Formula]:
    """The flows that a policy which isolates nothing can match; of others its subjects say it all."""
    tiers = encoding.egress if direction is Direction.EGRESS else encoding.ingress
    if any(each.policy.ref == ref for tier in tiers for each in tier.isolating):
        return
    own = [each for tier in tiers for each in tier.policies if each.policy.ref == ref]
    boxes = dict.fromkeys((box.peers, box.ports) for each in own for rule in each.rules for box in rule.boxes)
    peers = encoding.destinations if direction is Direction.EGRESS else encoding.sources
    yield Some(
        tuple(All((At(PEER[direction], Members(_points(peers, classes))), InPorts(ports))) for classes, ports in boxes)
    )


def _points(classes: Classes, bits: int) -> int:
    return reduce(or_, map(classes.members.__getitem__, positions(bits)), 0)


def _some_flows(compared: _Compared) -> Iterator[Flow]:
    """A seeded choice of the flows; looks at a few pairs of cells only."""
    chance, part = random.Random(0), compared.part
    for _ in range(SAMPLES):
        source, destination = chance.randrange(len(part.sources)), chance.randrange(len(part.destinations))
        atoms = from_words(compared.inside[source, destination])
        flow = witness.flow_between(part, source, destination, atoms) if atoms else None
        if flow is not None:
            yield flow


def _selected(encoding: Encoding, ref: PolicyRef, direction: Direction) -> int:
    """The points that the policy selects in a direction in which it acts."""
    tiers, classes = (
        (encoding.egress, encoding.sources)
        if direction is Direction.EGRESS
        else (encoding.ingress, encoding.destinations)
    )
    of_policy = (each.subjects for tier in tiers for each in tier.policies if each.policy.ref == ref)
    return _points(classes, reduce(or_, of_policy, 0))


def _without(part: Slice, ref: PolicyRef) -> Slice:
    """The slice as if the policy were not there."""

    egress, ingress = (
        tuple(tier.filter(lambda policy: policy.policy.ref != ref) for tier in part.tiers(direction))
        for direction in (Direction.EGRESS, Direction.INGRESS)
    )
    return replace(part, egress=egress, ingress=ingress)


def _may_match(part: Slice, ref: PolicyRef) -> bool:
    """True if it is not known of some flows whether a rule of the policy matches them."""
    every = (policy for direction in Direction for tier in part.tiers(direction) for policy in tier.policies)
    return any(rule.possible for policy in every if policy.policy.ref == ref for rule in policy.rules)


def _matching(part: Slice, ref: PolicyRef) -> Slice:
    """The slice as if the rules of the policy matched wherever they may."""

    def certain(policy: SlicedPolicy) -> SlicedPolicy:
        if policy.policy.ref != ref:
            return policy
        rules = tuple(replace(each, certain=each.certain + each.possible, possible=()) for each in policy.rules)
        return replace(policy, rules=rules)

    egress, ingress = (
        tuple(tier.map(certain, lambda rule: rule) for tier in part.tiers(direction))
        for direction in (Direction.EGRESS, Direction.INGRESS)
    )
    return replace(part, egress=egress, ingress=ingress)


def _confirmed(compared: _Compared, budget: Budget, prover: Prover) -> bool:
    """True if Z3 finds in each slice exactly the table's flows; false where that is too much to be written out."""
    for wanted in _OPPOSITE:
        flows = _formula(compared.part, compared.inside & compared.tables.wanted(wanted))
        if flows is None:
            return False
        for part in (compared.part, compared.rest):
            for goal, also in ((wanted, Not(flows)), (_OPPOSITE[wanted], flows)):
                result = prover.run(search_script(part, All((compared.domain, also)), goal).text, (), budget)
                if isinstance(result, GaveUp):
                    return False
                if isinstance(result, Model):
                    raise InternalError(
                        "Z3 finds a flow that the removal of a policy changes, the sets engine none; this is a bug of "
                        "reachproof, no verdict is given"
                    )
    return True


def _formula(part: Slice, table: Table) -> Formula | None:
    """The flows of a table as a formula, by equal rows; None where these are many."""
    rows: dict[bytes, list[int]] = {}
    for index in range(len(part.sources)):
        rows.setdefault(table[index].tobytes(), []).append(index)
    found: list[Formula] = []
    count = 0
    for members in rows.values():
        columns: dict[int, list[int]] = {}
        for other in range(len(part.destinations)):
            atoms = from_words(table[members[0], other])
            if atoms:
                columns.setdefault(atoms, []).append(other)
        count += len(columns)
        if count > WRITTEN_OUT:
            return None
        targets = tuple(
            All((_at(part, Side.DESTINATION, cells), InPorts(part.ports_of(a)))) for a, cells in columns.items()
        )
        found.append(All((_at(part, Side.SOURCE, members), Some(targets))))
    return Some(tuple(found))


def _at(part: Slice, side: Side, cells: Iterable[int]) -> At:
    return At(side, Members(reduce(or_, (part.cells(side)[cell].points for cell in cells), 0)))
