"""Which policies are different in another snapshot, whatever file and line they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from reachproof.network.origin import Origin
from reachproof.network.policy import Policy, PolicyRef, Rule
from reachproof.network.snapshot import Snapshot

_NOWHERE = Origin(file="")


class Edit(StrEnum):
    """What was done to a policy."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """A policy that is not what it was. `origin`: where it stands now; of a removed one where it stood."""

    policy: PolicyRef
    edit: Edit
    origin: Origin


def policy_changes(before: Snapshot, after: Snapshot) -> tuple[PolicyChange, ...]:
    """The policies that differ, in order of namespace, name and kind."""
    return tuple(sorted(_changes(before, after), key=_order))


def _changes(before: Snapshot, after: Snapshot) -> Iterator[PolicyChange]:
    old = {policy.ref: policy for policy in before.policies}
    for policy in after.policies:
        known = old.pop(policy.ref, None)
        if known is None:
            yield PolicyChange(policy=policy.ref, edit=Edit.ADDED, origin=policy.origin)
        elif _placeless(known) != _placeless(policy):
            yield PolicyChange(policy=policy.ref, edit=Edit.CHANGED, origin=policy.origin)
    for policy in old.values():
        yield PolicyChange(policy=policy.ref, edit=Edit.REMOVED, origin=policy.origin)


def _order(change: PolicyChange) -> tuple[str, str, str]:
    return change.policy.namespace, change.policy.name, change.policy.kind


def _placeless(policy: Policy) -> Policy:
    return replace(
        policy, origin=_NOWHERE, egress=_placeless_rules(policy.egress), ingress=_placeless_rules(policy.ingress)
    )


def _placeless_rules(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return tuple(replace(rule, origin=_NOWHERE) for rule in rules)
