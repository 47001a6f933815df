"""kube-router, which reads NetworkPolicy alone, and does not program all of it as specified.

| Rule | kube-router 2.1.0 | Here |
|---|---|---|
| of a policy of both directions, between its pods | one chain: a rule of one direction allows the other | open |
| with port names | nothing, every port, or the number at every destination | open |
| with two CIDRs, one of which has exceptions | the exceptions are left out of both | open |
| IPv6 | in some releases no rule is programmed | what policy denies is open |
| SCTP | support is an open issue (1019) | open for pods that a policy selects |

Another release may do as specified, so what is done otherwise is open and not taken over. Traffic from the own node is
always let in. Sources: real packets through kube-router 2.1.0 (docs/live-checks.md), its design document of the policy
controller.

Trusted by every verdict with `cni: kube-router`; checked by tests/cases/kube_router.yaml and
tests/laws/test_kube_router_laws.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reachproof.engines.kubernetes import KubernetesProfile
from reachproof.network.address import ALL_V6
from reachproof.network.options import Cni, Options
from reachproof.network.policy import (
    Action,
    AddressPeer,
    AnyPeer,
    Direction,
    Match,
    Policy,
    PortMatch,
    Rule,
    TierName,
)
from reachproof.network.ports import Protocol, port_range
from reachproof.network.tier import Programs

_SCTP = port_range(Protocol.SCTP)
_OTHERS = port_range(Protocol.TCP) | port_range(Protocol.UDP)
_BOTH_WAYS = "kube-router has one chain for both directions of a policy, so a rule of one may allow the other"
_NAMES = "kube-router programs port names otherwise than specified"
_BLOCKS = "kube-router leaves the exceptions of one CIDR out of the others of a rule"
_UNTRIED = "it is not known that kube-router programs policies for IPv6 and SCTP"


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeRouterProfile(KubernetesProfile):
    """A release of kube-router."""

    def arranged(self, policies: list[Policy], options: Options) -> Programs:
        """The programs of these policies."""
        return KubernetesProfile.arranged(self, list(map(_programmed, policies)), options)


KUBE_ROUTER = KubeRouterProfile(
    name=Cni.KUBE_ROUTER,
    title="kube-router",
    agents=frozenset(("kube-router",)),
    kinds_not_read=frozenset(("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy")),
)


def _programmed(policy: Policy) -> Policy:
    if policy.tier is not TierName.NETWORK_POLICY:
        return policy
    egress, ingress = (_rules(policy, direction) for direction in Direction)
    return replace(policy, egress=egress, ingress=ingress)


def _rules(policy: Policy, direction: Direction) -> tuple[Rule, ...]:
    """The rules of a direction, then those that may hold in it besides."""
    if not policy.acts(direction):
        return ()
    own = policy.rules(direction)
    (other,) = (each for each in Direction if each is not direction)
    besides = [*_crossed(policy, other), _untried(policy)]
    added = (replace(rule, index=len(own) + number) for number, rule in enumerate(besides))
    return (*(each for rule in own for each in _known(rule)), *added)


def _known(rule: Rule) -> Iterator[Rule]:
    """The rule as far as it is programmed as specified, and the parts that may match."""
    blocks = [match for match in rule.matches if isinstance(match.peer, AddressPeer)]
    mixed = len(blocks) > 1 and any(_has_holes(match.peer) for match in blocks)
    plain = [match for match in rule.matches if not (mixed and match in blocks)]
    certain = [found for match in plain if (found := _numbered(match)) is not None]
    if certain:
        yield replace(rule, matches=tuple(certain))
    named = [replace(match, ports=None) for match in rule.matches if match.ports is not None and match.ports.names]
    if named:
        yield _open(rule, named, _NAMES)
    if mixed:
        yield _open(rule, blocks, _BLOCKS)


def _has_holes(peer: object) -> bool:
    """True if the addresses are no single range, as those of a CIDR with exceptions inside are."""
    return isinstance(peer, AddressPeer) and not _is_block(peer)


def _is_block(peer: AddressPeer) -> bool:
    """True if the addresses are those of one CIDR."""
    if len(peer.addresses.spans) != 1:
        return False
    low, high = peer.addresses.spans[0]
    size = high - low + 1
    return size & (size - 1) == 0 and low % size == 0


def _numbered(match: Match) -> Match | None:
    """The match on ports of TCP and UDP that are given by number; None if there are none."""
    numbers = _OTHERS if match.ports is None else match.ports.numbers - _SCTP
    return replace(match, ports=PortMatch(numbers)) if numbers else None


def _open(rule: Rule, matches: Iterable[Match], reason: str) -> Rule:
    return replace(
        rule,
        matches=tuple(matches),
        may=True,
        reason=f"{rule.reason}; {reason}" if rule.reason else reason,
        reason_code="PROGRAMMED_OTHERWISE",
        condition=f"{rule.condition} {reason}",
    )


def _crossed(policy: Policy, other: Direction) -> Iterator[Rule]:
    """The rules of the other direction, as they may allow this one between pods that the policy selects."""
    for rule in policy.rules(other):
        matches = [Match(policy.subject, _any_of_names(each.ports), subject=each.peer) for each in rule.matches]
        yield replace(_open(rule, matches, _BOTH_WAYS), name=f"{other}[{rule.index}]")


def _any_of_names(ports: PortMatch | None) -> PortMatch | None:
    return None if ports is None or ports.names else ports


def _untried(policy: Policy) -> Rule:
    rule = Rule(action=Action.ALLOW, matches=(), name="IPv6 and SCTP", origin=policy.origin)
    return _open(rule, (Match(AnyPeer(), PortMatch(_SCTP)), Match(AddressPeer(ALL_V6))), _UNTRIED)
