"""Explanations for a terminal: the trace of each kind of flow, or a truth table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reachproof.documents.answer import Answer, Explained
from reachproof.network.printable import printable
from reachproof.render.answer_text import answer_lines, because_lines, end_lines, witness_lines
from reachproof.render.tables import aligned
from reachproof.render.terminal import Colour, coloured

_SIGNS = {"allowed": ".", "denied": "X", "depends": "?", "some": "~"}
_NO_FLOW = "-"
_COLOURS: tuple[tuple[str, Colour], ...] = (("DENIED", "red"), ("ALLOWED", "green"), ("DEPENDS", "yellow"))


def explanation_lines(answer: Answer) -> Iterator[str]:
    """The explanation, line by line, printable, its verdicts in colour."""
    for line in map(printable, _table_lines(answer) if answer.columns else _lines(answer)):
        yield _coloured(line)


def _lines(answer: Answer) -> Iterator[str]:
    """The question, then each kind of flow by itself."""
    if not answer.flows:
        yield from answer_lines(answer)
        return
    yield f"{answer.verdict.upper()}  {answer.normalized}"
    for number, each in enumerate(answer.flows):
        if number:
            yield ""
        yield from _flow_lines(each)
    yield from end_lines(answer)


def _flow_lines(explained: Explained) -> Iterator[str]:
    first, *steps = witness_lines(explained.witness)
    yield f"  {explained.access.upper()}{first}"
    yield from steps
    if explained.access != "allowed":
        yield f"    {'blocked' if explained.access == 'denied' else 'may be blocked'} by"
        yield from (f"  {line}" for line in because_lines(explained.because))


def _table_lines(answer: Answer) -> Iterator[str]:
    """Lines are sources, columns destinations; a sign for each pair, and what the signs mean."""
    cells = {(str(row["from"]), str(row["to"])): str(row["access"]) for row in answer.rows}
    names, columns = (sorted({pair[side] for pair in cells}) for side in (0, 1))
    yield f"{answer.verdict.upper()}  {answer.normalized}"
    if not answer.rows:
        yield "  none"
        return
    table = [[str(answer.rows[0]["port"]), *columns]]
    table += [[name, *(_sign(cells.get((name, column))) for column in columns)] for name in names]
    yield from aligned(table)
    yield _legend(set(cells.values()))
    yield from end_lines(answer)


def _sign(access: str | None) -> str:
    return _SIGNS[access] if access else _NO_FLOW


def _legend(used: Iterable[str]) -> str:
    return "  " + "  ".join(f"{sign} {word}" for word, sign in _SIGNS.items() if word in used)


def _coloured(line: str) -> str:
    for word, colour in _COLOURS:
        if line.startswith(f"  {word} "):
            return f"  {coloured(word, colour)}{line[2 + len(word) :]}"
    return line
