"""Differences between two snapshots: both engines, and the demand that they agree.

| Difference | a flow that |
|---|---|
| LOOSER | is allowed now where it was denied before, in some outcome of what is left open |
| STRICTER | the other way round |
| MAY_GAIN | is open in both, and some way to settle it denies it before and allows it now |
| MAY_LOSE | the other way round |

What is open in both is settled alike where it is one thing (`solver.choices`), so a flow that rests on the same thing
as before is none of these. A flow that only one snapshot has counts as denied in the other.

Disagreement of the engines is our bug: InternalError, never an outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import assert_never

import numpy as np

from reachproof.network.errors import InternalError
from reachproof.network.policy import PolicyRef
from reachproof.network.ports import place
from reachproof.network.snapshot import Snapshot
from reachproof.solver import witness_pair
from reachproof.solver.bitset import from_words, positions
from reachproof.solver.bitset_engine import Verdicts, verdicts
from reachproof.solver.budget import Budget
from reachproof.solver.choices import Programs, may_be_open, open_programs, unchanged
from reachproof.solver.decide import Undecided, demand
from reachproof.solver.encoding import Encoding
from reachproof.solver.endpoint_matching import EndpointMatching, When, common_regions, one_sided_regions
from reachproof.solver.goal import TRUE, All, Formula
from reachproof.solver.joint_slices import Difference, JointSlices, alone, join
from reachproof.solver.open_sets import may_differ
from reachproof.solver.smt_pair_encoding import difference_script
from reachproof.solver.table import FULL, Table, region, word_count, words
from reachproof.solver.witness import SAMPLES, bit
from reachproof.solver.witness_pair import FlowPair
from reachproof.solver.z3_backend import GaveUp, Model, Prover


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSpotCheck:
    """A flow of both snapshots, with what the engines say of it: (can be allowed, can be denied) in either."""

    flows: FlowPair
    before: tuple[bool, bool]
    after: tuple[bool, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Differs:
    """Some flow differs as asked."""

    sample: PairSpotCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Equal:
    """No flow differs as asked. `empty`: there is no flow to compare."""

    samples: tuple[PairSpotCheck, ...] = ()
    empty: bool = False


Decision = Differs | Equal | Undecided
# Flows that a snapshot does not have cannot be allowed more, or less, than in the other one.
_TELLS_NOTHING: dict[Difference, When] = {Difference.LOOSER: When.BEFORE, Difference.STRICTER: When.AFTER}


@dataclass(frozen=True)
class Comparison:
    """Flows of a region, in tables of (sources, destinations, words) that are the same for both snapshots.

    `snapshots` are the one before and the one after. `inside` are the flows that are compared; bits of the verdicts
    outside of it have no meaning. `open_programs`: where something is left open in both, else None.
    """

    snapshots: tuple[Snapshot, Snapshot]
    joint: JointSlices
    region: Formula
    inside: Table
    before: Verdicts
    after: Verdicts
    open_programs: Programs | None
    may_gain: Table
    may_lose: Table

    @property
    def empty(self) -> bool:
        """True if there is no flow to compare."""
        return not self.inside.any()

    @cached_property
    def looser(self) -> Table:
        """Flows that are allowed more than before."""
        return self.differing(Difference.LOOSER)

    @cached_property
    def stricter(self) -> Table:
        """Flows that are allowed less than before."""
        return self.differing(Difference.STRICTER)

    @property
    def certain(self) -> Table:
        """Flows that have another verdict than before, whatever is left open."""
        gained = ~self.before.can_allow & ~self.after.can_deny
        return self.inside & (gained | (~self.before.can_deny & ~self.after.can_allow))

    def differing(self, difference: Difference) -> Table:
        """The flows that differ like this."""
        could_allow, could_deny = self.before.can_allow, self.before.can_deny
        can_allow, can_deny = self.after.can_allow, self.after.can_deny
        match difference:
            case Difference.MAY_GAIN:
                return self.may_gain
            case Difference.MAY_LOSE:
                return self.may_lose
            case Difference.LOOSER:
                return self.inside & ((can_allow & ~could_allow) | (could_deny & ~can_deny))
            case Difference.STRICTER:
                return self.inside & ((could_allow & ~can_allow) | (can_deny & ~could_deny))
            case _:
                assert_never(difference)

    @property
    def open_in_both(self) -> bool:
        """True if some flow can be allowed and can be denied in both snapshots."""
        return bool(open_in_both(self.inside, self.before, self.after).any())

    @property
    def kinds(self) -> int:
        """Number of kinds of flow that are compared, each of which nothing tells apart in either snapshot."""
        return int(np.bitwise_count(self.inside).sum())

    def differing_atoms(self, source: int, destination: int) -> list[int]:
        """The atoms of ports on which flows of a pair of cells are allowed more or less than before."""
        words_ = self.looser[source, destination] | self.stricter[source, destination]
        return list(positions(from_words(words_)))

    def sample(self, cell: tuple[int, int, int], flows: FlowPair) -> PairSpotCheck:
        """The flows of a source cell, destination cell and atom with what the sets engine says of them."""
        before, after = (
            (bit(tables.can_allow, cell), bit(tables.can_deny, cell)) for tables in (self.before, self.after)
        )
        return PairSpotCheck(flows=flows, before=before, after=after)

    def samples(self, table: Table, limit: int = SAMPLES) -> tuple[PairSpotCheck, ...]:
        """Flows of a table: of every cell where these are few, else a seeded choice."""
        found = witness_pair.sample(self.joint, table, limit)
        return tuple(self.sample((source, other, atom), flows) for source, other, atom, flows in found)


def open_in_both(inside: Table, before: Verdicts, after: Verdicts) -> Table:
    """Flows that can be allowed and can be denied in both snapshots."""
    return inside & before.can_allow & before.can_deny & after.can_allow & after.can_deny


def compare(
    encodings: tuple[Encoding, Encoding],
    pairing: EndpointMatching,
    region_: Formula,
    budget: Budget,
    *,
    earlier: Formula = TRUE,
) -> tuple[Comparison, ...]:
    """The flows of a region, a formula over the second snapshot, in parts. Raises OutOfBudget.

    Last come flows that only one of the snapshots has; `earlier` is the region of those of the first, a formula over
    it. Flows with nodes, or with pods on the host network, are apart from all others: on which node a pod runs matters
    to the former only, and would make very many cells of few. Cost: about that of both snapshots' whole tables.
    """
    snapshots = encodings[0].snapshot, encodings[1].snapshot
    universes = encodings[0].universe, encodings[1].universe
    same = cache(lambda: unchanged(*snapshots))
    common = (
        _compared(
            snapshots, join(encodings, pairing, (old, All((region_, new))), budget), All((region_, new)), same, budget
        )
        for old, new in common_regions(universes, pairing)
    )
    sole = (
        _compared(snapshots, alone(encodings[at], when, All((wanted, part)), budget), All((wanted, part)), same, budget)
        for at, (when, wanted) in enumerate(zip(When, (earlier, region_), strict=True))
        for part in one_sided_regions(universes[at], pairing, when)
    )
    return (*common, *sole)


def _compared(
    snapshots: tuple[Snapshot, Snapshot],
    joint: JointSlices,
    region_: Formula,
    same: Callable[[], frozenset[PolicyRef]],
    budget: Budget,
) -> Comparison:
    count = word_count(len(joint.after.atoms))
    exists = np.where(joint.exists, FULL, np.uint64(0))[:, :, None] & words((1 << len(joint.after.atoms)) - 1, count)
    inside = exists & region(joint.after, region_)
    told = [
        Verdicts(np.zeros_like(inside), np.full_like(inside, FULL))
        if joint.only not in (None, when)
        else verdicts(part, budget)
        for when, part in zip(When, (joint.before, joint.after), strict=True)
    ]
    programs = None
    may_gain = may_lose = np.zeros_like(inside)
    if joint.only is None and may_be_open(joint.before) and may_be_open(joint.after):
        programs = open_programs(joint.before, joint.after, same())
        may_gain, may_lose = may_differ(programs, open_in_both(inside, told[0], told[1]), budget)
    return Comparison(
        snapshots=snapshots,
        joint=joint,
        region=region_,
        inside=inside,
        before=told[0],
        after=told[1],
        open_programs=programs,
        may_gain=may_gain,
        may_lose=may_lose,
    )


def decide(comparison: Comparison, difference: Difference, budget: Budget, prover: Prover) -> Decision:
    """True if some flow differs like this, by Z3 and by the sets engine, which must agree."""
    if comparison.empty or (comparison.joint.only and comparison.joint.only is _TELLS_NOTHING.get(difference)):
        return Equal(empty=True)
    if comparison.open_programs is None and difference in (Difference.MAY_GAIN, Difference.MAY_LOSE):
        return Equal()
    found = comparison.differing(difference)
    script = difference_script(comparison.joint, comparison.region, difference, comparison.open_programs)
    result = prover.run(script.text, ("s", "d", "p"), budget)
    if isinstance(result, GaveUp):
        return Undecided(result.reason)
    if not isinstance(result, Model):
        demand(not found.any(), "the sets engine found a difference that Z3 excludes")
        return Equal(samples=comparison.samples(comparison.inside))
    source, other, atom = result.values
    demand(bit(found, (source, other, atom)), "Z3 found a difference that the sets engine excludes")
    sample = _clearest(comparison, found)
    if sample is None:
        raise InternalError("a difference was found only between a party and itself")
    return Differs(sample=sample)


def _clearest(comparison: Comparison, found: Table) -> PairSpotCheck | None:
    """If there is one, a flow that differs for certain, else one that is no more open than before, else any."""
    gained = comparison.after.can_allow & ~comparison.before.can_allow & ~comparison.after.can_deny
    lost = comparison.before.can_allow & ~comparison.after.can_allow & ~comparison.before.can_deny
    for table in (found & (gained | lost), found & (comparison.looser | comparison.stricter), found):
        best = witness_pair.best(comparison.joint, table)
        if best is not None:
            source, other, flows = best
            port = place(flows.known.protocol, flows.known.port)
            atom = next(at for at, ports in enumerate(comparison.joint.after.atoms) if port in ports)
            return comparison.sample((source, other, atom), flows)
    return None
