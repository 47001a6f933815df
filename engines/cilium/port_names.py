"""Port names of egress rules under Cilium before 1.20, which looks each up once for the whole cluster.

| Pods on the pod network declare the name, for the protocol of the rule, with | The rule is about |
|---|---|
| one number | that port of every peer, whether or not the peer declares the name, or is a pod at all |
| several numbers | nothing: the agent drops an ambiguous name |
| none | nothing |

Names of ingress rules are looked up at the subject, as in every release. Trusted by every verdict under such a release;
checked by tests/cases, tests/laws, and by tests/engines against the evaluators of these releases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reachproof.network.cluster import Pod
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import Match, NamedPort, Policy, Rule
from reachproof.network.ports import Protocol, place

Numbers = Mapping[tuple[str, Protocol], frozenset[int]]
"""Port name and protocol -> the numbers that pods declare it with."""


def numbers_of(pods: Iterable[Pod]) -> Numbers:
    """The numbers of each port name, as all pods on the pod network declare it."""
    found: dict[tuple[str, Protocol], set[int]] = {}
    for pod in pods:
        for port in pod.ports if not pod.host_network else ():
            found.setdefault((port.name, port.protocol), set()).add(port.number)
    return {key: frozenset(numbers) for key, numbers in found.items()}


def names_a_port(rule: Rule) -> bool:
    """True if the rule has a port name."""
    return any(match.ports is not None and bool(match.ports.names) for match in rule.matches)


def with_numbers(policy: Policy, numbers: Numbers) -> Policy:
    """The policy with numbers in the place of the port names of its egress rules."""
    if not any(map(names_a_port, policy.egress)):
        return policy
    return replace(policy, egress=tuple(_rule(rule, numbers) for rule in policy.egress))


def _rule(rule: Rule, numbers: Numbers) -> Rule:
    return replace(rule, matches=tuple(_match(match, numbers) for match in rule.matches))


def _match(match: Match, numbers: Numbers) -> Match:
    if match.ports is None or not match.ports.names:
        return match
    named = IntervalSet.of((at, at) for name in match.ports.names for at in _places(name, numbers))
    return replace(match, ports=replace(match.ports, numbers=match.ports.numbers | named, names=()))


def _places(name: NamedPort, numbers: Numbers) -> Iterator[int]:
    for protocol in Protocol if name.protocol is None else (name.protocol,):
        declared = numbers.get((name.name, protocol), frozenset())
        if len(declared) == 1:
            yield from (place(protocol, number) for number in declared)
