"""The answer to one sentence, as a view of its document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reachproof.documents import answer as documents
from reachproof.documents.json import viewed
from reachproof.documents.parts import Rule, TracedFlow
from reachproof.face.shown import Cells, Trace, View, Witness, witness_of
from reachproof.render.answer_text import answer_lines, entry_text, explained_lines
from reachproof.render.flow_picture import flow_picture
from reachproof.render.html_fragments import Html, badge, folded, joined, near_rules, rules, steps, table, tag


class Explained(documents.Explained, frozen=True, kw_only=True):
    """One kind of flow of an explanation. `access`: `allowed`, `denied`, or `depends` where both are possible.

    `because`: all blockers of a flow that is or may be denied, else what lets it through.
    """

    witness: Witness


class Answer(View, documents.Answer, frozen=True, kw_only=True):
    """The answer to one sentence. It shows itself in a notebook, and `print` writes it as the command line does.

    `verdict` and `reason` (of `unknown`); `vacuous`: the sentence has nothing to check; `witness`: the flow that
    shows the verdict, with its trace; `because`: the rules that a proof rests on; `near`: those that came nearest to
    letting a blocked witness through; `columns` and `rows` of a list;
    `flows` of an explanation; `name`, `severity`, `expected` and `status` of a statement in a pack. `document` is the
    JSON answer of docs/interfaces.md. Neither true nor false: a verdict has more than two values.
    """

    witness: Witness | None
    flows: tuple[Explained, ...] = ()

    @property
    def trace(self) -> Trace | None:
        """The trace of the witness, if there is one."""
        return self.witness.trace if self.witness else None

    def __bool__(self) -> bool:
        """A verdict has more than two values: compare `verdict` instead."""
        raise TypeError("an answer is neither true nor false; look at its verdict")

    def entries(self) -> Iterator[list[str]]:
        """The rows of a list as texts, in the order of `columns`."""
        return ([entry_text(row[name]) for name in self.columns] for row in self.rows)

    def cells(self) -> Cells:
        """The rows of a list; of an explanation one for each kind of flow; else one with the verdict."""
        if self.columns:
            return self.columns, self.entries()
        if self.flows:
            columns = ("access", "source", "destination", "port", "because")
            return columns, ((each.access, *_ends(each.witness), _policies(each.because)) for each in self.flows)
        told = ("verdict", "sentence", "source", "destination", "port", "because", "vacuous", "reason", "assuming")
        codes = ", ".join(dict.fromkeys(notice.code for notice in self.assumptions)) or None
        shown = (*_ends(self.witness), _policies(self.because))
        return told, [(str(self.verdict), self.normalized, *shown, self.vacuous, self.reason or None, codes)]

    def lines(self) -> Iterator[str]:
        """The verdict first, then what shows it, then what it assumes."""
        return explained_lines(self) if self.flows else answer_lines(self)

    def html(self) -> Html:
        """A badge, the flow as a picture, its trace, and what the verdict assumes."""
        vacuous = tag("span", "nothing to check", class_="rp-faint") if self.vacuous else ""
        head = tag(
            "div", badge(self.verdict), tag("span", self.normalized, class_="rp-sentence"), vacuous, class_="rp-head"
        )
        reason = tag("div", self.reason, class_="rp-faint") if self.reason else ""
        return joined(
            [head, reason, self._shown(), folded("assumption", self.assumptions), folded("warning", self.warnings)]
        )

    def _shown(self) -> Html:
        if self.flows:
            return joined(_explained(each) for each in self.flows)
        parts = [_witness_html(self.witness)] if self.witness else []
        if self.columns:
            parts.append(table(self.columns, self.entries()))
        return joined([*parts, rules("because", self.because), near_rules(self.near)])

    @property
    def title(self) -> str:
        """A summary on one line."""
        return f"Answer {self.verdict}: {self.normalized}"


def _explained(explained: Explained) -> Html:
    head = tag(
        "div", badge(explained.access), tag("span", str(explained.witness), class_="rp-sentence"), class_="rp-head"
    )
    blocked = "what blocks it" if explained.access != "allowed" else "what lets it through"
    told = rules(blocked, explained.because), near_rules(explained.near)
    return joined([head, flow_picture(explained.witness), steps(explained.witness.steps), *told])


def _witness_html(witness: Witness) -> Html:
    via = f" (by service {witness.via})" if witness.via else ""
    parts: list[str] = []
    if witness.before:
        parts += [tag("div", f"in snapshot {witness.before.name}", class_="rp-title"), *_flow_html(witness.before)]
        parts.append(tag("div", "now: gone" if witness.lost else "now", class_="rp-title"))
    if witness.lost:
        return joined(parts)
    return joined([*parts, *_flow_html(witness, via)])


def _flow_html(flow: TracedFlow, via: str = "") -> tuple[Html, ...]:
    return tag("div", f"{flow}{via}", class_="rp-faint"), flow_picture(flow), steps(flow.steps)


def _ends(flow: TracedFlow | None) -> tuple[str | None, str | None, str | None]:
    return (str(flow.source), str(flow.destination), f"{flow.protocol.lower()}/{flow.port}") if flow else (None,) * 3


def _policies(because: Iterable[Rule]) -> str | None:
    return "; ".join(dict.fromkeys(str(rule.policy) for rule in because)) or None


def answer_of(document: documents.Answer) -> Answer:
    """The view of an answer."""
    return viewed(
        Answer,
        document,
        witness=witness_of(document.witness) if document.witness else None,
        flows=tuple(viewed(Explained, each, witness=witness_of(each.witness)) for each in document.flows),
    )
