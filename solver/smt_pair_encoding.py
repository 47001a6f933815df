"""Two slices on common cells, and what differs between them, as one SMT-LIB script.

| Thing | sort and width | clause |
|---|---|---|
| flow | `s`, `d`, `p`, as in `solver.smt_encoding` | some pair of cells that has flows in both snapshots |
| verdicts | `before_eA`, ..., `after_iD`: Bool | the tiers of either snapshot, over the same flow |
| difference | Bool | `Difference`, of these |
| a rule matches where it may | Bool | certain, or possible and the choice |
| order of policies of equal priority | 2 bits for each | the least of those that decide, the first of these |
| order of two kinds | Bool | which chain comes first |

The last three are for what both snapshots leave open: with every choice made, a flow is allowed or denied in either. A
choice that both have is one variable. Three ranks are enough for every pair of winners in two snapshots that some order
has.

Trusted: nothing by itself; `compare` holds each answer against the sets engine's.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import compress
from operator import not_

import numpy as np

from reachproof.network.policy import Direction
from reachproof.network.tier import DirectedPolicy
from reachproof.solver.choices import (
    Key,
    OpenPolicy,
    OpenProgram,
    OpenRule,
    OpenTier,
    Programs,
    is_of_old_kinds,
    one_action,
    order_of_kinds,
)
from reachproof.solver.endpoint_matching import When
from reachproof.solver.goal import Formula, Wanted
from reachproof.solver.joint_slices import Difference, JointSlices
from reachproof.solver.smt_encoding import PORT, Script, Writer
from reachproof.solver.smtlib import FALSE, TRUE, Terms, conjunction, disjunction, negation
from reachproof.solver.tier_encoding import (
    Isolating,
    Order,
    Outcome,
    PolicyTerms,
    RuleTerms,
    TierTerms,
    as_terms,
    outcome,
    verdict,
)

_ABSENT = (Outcome(FALSE, TRUE), Outcome(FALSE, TRUE))
"""What is said of flows in a snapshot that does not have them."""


def difference_script(joint: JointSlices, region: Formula, difference: Difference, programs: Programs | None) -> Script:
    """Satisfiable exactly when some flow of the region, a formula over the second snapshot, differs like this.

    `programs`: what is open in both, which only MAY_GAIN and MAY_LOSE look at.
    """
    before = Writer(joint.before)
    after = Writer(joint.after, terms=before.terms)
    terms = before.terms
    outcomes = (
        _ABSENT if joint.only is When.AFTER else before.outcomes("before_"),
        _ABSENT if joint.only is When.BEFORE else after.outcomes("after_"),
    )
    choices = _Choices()
    conditions = [_exists(joint, terms), after.formula(region)]
    if difference in (Difference.MAY_GAIN, Difference.MAY_LOSE):
        assert programs is not None
        was, is_ = (
            choices.allowed(name, writer, [(direction, programs[direction][at]) for direction in Direction])
            for at, (name, writer) in enumerate((("was_", before), ("is_", after)))
        )
        conditions += [verdict(wanted, *each) for each in outcomes for wanted in (Wanted.CAN_ALLOW, Wanted.CAN_DENY)]
        conditions += [negation(was), is_] if difference is Difference.MAY_GAIN else [was, negation(is_)]
    else:
        conditions.append(_differs(difference, *outcomes))
    lines = [
        *terms.declarations(("s", "d", PORT)),
        *choices.declarations,
        *terms.lines,
        *(f"(assert {each})" for each in conditions),
    ]
    return Script(text="\n".join(lines))


def _differs(difference: Difference, before: tuple[Outcome, Outcome], after: tuple[Outcome, Outcome]) -> str:
    could_allow, could_deny = verdict(Wanted.CAN_ALLOW, *before), verdict(Wanted.CAN_DENY, *before)
    can_allow, can_deny = verdict(Wanted.CAN_ALLOW, *after), verdict(Wanted.CAN_DENY, *after)
    match difference:
        case Difference.LOOSER:
            more = conjunction([can_allow, negation(could_allow)])
            return disjunction([more, conjunction([could_deny, negation(can_deny)])])
        case Difference.STRICTER:
            less = conjunction([could_allow, negation(can_allow)])
            return disjunction([less, conjunction([can_deny, negation(could_deny)])])
        case _:
            raise ValueError(difference)


def _exists(joint: JointSlices, terms: Terms) -> str:
    """The pair of cells has flows; sources that have them with the same destinations are written together."""
    alike: dict[bytes, list[int]] = {}
    for source, row in enumerate(joint.exists):
        alike.setdefault(row.tobytes(), []).append(source)
    ways = [
        conjunction([terms.one_of("s", sources), terms.one_of("d", np.flatnonzero(joint.exists[sources[0]]).tolist())])
        for sources in alike.values()
    ]
    return disjunction(ways)


# ---------------------------------------------------------------- open choices


class _Choices:
    """Writes programs of two snapshots over one flow and one set of choices."""

    def __init__(self) -> None:
        self.declarations: list[str] = []
        self._names: dict[Key, str] = {}

    def allowed(self, name: str, writer: Writer, programs: Sequence[tuple[Direction, OpenProgram]]) -> str:
        """The flow is allowed in every direction; definitions begin with `name`."""
        return conjunction(
            [
                outcome(
                    writer.terms,
                    f"{name}{direction[0]}",
                    [self._tier(writer, direction, tier) for tier in program],
                    Order(policies=self._first_policy, chains=partial(self._first_chain, direction)),
                ).allow
                for direction, program in programs
            ]
        )

    def _tier(self, writer: Writer, direction: Direction, tier: OpenTier) -> Isolating[Key]:
        rule = partial(self._rule, writer, direction)

        def policy(each: OpenPolicy) -> PolicyTerms[Key]:
            return DirectedPolicy(each.policy, each.key, tuple(map(rule, each.rules)))

        return as_terms(tier, policy=policy, rule=rule, isolated=lambda: writer.isolated(direction, tier))

    def _rule(self, writer: Writer, direction: Direction, rule: OpenRule) -> RuleTerms:
        certain, possible = (writer.patches(patches, direction) for patches in (rule.certain, rule.possible))
        if possible != FALSE:
            chosen = self._choice(rule.literal.key, "Bool")
            possible = conjunction([possible, chosen if rule.literal.wish else negation(chosen)])
        return RuleTerms(rule.action, writer.terms.fresh(disjunction([certain, possible])), FALSE)

    def _first_policy(self, group: tuple[PolicyTerms[Key], ...], left: Sequence[str]) -> list[str]:
        """The others decide nothing, or come after it."""
        if one_action(group):
            return [TRUE] * len(group)
        return [
            conjunction(
                [
                    disjunction([left[other], self._comes_first(group[at], group[other], at < other)])
                    for other in range(len(group))
                    if other != at
                ]
            )
            for at in range(len(group))
        ]

    def _first_chain(self, direction: Direction, tier: TierTerms[Key], left: Sequence[str]) -> list[str]:
        if len(tier.chains) == 1:
            return [TRUE]
        chosen = self._choice((*order_of_kinds(tier), direction), "Bool")
        old = [is_of_old_kinds(chain) for chain in tier.chains]
        return [
            disjunction([chosen, *compress(left, map(not_, old))] if each else [negation(chosen), *compress(left, old)])
            for each in old
        ]

    def _comes_first(self, one: PolicyTerms[Key], other: PolicyTerms[Key], before: bool) -> str:
        ranks = [self._choice(policy.subjects, "(_ BitVec 2)") for policy in (one, other)]
        return f"({'bvule' if before else 'bvult'} {ranks[0]} {ranks[1]})"

    def _choice(self, key: Key, sort: str) -> str:
        if key not in self._names:
            self._names[key] = f"c{len(self._names)}"
            self.declarations.append(f"(declare-const {self._names[key]} {sort})")
        return self._names[key]
