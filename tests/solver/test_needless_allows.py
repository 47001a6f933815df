"""One table of all flows on NetworkPolicies: the same as tables of each of them, and as the evaluator."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Selector
from reachproof.network.policy import Action, Direction, PodSet, Policy, PolicyRef, TierName
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import prepare
from reachproof.solver.needless_allows import needless_allows
from reachproof.solver.redundancy import redundancy
from reachproof.solver.shadowing import whole
from tests.agreement.engines import prover
from tests.semantics.stage import PODS, admin_policy, network_policy, rule, snapshot
from tests.strategies.snapshots import snapshots

BUDGET = Budget()
DB = Selector.equal("app", "db")
ALLOW, DENY = rule(Action.ALLOW, PODS), rule(Action.DENY, PODS)
SHUT = network_policy("shut", EVERYTHING)


def decided(of: Snapshot) -> dict[str, bool]:
    """The names of the policies that are decided, with whether each is needless."""
    found = needless_allows(whole(prepare(of), BUDGET), BUDGET)
    return {ref.name: each.samples is not None for ref, each in found.items()}


@pytest.mark.parametrize(
    ("policies", "told"),
    [
        ((SHUT, network_policy("open", DB, ingress=(ALLOW,))), {"open": False}),
        (
            (SHUT, network_policy("open", DB, ingress=(ALLOW,)), network_policy("too", DB, ingress=(ALLOW,))),
            {"open": True, "too": True},
        ),
        (
            (SHUT, network_policy("open", DB, ingress=(ALLOW,)), admin_policy("above", ingress=(DENY,))),
            {"open": True},
        ),
        ((network_policy("open", DB, ingress=(ALLOW,)),), {}),
    ],
)
def test_a_policy_is_needless_exactly_if_nothing_is_lost_without_it(
    policies: tuple[Policy, ...], told: dict[str, bool]
) -> None:
    found = decided(snapshot(*policies))
    assert {name: found.get(name) for name in told} == told
    assert "shut" not in found  # nothing else isolates all of its pods
    assert "above" not in found and (told or "open" not in found)


def with_company(of: Snapshot) -> Snapshot:
    """The snapshot with a default deny in each namespace, and beside each NetworkPolicy one with its first rules."""
    denies = [
        replace(
            network_policy("deny-all", EVERYTHING, isolates=tuple(Direction)),
            ref=PolicyRef(kind="NetworkPolicy", namespace=each.name, name="deny-all"),
            subject=PodSet(Selector.equal(NAMESPACE_NAME, each.name), EVERYTHING),
        )
        for each in of.namespaces
    ]
    copies = [
        replace(
            each, ref=replace(each.ref, name=f"{each.ref.name}-copy"), ingress=each.ingress[:1], egress=each.egress[:1]
        )
        for each in of.policies
        if each.tier is TierName.NETWORK_POLICY
    ]
    every = (*of.policies, *denies, *copies)
    return of.with_policies(tuple(sorted(every, key=lambda each: (each.ref.namespace, each.ref.name, each.ref.kind))))


@pytest.mark.heavy
@settings(max_examples=max(60, settings().max_examples))
@given(snapshots().map(with_company))
def test_one_table_says_what_tables_of_each_policy_say(of: Snapshot) -> None:
    encoding = prepare(of)
    found = needless_allows(whole(encoding, BUDGET), BUDGET)
    for policy in of.policies:
        if policy.ref not in found:
            continue
        alone = redundancy(encoding, policy, BUDGET, prover())
        known = found[policy.ref].samples
        assert (known is None) is (alone is None), str(policy.ref)
        rest = of.with_policies(tuple(each for each in of.policies if each.ref != policy.ref))
        for flow in known or ():
            assert truth(of, flow) is truth(rest, flow), str(flow)
