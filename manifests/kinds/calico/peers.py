"""Peers of Calico by their labels: pods, and the addresses of network sets and host endpoints.

A set or host endpoint has its own labels, `projectcalico.org/namespace` and, behind `pcns.`, those of its namespace.

Trusted by every verdict about policies of Calico; checked by tests/manifests/test_by_labels.py against a look at each
thing, and by tests/agreement/test_calico.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Generic, TypeVar

from reachproof.manifests.kinds.calico.objects import Labelled
from reachproof.manifests.kinds.policy_kind import Context
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import NAMESPACE_NAME, Labels, Operator, Requirement, Selector
from reachproof.network.policy import AddressPeer, Peer, PodSet, Union
from reachproof.network.predicate import (
    ACCOUNT_NAME,
    ALWAYS,
    NEVER,
    Conjunction,
    Disjunction,
    Holder,
    Needs,
    Negation,
    Predicate,
    both,
    either,
    holds,
    negated,
    with_key,
)

NAMESPACE = "projectcalico.org/namespace"
ACCOUNT = "projectcalico.org/serviceaccount"
OF_NAMESPACE = "pcns."
OF_ACCOUNT = "pcsa."
HAS_NAMESPACE = Needs(Requirement(NAMESPACE, Operator.EXISTS))
_ORCHESTRATOR = "projectcalico.org/orchestrator"
Thing = TypeVar("Thing")


class ByLabels(Generic[Thing]):
    """Things with all labels that selectors see, in a fixed order. Cost to build: linear in the labels."""

    def __init__(self, things: Iterable[tuple[Thing, Labels]]) -> None:
        self.things = tuple(things)
        self._places: dict[tuple[str, str], list[int]] = {}
        for place, (_, labels) in enumerate(self.things):
            for item in labels.items():
                self._places.setdefault(item, []).append(place)

    def meeting(self, predicate: Predicate) -> Iterator[Thing]:
        """Those of whose labels it is true, in their order.

        Cost: only what has a value that a condition names is looked at, where the predicate is a conjunction with such
        a condition.
        """
        for place in self._candidates(predicate):
            thing, labels = self.things[place]
            if holds(predicate, {Holder.POD: labels}):
                yield thing

    def _candidates(self, predicate: Predicate) -> Iterable[int]:
        found: Iterable[int] = range(len(self.things))
        fewest = len(self.things)
        for item in predicate.items if isinstance(predicate, Conjunction) else (predicate,):
            match item:
                case Needs(Requirement(key, Operator.IN, values), Holder.POD):
                    places = sorted(place for value in set(values) for place in self._places.get((key, value), ()))
                    if len(places) < fewest:
                        found, fewest = places, len(places)
                case _:
                    pass
        return found


def with_ports(context: Context) -> tuple[tuple[Labelled, Labels], ...]:
    """Network sets and host endpoints that name ports, each with all labels that selectors see."""
    return context.once(_with_ports)


def _by_labels(context: Context) -> ByLabels[Labelled]:
    found = []
    for kind in ("GlobalNetworkSet", "HostEndpoint", "NetworkSet"):
        for each in context.all_supporting(kind):
            assert isinstance(each, Labelled)
            found.append((each, _seen(each, context.namespaces)))
    return ByLabels(found)


def _with_ports(context: Context) -> tuple[tuple[Labelled, Labels], ...]:
    return tuple((each, labels) for each, labels in context.once(_by_labels).things if each.ports)


def _seen(each: Labelled, namespaces: Mapping[str, Labels]) -> Labels:
    if not each.namespace:
        return each.labels
    home = {**namespaces.get(each.namespace, {}), NAMESPACE_NAME: each.namespace}
    inherited = {f"{OF_NAMESPACE}{key}": value for key, value in home.items()}
    inherited[f"{OF_NAMESPACE}projectcalico.org/name"] = each.namespace
    return {**inherited, **each.labels, NAMESPACE: each.namespace}


def addresses_of(predicate: Predicate, context: Context) -> IntervalSet:
    """The addresses of sets and host endpoints of whose labels it is true."""
    return IntervalSet.of(span for each in context.once(_by_labels).meeting(predicate) for span in each.addresses)


def in_namespaces(namespaces: Selector) -> Predicate:
    """The predicate of a `namespaces` peer of a ClusterNetworkPolicy.

    Conditions that hold where a label is absent hold for what has no namespace too. Without conditions it is about
    what has one.
    """
    needs = (replace(each, key=f"{OF_NAMESPACE}{each.key}") for each in namespaces.requirements)
    return both(*map(Needs, needs)) if namespaces.requirements else HAS_NAMESPACE


def peer_of(predicate: Predicate, context: Context) -> Peer:
    """The peer of addresses that something with such labels has: pods by their labels, and all by the CIDRs of sets."""
    pods, addresses = pods_of(predicate), addresses_of(predicate, context)
    return Union((pods, AddressPeer(addresses))) if addresses else pods


def pods_of(predicate: Predicate) -> PodSet:
    """The pods of which it is true. What Kubernetes can say stays a selector of Kubernetes."""
    resolved = _resolved(predicate)
    pods: list[Requirement] = []
    namespaces: list[Requirement] = []
    rest: list[Predicate] = []
    for item in resolved.items if isinstance(resolved, Conjunction) else (resolved,):
        match item:
            case Needs(Requirement() as test, Holder.POD):
                pods.append(test)
            case Needs(Requirement() as test, Holder.NAMESPACE):
                namespaces.append(test)
            case Negation(Needs(Requirement(key, Operator.EXISTS), Holder.POD)):
                pods.append(Requirement(key, Operator.DOES_NOT_EXIST))
            case _:
                rest.append(item)
    where = both(*rest) if rest else None
    return PodSet(Selector.of(*namespaces), Selector.of(*pods), where=where)


def _resolved(predicate: Predicate) -> Predicate:
    """The predicate about a pod, whose own labels begin with none of Calico's prefixes."""
    match predicate:
        case Needs():
            return _resolved_test(predicate)
        case Conjunction(items):
            return both(*map(_resolved, items))
        case Disjunction(items):
            return either(*map(_resolved, items))
        case Negation(item):
            return negated(_resolved(item))


def _resolved_test(needs: Needs) -> Predicate:
    test, key = needs.test, needs.test.key
    if isinstance(test, Requirement) and test.operator in (Operator.IN, Operator.NOT_IN) and not test.values:
        return NEVER if test.operator is Operator.IN else ALWAYS
    if key == _ORCHESTRATOR:
        return ALWAYS if test.matches({key: "k8s"}) else NEVER
    found = needs
    if key in (NAMESPACE, f"{OF_NAMESPACE}projectcalico.org/name"):
        found = Needs(with_key(test, NAMESPACE_NAME), Holder.NAMESPACE)
    elif key == ACCOUNT:
        found = Needs(with_key(test, ACCOUNT_NAME), Holder.ACCOUNT)
    elif key.startswith(OF_NAMESPACE):
        found = Needs(with_key(test, key.removeprefix(OF_NAMESPACE)), Holder.NAMESPACE)
    elif key.startswith(OF_ACCOUNT):
        found = Needs(with_key(test, key.removeprefix(OF_ACCOUNT)), Holder.ACCOUNT)
    always_there = found.test.key == (NAMESPACE_NAME if found.of is Holder.NAMESPACE else ACCOUNT_NAME)
    exists = isinstance(test, Requirement) and test.operator is Operator.EXISTS
    return ALWAYS if exists and always_there and found.of is not Holder.POD else found
