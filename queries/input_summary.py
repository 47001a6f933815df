"""Counts of the objects that were read."""

from __future__ import annotations

from dataclasses import replace

from reachproof.documents.input_summary import InputSummary
from reachproof.engines.not_read import stands_apart
from reachproof.network.policy import PolicyRef
from reachproof.network.snapshot import Snapshot

FILES_SKIPPED = "FILES_SKIPPED"


def input_summary(snapshot: Snapshot) -> InputSummary:
    """The counts of a snapshot."""
    policies, apart = set[PolicyRef](), set[PolicyRef]()
    for policy in snapshot.policies:
        (apart if stands_apart(policy) else policies).add(replace(policy.ref, part=""))
    pods = [pod for pod in snapshot.pods if not (pod.abstract and pod.workload)]
    owned = [(pod.namespace, pod.workload) for pod in pods if pod.workload]
    return InputSummary(
        policies=len(policies),
        not_read=len(apart),
        pods=len(pods),
        owned=len(owned),
        owners=len(set(owned)),
        workloads=len(snapshot.pods) - len(pods),
        namespaces=len(snapshot.namespaces),
        skipped=next((notice.text for notice in snapshot.warnings if notice.code == FILES_SKIPPED), ""),
    )
