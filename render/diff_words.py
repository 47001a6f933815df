"""The content of `reachproof diff`, and wording that several formats share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from reachproof.documents.words import Change, Edit, Relation
from reachproof.network.address import format_address
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.intervals import IntervalSet
from reachproof.queries.diff_causes import ChangeCause
from reachproof.queries.diff_rows import DiffRow
from reachproof.queries.difference import Diff, ReplayedShift, Undetermined
from reachproof.queries.report_nodes import End
from reachproof.render.connectivity_words import connections, end_text, outside_names
from reachproof.render.notice_text import place

SENTENCES = {
    Relation.EQUIVALENT: "Both allow the same.",
    Relation.STRICTER: "The new one is stricter: it allows less, and nothing more.",
    Relation.LOOSER: "The new one is looser: it allows more, and nothing less.",
    Relation.INCOMPARABLE: "The new one allows some flows more, and some less.",
    Relation.UNDETERMINED: "What the new one allows more, or less, depends on what is not modelled.",
    Relation.UNKNOWN: "It was not decided what differs.",
}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A difference, and what its two sides were called."""

    diff: Diff
    old: str
    new: str

    @cached_property
    def names(self) -> dict[End, str]:
        """Short names of external ends with many CIDRs."""
        ends = (end for row in self.diff.rows for end in (row.src, row.dst))
        return outside_names(list(dict.fromkeys(ends)))

    def ends(self, row: DiffRow) -> tuple[str, str]:
        """The texts of both ends of a row."""
        return end_text(row.src, self.names), end_text(row.dst, self.names)

    @property
    def counts(self) -> str:
        """Counts of connections, workloads and policies that differ."""
        diff = self.diff
        changes = [row.change for row in diff.rows]
        edits = [each.edit for each in diff.policies]
        rows = ", ".join(f"{changes.count(change)} {change}" for change in Change)
        policies = ", ".join(f"{edits.count(edit)} {edit}" for edit in Edit)
        counts = f"connections: {rows}; workloads: {len(diff.new)} new, {len(diff.lost)} lost; policies: {policies}"
        return f"{counts}; undetermined: {len(diff.undetermined)}" if diff.undetermined else counts


def ports_text(row: DiffRow) -> tuple[str, str]:
    """Ports before and after."""
    return connections(row.before), connections(row.after)


class _Changed(Protocol):
    """The ports of a pair of ends before and after, of a value or of a view."""

    @property
    def before(self) -> IntervalSet: ...
    @property
    def after(self) -> IntervalSet: ...
    @property
    def gained(self) -> IntervalSet: ...
    @property
    def lost(self) -> IntervalSet: ...
    @property
    def open(self) -> IntervalSet: ...


def remarks(row: _Changed, ports_text: Callable[[IntervalSet], str] = connections) -> str:
    """Remarks beside the ports before and after; mostly nothing."""
    said = []
    if more := row.gained - (row.after - row.before):
        said.append(f"some flows are allowed more on {ports_text(more)}")
    if less := row.lost - (row.before - row.after):
        said.append(f"some flows are allowed less on {ports_text(less)}")
    if row.open:
        said.append(f"{ports_text(row.open)} depends on what is left open")
    return ", ".join(said)


def undetermined_text(found: Undetermined) -> str:
    """The difference, in a policy or in what flows rest on."""
    return f"{found.policy}: {found.text}" if found.policy else found.text


def witnesses(diff: Diff) -> Iterator[tuple[str, ReplayedShift]]:
    """Flows that show the relation, each with what it shows."""
    for says, flow in (
        ("allowed more than before", diff.looser),
        ("allowed less than before", diff.stricter),
        ("may differ", diff.open),
    ):
        if flow is not None:
            yield says, flow


def known_flow(witness: ReplayedShift) -> Flow:
    """The flow in the later of the snapshots that have it."""
    found = witness.after or witness.before
    assert found is not None
    return found


def flow_text(flow: Flow) -> str:
    """Both ends of a flow, and its port."""
    source, destination = _end(flow.source, flow.source_address), _end(flow.destination, flow.destination_address)
    return f"{source} -> {destination} on {flow.protocol.lower()}/{flow.port}"


def _end(party: Party, address: int) -> str:
    """One end of a flow, with its address where that is known."""
    match party:
        case Pod(abstract=True):
            return f"pod {party}"
        case Pod():
            return f"pod {party} ({format_address(address)})"
        case Node():
            return f"node {party.name} ({format_address(address)})"
        case External():
            return format_address(address)


def cause_texts(row: DiffRow) -> Iterator[str]:
    """Why it differs: rules with their places, then what is different about the ends."""
    for cause in row.causes.rules:
        yield cause_text(cause) + place(cause.because.origin)
    yield from row.causes.endpoints


def cause_text(cause: ChangeCause) -> str:
    """A rule, whether it decided before or decides now, and what was done to its policy."""
    edit = f" ({cause.edit})" if cause.edit else ""
    return f"{cause.when}: {cause.because.text}{edit}"
