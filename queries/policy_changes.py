"""Which policy objects are different in another snapshot, whatever file and line they stand in, and in what.

An object is the same where it says the same once it is stored: order of keys and nulls do not count, everything else in
its spec does. Of a changed one `unmodelled` names the parts that no flow shows (`network.unmodelled`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reachproof.documents.words import Edit
from reachproof.engines.policies import in_force
from reachproof.network.origin import Origin
from reachproof.network.placeless import placeless
from reachproof.network.policy import DomainPeer, Policy, PolicyRef, Rule
from reachproof.network.snapshot import Snapshot
from reachproof.network.unmodelled import Unmodelled, Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """A policy that is not what it was. `origin`: where it stands now; of a removed one where it stood.

    `unmodelled` are the parts in words that differ and that flows do not tell of: those of a changed policy, and what
    is about no flow at all (`closed`). `alone`: it differs in nothing else.
    """

    policy: PolicyRef
    edit: Edit
    origin: Origin
    unmodelled: tuple[str, ...] = ()
    closed: bool = False
    alone: bool = False

    @property
    def undetermined(self) -> str:
        """Why what it changes is not known, in words; empty where it is."""
        if not self.unmodelled:
            return ""
        what = ", ".join(self.unmodelled)
        match self.edit:
            case Edit.ADDED | Edit.REMOVED:
                return f"{self.edit} with {what}"
            case Edit.CHANGED:
                return f"differs {'only in' if self.alone else 'also in'} {what}"


def policy_changes(before: Snapshot, after: Snapshot) -> tuple[PolicyChange, ...]:
    """The policies that differ, in order of namespace, name and kind."""
    return tuple(sorted((*_changes(before, after), *_unread(before, after)), key=_order))


def _changes(before: Snapshot, after: Snapshot) -> Iterator[PolicyChange]:
    old = {policy.ref: policy for policy in before.policies}
    for policy in after.policies:
        known = old.pop(policy.ref, None)
        if known is None:
            yield _sole(policy, Edit.ADDED, after)
            continue
        equal = placeless(known) == placeless(policy)
        if not equal or known.written != policy.written or known.unmodelled != policy.unmodelled:
            parts = _differing(_parts(known, before), _parts(policy, after))
            yield PolicyChange(
                policy=policy.ref,
                edit=Edit.CHANGED,
                origin=policy.origin,
                unmodelled=_words(parts),
                closed=any(not part.open for part in parts),
                alone=equal or _nameless(known) == _nameless(policy),
            )
    for policy in old.values():
        yield _sole(policy, Edit.REMOVED, before)


def _nameless(policy: Policy) -> Policy:
    """The policy without the domain names of its peers."""

    def rule(each: Rule) -> Rule:
        matches = (replace(m, peer=DomainPeer(())) if isinstance(m.peer, DomainPeer) else m for m in each.matches)
        return replace(each, matches=tuple(matches), extension=None)

    found = placeless(policy)
    return replace(found, egress=tuple(map(rule, found.egress)), ingress=tuple(map(rule, found.ingress)))


def _sole(policy: Policy, edit: Edit, snapshot: Snapshot) -> PolicyChange:
    """A policy of one snapshot: the flows tell what it does, except where it is about none."""
    closed = [part for part in _parts(policy, snapshot) if not part.open]
    return PolicyChange(
        policy=policy.ref, edit=edit, origin=policy.origin, unmodelled=_words(closed), closed=bool(closed)
    )


def _parts(policy: Policy, snapshot: Snapshot) -> tuple[Unmodelled, ...]:
    """What flows do not show of it; nothing, where it is not enforced."""
    return policy.unmodelled if in_force(policy, snapshot.options) else ()


def _differing(one: tuple[Unmodelled, ...], other: tuple[Unmodelled, ...]) -> list[Unmodelled]:
    """The parts that only one of them has; all of them where only their order differs."""
    if one == other:
        return []
    counts = Counter(one), Counter(other)
    return [*(counts[0] - counts[1]), *(counts[1] - counts[0])] or list(one)


def _words(parts: Iterable[Unmodelled]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.what for part in parts))


def _unread(before: Snapshot, after: Snapshot) -> Iterator[PolicyChange]:
    """Objects of which no policy was made."""
    old, new = _by_name(before.unread), _by_name(after.unread)
    for key in dict.fromkeys((*old, *new)):
        was, is_ = old.get(key), new.get(key)
        known = is_ or was
        if known is None or (was and is_ and was.text == is_.text):
            continue
        yield PolicyChange(
            policy=PolicyRef(kind=known.kind, namespace=known.namespace, name=known.name),
            edit=Edit.CHANGED if was and is_ else Edit.ADDED if is_ else Edit.REMOVED,
            origin=known.origin,
            unmodelled=() if known.inert else (f"what is not read ({known.what})",),
            closed=not known.inert,
            alone=True,
        )


def _by_name(found: Iterable[Unread]) -> Mapping[tuple[str, str, str], Unread]:
    return {(each.kind, each.namespace, each.name): each for each in found}


def _order(change: PolicyChange) -> tuple[str, str, str]:
    return change.policy.namespace, change.policy.name, change.policy.kind
