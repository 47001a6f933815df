"""Tiers as terms: which outcomes of one direction are possible for the flow that the variables stand for.

| Thing | clause |
|---|---|
| rule | two terms: it matches for certain, it may match |
| tier, first match | per action "this outcome is possible", and "undecided is possible": an if-then-else chain |
| isolation | what no chain decides goes to the isolation rules, where a policy isolates the subject |
| direction | `A`: it can be allowed, `D`: it can be denied; allowed after the last tier |

Choices that are left open (ties, domain names, an unknown node) are no variables: the clauses compute which outcomes
are possible, as `engines.assembly` defines them, so one script can ask for "can" and for "must". What a rule's terms
are about, cells or labels, is not known here.

Trusted: nothing by itself; checked with the scripts that are made of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from reachproof.network.policy import Action
from reachproof.solver.goal import Wanted
from reachproof.solver.terms import FALSE, TRUE, Terms, conjunction, disjunction, negation


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """Where a rule matches for certain, and where it may match."""

    action: Action
    certain: str
    possible: str


PolicyTerms = tuple[RuleTerms, ...]


@dataclass(frozen=True, slots=True)
class TierTerms:
    """Chains of groups of policies; `isolated`: some policy isolates the subject; then `isolation` has its say."""

    chains: tuple[tuple[tuple[PolicyTerms, ...], ...], ...]
    isolated: str = FALSE
    isolation: PolicyTerms = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Names of "can be allowed" and "can be denied"."""

    allow: str
    deny: str


def outcome(terms: Terms, name: str, tiers: Sequence[TierTerms]) -> Outcome:
    """The possible outcomes of one direction; definitions begin with `name`."""
    live, allows, denies = TRUE, [], []
    for number, tier in enumerate(tiers):
        outcomes, undecided = _tier(terms, tier)
        allows.append(conjunction([live, outcomes[Action.ALLOW]]))
        denies.append(conjunction([live, outcomes[Action.DENY]]))
        goes_on = disjunction([undecided, outcomes[Action.PASS]])
        live = terms.define(f"{name}L{number}", conjunction([live, goes_on]))
    allow = terms.define(f"{name}A", disjunction([*allows, live]))
    return Outcome(allow, terms.define(f"{name}D", disjunction(denies)))


def verdict(wanted: Wanted, egress: Outcome, ingress: Outcome) -> str:
    """A flow is allowed where both directions allow it; the term for what is wanted of it."""
    can_allow = conjunction([egress.allow, ingress.allow])
    can_deny = disjunction([egress.deny, ingress.deny])
    match wanted:
        case Wanted.CAN_ALLOW:
            return can_allow
        case Wanted.MUST_ALLOW:
            return negation(can_deny)
        case Wanted.CAN_DENY:
            return can_deny
        case Wanted.MUST_DENY:
            return negation(can_allow)
        case _:
            assert_never(wanted)


Found = dict[Action, list[str]]


def _tier(terms: Terms, tier: TierTerms) -> tuple[dict[Action, str], str]:
    found: Found = {action: [] for action in Action}
    rests: list[str] = []
    for chain in tier.chains:
        rest = TRUE
        for group in chain:
            rest = _group(terms, group, rest, found)
        rests.append(rest)
    undecided = terms.fresh(conjunction(rests))
    if tier.isolated != FALSE:
        isolated = terms.fresh(tier.isolated)
        rest = terms.fresh(conjunction([undecided, isolated]))
        rest = _first_match(terms, tier.isolation, rest, found)
        undecided = disjunction([conjunction([undecided, negation(isolated)]), rest])
    return {action: terms.fresh(disjunction(ways)) for action, ways in found.items()}, terms.fresh(undecided)


def _group(terms: Terms, group: tuple[PolicyTerms, ...], rest: str, found: Found) -> str:
    """Each policy sees what the group sees; undecided can stay what none of them decides for certain."""
    return terms.fresh(conjunction([rest, *(_first_match(terms, policy, rest, found) for policy in group)]))


def _first_match(terms: Terms, rules: Iterable[RuleTerms], rest: str, found: Found) -> str:
    for rule in rules:
        found[rule.action].append(terms.fresh(conjunction([rest, disjunction([rule.certain, rule.possible])])))
        if rule.certain != FALSE:
            rest = terms.fresh(conjunction([rest, negation(rule.certain)]))
    return rest
