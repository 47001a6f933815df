"""The mesh of Istio: what a sidecar or ztunnel lets through to its pod, before the network has its say.

| Place | Holds | Outcome |
|---|---|---|
| 1 | PeerAuthentication that is STRICT for the pod | deny, where the other end has no identity |
| 2 | AuthorizationPolicy CUSTOM | may deny: somebody else is asked |
| 3 | AuthorizationPolicy DENY | deny |
| 4 | AuthorizationPolicy ALLOW | pass |
| end | an ALLOW policy selects the pod | deny |

All of it is one tier of ingress, about TCP and about pods in the mesh. What it does not deny goes on to the tiers of
the network, so a flow must be allowed by both.

An identity is that of a pod in the mesh, proved by mutual TLS. Whether a connection has it:

| From | to ambient | to a sidecar | STRICT | DISABLE, to a sidecar |
|---|---|---|---|---|
| a pod not in the mesh, a node, outside | no | no | no | no |
| an ambient pod | yes | not known | yes | no |
| a pod with a sidecar | not known | not known | yes | no |

Under STRICT a connection without an identity is refused, so a pod in the mesh is judged by what it gets with one.

Trusted by every verdict about policies of Istio; checked by tests/cases/istio.yaml, and against an oracle that reads
the manifests by tests/agreement/test_istio.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reachproof.network.intervals import IntervalSet
from reachproof.network.mesh import AMBIENT, IN_MESH, SIDECAR, pods
from reachproof.network.mutual_tls import TCP, Authentication, modes
from reachproof.network.policy import (
    Action,
    AnyPeer,
    Complement,
    Direction,
    Intersection,
    Level,
    Match,
    Peer,
    Policy,
    PortMatch,
    Rule,
    TierName,
    TlsMode,
    Union,
)
from reachproof.network.predicate import NEVER, Predicate, both, either, negated
from reachproof.network.tier import BUILT_IN, Group, Tier, perhaps_isolating

REQUIRED, CUSTOM, DENY, ALLOW = range(4)
"""The places of the table, which are the priorities of the policies."""
NOBODY = Union(())
_NOT_IN_MESH = Complement(pods(IN_MESH))


def tier(policies: Sequence[Policy]) -> tuple[Tier, ...]:
    """The tier of ingress for these policies, which are all of Istio; none where none of them does anything."""
    mutual = [(policy, policy.mutual_tls) for policy in policies if policy.mutual_tls is not None]
    placed = [*_required(mutual), *(_placed(policy, mutual) for policy in policies if policy.mutual_tls is None)]
    groups = tuple(group for place in range(4) if (group := _at(placed, place)))
    deny = Rule(action=Action.DENY, matches=(Match(AnyPeer(), PortMatch(TCP)),), name="isolation", origin=BUILT_IN)
    perhaps = perhaps_isolating(placed, Direction.INGRESS, (replace(deny, may=True),))
    return (Tier(name=TierName.ISTIO, chains=((*groups, *perhaps),), isolation=(deny,)),) if groups else ()


def _at(policies: list[Policy], place: int) -> Group:
    found = (policy for policy in policies if policy.priority == place)
    return tuple(policy for policy in found if policy.acts(Direction.INGRESS))


# ---------------------------------------------------------------- what has no identity is refused


def _required(mutual: Sequence[Authentication]) -> Iterator[Policy]:
    """Each PeerAuthentication as a policy that denies where it is STRICT, and nothing more special is there."""
    found: dict[Policy, tuple[list[Match], list[Match]]] = {}
    for each in modes(mutual):
        for asked in each.asked:
            if asked.mode is TlsMode.STRICT:
                certain, perhaps = found.setdefault(asked.policy, ([], []))
                certain.append(_refused(each.clear(asked), each.ports))
                if each.unclear != NEVER:
                    perhaps.append(_refused(both(asked.pods, each.unclear), each.ports))
    known = settings(mutual)
    for policy, (certain, perhaps) in found.items():
        rule = Rule(action=Action.DENY, matches=tuple(certain), name="mutual TLS is required", origin=policy.origin)
        unclear = replace(
            rule,
            matches=tuple(perhaps),
            may=True,
            reason="whether it counts is not known, since another one of its level asks for something else",
            reason_code="PEER_AUTHENTICATION",
            condition=known,
        )
        yield replace(policy, ingress=(rule, unclear) if perhaps else (rule,))


def _refused(where: Predicate, ports: IntervalSet) -> Match:
    return Match(_NOT_IN_MESH, PortMatch(ports), subject=pods(where))


# ---------------------------------------------------------------- rules that ask who it is


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """Subjects and ports on which the same pods prove their identity for certain, and the same pods perhaps."""

    subjects: Predicate
    ports: IntervalSet
    certain: Predicate
    perhaps: Predicate


def _grounds(mutual: Sequence[Authentication]) -> Iterator[_Ground]:
    for each in modes(mutual):
        strict, off = each.certain(TlsMode.STRICT), each.certain(TlsMode.DISABLE)
        grounds = (
            (both(IN_MESH, strict), IN_MESH, NEVER),
            (both(AMBIENT, negated(strict)), AMBIENT, SIDECAR),
            (both(SIDECAR, negated(strict), negated(off)), NEVER, IN_MESH),
            (both(SIDECAR, off), NEVER, NEVER),
        )
        for subjects, certain, perhaps in grounds:
            if subjects != NEVER:
                yield _Ground(subjects=subjects, ports=each.ports, certain=certain, perhaps=perhaps)


def _placed(policy: Policy, mutual: Sequence[Authentication]) -> Policy:
    """The policy with rules that say of every connection what is known of its identity."""
    home = policy.ref.namespace
    near = [each for each in mutual if _every_pod(policy) or each[0].ref.namespace == home or _of_mesh(each)]
    grounds = tuple(_grounds(near))
    known = settings(near)
    return replace(policy, ingress=tuple(each for rule in policy.ingress for each in _rules(rule, grounds, known)))


def settings(mutual: Sequence[Authentication]) -> str:
    """What PeerAuthentications ask for, on which it depends who proves an identity: the same for the same objects."""
    return repr(sorted((str(policy.ref), repr(asked), repr(policy.subject)) for policy, asked in mutual))


def _every_pod(policy: Policy) -> bool:
    return not policy.subject.namespaces.requirements


def _of_mesh(authentication: Authentication) -> bool:
    return authentication[1].level is Level.MESH


def _rules(rule: Rule, grounds: Sequence[_Ground], known: str) -> Iterator[Rule]:
    """The rule where it matches for certain, and where that takes an identity which may not be proved."""
    asking = [match for match in rule.matches if match.nameless is not None]
    certain = [match for match in rule.matches if match.nameless is None]
    certain += [each for match in asking for ground in grounds for each in _certain(match, ground)]
    perhaps = [each for match in asking for ground in grounds for each in _perhaps(match, ground)]
    if certain:
        yield replace(rule, matches=tuple(certain))
    if perhaps:
        unproved = replace(rule if rule.may else _unproved(rule), matches=tuple(perhaps))
        yield replace(unproved, condition=f"{rule.condition} {known}")


def _unproved(rule: Rule) -> Rule:
    reason = "whether the connection proves an identity by mutual TLS is not known"
    return replace(rule, may=True, reason=reason, reason_code="MUTUAL_TLS")


def _certain(match: Match, ground: _Ground) -> Iterator[Match]:
    if ground.certain != NEVER:
        yield from _on(ground, match, match.peer, pods(ground.certain))
    if match.nameless is None or match.nameless == NOBODY:
        return
    with_identity = either(ground.certain, ground.perhaps)
    if with_identity == NEVER:
        yield from _on(ground, match, match.nameless)
        return
    yield from _on(ground, match, match.nameless, Complement(pods(with_identity)))
    if ground.perhaps != NEVER:  # with an identity it matches, and without one as well
        yield from _on(ground, match, match.peer, pods(ground.perhaps))


def _perhaps(match: Match, ground: _Ground) -> Iterator[Match]:
    if ground.perhaps != NEVER:
        widest = match.peer if match.nameless is None or match.nameless == NOBODY else match.nameless
        yield from _on(ground, match, widest, pods(ground.perhaps))


def _on(ground: _Ground, match: Match, *peers: Peer) -> Iterator[Match]:
    numbers = match.ports.numbers & ground.ports if match.ports is not None else ground.ports
    if numbers:
        yield Match(every(*peers), PortMatch(numbers), subject=every(match.subject, pods(ground.subjects)))


def every(*peers: Peer) -> Peer:
    """Parties that are in each; everybody where there is none."""
    flat = [item for peer in peers for item in (peer.items if isinstance(peer, Intersection) else (peer,))]
    found = [item for item in flat if item != AnyPeer()]
    return found[0] if len(found) == 1 else Intersection(tuple(found)) if found else AnyPeer()
