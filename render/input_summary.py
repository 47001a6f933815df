"""The counts of the input, as one line."""

from __future__ import annotations

from reachproof.documents.input_summary import InputSummary


def input_line(read: InputSummary) -> str:
    """Counts of policies, pods and namespaces, and then the files that were passed over."""
    policies = _counted(read.policies, "policy", "policies")
    open_ones = f" and {_counted(read.not_read, 'object')} of kinds that are not read" if read.not_read else ""
    where = _counted(read.namespaces, "namespace")
    skipped = f"; {read.skipped}" if read.skipped else ""
    return f"read {policies}{open_ones}, {_ends(read)} in {where}{skipped}"


def _ends(read: InputSummary) -> str:
    without = _counted(read.workloads, "workload") if read.workloads else ""
    if without and not read.pods:
        return without
    owners = _counted(read.owners, "workload")
    some = f", {read.owned} of them" if read.owned < read.pods else ""
    of = f"{some} of {owners}" if read.owned else ""
    return f"{_counted(read.pods, 'pod')}{of}{f', {without} without pods' if without else ''}"


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or f'{one}s'}"
