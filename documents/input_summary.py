"""Counts of what was read, so that an answer about an empty or half-read input is not taken for one about a cluster."""

from __future__ import annotations

from reachproof.documents.parts import Part


class InputSummary(Part, frozen=True, kw_only=True):
    """Counts of a snapshot.

    `policies`: objects that policies were made of. `not_read`: objects that may decide and are left open. `pods`: those
    in the input, `owned` of which belong to `owners` workloads. `workloads`: those without pods in the input.
    `namespaces`: given or assumed. `skipped`: a sentence on files that were passed over, empty for none.
    """

    policies: int
    not_read: int
    pods: int
    owned: int
    owners: int
    workloads: int
    namespaces: int
    skipped: str
