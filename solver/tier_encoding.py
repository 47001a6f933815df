"""Tiers as terms: which outcomes of one direction are possible for the flow that the variables stand for.

| Thing | clause |
|---|---|
| rule | two terms: it matches for certain, it may match |
| tier, first match | per action "this outcome is possible", and "undecided is possible": an if-then-else chain |
| isolation | what no chain decides goes to the isolation rules, where a policy isolates the subject |
| direction | `A`: it can be allowed, `D`: it can be denied; allowed after the last tier |

Choices that are left open (ties, domain names, an unknown node) are no variables: the clauses compute which outcomes
are possible, as `engines.assembly` defines them, so one script can ask for "can" and for "must". Where they are to be
variables, an `Order` says which of several comes first. What a rule's terms are about, cells or labels, is not known
here: every script walks its tiers by this module.

Trusted: nothing by itself; checked with the scripts that are made of it. The sets engine has a walk of its own
(docs/decisions/0020-one-structure-of-tiers.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeAlias, TypeVar, assert_never

from reachproof.network.policy import Action, Direction
from reachproof.network.tier import DirectedPolicy, TierOf
from reachproof.solver.goal import Wanted
from reachproof.solver.smtlib import FALSE, TRUE, Terms, conjunction, disjunction, negation


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """Where a rule matches for certain, and where it may match."""

    action: Action
    certain: str
    possible: str


P = TypeVar("P", bound=DirectedPolicy[Any, Any])
R = TypeVar("R")
S = TypeVar("S")
PolicyTerms: TypeAlias = DirectedPolicy[S, RuleTerms]
TierTerms: TypeAlias = TierOf[PolicyTerms[S], RuleTerms]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Generic[S]):
    """For each policy of a group, and each chain of a tier, the term under which its outcome is that of all.

    The second argument says of each that it leaves the flow undecided, as all before the group do.
    """

    policies: Callable[[tuple[PolicyTerms[S], ...], Sequence[str]], Sequence[str]]
    chains: Callable[[TierTerms[S], Sequence[str]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Isolating(Generic[S]):
    """A tier as terms, and that some policy of it isolates the subject: then its rules of isolation have their say."""

    tier: TierTerms[S]
    isolated: str


def as_terms(
    tier: TierOf[P, R],
    *,
    policy: Callable[[P], PolicyTerms[S]],
    rule: Callable[[R], RuleTerms],
    isolated: Callable[[], str],
) -> Isolating[S]:
    """The tier as terms; those of isolation only where a policy isolates."""
    written = replace(tier, isolating=(), isolation=()).map(policy, rule)
    if not tier.isolating:
        return Isolating(written, FALSE)
    where = isolated()
    return Isolating(replace(written, isolation=tuple(map(rule, tier.isolation))), where)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Names of "can be allowed" and "can be denied"."""

    allow: str
    deny: str


def outcome(terms: Terms, name: str, tiers: Iterable[Isolating[S]], order: Order[S] | None = None) -> Outcome:
    """The possible outcomes of one direction; definitions begin with `name`."""
    walk = _Walk(terms, order)
    live, allows, denies = TRUE, [], []
    for number, each in enumerate(tiers):
        outcomes, undecided = walk.tier(each.tier, each.isolated)
        allows.append(conjunction([live, outcomes[Action.ALLOW]]))
        denies.append(conjunction([live, outcomes[Action.DENY]]))
        goes_on = disjunction([undecided, outcomes[Action.PASS]])
        live = terms.define(f"{name}L{number}", conjunction([live, goes_on]))
    allow = terms.define(f"{name}A", disjunction([*allows, live]))
    return Outcome(allow, terms.define(f"{name}D", disjunction(denies)))


def outcomes(terms: Terms, tiers: Callable[[Direction], list[Isolating[S]]], name: str = "") -> tuple[Outcome, Outcome]:
    """The possible outcomes of egress, and of ingress; definitions begin with `name`, then `e` or `i`."""
    egress, ingress = (outcome(terms, f"{name}{direction[0]}", tiers(direction)) for direction in Direction)
    return egress, ingress


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


def _nothing() -> Found:
    return {action: [] for action in Action}


def _add(found: Found, own: Sequence[Found], first: Sequence[str]) -> None:
    """Adds what each has found, where it comes first."""
    for each, term in zip(own, first, strict=True):
        for action, ways in each.items():
            found[action] += ways if term == TRUE else [conjunction([disjunction(ways), term])]


@dataclass(frozen=True, slots=True)
class _Walk(Generic[S]):
    """First match: each step adds to what is found, and gives a term for what is left undecided.

    Without an order each policy of a group, and each chain, can come first.
    """

    terms: Terms
    order: Order[S] | None

    def tier(self, tier: TierTerms[S], isolated: str) -> tuple[dict[Action, str], str]:
        terms, found = self.terms, _nothing()
        own = [_nothing() if self.order else found for _ in tier.chains]
        left = [self._chain(chain, each) for chain, each in zip(tier.chains, own, strict=True)]
        if self.order:
            _add(found, own, self.order.chains(tier, left))
        undecided = terms.fresh(conjunction(left))
        if isolated != FALSE:
            isolated = terms.fresh(isolated)
            rest = self._first_match(tier.isolation, terms.fresh(conjunction([undecided, isolated])), found)
            undecided = disjunction([conjunction([undecided, negation(isolated)]), rest])
        return {action: terms.fresh(disjunction(ways)) for action, ways in found.items()}, terms.fresh(undecided)

    def _chain(self, chain: tuple[tuple[PolicyTerms[S], ...], ...], found: Found) -> str:
        rest = TRUE
        for group in chain:
            rest = self._group(group, rest, found)
        return rest

    def _group(self, group: tuple[PolicyTerms[S], ...], rest: str, found: Found) -> str:
        """Each policy sees what the group sees; undecided can stay what none of them decides for certain."""
        own = [_nothing() if self.order else found for _ in group]
        left = [self._first_match(policy.rules, rest, each) for policy, each in zip(group, own, strict=True)]
        if self.order:
            _add(found, own, self.order.policies(group, left))
        return self.terms.fresh(conjunction([rest, *left]))

    def _first_match(self, rules: Iterable[RuleTerms], rest: str, found: Found) -> str:
        terms = self.terms
        for rule in rules:
            matches = disjunction([rule.certain, rule.possible])
            found[rule.action].append(terms.fresh(conjunction([rest, matches])))
            if rule.certain != FALSE:
                rest = terms.fresh(conjunction([rest, negation(rule.certain)]))
        return rest
