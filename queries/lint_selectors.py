"""Selectors that select nothing, and why: the wrong namespace, the wrong label of one, pods on the host network.

| Seen | Code |
|---|---|
| no labels at all can meet the conditions | NEVER_SELECTS |
| the only such pods are on the host network | HOST_NETWORK_PODS |
| a namespace is asked for by a label that it does not have | NAMESPACE_LABEL |
| the pods that a policy is about are in another namespace | OTHER_NAMESPACE |
| two peers of which each is an alternative, where both together were meant | PEERS_ARE_ALTERNATIVES |
| a rule about pods of which its policy selects none | RULE_WITHOUT_SUBJECT |
| anything else that selects nothing | SELECTS_NOTHING |

No verdict rests on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reachproof.documents.findings import Code
from reachproof.documents.words import FindingSeverity
from reachproof.engines.registry import profile_of
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Operator, Requirement, Selector
from reachproof.network.options import HostNetworkPods
from reachproof.network.origin import Origin
from reachproof.network.policy import (
    AnyPeer,
    Direction,
    Intersection,
    Match,
    NodePeer,
    Peer,
    PodSet,
    Policy,
    Rule,
    TierName,
)
from reachproof.queries.findings import Finding
from reachproof.queries.lint_words import (
    distinct,
    finding,
    only_namespace,
    pods_text,
    rule_name,
    some_pods,
)
from reachproof.semantics.sentences import some_of
from reachproof.solver.peer_resolution import PeerResolution
from reachproof.solver.universe import Universe

_SHOWN = 3


class SelectorLint:
    """The selectors of one policy as it selects under the options."""

    def __init__(self, universe: Universe, resolution: PeerResolution, policy: Policy) -> None:
        options = universe.snapshot.options
        self._universe = universe
        self._resolution = resolution
        self._policy = policy
        self._profile = profile_of(options)
        self._as_pods = options.host_network_pods is HostNetworkPods.PODS and policy.tier is TierName.NETWORK_POLICY
        self.visible = universe.pods if self._as_pods else universe.pods & ~universe.host_pods
        self.subjects = self.pods(policy.subject)

    def pods(self, chosen: PodSet) -> int:
        """The points of the pods that are selected."""
        return self._resolution.peer(replace(chosen, host_network=True)) & self.visible

    def findings(self) -> tuple[Finding, ...]:
        """Findings about the selectors, the subject's first."""
        return distinct(self._findings())

    def _findings(self) -> Iterator[Finding]:
        policy = self._policy
        if not self.subjects:
            yield self._no_pod(str(policy.ref), policy.subject, policy.origin, of_subject=True)
        for direction in Direction:
            for rule in policy.rules(direction):
                apart = tuple(self._alternatives(direction, rule))
                yield from apart
                told = {each.row["selector"] for each in apart}
                for match in dict.fromkeys(rule.matches):
                    found = self._match(direction, rule, match)
                    yield from (each for each in found if each.row["selector"] not in told)

    def _match(self, direction: Direction, rule: Rule, match: Match) -> Iterator[Finding]:
        name = rule_name(self._policy, direction, rule)
        match match.peer:
            case PodSet():
                if not self.pods(match.peer) and not self._selects_hosts(match, direction):
                    yield self._no_pod(name, match.peer, rule.origin)
            case NodePeer(nodes):
                if not any(nodes.matches(node.labels) for node in self._universe.snapshot.nodes):
                    text = "nodes" if nodes == EVERYTHING else f"nodes labelled {nodes}"
                    yield _selects_nothing(name, text, "no node", rule.origin, never=nodes.unsatisfiable())
            case Intersection(items):  # of what a network set has too no pod is missing
                sets = (item for item in items if isinstance(item, PodSet) and not self.pods(item))
                yield from (self._no_pod(name, item, rule.origin) for item in sets)
            case _:
                pass  # addresses and domain names select nothing that is in the snapshot
        if self.subjects and not isinstance(match.subject, AnyPeer):
            yield from self._own_pods(name, rule, match)

    def _own_pods(self, name: str, rule: Rule, match: Match) -> Iterator[Finding]:
        match match.subject:
            case PodSet() as asked:
                every: tuple[Peer, ...] = (asked,)
            case Intersection(items):
                every = items
            case _:
                every = ()
        for item in every:
            if isinstance(item, PodSet) and not self._resolution.peer(replace(item, host_network=True)) & self.subjects:
                text = pods_text(item, self._profile)
                said = f"{name} is about {text}, of which {self._policy.ref} selects none"
                yield finding(Code.RULE_WITHOUT_SUBJECT, name, said, rule.origin, text)

    def _selects_hosts(self, match: Match, direction: Direction) -> bool:
        return direction is Direction.INGRESS and self._profile.selects_hosts(match, self._universe.snapshot)

    # ------------------------------------------------------------ why a set of pods is empty

    def _no_pod(self, subject: str, pods: PodSet, origin: Origin, *, of_subject: bool = False) -> Finding:
        text = pods_text(pods, self._profile)
        if _never_a_pod(pods):
            return _selects_nothing(subject, text, "no pod", origin, never=True)
        hosts = self._resolution.peer(replace(pods, host_network=True)) & ~self.visible
        if hosts:
            said = (
                f"{subject} selects {text}; the only such pods are on the host network, where policies do not select "
                f"them: {some_pods(self._universe, hosts)}"
            )
            return finding(Code.HOST_NETWORK_PODS, subject, said, origin, text)
        found = self._elsewhere(subject, pods, origin) if of_subject else self._wrong_label(subject, pods, origin)
        return found or self._nothing(subject, pods, origin)

    def _wrong_label(self, subject: str, pods: PodSet, origin: Origin) -> Finding | None:
        """A namespace is named, by a key that it does not have."""
        snapshot = self._universe.snapshot
        if any(pods.namespaces.matches(each.labels) for each in snapshot.namespaces):
            return None
        for need in pods.namespaces.requirements:
            name = need.values[0] if need.operator is Operator.IN and len(need.values) == 1 else ""
            home = snapshot.namespace_of.get(name)
            if home is not None and need.key != NAMESPACE_NAME and need.key not in home.labels and not home.assumed:
                text = pods_text(pods, self._profile)
                said = (
                    f"{subject} selects {text}; namespace {name} does not have the label {need.key}, and no namespace "
                    f"is selected; {NAMESPACE_NAME}={name} selects it"
                )
                return finding(Code.NAMESPACE_LABEL, subject, said, origin, text)
        return None

    def _elsewhere(self, subject: str, pods: PodSet, origin: Origin) -> Finding | None:
        """The pods are in other namespaces than the policy."""
        universe, own = self._universe, only_namespace(pods.namespaces)
        everywhere = replace(pods, namespaces=EVERYTHING)
        found = self.pods(everywhere) if own == self._policy.ref.namespace and pods.pods != EVERYTHING else 0
        if not found:
            return None
        homes = sorted(name for name, points in universe.by_namespace.items() if points & found)
        text, such = pods_text(pods, self._profile), pods_text(everywhere, self._profile)
        where = f"namespace {homes[0]}" if len(homes) == 1 else f"namespaces {some_of(homes, _SHOWN)}"
        said = f"{subject} selects {text}, which has none; {such} are in {where}"
        return finding(Code.OTHER_NAMESPACE, subject, said, origin, text)

    def _nothing(self, subject: str, pods: PodSet, origin: Origin) -> Finding:
        """Not certain where it rests on labels of namespaces that the input does not give."""
        text = pods_text(pods, self._profile)
        found = _selects_nothing(subject, text, "no pod", origin, never=False)
        asked = [each for each in pods.namespaces.requirements if each.key != NAMESPACE_NAME]
        named = Selector(tuple(each for each in pods.namespaces.requirements if each.key == NAMESPACE_NAME))
        unknown = [each for each in self._universe.snapshot.namespaces if each.assumed and named.matches(each.labels)]
        here = self.pods(replace(pods, namespaces=EVERYTHING))
        homes = [each.name for each in unknown if self._universe.by_namespace.get(each.name, 0) & here]
        if not asked or not homes:
            return found
        doubt = f", unless {some_of(homes, _SHOWN)} has these labels, which the input does not show"
        return replace(found, severity=FindingSeverity.INFO, text=found.text + doubt)

    # ------------------------------------------------------------ one item of a list too many

    def _alternatives(self, direction: Direction, rule: Rule) -> Iterator[Finding]:
        """Namespaces, then pods of the own namespace, as two peers of which either is enough."""
        if self._policy.tier is not TierName.NETWORK_POLICY:
            return
        for first, second in zip(rule.matches, rule.matches[1:], strict=False):
            one, other = first.peer, second.peer
            if isinstance(one, PodSet) and isinstance(other, PodSet) and self._is_split(one, other):
                yield from self._split(rule_name(self._policy, direction, rule), one, other, rule.origin)

    def _is_split(self, one: PodSet, other: PodSet) -> bool:
        own = self._policy.ref.namespace
        alone = one.pods == EVERYTHING and only_namespace(one.namespaces) != own
        return alone and other.pods != EVERYTHING and only_namespace(other.namespaces) == own

    def _split(self, name: str, one: PodSet, other: PodSet, origin: Origin) -> Iterator[Finding]:
        both = PodSet(one.namespaces, other.pods)
        if not self.pods(both):
            return
        here = self.pods(other)
        every = pods_text(one, self._profile)
        text, meant = pods_text(other, self._profile), pods_text(both, self._profile)
        selected = f"selects {text}" if here else f"selects {text}, of which there are none,"
        said = f"{name} {selected} or all {every}; as one peer, with both selectors in it, it would select {meant}"
        severity = FindingSeverity.INFO if here else FindingSeverity.WARNING
        yield finding(Code.PEERS_ARE_ALTERNATIVES, name, said, origin, text, severity=severity)


def _selects_nothing(subject: str, selector: str, what: str, origin: Origin, *, never: bool) -> Finding:
    if never:
        text = f"{subject} selects {selector}; {what} can ever be selected"
        return finding(Code.NEVER_SELECTS, subject, text, origin, selector, severity=FindingSeverity.ERROR)
    text = f"{subject} selects {selector}; {what} in the snapshot is selected"
    return finding(Code.SELECTS_NOTHING, subject, text, origin, selector)


def _never_a_pod(pods: PodSet) -> bool:
    """True if no pod, in no namespace that could be created, can be in the set: every namespace has its name label."""
    named = Selector.of(*pods.namespaces.requirements, Requirement(NAMESPACE_NAME, Operator.EXISTS))
    return pods.pods.unsatisfiable() or named.unsatisfiable()
