"""The mark of peers that name namespaces and no pods, by which OVN-Kubernetes tells traffic of the host network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reachproof.network.policy import Extension, Policy, Rule


@dataclass(frozen=True, slots=True)
class WholeNamespaces(Extension):
    """Mark of a match whose peer is a namespaceSelector of NetworkPolicy without a podSelector."""


WHOLE_NAMESPACES = WholeNamespaces()


def unmarked(policy: Policy) -> Policy:
    """The policy without such marks."""
    if not any(match.extension == WHOLE_NAMESPACES for rule in _rules(policy) for match in rule.matches):
        return policy
    egress, ingress = (tuple(map(_unmarked, rules)) for rules in (policy.egress, policy.ingress))
    return replace(policy, egress=egress, ingress=ingress)


def _rules(policy: Policy) -> Iterable[Rule]:
    return (*policy.egress, *policy.ingress)


def _unmarked(rule: Rule) -> Rule:
    matches = (replace(each, extension=None) if each.extension == WHOLE_NAMESPACES else each for each in rule.matches)
    return replace(rule, matches=tuple(matches))
