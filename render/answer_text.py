"""Answers and explanations as text: the verdict first, then what shows it, then what it assumes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from reachproof.documents.answer import Answer, Explained, Witness
from reachproof.documents.parts import Rule, Step
from reachproof.documents.words import Verdict
from reachproof.network.ports import cell_text
from reachproof.network.printable import printable
from reachproof.render.text_fragments import Colour, aligned, coloured, near_lines, place

Truths: TypeAlias = tuple[str, str]
"""The verdicts on a flow: in the snapshot that the question compares with, and now. Documents leave them out."""

_EMPTY = frozenset(("EMPTY_SET", "NO_ENDPOINTS", "NO_TENANTS", "KIND_MISSING"))
_COLOURS: dict[Verdict, Colour] = {
    Verdict.HOLDS: "green",
    Verdict.VIOLATED: "red",
    Verdict.REACHABLE: "cyan",
    Verdict.UNREACHABLE: "cyan",
}


def coloured_lines(answer: Answer, truths: Truths | None = None, *, wished: Verdict | None = None) -> Iterator[str]:
    """The answer, line by line, printable, its verdict in colour: green and red only where a verdict is wished for."""
    word = answer.verdict.upper()
    shown = coloured(word, verdict_colour(answer.verdict, wished))
    for line in map(printable, answer_lines(answer, truths)):
        yield shown + line.removeprefix(word) if line.startswith(word) else line


def verdict_colour(verdict: Verdict, wished: Verdict | None = None) -> Colour:
    """Green for what is wished for, red for what is not, cyan for the answer to a question, yellow for all else.

    A claim wishes that it holds; of a question only somebody who asks can say, as `--expect` does.
    """
    if wished is None or verdict is Verdict.UNKNOWN:
        return _COLOURS.get(verdict, "yellow")
    return "green" if verdict is wished else "red"


def answer_lines(answer: Answer, truths: Truths | None = None) -> Iterator[str]:
    """The answer, line by line, without colour."""
    return _framed(answer, witness_lines(answer.witness, truths=truths) if answer.witness else ())


def explained_lines(answer: Answer) -> Iterator[str]:
    """The answer with each kind of flow of its explanation in the place of the witness."""
    return _framed(answer, (line for each in answer.flows for line in witness_lines(each.witness, f"{each.access}: ")))


def _framed(answer: Answer, shown: Iterable[str]) -> Iterator[str]:
    vacuous = f"  ({nothing_to_check(answer)})" if answer.vacuous else ""
    if answer.plain:
        yield f"understood as: {answer.normalized}"
    yield f"{answer.verdict.upper()}  {answer.normalized}{vacuous}"
    if answer.reason:
        yield f"  reason: {answer.reason}"
    yield from shown
    yield from _table_lines(answer)
    if answer.because:
        yield "  because"
        yield from because_lines(answer.because)
    yield from near_lines(answer.near)
    yield from end_lines(answer)


def nothing_to_check(answer: Answer) -> str:
    """The remark on a vacuous answer, with the first warning that says why it is about no traffic."""
    reasons = (notice.text for notice in answer.warnings if notice.code in _EMPTY)
    reason = next(reasons, "").partition("; ")[0]
    return f"nothing to check: {reason}" if reason else "nothing to check"


def because_lines(rules: Iterable[Rule]) -> Iterator[str]:
    """The rules, each with its place."""
    return (f"    {rule.text}{place(rule.origin)}" for rule in rules)


def end_lines(answer: Answer) -> Iterator[str]:
    """The assumptions of the answer."""
    if answer.assumptions:
        yield "  assuming"
        yield from (f"    {notice.code}: {notice.text}" for notice in answer.assumptions)


def _table_lines(answer: Answer) -> Iterator[str]:
    """The rows under their columns; a list of nothing says so."""
    if answer.columns:
        rows = [[entry_text(row[name]) for name in answer.columns] for row in answer.rows]
        yield from aligned([[name.upper() for name in answer.columns], *rows]) if rows else ["  no results"]


def entry_text(entry: str | tuple[str, ...]) -> str:
    """An entry of a list."""
    return cell_text(entry) if isinstance(entry, str) else ", ".join(entry)


def witness_lines(witness: Witness, said: str = "", truths: Truths | None = None) -> Iterator[str]:
    """The flow, after what is said of it, and under it the steps on both sides."""
    via = f" (by service {witness.via})" if witness.via else ""
    yield f"  {said}{witness}{via}"
    if witness.before:
        before, now = truths or (str(witness.before), "")
        as_it_was = f" ({witness.before})" if truths and str(witness.before) != str(witness) else ""
        yield f"   in snapshot {witness.before.name}: {before}{as_it_was}"
        yield from _step_lines(witness.before.steps)
        yield f"   now: {'gone' if witness.lost else now}".rstrip()
    yield from _step_lines(witness.steps)


def _step_lines(steps: Iterable[Step]) -> Iterator[str]:
    return (f"    {step}" for step in steps)


_SIGNS = {"allowed": ".", "denied": "X", "depends": "?", "some": "~"}
_NO_FLOW = "-"
_ACCESS_COLOURS: tuple[tuple[str, Colour], ...] = (("DENIED", "red"), ("ALLOWED", "green"), ("DEPENDS", "yellow"))


def explanation_lines(answer: Answer) -> Iterator[str]:
    """The explanation, line by line, printable, its verdicts in colour."""
    for line in map(printable, _truth_table(answer) if answer.columns else _flows(answer)):
        yield _access_coloured(line)


def _flows(answer: Answer) -> Iterator[str]:
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
        yield from (f"  {line}" for line in near_lines(explained.near))
        return
    decided = {(step.policy, step.direction, step.rule_index) for step in explained.witness.steps}
    others = [each for each in explained.because if (each.policy, each.direction, each.rule_index) not in decided]
    if others:
        yield "    also allowed by"
        yield from (f"  {line}" for line in because_lines(others))


def _truth_table(answer: Answer) -> Iterator[str]:
    """Lines are sources, columns destinations; a sign for each pair, and what the signs mean."""
    cells = {(str(row["from"]), str(row["to"])): str(row["access"]) for row in answer.rows}
    names, columns = (sorted({pair[side] for pair in cells}) for side in (0, 1))
    yield f"{answer.verdict.upper()}  {answer.normalized}"
    if not answer.rows:
        yield "  no results"
        return
    table = [[str(answer.rows[0]["port"]), *columns]]
    signs = {pair: _SIGNS[access] for pair, access in cells.items()}
    table += [[name, *(signs.get((name, column), _NO_FLOW) for column in columns)] for name in names]
    yield from aligned(table)
    yield "  " + "  ".join(f"{sign} {word}" for word, sign in _SIGNS.items() if sign in signs.values())
    yield from end_lines(answer)


def _access_coloured(line: str) -> str:
    for word, colour in _ACCESS_COLOURS:
        if line.startswith(f"  {word} "):
            return f"  {coloured(word, colour)}{line[2 + len(word) :]}"
    return line
