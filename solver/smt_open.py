"""Programs with their open choices as variables: with every choice made, a flow is allowed or denied.

| Choice | sort | clause |
|---|---|---|
| a rule matches where it may | Bool | certain, or possible and the choice |
| order of policies of equal priority | 2 bits for each | the least of those that decide, the first of these |
| order of two kinds | Bool | which chain comes first |

Three ranks are enough for every pair of winners in two snapshots that some order has. A choice that both snapshots have
is one variable. Trusted: nothing by itself; `compare` holds each answer against the sets engine's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reachproof.network.policy import Action, Direction
from reachproof.solver.choices import (
    Key,
    OpenGroup,
    OpenPolicy,
    OpenProgram,
    OpenRule,
    OpenTier,
    one_action,
)
from reachproof.solver.slice import SUBJECT
from reachproof.solver.smt import VARIABLE, Writer
from reachproof.solver.terms import FALSE, TRUE, conjunction, disjunction, negation

Found = dict[Action, list[str]]


class OpenWriter:
    """Writes programs of two snapshots over one flow and one set of choices."""

    def __init__(self) -> None:
        self.declarations: list[str] = []
        self._names: dict[Key, str] = {}

    def allowed(self, writer: Writer, programs: Sequence[tuple[Direction, OpenProgram]]) -> str:
        """The flow is allowed in every direction."""
        return conjunction([self._direction(writer, direction, program) for direction, program in programs])

    def _direction(self, writer: Writer, direction: Direction, program: OpenProgram) -> str:
        live, allows = TRUE, []
        for tier in program:
            found, undecided = self._tier(writer, direction, tier)
            allows.append(conjunction([live, disjunction(found[Action.ALLOW])]))
            goes_on = disjunction([undecided, *found[Action.PASS]])
            live = writer.terms.fresh(conjunction([live, goes_on]))
        return writer.terms.fresh(disjunction([*allows, live]))

    def _tier(self, writer: Writer, direction: Direction, tier: OpenTier) -> tuple[Found, str]:
        terms = writer.terms
        chains = [(old, *self._chain(writer, direction, chain)) for old, chain in tier.chains]
        total: Found = {action: [] for action in Action}
        for old, found, _ in chains:
            others = [rest for other, _, rest in chains if other is not old]
            first = self._order(tier, old=old) if len(chains) > 1 else TRUE
            wins = disjunction([first, *others])
            for action, ways in found.items():
                total[action].append(conjunction([disjunction(ways), wins]))
        undecided = terms.fresh(conjunction([rest for _, _, rest in chains]))
        if not (tier.isolation and tier.isolating):
            return total, undecided
        subjects = sorted({cell for some in tier.isolating for cell in some.tolist()})
        isolated = terms.fresh(terms.one_of(VARIABLE[SUBJECT[direction]], subjects))
        start = terms.fresh(conjunction([undecided, isolated]))
        found, rest = self._first(writer, direction, tier.isolation, start)
        for action, ways in found.items():
            total[action] += ways
        return total, terms.fresh(disjunction([conjunction([undecided, negation(isolated)]), rest]))

    def _chain(self, writer: Writer, direction: Direction, chain: tuple[OpenGroup, ...]) -> tuple[Found, str]:
        total: Found = {action: [] for action in Action}
        rest = TRUE
        for group in chain:
            found, rest = self._group(writer, direction, group, rest)
            for action, ways in found.items():
                total[action] += ways
        return total, rest

    def _group(self, writer: Writer, direction: Direction, group: OpenGroup, rest: str) -> tuple[Found, str]:
        if one_action(group):
            return self._first(writer, direction, (rule for policy in group for rule in policy.rules), rest)
        total: Found = {action: [] for action in Action}
        each = [self._first(writer, direction, policy.rules, rest) for policy in group]
        for at, (found, _) in enumerate(each):
            wins = conjunction(
                [
                    disjunction([other_rest, negation(rest), self._comes_first(group[at], group[other], at < other)])
                    for other, (_, other_rest) in enumerate(each)
                    if other != at
                ]
            )
            for action, ways in found.items():
                total[action].append(conjunction([disjunction(ways), wins]))
        return total, writer.terms.fresh(conjunction([rest, *(left for _, left in each)]))

    def _first(self, writer: Writer, direction: Direction, rules: Iterable[OpenRule], rest: str) -> tuple[Found, str]:
        found: Found = {action: [] for action in Action}
        terms = writer.terms
        for rule in rules:
            certain = writer.patches(rule.certain, direction)
            possible = writer.patches(rule.possible, direction)
            if possible != FALSE:
                chosen = self._choice(rule.literal.key, "Bool")
                possible = conjunction([possible, chosen if rule.literal.wish else negation(chosen)])
            matches = terms.fresh(disjunction([certain, possible]))
            found[rule.action].append(terms.fresh(conjunction([rest, matches])))
            rest = terms.fresh(conjunction([rest, negation(matches)]))
        return found, rest

    def _order(self, tier: OpenTier, *, old: bool) -> str:
        chosen = self._choice(tier.order, "Bool")
        return chosen if old else negation(chosen)

    def _comes_first(self, one: OpenPolicy, other: OpenPolicy, before: bool) -> str:
        ranks = [self._choice(policy.key, "(_ BitVec 2)") for policy in (one, other)]
        return f"({'bvule' if before else 'bvult'} {ranks[0]} {ranks[1]})"

    def _choice(self, key: Key, sort: str) -> str:
        if key not in self._names:
            self._names[key] = f"c{len(self._names)}"
            self.declarations.append(f"(declare-const {self._names[key]} {sort})")
        return self._names[key]
