"""Properties of any policy, whichever implementation it belongs to."""

from __future__ import annotations

from collections.abc import Iterable

from reachproof.engines.calico import tiers
from reachproof.engines.calico.placement import staged
from reachproof.engines.cilium import dns
from reachproof.engines.istio.mutual_tls import MutualTls
from reachproof.network.options import Options
from reachproof.network.policy import Policy, Rule


def is_staged(policy: Policy) -> bool:
    """True of a policy that is not enforced unless the options say so."""
    return staged(policy) is not None


def in_force(policy: Policy, options: Options) -> bool:
    """False for a policy that is only staged, where the options do not say that such are enforced."""
    return options.with_staged or not is_staged(policy)


def enforced(policies: Iterable[Policy], options: Options) -> list[Policy]:
    """The policies that are enforced; those that are staged, instead of what they replace, if the options say so."""
    return tiers.enforced(policies, with_staged=options.with_staged)


def others_rest_on(policy: Policy) -> bool:
    """True of a policy on which it depends what rules of others match."""
    return isinstance(policy.extension, MutualTls) or any(map(others_rest_on_rule, policy.egress))


def others_rest_on_rule(rule: Rule) -> bool:
    """True of a rule on which it depends what other rules match, whatever it decides itself."""
    return dns.teaches_names(rule)


def with_name(rule: Rule, name: str) -> Rule:
    """The rule as one about this domain name, if it matches only names that were looked up."""
    return dns.with_needed_name(rule, name)
