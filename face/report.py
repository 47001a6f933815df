"""The report of packs as a view."""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.documents import report as documents
from reachproof.documents.json import viewed
from reachproof.documents.parts import Notice
from reachproof.face.answer import Answer, answer_of
from reachproof.face.shown import Cells, View
from reachproof.render.html_fragments import Cell, Html, badge, folded, joined, tag
from reachproof.render.report_text import answer_lines_in_report, counts_text


class Report(View, documents.Report, frozen=True, kw_only=True):
    """The answers to the statements of packs, in their order. It shows itself in a notebook.

    `verdict`: `violated` if a statement failed, `unknown` if one is undecided or none was checked, else `holds`.
    `skipped`: statements of the shipped library that do not apply, each with `name` and `reason`. `document` is the
    JSON.
    """

    answers: tuple[Answer, ...]

    def __iter__(self) -> Iterator[Answer]:
        """The answers."""
        return iter(self.answers)

    def __getitem__(self, name: str) -> Answer:
        """The answer to the statement of that name. KeyError for a name that no checked statement has."""
        for answer in self.answers:
            if answer.name == name:
                return answer
        raise KeyError(name)

    @property
    def failed(self) -> tuple[Answer, ...]:
        """The statements that failed."""
        return tuple(answer for answer in self.answers if answer.status == "failed")

    def cells(self) -> Cells:
        """A row for each statement, also for those that were skipped."""
        columns = ("name", "severity", "status", "verdict", "sentence", "witness", "where", "reason")
        skipped = ((each.name, None, "skipped", None, None, None, None, each.reason) for each in self.skipped)
        return columns, (*map(_cells_of, self.answers), *skipped)

    def lines(self) -> Iterator[str]:
        """A line for each statement, with what shows it where it did not pass; then a count."""
        for answer in self.answers:
            yield from answer_lines_in_report(answer)
        yield from (f"SKIP  {each.name}: {each.reason}" for each in self.skipped)
        yield from ("", self.counts)

    @property
    def counts(self) -> str:
        """Counts of passed, failed, undecided and skipped statements, without those that are 0."""
        return counts_text((answer.status for answer in self.answers), len(self.skipped))

    def html(self) -> Html:
        """A line for each statement; what did not pass is unfolded."""
        head = tag("div", badge(self.verdict), tag("span", self.counts, class_="rp-sentence"), class_="rp-head")
        skipped = tuple(Notice(code=each.name, text=each.reason) for each in self.skipped)
        return joined([head, *map(_folded, self.answers), folded("skipped statement", skipped)])

    @property
    def title(self) -> str:
        """A summary on one line."""
        return f"Report {self.verdict}: {self.counts}"


def _word(answer: Answer) -> str:
    return answer.status or ""


def _cells_of(answer: Answer) -> tuple[Cell, ...]:
    shown = str(answer.witness) if answer.witness else None
    deciding = [rule.origin for rule in answer.because]
    if answer.trace:
        deciding += [step.origin for step in answer.trace if step.origin]
    where = ", ".join(dict.fromkeys(str(origin) for origin in deciding if origin.file)) or None
    reason = answer.reason or ("nothing to check" if answer.vacuous else None)
    said = str(answer.severity or ""), _word(answer), str(answer.verdict), answer.normalized
    return answer.name, *said, shown, where, reason


def _folded(answer: Answer) -> Html:
    title = tag(
        "summary", badge(_word(answer)), " ", tag("span", answer.name, class_="rp-sentence"), f" ({answer.severity})"
    )
    opened = {} if answer.status == "passed" else {"open": "open"}
    return tag("details", title, answer.html(), **opened)


def report_of(document: documents.Report) -> Report:
    """The view of a report."""
    return viewed(Report, document, answers=tuple(map(answer_of, document.answers)))
