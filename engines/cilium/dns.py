"""Rules about domain names that can match under Cilium: an agent knows a name by the DNS requests it lets through.

| Some policy in force has `rules.dns` that let the name through | A rule about the name, for a pod |
|---|---|
| none | matches nothing |
| and selects the pod | as it is written |
| and selects other pods only, or perhaps lets it through | may match: a node keeps names for all its pods |

Trusted by every verdict about toFQDNs; checked by tests/cases, and by tests/agreement/test_cilium.py against an oracle
that reads manifests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reachproof.network.domains import in_pattern, plain
from reachproof.network.policy import Extension, Match, PodSet, Policy, Rule, Union

OTHERS = (
    "whether the agent of its node knows addresses of {} is not known: the pod's own DNS requests for it do not pass "
    "rules.dns of a policy for certain"
)
_EVERY = ("*", "**")


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsRule(Extension):
    """The names in a rule: `needs` must have been looked up, pods look up `resolves` by it; either may be patterns."""

    needs: str = ""
    resolves: tuple[str, ...] = ()


_NO_NAMES = DnsRule()


def dns_rule(*, needs: str = "", resolves: tuple[str, ...] = ()) -> DnsRule | None:
    """The extension of a rule; None for one that has nothing to do with names."""
    return DnsRule(needs=needs, resolves=resolves) if needs or resolves else None


def needed_name(rule: Rule) -> str:
    """The name or pattern that must have been looked up for the rule to match; empty if none."""
    return _names(rule).needs


def teaches_names(rule: Rule) -> bool:
    """True of a rule with `rules.dns`, by which agents learn the addresses of names for rules of any policy."""
    return bool(_names(rule).resolves)


def with_needed_name(rule: Rule, name: str) -> Rule:
    """The rule, which needs this name in the place of another if it needs any."""
    names = _names(rule)
    return replace(rule, extension=replace(names, needs=name)) if names.needs else rule


def _names(rule: Rule) -> DnsRule:
    return rule.extension if isinstance(rule.extension, DnsRule) else _NO_NAMES


def with_learned_names(policies: Iterable[Policy]) -> list[Policy]:
    """The policies with their rules about names as far as agents can learn these."""
    every = list(policies)
    resolving = [(policy, rule) for policy in every for rule in policy.egress if teaches_names(rule)]
    return [
        replace(policy, egress=tuple(each for rule in policy.egress for each in _learned(rule, resolving)))
        if any(needed_name(rule) for rule in policy.egress)
        else policy
        for policy in every
    ]


def is_learned(policies: Iterable[Policy], needed: str) -> bool:
    """True if the DNS rules of some policy may let a name of this name or pattern through."""
    return any(_covers(_names(rule).resolves, needed) is not False for policy in policies for rule in policy.egress)


def _learned(rule: Rule, resolving: list[tuple[Policy, Rule]]) -> Iterator[Rule]:
    needed = needed_name(rule)
    if not needed:
        yield rule
        return
    covering = [(policy, _covers(_names(each).resolves, needed)) for policy, each in resolving]
    pods = dict.fromkeys(policy.subject for policy, covers in covering if covers)
    if pods:
        yield replace(rule, matches=tuple(_of(match, tuple(pods)) for match in rule.matches))
    if any(covers is not False for _, covers in covering):
        yield replace(
            rule,
            may=True,
            reason=OTHERS.format(needed),
            reason_code="DNS_NOT_SEEN",
            condition=f"{rule.condition} {_letting_through(needed, resolving)}",
        )
    elif not pods:
        yield replace(rule, matches=(), may=False)


def _letting_through(needed: str, resolving: list[tuple[Policy, Rule]]) -> str:
    """The DNS rules that may let the name through, and of which pods: what the choice depends on."""
    found = {
        (repr(policy.subject), _names(rule).resolves)
        for policy, rule in resolving
        if _covers(_names(rule).resolves, needed) is not False
    }
    return repr(sorted(found))


def _of(match: Match, pods: tuple[PodSet, ...]) -> Match:
    """The match for these subjects only."""
    return replace(match, subject=pods[0] if len(pods) == 1 else Union(pods))


def _covers(resolves: tuple[str, ...], needed: str) -> bool | None:
    """True if requests for every name that is needed are let through; None where that is not known."""
    found = [_covers_one(each, needed) for each in resolves]
    if True in found:
        return True
    return None if None in found else False


def _covers_one(resolved: str, needed: str) -> bool | None:
    one, other = plain(resolved), plain(needed)
    if one == other or one in _EVERY:
        return True
    if "*" not in other:
        return in_pattern(other, one)
    if "*" not in one:
        return None if in_pattern(one, other) else False
    return None
