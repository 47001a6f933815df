"""Reasons for which flows are undetermined: the notices of their traces, for reports and lists.

The notices of single flows (`TIE`, `DOMAIN_NAMES`, ...) come from the evaluator.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reachproof.network.cluster import Notice
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import evaluate
from reachproof.semantics.trace import Trace, Truth
from reachproof.solver.samples import Sample

IN_PART = "UNDETERMINED_IN_PART"


def reasons(snapshot: Snapshot, samples: Iterable[Sample], kinds: int) -> tuple[Notice, ...]:
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
    """What the traces depend on, each notice once."""
    yield from dict.fromkeys(notice for trace in traces for notice in trace.depends)


def two_outcomes(trace: Trace) -> tuple[Notice, ...]:
    """For an explained flow: that it has two outcomes, and what they depend on; nothing for a flow with one."""
    if trace.truth is not Truth.EITHER:
        return ()
    depends = ", ".join(f"{notice.code} ({notice.text})" for notice in trace.depends)
    text = f"{trace.flow} is undetermined: policy may allow or deny it; it depends on {depends}"
    return (Notice(code="UNDETERMINED_FLOW", text=text),)
