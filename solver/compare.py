"""What differs between two snapshots: both engines, and the demand that they agree.

| Difference | a flow that |
|---|---|
| GAIN | can be allowed now, and could be denied before |
| DRIFT | that, or the other way round |
| LOOSER | is allowed now where it was denied before, in some outcome of what is left open |
| STRICTER | the other way round |

GAIN and DRIFT are what claims are about, which must hold for every outcome that is left open, in either snapshot: a
flow that is open in both is one, unless for its own node only (`settled`). LOOSER and STRICTER say what the change
does, and what is open in both is neither.

Disagreement of the engines is our bug: InternalError, never an outcome.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import assert_never

import numpy as np

from reachproof.network.cluster import Node, Pod
from reachproof.network.errors import InternalError
from reachproof.network.flow import Party
from reachproof.network.ports import place
from reachproof.network.snapshot import Snapshot
from reachproof.solver import twins
from reachproof.solver.bits import positions
from reachproof.solver.budget import Budget
from reachproof.solver.decide import Undecided
from reachproof.solver.goal import All, At, Formula, Members, Side
from reachproof.solver.ground import Encoding
from reachproof.solver.joint import Difference, Joint, is_unsettled, join
from reachproof.solver.joint import settled as settled_joint
from reachproof.solver.pairing import Pairing
from reachproof.solver.prove import GaveUp, Model, Prover
from reachproof.solver.samples import SAMPLES, bit
from reachproof.solver.sets import Verdicts, verdicts
from reachproof.solver.smt_joint import difference_script
from reachproof.solver.table import FULL, Table, region, word_count, words
from reachproof.solver.twins import FlowPair
from reachproof.solver.universe import party_key


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSample:
    """A flow of both snapshots, with what the engines say of it: (can be allowed, can be denied) in either."""

    flows: FlowPair
    before: tuple[bool, bool]
    after: tuple[bool, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Differs:
    """Some flow differs as asked."""

    sample: PairSample


@dataclass(frozen=True, slots=True, kw_only=True)
class Equal:
    """No flow differs as asked. `empty`: there is no flow to compare."""

    samples: tuple[PairSample, ...] = ()
    empty: bool = False


Decision = Differs | Equal | Undecided


@dataclass(frozen=True)
class Comparison:
    """Flows of a region, in tables of (sources, destinations, words) that are the same for both snapshots.

    `snapshots` are the one before and the one after. `inside` are the flows that are compared; bits of the verdicts
    outside of it have no meaning.
    """

    snapshots: tuple[Snapshot, Snapshot]
    joint: Joint
    region: Formula
    inside: Table
    before: Verdicts
    after: Verdicts

    @property
    def empty(self) -> bool:
        """Whether there is no flow to compare."""
        return not self.inside.any()

    @cached_property
    def looser(self) -> Table:
        """Flows that are allowed more than before."""
        return self.differing(Difference.LOOSER)

    @cached_property
    def stricter(self) -> Table:
        """Flows that are allowed less than before."""
        return self.differing(Difference.STRICTER)

    def differing(self, difference: Difference) -> Table:
        """The flows that differ like this."""
        could_allow, could_deny = self.before.can_allow, self.before.can_deny
        can_allow, can_deny = self.after.can_allow, self.after.can_deny
        match difference:
            case Difference.GAIN:
                return self.inside & can_allow & could_deny
            case Difference.DRIFT:
                return self.inside & ((can_allow & could_deny) | (can_deny & could_allow))
            case Difference.LOOSER:
                return self.inside & ((can_allow & ~could_allow) | (could_deny & ~can_deny))
            case Difference.STRICTER:
                return self.inside & ((could_allow & ~can_allow) | (can_deny & ~could_deny))
            case _:
                assert_never(difference)

    @property
    def open_in_both(self) -> bool:
        """Whether some flow can be allowed and can be denied in both snapshots."""
        open_ = self.before.can_allow & self.before.can_deny & self.after.can_allow & self.after.can_deny
        return bool((self.inside & open_).any())

    @property
    def kinds(self) -> int:
        """How many kinds of flow are compared, each of which nothing tells apart in either snapshot."""
        return int(np.bitwise_count(self.inside).sum())

    def differing_atoms(self, source: int, destination: int) -> list[int]:
        """The atoms of ports on which flows of a pair of cells are allowed more or less than before."""
        words_ = self.looser[source, destination] | self.stricter[source, destination]
        return list(positions(int.from_bytes(words_.tobytes(), "little")))

    def sample(self, cell: tuple[int, int, int], flows: FlowPair) -> PairSample:
        """The flows of a source cell, destination cell and atom with what the sets engine says of them."""
        before, after = (
            (bit(tables.can_allow, cell), bit(tables.can_deny, cell)) for tables in (self.before, self.after)
        )
        return PairSample(flows=flows, before=before, after=after)

    def samples(self, table: Table, limit: int = SAMPLES) -> tuple[PairSample, ...]:
        """Flows of a table: of every cell where these are few, else a seeded choice."""
        found = twins.sample(self.joint, table, limit)
        return tuple(self.sample((source, other, atom), flows) for source, other, atom, flows in found)


def compare(
    encodings: tuple[Encoding, Encoding], pairing: Pairing, region_: Formula, budget: Budget
) -> tuple[Comparison, ...]:
    """The flows of a region, a formula over the second snapshot, in parts. Raises OutOfBudget.

    Flows with nodes, or with pods on the host network, are apart from all others: on which node a pod runs matters to
    the former only, and would make very many cells of few. Cost: about that of both snapshots' whole tables.
    """
    snapshots = encodings[0].snapshot, encodings[1].snapshot
    return tuple(
        _compared(snapshots, join(encodings, pairing, (old, All((region_, new))), budget), All((region_, new)), budget)
        for old, new in _parts(encodings, pairing)
    )


def _parts(encodings: tuple[Encoding, Encoding], pairing: Pairing) -> Iterator[tuple[Formula, Formula]]:
    """Regions of both snapshots that have no flow in common: without hosts, from hosts, from others to hosts."""
    others, hosts = [0, 0], [0, 0]
    for match in pairing.matches:
        kind = hosts if any(map(_is_host, (*match.before, *match.after))) else others
        for at, parties in enumerate((match.before, match.after)):
            points = encodings[at].universe.by_party
            kind[at] |= reduce(or_, (points.get(party_key(party), 0) for party in parties), 0)
    every = [other | host for other, host in zip(others, hosts, strict=True)]
    for sources, destinations in ((others, others), (hosts, every), (others, hosts)):
        if all(sources) and all(destinations):
            old, new = (
                All((At(Side.SOURCE, Members(sources[at])), At(Side.DESTINATION, Members(destinations[at]))))
                for at in range(2)
            )
            yield old, new


def _is_host(party: Party) -> bool:
    return isinstance(party, Node) or (isinstance(party, Pod) and party.host_network)


def settled(comparison: Comparison, budget: Budget) -> tuple[Comparison, ...]:
    """The comparison for each way in which what is open about own nodes may be settled, in both snapshots alike.

    Where a pod runs, and whether it may send to its own node, is no choice of policies. Raises OutOfBudget.
    """
    if not is_unsettled(comparison.joint):
        return (comparison,)
    return tuple(
        _compared(comparison.snapshots, settled_joint(comparison.joint, own_node=way), comparison.region, budget)
        for way in (False, True)
    )


def _compared(snapshots: tuple[Snapshot, Snapshot], joint: Joint, region_: Formula, budget: Budget) -> Comparison:
    count = word_count(len(joint.after.atoms))
    exists = np.where(joint.exists, FULL, np.uint64(0))[:, :, None] & words((1 << len(joint.after.atoms)) - 1, count)
    return Comparison(
        snapshots=snapshots,
        joint=joint,
        region=region_,
        inside=exists & region(joint.after, region_),
        before=verdicts(joint.before, budget),
        after=verdicts(joint.after, budget),
    )


def decide(comparison: Comparison, difference: Difference, budget: Budget, prover: Prover) -> Decision:
    """Whether some flow differs like this, by Z3 and by the sets engine, which must agree."""
    if comparison.empty:
        return Equal(empty=True)
    found = comparison.differing(difference)
    script = difference_script(comparison.joint, comparison.region, difference)
    result = prover.run(script.text, ("s", "d", "p"), budget)
    if isinstance(result, GaveUp):
        return Undecided(result.reason)
    if not isinstance(result, Model):
        _demand(not found.any(), "the sets engine found a difference that Z3 excludes")
        return Equal(samples=comparison.samples(comparison.inside))
    source, other, atom = result.values
    _demand(bit(found, (source, other, atom)), "Z3 found a difference that the sets engine excludes")
    sample = _clearest(comparison, found)
    if sample is None:
        raise InternalError("a difference was found only between a party and itself")
    return Differs(sample=sample)


def _clearest(comparison: Comparison, found: Table) -> PairSample | None:
    """If there is one, a flow that differs for certain, else one that is no more open than before, else any."""
    gained = comparison.after.can_allow & ~comparison.before.can_allow & ~comparison.after.can_deny
    lost = comparison.before.can_allow & ~comparison.after.can_allow & ~comparison.before.can_deny
    for table in (found & (gained | lost), found & (comparison.looser | comparison.stricter), found):
        best = twins.best(comparison.joint, table)
        if best is not None:
            source, other, flows = best
            port = place(flows.after.protocol, flows.after.port)
            atom = next(at for at, ports in enumerate(comparison.joint.after.atoms) if port in ports)
            return comparison.sample((source, other, atom), flows)
    return None


def _demand(agreed: bool, complaint: str) -> None:
    if not agreed:
        raise InternalError(f"{complaint}; this is a bug of reachproof, no verdict is given")
