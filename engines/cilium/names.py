"""Port names of egress rules for every peer under Cilium, where some policy has `cidrGroupSelector: {}`.

An agent keeps one list of identities for all selectors that ask nothing, filled by the first that it reads. Where that
is `cidrGroupSelector: {}`, the list holds what CIDRs can match, and a port name finds the ports of no pod in it. Where
it is any other (the entity `all`, a rule with ports only), the list holds the pods too.

| Some policy in force has `cidrGroupSelector: {}` | CIDRs match pods | A port name of an egress rule of every peer |
|---|---|---|
| no | | the port that the pod declares |
| yes | no | that, or nothing: which it is depends on what the agent read first |
| yes | yes | the port that the pod declares |

Numbers are not looked up, and names of ingress rules are looked up at the subject. Trusted by every verdict; checked by
tests/cases, tests/laws, tests/engines, and by tests/agreement/test_cilium.py against an oracle that reads manifests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reachproof.network.options import CidrMatches
from reachproof.network.policy import AnyPeer, Direction, Match, PartyKind, PartyPeer, Policy, PortMatch, Rule

EVERY_IDENTITY = PartyPeer(frozenset(PartyKind))
"""The peer of `cidrGroupSelector: {}`: the parties of `AnyPeer`, told apart from it here only."""
_EVERYBODY = (AnyPeer(), EVERY_IDENTITY)
_WITH_PODS = (CidrMatches.ALL, CidrMatches.WORLD_AND_PODS)
REASON = (
    "whether it matches by a port name is not known: some policy has cidrGroupSelector: {}, and if the agent reads "
    "that before any other rule for every peer, port names find no pod"
)


def with_uncertain_names(policies: Iterable[Policy], cidrs: CidrMatches) -> list[Policy]:
    """The policies with the port names in doubt that the agent may not look up; `cidrs`: what CIDRs match."""
    every = list(policies)
    wide = [policy for policy in every if any(_everybody(match) for match in _matches(policy))]
    if cidrs in _WITH_PODS or not any(m.peer == EVERY_IDENTITY for policy in wide for m in _matches(policy)):
        return every
    # The first of these to be read decides, so one of them more or less may turn the choice.
    condition = repr(sorted(str(policy.ref) for policy in wide))
    return [
        replace(policy, egress=tuple(each for rule in policy.egress for each in _parts(rule, condition)))
        for policy in every
    ]


def _matches(policy: Policy) -> Iterator[Match]:
    return (match for direction in Direction for rule in policy.rules(direction) for match in rule.matches)


def _everybody(match: Match) -> bool:
    return match.peer in _EVERYBODY


def _parts(rule: Rule, condition: str) -> Iterator[Rule]:
    """The rule without its port names, if one of its peers is everybody, and the names as a rule that may match."""
    named = tuple(_only_names(match.ports, match) for match in rule.matches if match.ports and match.ports.names)
    if not named or not any(map(_everybody, rule.matches)):
        yield rule
        return
    yield replace(rule, matches=tuple(map(_without_names, rule.matches)))
    yield replace(
        rule,
        matches=named,
        may=True,
        reason=f"{rule.reason}; {REASON}" if rule.reason else REASON,
        reason_code="PORT_NAME_ORDER",
        condition=f"{rule.condition} {condition}",
    )


def _only_names(ports: PortMatch, match: Match) -> Match:
    return replace(match, ports=PortMatch(names=ports.names))


def _without_names(match: Match) -> Match:
    return match if match.ports is None else replace(match, ports=replace(match.ports, names=()))
