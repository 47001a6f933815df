"""Findings about what a policy says and does not do: lists that are empty, labels and addresses it cannot see.

Most are seen when the policies are read; here these notices become findings. No verdict rests on them.
"""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.documents.words import FindingSeverity
from reachproof.engines.assembly import programs
from reachproof.network.address import ALL_V4, ALL_V6, format_cidrs
from reachproof.network.cluster import Pod
from reachproof.network.intervals import IntervalSet
from reachproof.network.origin import Origin
from reachproof.network.policy import AddressPeer, Direction, PartyKind, Policy
from reachproof.network.snapshot import Snapshot
from reachproof.queries.findings import Code, Finding

_CODES = {
    "EMPTY_LIST": Code.EMPTY_LIST,
    "EMPTY_PEERS": Code.EMPTY_PEERS,
    "LABEL_NOT_SEEN": Code.LABEL_NOT_SEEN,
    "UNKNOWN_CIDR_GROUP": Code.UNKNOWN_REFERENCE,
    "UNKNOWN_SERVICE": Code.UNKNOWN_REFERENCE,
}
_NOWHERE = Origin(file="")


def loading_findings(snapshot: Snapshot) -> Iterator[Finding]:
    """What was seen when the policies were read, in the order of the snapshot's warnings."""
    for notice in snapshot.warnings:
        if notice.code in _CODES:
            subject = notice.text.partition(":")[0]
            yield _finding(_CODES[notice.code], subject, notice.text, notice.origin or _NOWHERE)


def blind_blocks(snapshot: Snapshot) -> Iterator[Finding]:
    """Rules with a CIDR that holds addresses of pods, which it cannot match under the options; one for each policy.

    A CIDR that is a whole address family usually means the outside.
    """
    enforced = {policy.ref: policy for d in Direction for t in programs(snapshot).tiers(d) for policy in t.policies}
    pods = [pod for pod in snapshot.pods if not pod.host_network]
    held = IntervalSet.of((address, address) for pod in pods for address in pod.addresses)
    for policy in snapshot.policies:
        if policy.ref in enforced and (found := _blind(snapshot, policy, held)):
            block, origin = found
            name = _first(pods, block)
            text = (
                f"{policy.ref} names the addresses {format_cidrs(block)[0]}, among which is pod {name}; "
                "a CIDR matches no pods here"
            )
            yield _finding(Code.BLIND_CIDR, str(policy.ref), text, origin)


def _blind(snapshot: Snapshot, policy: Policy, held: IntervalSet) -> tuple[IntervalSet, Origin] | None:
    """The first addresses of the policy as it is enforced that hold a pod which they do not match, and their place."""
    for direction in Direction:
        for tier in programs(snapshot).tiers(direction):
            for each in (each for each in tier.policies if each.ref == policy.ref):
                for rule in each.rules(direction):
                    for match in rule.matches:
                        peer = match.peer
                        if isinstance(peer, AddressPeer) and PartyKind.POD not in peer.parties and _narrow(peer, held):
                            return peer.addresses, rule.origin
    return None


def _narrow(peer: AddressPeer, held: IntervalSet) -> bool:
    return bool(peer.addresses & held) and not any(family <= peer.addresses for family in (ALL_V4, ALL_V6))


def _first(pods: list[Pod], block: IntervalSet) -> str:
    return next(str(pod) for pod in pods if any(address in block for address in pod.addresses))


def _finding(code: Code, subject: str, text: str, origin: Origin) -> Finding:
    return Finding(
        code=code,
        severity=FindingSeverity.WARNING,
        subject=subject,
        text=text,
        origin=origin,
        row={"where": subject, "selector": "", "origin": str(origin)},
    )
