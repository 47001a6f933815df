"""Policies without which every verdict is the same: found by tables of flows, judged by the evaluator.

Of many the tables of all flows say at once whether they are needed (`solver.needless_allows`); each other one has
tables of its own (`solver.redundancy`), as have the first of those for which Z3 is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from reachproof.documents.findings import Code
from reachproof.documents.words import FindingSeverity
from reachproof.engines.not_read import is_not_read, stands_apart
from reachproof.engines.own_tiers import MESH
from reachproof.engines.policies import in_force, others_rest_on
from reachproof.network.errors import InternalError
from reachproof.network.flow import Flow
from reachproof.network.policy import Direction, Policy, PolicyRef
from reachproof.network.snapshot import Snapshot
from reachproof.queries.default_denies import guards_alone
from reachproof.queries.findings import Finding, in_every_case
from reachproof.semantics.evaluate import truth
from reachproof.semantics.match import in_pod_set
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.encoding import Encoding
from reachproof.solver.needless_allows import Needless, needless_allows
from reachproof.solver.redundancy import Redundancy, redundancy
from reachproof.solver.shadowing import whole
from reachproof.solver.z3_backend import Prover

CONFIRMED = 4
"""The number of those decided by one table that lint asks Z3 about; a question asks about all."""


def redundant(encoding: Encoding, budget: Budget, prover: Prover, *, selecting: bool = False) -> Iterator[Finding]:
    """Policies without which every verdict is the same. `selecting`: only those that select a pod at all.

    Each is compared with all others in force, so of two equal policies both are listed. One that denies by default is
    listed only where another would for all pods to come. A PeerAuthentication and a policy with `rules.dns` of Cilium
    are never listed: what rules of other policies match rests on them as well; nor is one beside an object that is not
    read, which may decide what is left without it. Raises OutOfBudget after the last that was decided in time.
    """
    beside = {str(policy.ref) for policy in encoding.snapshot.policies if _beside_unread(encoding.snapshot, policy)}
    found = in_every_case(encoding, lambda case: _redundant(case, budget, prover, selecting=selecting))
    yield from (finding for finding in found if finding.subject not in beside)


def _beside_unread(snapshot: Snapshot, policy: Policy) -> bool:
    """True if an object that is not read, whose place among the tiers is not sure, judges some of the same pods."""
    ways = [each for each in Direction if policy.acts(each)]
    unread = [each for each in snapshot.policies if is_not_read(each) and each.tier != MESH and each is not policy]
    return any(
        in_pod_set(snapshot, policy.subject, pod) and in_pod_set(snapshot, each.subject, pod)
        for each in unread
        if any(each.rules(way) for way in ways)
        for pod in snapshot.pods
    )


def _redundant(encoding: Encoding, budget: Budget, prover: Prover, *, selecting: bool) -> Iterator[Finding]:
    snapshot = encoding.snapshot
    known = _known(encoding, budget)
    asked = [
        policy
        for policy in snapshot.policies
        if in_force(policy, snapshot.options)
        and not others_rest_on(policy)
        and not stands_apart(policy)
        and (policy.ref not in known or known[policy.ref].samples is not None)
        and not guards_alone(policy, snapshot)
    ]
    sure = [policy for policy in asked if policy.ref in known]
    alone = {policy.ref for policy in (sure[:CONFIRMED] if selecting else sure)}
    _judge_many(snapshot, {policy.ref: known[policy.ref].samples or () for policy in sure}, budget)
    for policy in asked:
        budget.check()
        if policy.ref in known and policy.ref not in alone:
            yield _finding(Redundancy(policy=policy, selects=True, confirmed=False))
            continue
        found = redundancy(encoding, policy, budget, prover)
        if found is None and policy.ref in known:
            raise InternalError(
                f"one table of all flows says that {policy.ref} changes nothing, tables of its own that it does; this "
                "is a bug of reachproof, no verdict is given"
            )
        if found is None or (selecting and not found.selects):
            continue
        demand_same(snapshot, _without(snapshot, [policy.ref]), found.samples, budget)
        yield _finding(found)


def _known(encoding: Encoding, budget: Budget) -> Mapping[PolicyRef, Needless]:
    """The policies that one table decides; none where it would be too large. Raises OutOfBudget if the time is over."""
    try:
        return needless_allows(whole(encoding, budget), budget)
    except OutOfBudget:
        budget.check()
        return {}


def _judge_many(snapshot: Snapshot, samples: Mapping[PolicyRef, tuple[Flow, ...]], budget: Budget) -> None:
    """Asks the evaluator about flows without policies that only allow, one of each namespace at once.

    A verdict that is the same without several of them is the same without one: less is allowed with each. Where it is
    not the same without several, each is taken away alone.
    """
    batches: list[list[PolicyRef]] = []
    of_namespace: dict[str, int] = defaultdict(int)
    for ref in samples:
        place = of_namespace[ref.namespace]
        of_namespace[ref.namespace] += 1
        batches += [[]] if place == len(batches) else []
        batches[place].append(ref)
    for batch in batches:
        rest = _without(snapshot, batch)
        for ref in batch:
            budget.check()
            if any(truth(snapshot, flow) is not truth(rest, flow) for flow in samples[ref]):
                demand_same(snapshot, _without(snapshot, [ref]), samples[ref], budget)


def _without(snapshot: Snapshot, gone: Iterable[PolicyRef]) -> Snapshot:
    left_out = set(gone)
    return snapshot.with_policies(tuple(each for each in snapshot.policies if each.ref not in left_out))


def _finding(found: Redundancy) -> Finding:
    policy = found.policy
    if not found.selects:
        why = "it selects no pod in a direction in which it has rules"
    else:
        why = "removing it changes nothing today"
    doubt = "" if found.confirmed else " (not confirmed by Z3)"
    return Finding(
        code=Code.REDUNDANT_POLICY,
        severity=FindingSeverity.WARNING,
        subject=str(policy.ref),
        text=f"{policy.ref} is redundant: {why}{doubt}",
        origin=policy.origin,
        row={
            "policy": str(policy.ref),
            "why": why,
            "confirmed": "yes" if found.confirmed else "no",
            "origin": str(policy.origin),
        },
        confirmed=found.confirmed,
    )


def demand_same(snapshot: Snapshot, rest: Snapshot, flows: Iterable[Flow], budget: Budget) -> None:
    """Raises InternalError where the evaluator judges a flow otherwise in the second snapshot; OutOfBudget."""
    for flow in flows:
        budget.check()
        before, after = truth(snapshot, flow), truth(rest, flow)
        if before is not after:
            raise InternalError(
                f"the sets engine says that what is to be taken away does not matter, the evaluator that {flow} is "
                f"{before} with it and {after} without it; this is a bug of reachproof, no verdict is given"
            )
