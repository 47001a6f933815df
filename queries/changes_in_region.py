"""The policies whose change may matter to a claim on differences, though no flow shows it."""

from __future__ import annotations

from collections.abc import Iterable

from reachproof.network.policy import Direction, Policy, PolicyRef
from reachproof.queries.policy_changes import PolicyChange
from reachproof.semantics.match import in_pod_set
from reachproof.solver.goal import TRUE, Formula
from reachproof.solver.ground import Encoding
from reachproof.solver.region import addresses_in, upper_bound
from reachproof.solver.slice import SUBJECT
from reachproof.solver.view import View


def relevant_changes(
    changes: Iterable[PolicyChange], encodings: tuple[Encoding, Encoding], regions: tuple[Formula, Formula]
) -> tuple[PolicyChange, ...]:
    """The undetermined changes that matter to flows of a region, given as a formula over either snapshot.

    A policy that selects pods, but no end of these flows, is left out.
    """
    return tuple(each for each in changes if each.undetermined and _may_matter(each.policy, encodings, regions))


def _may_matter(ref: PolicyRef, encodings: tuple[Encoding, Encoding], regions: tuple[Formula, Formula]) -> bool:
    found = [
        (encoding, region, policy)
        for encoding, region in zip(encodings, regions, strict=True)
        for policy in encoding.snapshot.policies
        if policy.ref == ref
    ]
    selected = [_selected(encoding, policy) for encoding, _, policy in found]
    if not any(selected):
        return True
    return any(
        _meets(encoding, region, policy, points)
        for (encoding, region, policy), points in zip(found, selected, strict=True)
    )


def _selected(encoding: Encoding, policy: Policy) -> int:
    """The points of the pods that a policy selects."""
    snapshot, universe = encoding.snapshot, encoding.universe
    return universe.pods_of(pod.key for pod in snapshot.pods if in_pod_set(snapshot, policy.subject, pod))


def _meets(encoding: Encoding, region: Formula, policy: Policy, points: int) -> bool:
    """Whether one of these points may be an end that the policy acts for, in a flow of the region."""
    if region == TRUE:
        return bool(points)
    view = View.of(encoding.universe, addresses_in(region))
    acting = (each for each in Direction if policy.rules(each) or each in policy.isolates)
    return any(view.lift(points) & upper_bound(view, region, SUBJECT[direction]) for direction in acting)
