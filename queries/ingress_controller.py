"""`the ingress controller`: the pods of the input that are one, or a pod that stands for it where there are none.

A controller is known by the label `app.kubernetes.io/name` of its pods, which the usual charts and manifests set, and
a proxy of a gateway or router by labels of its own. Routes that are no Ingress are served by the pods that the input
tells (`Ingress.proxies`), else by the stand-in, and perhaps by one of these.

The stand-in is a pod of a namespace of its own. Its labels, those of its namespace, and its address are not known, so
a policy may or may not select it, and a rule may or may not match it: each such rule is split into one for the pods of
the input, and one that may match the stand-in. What selects everything selects it too. Its namespace may be one of the
input only if no pod of the input is in it. Choices at different rules are independent, which allows for more outcomes
than one set of labels has: a claim that holds does so for every controller, and `reachable` says on what it depends.

Trusted by verdicts on the stand-in; checked by tests/queries/test_ingress_controller.py against pods with labels of
every sort.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from reachproof.grammar import ast
from reachproof.manifests.kinds.routes.registry import PROXY_LABELS
from reachproof.network.cluster import Ingress, Namespace, Notice, Pod
from reachproof.network.labels import NAMESPACE_NAME, Operator, Requirement, Selector
from reachproof.network.origin import Origin
from reachproof.network.policy import AnyPeer, Complement, Intersection, Peer, PodSet, Policy, Rule
from reachproof.network.policy import parts_of as parts_of_peer
from reachproof.network.snapshot import Snapshot
from reachproof.queries.sentence_parts import parts_of

_NAME = "app.kubernetes.io/name"
_INSTANCE = "app.kubernetes.io/instance"
KNOWN = frozenset(
    (
        *("ingress-nginx", "nginx-ingress", "nginx-ingress-controller", "traefik", "haproxy-ingress"),
        *("kubernetes-ingress", "contour", "kong", "emissary-ingress", "ambassador", "apisix", "istio-ingressgateway"),
    )
)
HOME = "(ingress)"
_OUTSIDE = ast.OutsideCluster | ast.Internet | ast.Addresses | ast.Anything
_ASSUMED = Origin(file="", path="assumed")
STAND_IN = Pod(namespace=HOME, name="controller", labels={}, addresses=(), origin=_ASSUMED)
_ONLY = PodSet(Selector.equal(NAMESPACE_NAME, HOME), Selector())
_NOT_HOME = Requirement(NAMESPACE_NAME, Operator.NOT_IN, (HOME,))


class Fit(IntEnum):
    """True if a set of pods has the stand-in, whatever its labels."""

    NO = 0
    MAYBE = 1
    YES = 2


def controllers(snapshot: Snapshot) -> tuple[Pod, ...]:
    """The pods that are an ingress controller, or stand for one."""
    return tuple(pod for pod in snapshot.pods if pod.namespace == HOME or _label(pod))


def _label(pod: Pod) -> str:
    """The label that tells that a pod is a controller, or a proxy of a gateway or router; empty for any other pod."""
    if pod.labels.get(_NAME) in KNOWN:
        return _NAME
    return next((key for key, value in PROXY_LABELS if key in pod.labels and value in (None, pod.labels[key])), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """The pods that serve a way in, the stand-in among them, and those of which it is not known whether they do."""

    certain: tuple[Pod, ...] = ()
    perhaps: tuple[Pod, ...] = ()


def servers(snapshot: Snapshot, ingress: Ingress) -> Servers:
    """The pods that serve a way in; where it is open, and where nothing tells, any known proxy may be one of them.

    Of several controllers in one cluster each may be the one that serves an Ingress, whose class is not read.
    """
    known = _known(snapshot, ingress)
    if known and not ingress.open:
        several = not ingress.other_kind and len(set(map(_installation, known))) > 1
        return Servers(perhaps=known) if several else Servers(certain=known)
    others = tuple(pod for pod in controllers(snapshot) if pod not in known)
    if ingress.open:
        return Servers(perhaps=(*known, *others))
    return Servers(
        certain=tuple(pod for pod in others if pod.namespace == HOME),
        perhaps=tuple(pod for pod in others if pod.namespace != HOME),
    )


def _installation(pod: Pod) -> tuple[str, ...]:
    """Equal for the replicas of one controller; one product is often there twice, for other classes."""
    return pod.labels[_NAME], pod.labels.get(_INSTANCE, ""), pod.namespace, pod.workload


def _known(snapshot: Snapshot, ingress: Ingress) -> tuple[Pod, ...]:
    """The pods that serve it by what it says; for an Ingress, which says nothing, those of an ingress controller."""
    if ingress.other_kind:
        return tuple(pod for pod in snapshot.pods if any(each.has(pod) for each in ingress.proxies))
    return tuple(pod for pod in snapshot.pods if pod.labels.get(_NAME) in KNOWN)


def needs_stand_in(snapshot: Snapshot, node: object) -> bool:
    """True if a sentence is about an ingress controller that the input does not have.

    It is where it speaks of the controller, or of the outside and of a Service that an Ingress or another route leads
    to, whose proxies are not known.
    """
    mentioned = list(parts_of(node))
    # The pods are looked through last: most sentences mention nothing of the kind.
    if _names_controller(mentioned) and not controllers(snapshot):
        return True
    return unserved(snapshot, _goes_in(snapshot, mentioned))


def unserved(snapshot: Snapshot, ways: Iterable[Ingress]) -> bool:
    """True if it is not known of some ways in which pods serve them."""
    alike = {(bool(each.other_kind), bool(each.open), each.proxies): each for each in ways}
    return any(each.open or not _known(snapshot, each) for each in alike.values())


def _names_controller(mentioned: Iterable[object]) -> bool:
    return any(isinstance(each, ast.IngressController) for each in mentioned)


def _goes_in(snapshot: Snapshot, mentioned: Sequence[object]) -> list[Ingress]:
    """The ways in to the Services that it names, if it speaks of the outside."""
    if not snapshot.ingresses or not any(isinstance(each, _OUTSIDE) for each in mentioned):
        return []
    if any(isinstance(each, ast.Changed) for each in mentioned):  # the earlier snapshot has no stand-in
        return []
    named = {(each.name.namespace, each.name.name) for each in mentioned if isinstance(each, ast.ServiceNamed)}
    services = [snapshot.service_of[key] for key in sorted(named & snapshot.service_of.keys())]
    return [each for each in snapshot.ingresses if any(each.leads_to(service) for service in services)]


def notices(pods: Iterable[Pod]) -> Iterator[Notice]:
    """The notices that name the pods taken for an ingress controller, or another proxy."""
    taken = tuple(pods)
    found = [pod for pod in taken if pod.namespace != HOME]
    if found:
        labels = ", ".join(dict.fromkeys(filter(None, map(_label, found))))
        by = f"by the label {labels}" if labels else "by the selector of a gateway"
        yield Notice(code="INGRESS_CONTROLLER", text=f"the ingress controller is {', '.join(map(str, found))}, {by}")
    if len(found) < len(taken):
        text = (
            "no pod of the input is known for an ingress controller; a pod of a namespace of its own stands for it, "
            "whose labels and address are not known"
        )
        if found:
            text = text.replace("an ingress controller", "the proxy of each route")
        yield Notice(code="INGRESS_CONTROLLER_ASSUMED", text=text)


def with_stand_in(snapshot: Snapshot) -> Snapshot:
    """The snapshot with the stand-in, and with policies that may or may not see it."""
    home = Namespace(name=HOME, labels={NAMESPACE_NAME: HOME}, assumed=True, origin=_ASSUMED)
    lived_in = frozenset(pod.namespace for pod in snapshot.pods)
    return replace(
        snapshot,
        namespaces=tuple(sorted((*snapshot.namespaces, home), key=lambda each: each.name)),
        pods=tuple(sorted((*snapshot.pods, STAND_IN), key=lambda each: each.key)),
        policies=tuple(each for policy in snapshot.policies for each in _split(policy, lived_in)),
    )


# ---------------------------------------------------------------- policies


def _split(policy: Policy, lived_in: frozenset[str]) -> Iterator[Policy]:
    """The policy for what it certainly selects, and, where it may select the stand-in, one that may apply to that."""
    opened = replace(policy, egress=_rules(policy.egress, lived_in), ingress=_rules(policy.ingress, lived_in))
    fit = _fit(policy.subject, lived_in)
    if fit is Fit.YES:
        yield opened
        return
    yield replace(opened, subject=_others(policy.subject))
    if fit is Fit.MAYBE:
        yield _perhaps(opened)


def _perhaps(policy: Policy) -> Policy:
    """The policy as one for the stand-in alone, which may or may not apply to it.

    A policy that applies and isolates allows what its rules allow and denies the rest.
    """
    egress, ingress = (tuple(replace(rule, may=True) for rule in rules) for rules in (policy.egress, policy.ingress))
    return replace(
        policy, subject=_ONLY, isolates=frozenset(), may_isolate=policy.isolates, egress=egress, ingress=ingress
    )


def _rules(rules: tuple[Rule, ...], lived_in: frozenset[str]) -> tuple[Rule, ...]:
    return tuple(each for rule in rules for each in _split_rule(rule, lived_in))


def _split_rule(rule: Rule, lived_in: frozenset[str]) -> Iterator[Rule]:
    """The rule for what it certainly matches, before it one that may match the stand-in by its labels."""
    maybe = tuple(
        replace(match, peer=_widened(match.peer, _ONLY, lived_in), subject=_widened(match.subject, AnyPeer(), lived_in))
        for match in rule.matches
        if _depends(match.peer, lived_in) or _depends(match.subject, lived_in)
    )
    if maybe:
        yield replace(rule, matches=maybe, may=True)
    certain = (
        replace(match, peer=_certain(match.peer, lived_in), subject=_certain(match.subject, lived_in))
        for match in rule.matches
    )
    yield replace(rule, matches=tuple(certain))


def _depends(peer: Peer, lived_in: frozenset[str]) -> bool:
    """True if labels that are not known decide whether the stand-in is meant."""
    sets = (part for part in (peer, *parts_of_peer(peer)) if isinstance(part, PodSet))
    return any(_fit(part, lived_in) is Fit.MAYBE for part in sets)


def _widened(peer: Peer, to: Peer, lived_in: frozenset[str]) -> Peer:
    return to if _depends(peer, lived_in) else peer


def _certain(peer: Peer, lived_in: frozenset[str]) -> Peer:
    """The peer without the stand-in, where it depends on labels; a set that cannot have it stays as it is."""
    if isinstance(peer, PodSet):
        return peer if _fit(peer, lived_in) is Fit.YES else _others(peer)
    return Intersection((peer, Complement(_ONLY))) if _depends(peer, lived_in) else peer


def _others(pods: PodSet) -> PodSet:
    """The set without the stand-in."""
    return replace(pods, namespaces=Selector.of(*pods.namespaces.requirements, _NOT_HOME))


def _fit(pods: PodSet, lived_in: frozenset[str]) -> Fit:
    if pods.where is not None:
        return Fit.MAYBE
    by_namespace = min((_fit_of(need, lived_in) for need in pods.namespaces.requirements), default=Fit.YES)
    return min(by_namespace, Fit.MAYBE if pods.pods.requirements else Fit.YES)


def _fit_of(need: Requirement, lived_in: frozenset[str]) -> Fit:
    """A condition on the labels of its namespace; the name is one that no pod of the input is in."""
    if need.key != NAMESPACE_NAME:
        return Fit.MAYBE
    free = any(value not in lived_in for value in need.values)
    match need.operator:
        case Operator.IN:
            return Fit.MAYBE if free else Fit.NO
        case Operator.NOT_IN:
            return Fit.MAYBE if free else Fit.YES
        case Operator.EXISTS:
            return Fit.YES
        case _:
            return Fit.NO
