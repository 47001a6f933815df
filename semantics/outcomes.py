"""The possible outcomes of policies, groups, chains and tiers for one flow, as the header of `engines.assembly` says.

    Outcomes = the possible actions, each with one Choice that shows how it comes about; None: nothing matches

A set and not one action, because some matches are not known (domain names, an unknown node) and some orders are not
defined (equal priorities, unordered kinds). Choices at different places are independent of each other.

Trusted by every verdict. Checked by tests/cases, by tests/laws and, on drawn snapshots, against the solver by
tests/agreement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from reachproof.network.cluster import Notice
from reachproof.network.flow import Flow
from reachproof.network.policy import Action, Direction, Policy, Rule, TierId, TierName
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import Tier
from reachproof.semantics.match import Matched, any_match, in_pod_set, subject
from reachproof.semantics.sentences import doubt_notice, tie_notice, unordered_kinds_notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One way to an action: the rule that matched, of the policy or policies that it stands for, in a tier.

    `rule` is None where nothing matches, and then `tier` says nothing. `depends`: what had to be chosen to come here.
    """

    action: Action | None
    tier: TierId = TierName.DEFAULT
    policies: tuple[Policy, ...] = ()
    rule: Rule | None = None
    isolation: bool = False
    depends: tuple[Notice, ...] = ()

    def resting_on(self, depends: tuple[Notice, ...]) -> Choice:
        """The same choice, resting on these notices too (they come first)."""
        return replace(self, depends=tuple(dict.fromkeys((*depends, *self.depends)))) if depends else self


Outcomes = dict[Action | None, Choice]
NOTHING = Choice(action=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The decision: one flow, in one direction, in a snapshot."""

    snapshot: Snapshot
    flow: Flow
    direction: Direction


def tier_outcomes(case: Case, tier: Tier) -> Outcomes:
    """The outcome of any chain that has one; else the isolation, where it applies; else None.

    Only policies that select the direction's party have a say.
    """
    party = subject(case.flow, case.direction)[0]
    selecting = [
        [[policy for policy in group if in_pod_set(case.snapshot, policy.subject, party)] for group in chain]
        for chain in tier.chains
    ]
    found = _any_one([chain_outcomes(case, chain) for chain in selecting], unordered_kinds_notice)
    if None in found and tier.isolation:
        policies = (policy for chain in selecting for group in chain for policy in group)
        isolating = tuple(policy for policy in policies if case.direction in policy.isolates)
        found = _then(found, isolation_outcomes(case, tier.isolation, isolating))
    return {action: choice if action is None else replace(choice, tier=tier.name) for action, choice in found.items()}


def chain_outcomes(case: Case, chain: Iterable[Iterable[Policy]]) -> Outcomes:
    """The outcome of the first group that has one, of policies that select the party."""
    found: Outcomes = {None: NOTHING}
    for group in chain:
        if None not in found:
            break
        found = _then(found, group_outcomes(case, group))
    return found


def group_outcomes(case: Case, group: Iterable[Policy]) -> Outcomes:
    """The outcome of any one of the policies that has one: the action of its first matching rule."""
    return _any_one([_first_match(case, policy.rules(case.direction), (policy,)) for policy in group], tie_notice)


def isolation_outcomes(case: Case, rules: tuple[Rule, ...], isolating: tuple[Policy, ...]) -> Outcomes:
    """The outcome of the rules of isolation, where policies isolate the party."""
    found = _first_match(case, rules, isolating) if isolating else {None: NOTHING}
    return {action: replace(choice, isolation=True) for action, choice in found.items()}


def _first_match(case: Case, rules: tuple[Rule, ...], policies: tuple[Policy, ...]) -> Outcomes:
    """First match over rules; a rule that may match both decides and does not."""
    as_pods = policies[0].subject.host_network
    found: Outcomes = {}
    open_choices: tuple[Notice, ...] = ()
    for rule in rules:
        matched = any_match(case.snapshot, rule.matches, case.flow, case.direction, host_network=as_pods)
        if matched is Matched.NO:
            continue
        choice = Choice(action=rule.action, policies=policies, rule=rule, depends=open_choices)
        if matched is Matched.YES and not rule.may:
            found.setdefault(rule.action, choice)
            return found
        doubt = doubt_notice(case.snapshot, case.flow, case.direction, rule, policies[0])
        found.setdefault(rule.action, choice.resting_on((*open_choices, doubt)))
        open_choices = (*open_choices, doubt)
    return found | {None: Choice(action=None, depends=open_choices)}


def _then(first: Outcomes, second: Outcomes) -> Outcomes:
    """`second` is asked where `first` has nothing to say."""
    found: Outcomes = {action: choice for action, choice in first.items() if action is not None}
    for action, choice in second.items():
        found.setdefault(action, choice.resting_on(first[None].depends))
    return found


def _any_one(each: list[Outcomes], conflict: Callable[[Iterable[Policy]], Notice]) -> Outcomes:
    """The outcome of any one that has one; none where none has. A disagreement is what they then rest on."""
    if len(each) == 1:
        return each[0]
    deciding = (policy for outcomes in each for policy in _deciders(outcomes))
    between = (conflict(deciding),) if _conflict(each) else ()
    found: Outcomes = {}
    for outcomes in each:
        for action, choice in outcomes.items():
            if action is not None:
                found.setdefault(action, choice.resting_on(between))
    if all(None in outcomes for outcomes in each):
        found[None] = NOTHING.resting_on(tuple(n for outcomes in each for n in outcomes[None].depends))
    return found


def _deciders(outcomes: Outcomes) -> list[Policy]:
    return [policy for action, choice in outcomes.items() if action is not None for policy in choice.policies]


def _conflict(each: list[Outcomes]) -> bool:
    """True if at least two have an outcome, and not all the same one."""
    acting = [set(outcomes) - {None} for outcomes in each if set(outcomes) - {None}]
    return len(acting) > 1 and len(set().union(*acting)) > 1
