"""The mesh of Istio: what a sidecar or ztunnel lets through to its pod, before the network has its say.

| Place | Holds | Outcome |
|---|---|---|
| 0 | objects of Istio that are not read (`engines.not_read`) | may pass, may deny |
| 1 | a waypoint that may stand between | may allow, may deny: it decides, and the network sees other connections |
| 2 | what the proxy of a pod does not see (`engines.istio.uncaptured`) | pass |
| 3 | PeerAuthentication that is STRICT for the pod | deny, where the other end has no identity |
| 4 | AuthorizationPolicy CUSTOM | may deny: somebody else is asked |
| 5 | AuthorizationPolicy DENY | deny |
| 6 | AuthorizationPolicy ALLOW | pass |
| end | an ALLOW policy selects the pod | deny |

All of it is one tier of ingress, about TCP and about pods in the mesh; places 0 and 1 are one of egress too. What it
does not deny goes on to the tiers of the network, so a flow must be allowed by both.

An identity is that of a pod in the mesh, proved by mutual TLS. Whether a connection has it:

| From | to ambient | to a sidecar | STRICT | DISABLE, to a sidecar |
|---|---|---|---|---|
| a pod not in the mesh, a node, outside | no | no | no | no |
| a sidecar on a port that it does not capture | no | no | no | no |
| an ambient pod | yes | not known | yes | no |
| a pod with a sidecar, a gateway | not known | not known | yes | no |
| a pod that is not clear, or whose captured addresses are not | not known | not known | not known | no |

Under STRICT a connection without an identity is refused, so a pod in the mesh is judged by what it gets with one.
Gateways ask for no mutual TLS by PeerAuthentication; at them, and at pods that are not clear, nobody's is known.

Trusted by every verdict about policies of Istio; checked by tests/cases/istio.yaml, and against an oracle that reads
the manifests by tests/agreement/test_istio.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reachproof.engines import not_read
from reachproof.engines.istio.hbone import every, zones
from reachproof.engines.istio.membership import (
    AMBIENT,
    GATEWAY,
    IN_MESH,
    OUTBOUND_OPEN,
    SIDECAR,
    UNCLEAR,
    YES,
    Mesh,
    pods,
    shows,
)
from reachproof.engines.istio.mutual_tls import TCP, Authentication, Level, MutualTls, TlsMode, authentications, modes
from reachproof.engines.istio.uncaptured import EXEMPT, exemptions, waypoint
from reachproof.engines.own_tiers import MESH
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import (
    Action,
    AddressPeer,
    AnyPeer,
    Complement,
    Direction,
    Extension,
    Intersection,
    Match,
    Peer,
    Policy,
    PortMatch,
    Rule,
    Union,
)
from reachproof.network.predicate import NEVER, Predicate, both, either, negated
from reachproof.network.tier import BUILT_IN, Group, Programs, Tier, perhaps_isolating

REQUIRED, CUSTOM, DENY, ALLOW = range(EXEMPT + 1, EXEMPT + 5)
"""The places of the table from the third on, which are the priorities of the policies."""
NOBODY = Union(())
_PROOF, _NO_PROOF = "proved", "not proved"
_STRICT_AT = either(SIDECAR, AMBIENT)
_SHOWN_BY_NOBODY = either(GATEWAY, UNCLEAR)


@dataclass(frozen=True, slots=True)
class Nameless(Extension):
    """The peer in the place of a match's where the other end proves no identity."""

    peer: Peer


def programs(policies: Sequence[Policy], mesh: Mesh, unread: Sequence[Policy] = ()) -> Programs:
    """The tiers of the mesh for these policies, which are all of Istio; none where nothing does anything.

    `unread`: policies that stand for objects that are not read, of the mesh and others.
    """
    groups = (*not_read.groups(unread, Direction.EGRESS, mesh=True), waypoint(mesh, Direction.EGRESS))
    between = tuple(group for group in groups if group)
    egress = (Tier(name=MESH, chains=(between,)),) if between else ()
    return Programs(egress=egress, ingress=_ingress(policies, mesh, unread))


def _ingress(policies: Sequence[Policy], mesh: Mesh, unread: Sequence[Policy]) -> tuple[Tier, ...]:
    mutual = authentications(policies)
    callers = _callers(mesh)
    placed = [
        *_required(mutual, callers, mesh),
        *(_placed(policy, mutual, callers, mesh) for policy in policies if not isinstance(policy.extension, MutualTls)),
    ]
    acting = tuple(group for place in (REQUIRED, CUSTOM, DENY, ALLOW) if (group := _at(placed, place)))
    before = tuple(group for group in (waypoint(mesh, Direction.INGRESS), exemptions(mesh) if acting else ()) if group)
    deny = Rule(action=Action.DENY, matches=(Match(AnyPeer(), PortMatch(TCP)),), name="isolation", origin=BUILT_IN)
    perhaps = perhaps_isolating(placed, Direction.INGRESS, (replace(deny, may=True),))
    groups = (*not_read.groups(unread, Direction.INGRESS, mesh=True), *before, *acting, *perhaps)
    return (Tier(name=MESH, chains=(groups,), isolation=(deny,)),) if groups else ()


def _at(policies: list[Policy], place: int) -> Group:
    found = (policy for policy in policies if policy.priority == place)
    return tuple(policy for policy in found if policy.acts(Direction.INGRESS))


# ---------------------------------------------------------------- who can prove an identity


@dataclass(frozen=True, slots=True, kw_only=True)
class _Callers:
    """On some ports: pods that can have an identity, those of them that prove it where it is demanded, and the rest."""

    ports: IntervalSet
    able: Predicate
    proving: Predicate
    open: Predicate


def _callers(mesh: Mesh) -> tuple[_Callers, ...]:
    found: list[_Callers] = []
    for ports, excluded in zones(mesh):
        able = IN_MESH if excluded == NEVER else both(IN_MESH, negated(both(SIDECAR, excluded)))
        open_ = both(able, either(UNCLEAR, both(SIDECAR, shows(OUTBOUND_OPEN, YES)))) if mesh.doubts else NEVER
        proving = both(able, negated(open_)) if mesh.doubts else able
        found.append(_Callers(ports=ports, able=able, proving=proving, open=open_))
    return tuple(found)


# ---------------------------------------------------------------- what has no identity is refused


def _required(mutual: Sequence[Authentication], callers: Sequence[_Callers], mesh: Mesh) -> Iterator[Policy]:
    """Each PeerAuthentication as a policy that denies where it is STRICT, and nothing more special is there."""
    found: dict[Policy, tuple[list[Match], list[Match], list[Match]]] = {}
    for each in modes(mutual):
        for asked in each.asked:
            if asked.mode is not TlsMode.STRICT:
                continue
            certain, disputed, open_ = found.setdefault(asked.policy, ([], [], []))
            for known in callers:
                if not (ports := PortMatch(each.ports & known.ports)).numbers:
                    continue
                clear, nobody = pods(each.clear(asked)), Complement(pods(known.able))
                certain.append(Match(nobody, ports, subject=clear))
                if known.open != NEVER:
                    open_.append(Match(pods(known.open), ports, subject=clear))
                if each.unclear != NEVER:
                    disputed.append(
                        Match(Complement(pods(known.proving)), ports, subject=pods(both(asked.pods, each.unclear)))
                    )
    asks = settings(mutual)
    for policy, (certain, disputed, open_) in found.items():
        rule = Rule(action=Action.DENY, matches=tuple(certain), name="mutual TLS is required", origin=policy.origin)
        unclear = replace(
            rule,
            matches=tuple(disputed),
            may=True,
            reason="whether it counts is not known, since another one of its level asks for something else",
            reason_code="PEER_AUTHENTICATION",
            condition=f"{asks} {mesh.unclear}",
        )
        unproved = replace(_unproved(rule), matches=tuple(open_), condition=f"{asks} {mesh.unclear}")
        yield replace(policy, ingress=(rule, *((unclear,) if disputed else ()), *((unproved,) if open_ else ())))


# ---------------------------------------------------------------- rules that ask who it is


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """Subjects and ports on which the same pods prove their identity for certain, and the same pods perhaps.

    `perhaps` None: whoever it is, and whatever identity.
    """

    subjects: Predicate
    ports: IntervalSet
    certain: Predicate
    perhaps: Predicate | None


def _grounds(mutual: Sequence[Authentication], callers: Sequence[_Callers]) -> Iterator[_Ground]:
    for each in modes(mutual):
        strict, off = each.certain(TlsMode.STRICT), each.certain(TlsMode.DISABLE)
        for known in callers:
            if not (ports := each.ports & known.ports):
                continue
            sidecars = both(known.able, negated(AMBIENT))
            grounds = (
                (both(_STRICT_AT, strict), known.proving, known.open),
                (both(AMBIENT, negated(strict)), AMBIENT, sidecars),
                (both(SIDECAR, negated(strict), negated(off)), NEVER, known.able),
                (both(SIDECAR, off), NEVER, NEVER),
            )
            for subjects, certain, perhaps in grounds:
                if subjects != NEVER:
                    yield _Ground(subjects=subjects, ports=ports, certain=certain, perhaps=perhaps)
    yield _Ground(subjects=_SHOWN_BY_NOBODY, ports=TCP, certain=NEVER, perhaps=None)


def _placed(policy: Policy, mutual: Sequence[Authentication], callers: Sequence[_Callers], mesh: Mesh) -> Policy:
    """The policy with rules that say of every connection what is known of its identity."""
    home = policy.ref.namespace
    near = [each for each in mutual if _every_pod(policy) or each[0].ref.namespace == home or _of_mesh(each)]
    grounds = tuple(_grounds(near, callers))
    asks = f"{settings(near)} {mesh.unclear}"
    return replace(policy, ingress=tuple(each for rule in policy.ingress for each in _rules(rule, grounds, asks)))


def settings(mutual: Sequence[Authentication]) -> str:
    """Settings of PeerAuthentications that decide who proves an identity: the same for the same objects."""
    return repr(sorted((str(policy.ref), repr(asked), repr(policy.subject)) for policy, asked in mutual))


def _every_pod(policy: Policy) -> bool:
    return not policy.subject.namespaces.requirements


def _of_mesh(authentication: Authentication) -> bool:
    return authentication[1].level is Level.MESH


def _rules(rule: Rule, grounds: Sequence[_Ground], known: str) -> Iterator[Rule]:
    """The rule where it matches for certain, and where that takes an identity which may or may not be proved.

    What matches only with a proof, only without one, and by a name that is not known, depend on different things.
    """
    asking = [(match, match.extension.peer) for match in rule.matches if isinstance(match.extension, Nameless)]
    certain = [match for match in rule.matches if not isinstance(match.extension, Nameless)]
    certain += [each for match, nameless in asking for ground in grounds for each in _certain(match, nameless, ground)]
    if certain:
        yield replace(rule, matches=tuple(certain))
    perhaps: dict[str, list[Match]] = {}
    for match, nameless in asking:
        for ground in grounds:
            for needs, each in _perhaps(match, nameless, ground):
                perhaps.setdefault(needs, []).append(each)
    for needs, matches in perhaps.items():
        unproved = replace(rule if rule.may else _unproved(rule), matches=tuple(matches))
        yield replace(unproved, condition=f"{rule.condition} {known} {needs}")


def _unproved(rule: Rule) -> Rule:
    reason = "whether the connection proves an identity by mutual TLS is not known"
    return replace(rule, may=True, reason=reason, reason_code="MUTUAL_TLS")


def _certain(match: Match, nameless: Peer, ground: _Ground) -> Iterator[Match]:
    if ground.certain != NEVER:
        yield from _on(ground, match, match.peer, pods(ground.certain))
    if nameless == NOBODY or ground.perhaps is None:
        return
    with_identity = either(ground.certain, ground.perhaps)
    if with_identity == NEVER:
        yield from _on(ground, match, nameless)
        return
    yield from _on(ground, match, nameless, Complement(pods(with_identity)))
    if ground.perhaps != NEVER:  # with an identity it matches, and without one as well
        yield from _on(ground, match, match.peer, pods(ground.perhaps))


def _perhaps(match: Match, nameless: Peer, ground: _Ground) -> Iterator[tuple[str, Match]]:
    """Matches that need something of the connection, each with what: a proof, none, or the names of the match."""
    if ground.perhaps is None:
        for each in _on(ground, match, _addresses(match.peer)):
            yield repr((match.peer, nameless)), each
    elif ground.perhaps != NEVER:
        needs, widest = (_PROOF, match.peer) if nameless == NOBODY else (_NO_PROOF, nameless)
        for each in _on(ground, match, widest, pods(ground.perhaps)):
            yield needs, each


def _addresses(peer: Peer) -> Peer:
    """The condition of a peer on the address, without that on the identity."""
    items = peer.items if isinstance(peer, Intersection) else (peer,)
    return every(*(item for item in items if isinstance(item, AddressPeer)))


def _on(ground: _Ground, match: Match, *peers: Peer) -> Iterator[Match]:
    numbers = match.ports.numbers & ground.ports if match.ports is not None else ground.ports
    if numbers:
        yield Match(every(*peers), PortMatch(numbers), subject=every(match.subject, pods(ground.subjects)))
