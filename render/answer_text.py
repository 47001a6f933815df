"""Answers as text for a terminal or a log: the verdict first, then what shows it, then what it assumes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reachproof.documents.words import Verdict
from reachproof.network.address import format_address
from reachproof.network.cluster import Node, Notice, Pod
from reachproof.network.errors import InputError
from reachproof.network.flow import External, Flow, Party
from reachproof.network.origin import Origin
from reachproof.network.printable import printable
from reachproof.queries.answer import Answer, Because, Witness
from reachproof.render.tables import aligned
from reachproof.render.terminal import Colour, coloured
from reachproof.semantics.trace import Step

_COLOURS: dict[Verdict, Colour] = {
    Verdict.HOLDS: "green",
    Verdict.UNREACHABLE: "green",
    Verdict.VIOLATED: "red",
    Verdict.REACHABLE: "red",
}


def coloured_lines(answer: Answer) -> Iterator[str]:
    """The answer, line by line, printable, its verdict in colour."""
    word = answer.verdict.upper()
    shown = coloured(word, _COLOURS.get(answer.verdict, "yellow"))
    for line in map(printable, answer_lines(answer)):
        yield shown + line.removeprefix(word) if line.startswith(word) else line


def answer_lines(answer: Answer) -> Iterator[str]:
    """The answer, line by line, without colour."""
    vacuous = "  (vacuous: it is about no flow at all)" if answer.vacuous else ""
    yield f"{answer.verdict.upper()}  {answer.normalized}{vacuous}"
    if answer.reason:
        yield f"  reason: {answer.reason}"
    if answer.witness:
        yield from witness_lines(answer.witness)
    yield from _table_lines(answer)
    if answer.because:
        yield "  because"
        yield from because_lines(answer.because)
    yield from end_lines(answer)


def because_lines(rules: Iterable[Because]) -> Iterator[str]:
    """The rules, each with its place."""
    for because in rules:
        yield f"    {because.text}{place(because.origin)}"


def end_lines(answer: Answer) -> Iterator[str]:
    """The assumptions of the answer."""
    if answer.assumptions:
        yield "  assuming"
        for notice in answer.assumptions:
            yield f"    {notice.code}: {notice.text}"


def _table_lines(answer: Answer) -> Iterator[str]:
    """The rows under their columns, as wide as their widest entry; a list of nothing says so."""
    if not answer.columns:
        return
    if not answer.rows:
        yield "  none"
        return
    table = [[name.upper() for name in answer.columns]]
    table += [[_entry(row[name]) for name in answer.columns] for row in answer.rows]
    yield from aligned(table)


def _entry(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def witness_lines(witness: Witness) -> Iterator[str]:
    """The flow, and under it the steps on both sides."""
    flow = witness.flow
    via = f" (by service {witness.via})" if witness.via else ""
    yield f"  {flow_text(flow)}{via}"
    if witness.before:
        earlier = witness.before
        as_it_was = f" ({flow_text(earlier.flow)})" if str(earlier.flow) != str(flow) else ""
        yield f"   in snapshot {earlier.name}: {earlier.trace.truth}{as_it_was}"
        yield from _step_lines(earlier.trace.steps)
        yield "   now: gone" if witness.lost else f"   now: {witness.trace.truth}"
    yield from _step_lines(witness.steps)


def _step_lines(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        yield f"    {step.direction:<7} {step.action:<5} {step.text}{place(step.origin)}"


def flow_text(flow: Flow) -> str:
    """Both ends of a flow, and its port."""
    source, destination = end(flow.source, flow.source_address), end(flow.destination, flow.destination_address)
    return f"{source} -> {destination} on {flow.protocol.lower()}/{flow.port}"


def end(party: Party, address: int) -> str:
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


def place(origin: Origin | None) -> str:
    """Where something is written, in brackets; nothing where that is not known."""
    return f"  [{origin}]" if origin and origin.file else ""


def warning_lines(warnings: Iterable[Notice]) -> Iterator[str]:
    """The warnings, each once, printable."""
    for notice in dict.fromkeys(warnings):
        yield printable(f"warning: {notice.code}: {notice.text}{place(notice.origin)}")


def error_lines(error: InputError) -> Iterator[str]:
    """Every problem, each once; those of a query bring the line and a marker under the place."""
    for problem in dict.fromkeys(error.problems):
        yield from f"error: {problem}".split("\n")
