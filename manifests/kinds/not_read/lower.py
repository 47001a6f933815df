"""Objects that are not read to the policies that stand for them (`engines.not_read`), and the notices about the rest.

Trusted by every verdict about an input with such objects; checked by tests/manifests/test_not_read.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from reachproof.engines.istio.membership import IN_MESH
from reachproof.engines.istio.mutual_tls import TCP
from reachproof.engines.not_read import NotRead, PastOthers, Understood
from reachproof.engines.own_tiers import MESH, NOT_READ
from reachproof.manifests.inventory_fields import Misfit
from reachproof.manifests.kinds.not_read.kind import Effect, Far, NotReadKind, Ruled, Scope
from reachproof.manifests.kinds.not_read.registry import has_row
from reachproof.manifests.object_identity import Manifest
from reachproof.network.cluster import Notice
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Selector
from reachproof.network.options import Options
from reachproof.network.policy import (
    Action,
    AnyPeer,
    Direction,
    Match,
    OwnNodePeer,
    PartyKind,
    PartyPeer,
    Peer,
    PodSet,
    Policy,
    PolicyRef,
    PortMatch,
    Rule,
    Union,
    Unmodelled,
)

_OUTSIDE = PartyPeer(frozenset((PartyKind.NODE, PartyKind.EXTERNAL)))
_PEERS: dict[Far, Peer] = {Far.ANYWHERE: AnyPeer(), Far.OUTSIDE: _OUTSIDE, Far.OWN_NODE: OwnNodePeer()}
_ACTIONS = {
    Effect.BOTH: (Action.ALLOW, Action.DENY),
    Effect.DENY: (Action.DENY,),
    Effect.MESH: (Action.PASS, Action.DENY),
}
_VERBS = {
    Effect.BOTH: "allow or deny it",
    Effect.DENY: "deny it",
    Effect.MESH: "let it past the mesh, or deny it",
}


def standing_for(manifest: Manifest, row: NotReadKind, options: Options, written: str) -> Policy:
    """The policy that stands for an object; `written` is the same text for two copies of it."""
    home = _home(manifest, row, options)

    def rules(direction: Direction) -> tuple[Rule, ...]:
        return tuple(_rules(manifest, row, direction, home, written)) if direction in row.directions else ()

    group = f".{manifest.group}" if manifest.group else ""
    return Policy(
        ref=PolicyRef(kind=f"{manifest.kind}{group}", namespace=manifest.namespace, name=manifest.name),
        tier=MESH if row.effect is Effect.MESH else NOT_READ,
        extension=NotRead(),
        subject=_subject(manifest, row, home),
        egress=rules(Direction.EGRESS),
        ingress=rules(Direction.INGRESS),
        written=written,
        unmodelled=(Unmodelled(what="contents that are not read", text=written, open=False),),
        origin=manifest.origin,
    )


def _home(manifest: Manifest, row: NotReadKind, options: Options) -> Selector:
    """The namespaces that are the object's own; an object whose kind is not known may have no namespace."""
    namespace = manifest.namespace if has_row(manifest) else _given_namespace(manifest)
    of_mesh = row.effect is Effect.MESH and namespace == options.root_namespace
    return Selector.equal(NAMESPACE_NAME, namespace) if namespace and not of_mesh else EVERYTHING


def _given_namespace(manifest: Manifest) -> str:
    metadata = manifest.body.get("metadata")
    found = metadata.get("namespace") if isinstance(metadata, Mapping) else None
    return found if isinstance(found, str) else ""


def _subject(manifest: Manifest, row: NotReadKind, home: Selector) -> PodSet:
    namespaces, pods = EVERYTHING, EVERYTHING
    match row.scope:
        case Scope.NAMESPACE:
            namespaces = home
        case Scope.PODS:
            namespaces, pods = home, _selector(manifest, row.selector)
        case Scope.NAMESPACES:
            namespaces = _selector(manifest, row.selector)
        case Scope.CLUSTER | Scope.TOWARDS | Scope.TOWARDS_AND_OUT | Scope.AROUND:
            pass
        case _:
            assert_never(row.scope)
    where = IN_MESH if row.effect is Effect.MESH else None
    return PodSet(namespaces, pods, where=where)


def _selector(manifest: Manifest, path: str) -> Selector:
    """The selector at a path, or everything where nothing plain is there."""
    *above, name = path.split(".")
    node = manifest.fields
    try:
        for part in above:
            node = node.object(part)
        found = node.get(name)
        if isinstance(found, Mapping) and found.keys() <= {"matchLabels", "matchExpressions"}:
            return node.selector(name)
        labels = node.labels(name)
        return Selector.of(*(need for key in labels for need in Selector.equal(key, labels[key]).requirements))
    except Misfit:
        return EVERYTHING


def _rules(manifest: Manifest, row: NotReadKind, direction: Direction, home: Selector, written: str) -> Iterator[Rule]:
    understood = row.contents(manifest) if row.contents else None
    if understood is not None:
        yield from _understood(manifest, understood, written)
        return
    matches = tuple(_matches(row, direction, home))
    for index, action in enumerate(_ACTIONS[row.effect]):
        yield Rule(
            action=action,
            matches=matches,
            may=True,
            reason=f"is not read, and may {_VERBS[row.effect]}",
            reason_code="OBJECT_NOT_READ",
            condition=f"{action} {written}",
            index=index,
            name="not read",
            origin=manifest.origin,
        )


def _understood(manifest: Manifest, rules: Iterable[Ruled], written: str) -> Iterator[Rule]:
    """Rules that may do what they say; what one of them matches for certain never comes to a later one."""
    for index, each in enumerate(rules):
        rule = Rule(
            action=each.action,
            matches=each.matches,
            may=True,
            reason=f"is not read, and may {_VERBS[Effect.BOTH]}",
            reason_code="OBJECT_NOT_READ",
            condition=f"{index} {each.action} {written}",
            extension=None if each.open else Understood(),
            index=index,
            name="not read",
            origin=manifest.origin,
        )
        yield rule
        if not each.open:
            yield replace(rule, action=Action.PASS, may=False, reason="", condition="", name="")


def _matches(row: NotReadKind, direction: Direction, home: Selector) -> Iterator[Match]:
    ports = PortMatch(TCP) if row.effect is Effect.MESH else None
    inside = PodSet(home, EVERYTHING, host_network=True)
    peer = _PEERS[row.far]
    match row.scope, direction:
        case (Scope.TOWARDS | Scope.TOWARDS_AND_OUT | Scope.AROUND, Direction.INGRESS):
            yield Match(peer, ports, subject=inside)
        case (Scope.TOWARDS, Direction.EGRESS):
            yield Match(inside, ports)
        case (Scope.TOWARDS_AND_OUT, Direction.EGRESS):
            yield Match(Union((inside, _OUTSIDE)), ports)
        case (Scope.AROUND, Direction.EGRESS):
            yield Match(inside, ports)
            yield Match(peer, ports, subject=inside)
        case _:
            yield Match(peer, ports)


def as_filter(policy: Policy) -> Policy:
    """The policy of an object that lets past policies of other implementations than the one that the input shows."""
    egress, ingress = (tuple(map(_past_others, rules)) for rules in (policy.egress, policy.ingress))
    return replace(policy, egress=egress, ingress=ingress)


def _past_others(rule: Rule) -> Rule:
    if rule.action is Action.ALLOW:
        return replace(rule, extension=PastOthers())
    return replace(rule, reason=f"is not read, and may {_VERBS[Effect.DENY]}")


def seen_by(policy: Policy, unknown: frozenset[str]) -> Policy:
    """The policy without conditions on labels of which some pod has a value that is not known."""
    kept = (need for need in policy.subject.pods.requirements if need.key not in unknown)
    return replace(policy, subject=replace(policy.subject, pods=Selector.of(*kept)))


# ---------------------------------------------------------------- notices


def not_read_warning(policies: Iterable[Policy]) -> Iterator[Notice]:
    """One warning that counts the objects that may decide, by kind."""
    found: dict[str, list[Policy]] = {}
    for policy in policies:
        found.setdefault(policy.ref.kind, []).append(policy)
    if found:
        listed = ", ".join(f"{len(each)} {kind} ({_example(each)})" for kind, each in sorted(found.items()))
        text = f"not read, so what rests on it is undetermined: {listed}"
        yield Notice(code="KINDS_NOT_READ", text=text)


def _example(policies: Sequence[Policy]) -> str:
    first, more = policies[0].ref, "" if len(policies) == 1 else "for example "
    return f"{more}{first.namespace}/{first.name}" if first.namespace else f"{more}{first.name}"


def pods_not_known(objects: Iterable[Manifest]) -> Iterator[Notice]:
    """An assumption for each kind that makes pods of which the input does not seem to have any."""
    for kind, found in _by_kind(objects):
        text = f"{kind} makes pods, which answers ignore unless the input has them: {_named(found)}"
        yield Notice(code="PODS_NOT_KNOWN", text=text, origin=found[0].origin)


def of_hosts(objects: Iterable[Manifest]) -> Iterator[Notice]:
    """An assumption for each kind whose objects may act on nodes, of which no policy of ours is one."""
    for kind, found in _by_kind(objects):
        text = f"{kind} may act on nodes and pods on the host network, which answers ignore: {_named(found)}"
        yield Notice(code="HOST_POLICY", text=text, origin=found[0].origin)


def other_networks(objects: Iterable[Manifest]) -> Iterator[Notice]:
    """An assumption for each kind that joins pods to other networks."""
    for kind, found in _by_kind(objects):
        text = f"{kind} joins pods to other networks, which answers do not cover: {_named(found)}"
        yield Notice(code="OTHER_NETWORKS", text=text, origin=found[0].origin)


def unknown_kinds(objects: Iterable[Manifest]) -> Iterator[Notice]:
    """An assumption for each kind that is not known and is named like one that may decide."""
    for kind, found in _by_kind(objects):
        text = f"{kind} is not known, and answers ignore it: {_named(found)}"
        yield Notice(code="KIND_UNKNOWN", text=text, origin=found[0].origin)


def _by_kind(objects: Iterable[Manifest]) -> Iterator[tuple[str, list[Manifest]]]:
    found: dict[str, list[Manifest]] = {}
    for each in objects:
        found.setdefault(f"{each.kind}.{each.group}", []).append(each)
    yield from sorted(found.items())


_SHOWN = 3


def _named(objects: Sequence[Manifest]) -> str:
    names = sorted({each.subject.partition(" ")[2] for each in objects})
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
