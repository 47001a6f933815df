"""NetworkPolicies with a rule for a blocked flow that is not in force for it: by policyTypes, podSelector or namespace.

| Code | The policy |
|---|---|
| POLICY_TYPES | selects the pod; its rule is for a direction that policyTypes leaves out |
| POLICY_SELECTOR | does not select the pod, for one label that no pod there has |
| POLICY_NAMESPACE | is in the namespace of the other end, or in `default`, and selects no pod there |
| ISOLATES_WITHOUT_RULE | isolates the pod in a direction in which it has no rule, though it has some in the other |

In each case the evaluator allows the direction with the policy mended in this one thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reachproof.documents.near import UnmetCode
from reachproof.network.cluster import Pod
from reachproof.network.flow import Flow
from reachproof.network.labels import NAMESPACE_NAME, Operator, Selector
from reachproof.network.policy import Direction, Match, Peer, PodSet, Policy, Rule
from reachproof.network.snapshot import Snapshot
from reachproof.queries.near_labels import near_labels
from reachproof.semantics.evaluate import evaluate_direction
from reachproof.semantics.match import Matched, any_match, in_pod_set, other, subject
from reachproof.semantics.sentences import named
from reachproof.semantics.trace import Truth

_DEFAULT = "default"
_TYPES = {Direction.INGRESS: "Ingress", Direction.EGRESS: "Egress"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfForce:
    """A policy that is not in force as its rules say, and why; the rule and match for the flow, if it has one."""

    policy: Policy
    rule: Rule | None = None
    match: Match | None = None
    code: UnmetCode
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mend:
    """A policy and the one in its place."""

    found: OutOfForce
    mended: Policy


def out_of_force(snapshot: Snapshot, flow: Flow, direction: Direction) -> Iterator[OutOfForce]:
    """The policies that would let the flow through in a blocked direction, in their order, each once.

    Cost: linear in the policies, and one evaluation for each that may be one.
    """
    pod = subject(flow, direction)[0]
    if not isinstance(pod, Pod):
        return
    for number, policy in enumerate(snapshot.policies):
        mend = _mend(snapshot, flow, direction, pod, policy) if policy.ref.kind == "NetworkPolicy" else None
        if mend is None:
            continue
        policies = (*snapshot.policies[:number], mend.mended, *snapshot.policies[number + 1 :])
        trace = evaluate_direction(snapshot.with_policies(policies), flow, direction)
        if trace.truth is Truth.ALLOWED:
            yield mend.found


def _mend(snapshot: Snapshot, flow: Flow, direction: Direction, pod: Pod, policy: Policy) -> _Mend | None:
    if in_pod_set(snapshot, policy.subject, pod):
        return _by_types(snapshot, flow, direction, pod, policy)
    if policy.ref.namespace == pod.namespace:
        return _by_selector(snapshot, flow, direction, pod, policy)
    return _by_namespace(snapshot, flow, direction, pod, policy)


def _by_types(snapshot: Snapshot, flow: Flow, direction: Direction, pod: Pod, policy: Policy) -> _Mend | None:
    name = _TYPES[direction]
    if direction not in policy.isolates:
        in_force = replace(_with_rules(policy, direction, policy.left_out), isolates=policy.isolates | {direction})
        text = f"policyTypes leaves {name} out, so this rule is not in force"
        found = OutOfForce(policy=policy, code=UnmetCode.POLICY_TYPES, text=text)
        return _allowing(snapshot, flow, direction, in_force, found, policy.left_out)
    if policy.rules(direction) or not (policy.egress or policy.ingress or policy.left_out):
        return None
    if any(_isolates(snapshot, each, direction, pod) for each in snapshot.policies if each is not policy):
        return None
    text = f"it isolates {named(pod)} for {direction} all the same, unless policyTypes leaves {name} out"
    found = OutOfForce(policy=policy, code=UnmetCode.ISOLATES_WITHOUT_RULE, text=text)
    return _Mend(found=found, mended=replace(policy, isolates=policy.isolates - {direction}))


def _by_selector(snapshot: Snapshot, flow: Flow, direction: Direction, pod: Pod, policy: Policy) -> _Mend | None:
    needs = policy.subject.pods.requirements
    failing = [need for need in needs if not need.matches(pod.labels)]
    labels = [each.labels for each in snapshot.pods_in[pod.namespace]]
    if len(failing) != 1 or failing[0].operator is not Operator.IN or any(map(failing[0].matches, labels)):
        return None
    rest = Selector(tuple(need for need in needs if need != failing[0]))
    selecting = replace(policy, subject=replace(policy.subject, pods=rest))
    has = near_labels(failing[0], pod.labels)
    text = f"the policy selects {failing[0]}, which no pod of its namespace has; {named(pod)} has {has}"
    found = OutOfForce(policy=policy, code=UnmetCode.POLICY_SELECTOR, text=text)
    return _allowing(snapshot, flow, direction, selecting, found, policy.rules(direction))


def _by_namespace(snapshot: Snapshot, flow: Flow, direction: Direction, pod: Pod, policy: Policy) -> _Mend | None:
    far, home = other(flow, direction)[0], policy.ref.namespace
    if home != _DEFAULT and not (isinstance(far, Pod) and far.namespace == home):
        return None
    if any(in_pod_set(snapshot, policy.subject, each) for each in snapshot.pods_in.get(home, ())):
        return None
    moved = _moved(policy, pod.namespace)
    if not in_pod_set(snapshot, moved.subject, pod):
        return None
    text = f"the policy is in namespace {home}, where it selects no pod; {named(pod)} is in namespace {pod.namespace}"
    found = OutOfForce(policy=policy, code=UnmetCode.POLICY_NAMESPACE, text=text)
    return _allowing(snapshot, flow, direction, moved, found, policy.rules(direction))


def _allowing(
    snapshot: Snapshot,
    flow: Flow,
    direction: Direction,
    mended: Policy,
    written: OutOfForce,
    rules: tuple[Rule, ...],
) -> _Mend | None:
    """The mended policy, with the first rule and match of it that are there for the flow; None where none are.

    `rules`: those of the policy as it is written, in the order of the mended ones.
    """
    host = mended.subject.host_network
    for rule, as_written in zip(mended.rules(direction), rules, strict=True):
        for match, told in zip(rule.matches, as_written.matches, strict=True):
            if any_match(snapshot, (match,), flow, direction, host_network=host) is Matched.YES and not rule.may:
                return _Mend(found=replace(written, rule=as_written, match=told), mended=mended)
    return None


def _isolates(snapshot: Snapshot, policy: Policy, direction: Direction, pod: Pod) -> bool:
    """True of another NetworkPolicy by which the pod would be isolated all the same."""
    kind = policy.ref.kind == "NetworkPolicy"
    return kind and direction in policy.isolates and in_pod_set(snapshot, policy.subject, pod)


def _with_rules(policy: Policy, direction: Direction, rules: tuple[Rule, ...]) -> Policy:
    return replace(policy, egress=rules) if direction is Direction.EGRESS else replace(policy, ingress=rules)


def _moved(policy: Policy, namespace: str) -> Policy:
    """The policy as it would be in another namespace: what it says of its own is said of that one."""
    own, there = (Selector.equal(NAMESPACE_NAME, name) for name in (policy.ref.namespace, namespace))

    def peer(original: Peer) -> Peer:
        here = isinstance(original, PodSet) and original.namespaces == own
        return replace(original, namespaces=there) if isinstance(original, PodSet) and here else original

    def match(original: Match) -> Match:
        return replace(original, peer=peer(original.peer))

    def rules(original: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(replace(rule, matches=tuple(map(match, rule.matches))) for rule in original)

    return replace(
        policy,
        ref=replace(policy.ref, namespace=namespace),
        subject=replace(policy.subject, namespaces=there),
        egress=rules(policy.egress),
        ingress=rules(policy.ingress),
    )
