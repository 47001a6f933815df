"""Flows that can be allowed and can be denied, by what leaves it open.

    tie        policies of one priority that disagree
    unordered  policies of kinds that no order is defined between, and that disagree
    may        a rule of which it is not known, or not defined, whether it matches

Trusted: nothing by itself. That the causes together cover every flow that the sets engine finds ambiguous is demanded
here; one flow of each cause is judged by the evaluator (`queries.hygiene`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations

import numpy as np

from reachproof.network.errors import InternalError
from reachproof.network.flow import Flow
from reachproof.network.policy import Action, Direction, Policy, Rule
from reachproof.solver import witness
from reachproof.solver.bitset_engine import sides
from reachproof.solver.budget import Budget
from reachproof.solver.first_match import FirstMatch, RuleVisit
from reachproof.solver.slice import Slice
from reachproof.solver.table import Table, everything


class Cause(StrEnum):
    """The reason why an outcome is open."""

    TIE = "tie"
    UNORDERED = "unordered kinds"
    MAY = "a rule that may match"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguity:
    """Flows that can go both ways. `policies` disagree; or the one `rule` may match (of no policy: of isolation)."""

    cause: Cause
    direction: Direction
    policies: tuple[Policy, ...]
    rule: Rule | None
    example: Flow


def ambiguities(part: Slice, budget: Budget) -> tuple[Ambiguity, ...]:
    """Every cause with a flow that can go both ways for it, egress first. Empty exactly when no flow of the slice can.

    Where a direction is open for several reasons at once, each is named. Raises OutOfBudget.
    """
    of_sides = sides(part, budget)
    tables = of_sides.both
    either = everything(part) & tables.can_allow & tables.can_deny
    if not either.any():
        return ()
    found: list[Ambiguity] = []
    explained = np.zeros_like(either)
    for direction in Direction:
        walk = FirstMatch(part, direction, budget)
        alone = of_sides.side(direction)
        doubtful = walk.turned(either & alone.can_allow & alone.can_deny)
        for open_ in _causes(walk, doubtful):
            flows = walk.turned(open_.flows)
            explained |= flows
            example = witness.best(part, flows)
            if example is not None:
                found.append(
                    Ambiguity(
                        cause=open_.cause,
                        direction=direction,
                        policies=open_.policies,
                        rule=open_.rule,
                        example=example,
                    )
                )
    if (either & ~explained).any():
        raise InternalError("a verdict is ambiguous for no reason; this is a bug of reachproof, no verdict is given")
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """A cause with the doubtful flows that it is a cause of, as (subjects, peers)."""

    cause: Cause
    policies: tuple[Policy, ...]
    rule: Rule | None
    flows: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class _Say:
    """Decisions of a policy on the doubtful flows; `tier`, `chain` and `group` count from 0."""

    tier: int
    chain: int
    group: int
    policy: Policy
    flows: dict[Action, Table]


def _causes(walk: FirstMatch, doubtful: Table) -> Iterator[_Open]:
    says: dict[tuple[int, int, str], _Say] = {}
    for turn in walk.turns():
        yield from _may(walk, turn, doubtful)
        if turn.contested and turn.policy is not None:
            flows = walk.matched(turn.rule, turn.rest & turn.live & doubtful)
            if flows.any():
                fresh = _Say(tier=turn.tier, chain=turn.chain, group=turn.group, policy=turn.policy, flows={})
                say = says.setdefault((turn.tier, turn.chain, str(turn.policy.ref)), fresh)
                action = turn.rule.rule.action
                say.flows[action] = say.flows[action] | flows if action in say.flows else flows
    for one, other in combinations(says.values(), 2):
        together = (one.chain, one.group) == (other.chain, other.group)
        if one.tier != other.tier or (one.chain == other.chain and not together):
            continue
        conflict = np.zeros_like(doubtful)
        for action, flows in one.flows.items():
            for opposite, others in other.flows.items():
                if action is not opposite:
                    conflict |= flows & others
        if conflict.any():
            cause = Cause.TIE if together else Cause.UNORDERED
            yield _Open(cause=cause, policies=(one.policy, other.policy), rule=None, flows=conflict)


def _may(walk: FirstMatch, turn: RuleVisit, doubtful: Table) -> Iterator[_Open]:
    """The doubtful flows that come to the rule, and that it may match."""
    if not turn.rule.possible:
        return
    flows = walk.matched(replace(turn.rule, certain=()), turn.rest & turn.live & doubtful)
    if flows.any():
        policies = (turn.policy,) if turn.policy is not None and turn.policy.ref.kind else ()
        yield _Open(cause=Cause.MAY, policies=policies, rule=turn.rule.rule, flows=flows)
