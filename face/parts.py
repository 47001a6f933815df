"""Flows and traces of documents as results that show themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reachproof.documents import answer as documents
from reachproof.documents.json import plain, viewed
from reachproof.documents.parts import Step
from reachproof.face.shown import Cells, Json, Shown
from reachproof.network.policy import Direction
from reachproof.render.html_fragments import Cell, Html, steps


class View(Shown):
    """A result that is a document."""

    __slots__ = ()

    @property
    def document(self) -> Json:
        """The JSON of docs/interfaces.md."""
        found: Json = plain(self)
        return found


@dataclass(frozen=True, slots=True, repr=False)
class Trace(Shown):
    """The steps of a flow, egress of its source first. A direction that the question is not about has none."""

    steps: tuple[Step, ...]

    def __iter__(self) -> Iterator[Step]:
        """The steps."""
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def side(self, direction: Direction | str) -> tuple[Step, ...]:
        """The steps of one direction."""
        return tuple(step for step in self.steps if step.direction == direction)

    def cells(self) -> Cells:
        """A row for each step."""
        columns = ("direction", "action", "tier", "policy", "rule", "text", "file", "line")
        return columns, (_cells_of(step) for step in self.steps)

    def lines(self) -> Iterator[str]:
        """A line for each step."""
        return map(str, self.steps)

    def html(self) -> Html:
        """The steps as a list."""
        return steps(self.steps)

    @property
    def title(self) -> str:
        """A summary on one line."""
        return f"Trace: steps {len(self.steps)}"


def _cells_of(step: Step) -> tuple[Cell, ...]:
    policy = str(step.policy) if step.policy else None
    file, line = (step.origin.file, step.origin.line) if step.origin else (None, None)
    return str(step.direction), str(step.action), step.tier, policy, step.rule_index, step.text, file, line


class Traced:
    """A flow whose steps show themselves."""

    __slots__ = ()
    steps: tuple[Step, ...]

    @property
    def trace(self) -> Trace:
        """The steps of the flow."""
        return Trace(self.steps)


class Earlier(Traced, documents.Earlier, frozen=True, kw_only=True):
    """A flow as it was in another snapshot, which the question calls by a `name`."""


class Witness(Traced, documents.Witness, frozen=True, kw_only=True):
    """A flow that shows the verdict. `via`: the Service that it was asked for by.

    `before`: the same flow in the snapshot that the question compares with. `lost`: only that one has it.
    """

    before: Earlier | None = None


def witness_of(document: documents.Witness) -> Witness:
    """The view of a flow that shows a verdict."""
    return viewed(Witness, document, before=viewed(Earlier, document.before) if document.before else None)
