"""Notices about what the specifications leave open: isolation per direction, and flows that are undetermined.

A NetworkPolicy keeps the baseline tier away from a pod in the directions in which it isolates it, and in no other. The
text of ClusterNetworkPolicy names no direction, and one implementation ends the baseline tier for both. An answer that
rests on the baseline tier for a pod that a NetworkPolicy selects in the other direction only says so.

Where the baseline tier comes before isolation, it decides for isolated pods too; such an answer says so.

The notices of single undetermined flows (`TIE`, `DOMAIN_NAMES`, ...) come from the evaluator.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from reachproof.engines.registry import PROFILES, profile_of
from reachproof.network.cluster import Notice, Pod
from reachproof.network.policy import Action, Direction, Policy, TierName
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import evaluate
from reachproof.semantics.sentences import some_of
from reachproof.semantics.trace import Trace, Truth
from reachproof.solver.witness import SpotCheck

if TYPE_CHECKING:
    from reachproof.solver.decide import Blame  # at run time it would load Z3

_SHOWN = 3
_ENDING = " or ".join(profile.name for profile in PROFILES.values() if profile.selection_ends_baseline)


def by_witness(snapshot: Snapshot, trace: Trace) -> tuple[Notice, ...]:
    """For a flow: a direction that the baseline tier decides, for a pod that a NetworkPolicy of the other selects."""
    found: list[Notice] = []
    for side in (trace.egress, trace.ingress):
        subject = side.decider.subject
        if side.decider.tier is TierName.BASELINE and isinstance(subject, Pod):
            found += _notice(
                side.direction, [p for p in _one_way(snapshot, side.direction) if _selects(snapshot, p, subject)]
            )
            if side.decider.action is Action.ALLOW:
                isolating = _isolating(snapshot, side.direction)
                found += _before(snapshot, side.direction, [p for p in isolating if _selects(snapshot, p, subject)])
    return tuple(found)


def by_proof(snapshot: Snapshot, because: Collection[Blame]) -> tuple[Notice, ...]:
    """For a proof: a direction in which it rests on a baseline rule, while NetworkPolicies isolate in the other."""
    directions = dict.fromkeys(each.direction for each in because if each.policy.tier is TierName.BASELINE)
    found = [notice for direction in directions for notice in _notice(direction, _one_way(snapshot, direction))]
    allowing = (each for each in because if each.rule is not None and each.rule.action is Action.ALLOW)
    for direction in dict.fromkeys(each.direction for each in allowing if each.policy.tier is TierName.BASELINE):
        found += _before(snapshot, direction, _isolating(snapshot, direction))
    return tuple(found)


def _one_way(snapshot: Snapshot, direction: Direction) -> list[Policy]:
    """NetworkPolicies that isolate, but not in this direction; none where the profile has settled the question."""
    if not profile_of(snapshot.options).isolation_open:
        return []
    return [
        p for p in snapshot.policies if p.tier is TierName.NETWORK_POLICY and p.isolates and direction not in p.isolates
    ]


def _isolating(snapshot: Snapshot, direction: Direction) -> list[Policy]:
    """Policies whose isolation the baseline tier comes before, where the implementation has it so."""
    if not profile_of(snapshot.options).baseline_first:
        return []
    return [policy for policy in snapshot.policies if direction in policy.isolates]


def _selects(snapshot: Snapshot, policy: Policy, pod: Pod) -> bool:
    labels = snapshot.namespace_of[pod.namespace].labels
    return policy.subject.namespaces.matches(labels) and policy.subject.pods.matches(pod.labels)


def _before(snapshot: Snapshot, direction: Direction, policies: list[Policy]) -> list[Notice]:
    if not policies:
        return []
    names = some_of((policy.ref for policy in policies), _SHOWN)
    text = (
        f"{profile_of(snapshot.options).title} asks the baseline tier before it isolates: it decides {direction} "
        f"although {names} isolates; the text of ClusterNetworkPolicy means otherwise"
    )
    return [Notice(code="BASELINE_BEFORE_ISOLATION", text=text, origin=policies[0].origin)]


def _notice(direction: Direction, policies: list[Policy]) -> list[Notice]:
    if not policies:
        return []
    names = some_of((policy.ref for policy in policies), _SHOWN)
    text = (
        f"isolation is read per direction: {names} isolates for the other direction only, so the baseline tier "
        f"still decides {direction}; with cni {_ENDING} it would not"
    )
    return [Notice(code="ISOLATION_PER_DIRECTION", text=text, origin=policies[0].origin)]


IN_PART = "UNDETERMINED_IN_PART"


def reasons(snapshot: Snapshot, samples: Iterable[SpotCheck], kinds: int) -> tuple[Notice, ...]:
    """Notices of undetermined flows, each once; `IN_PART` at the end where `kinds` is more than there are samples."""
    looked_at = [evaluate(snapshot, each.flow) for each in samples]
    found = list(of_traces(looked_at))
    if len(looked_at) < kinds:
        text = (
            f"{kinds} kinds of flow are undetermined; the reasons are those of {len(looked_at)} of them, chosen by a "
            "fixed seed; ask about smaller sets for the others"
        )
        found.append(Notice(code="UNDETERMINED_IN_PART", text=text))
    return tuple(found)


def of_traces(traces: Iterable[Trace]) -> Iterator[Notice]:
    """Notices of what the traces depend on, each once."""
    yield from dict.fromkeys(notice for trace in traces for notice in trace.depends)


def two_outcomes(trace: Trace) -> tuple[Notice, ...]:
    """For an explained flow: that it has two outcomes, and what they depend on; nothing for a flow with one."""
    if trace.truth is not Truth.EITHER:
        return ()
    depends = ", ".join(f"{notice.code} ({notice.text})" for notice in trace.depends)
    text = f"{trace.flow} is undetermined: policy may allow or deny it; it depends on {depends}"
    return (Notice(code="UNDETERMINED_FLOW", text=text),)
