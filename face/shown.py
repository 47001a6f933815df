"""Results that show themselves in a notebook and in a terminal, become a frame, or are saved as a page."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from reachproof.documents import answer as documents
from reachproof.documents.json import plain, viewed
from reachproof.documents.parts import Step
from reachproof.face.extras import needed
from reachproof.network.policy import Direction
from reachproof.network.printable import printable
from reachproof.render.html_fragments import Cell, Html, html_page, standing_alone, steps

if TYPE_CHECKING:
    import pandas
    from rich.text import Text


WORDS = {
    "HOLDS": "bold green",
    "UNREACHABLE": "bold green",
    "PASS": "bold green",
    "EQUIVALENT": "bold green",
    "STRICTER": "bold cyan",
    "VIOLATED": "bold red",
    "FAIL": "bold red",
    "LOOSER": "bold red",
    "INCOMPARABLE": "bold red",
    "REACHABLE": "bold yellow",
    "UNKNOWN": "bold magenta",
    "OPEN": "bold magenta",
}
"""Words that begin a line of text, and their styles in a terminal of many colours."""
MOST_LINES = 60
Json = Mapping[str, Any]
"""An object of a document."""
Cells: TypeAlias = tuple[Sequence[str], Iterable[Sequence[Cell]]]
"""Columns, and rows under them."""


class Shown(ABC):
    """A result."""

    __slots__ = ()

    @property
    @abstractmethod
    def title(self) -> str:
        """A summary on one line."""

    @abstractmethod
    def cells(self) -> Cells:
        """The columns and rows of the frame."""

    @abstractmethod
    def lines(self) -> Iterator[str]:
        """The result as text, line by line."""

    @abstractmethod
    def html(self) -> Html:
        """The result as HTML, without its style sheet; everything in it that is not ours is escaped."""

    def frame(self) -> pandas.DataFrame:
        """The rows as a pandas frame. ImportError that says what to install where there is no pandas."""
        pandas = needed("pandas", "frame()")
        columns, rows = self.cells()
        return pandas.DataFrame(list(rows), columns=list(columns))

    def save(self, path: str | os.PathLike[str], *others: Any, title: str = "reachproof") -> None:
        """Write a page that needs nothing else: this result, then the others.

        Others are results, pictures, frames, and texts, which become headings. TypeError for anything else.
        """
        Path(path).write_text(html_page((self, *others), title), encoding="utf-8")

    def __str__(self) -> str:
        return "\n".join(map(printable, self.lines()))

    def __repr__(self) -> str:
        return printable(f"<{self.title}>")

    def __rich__(self) -> Text:
        """For terminals with colours, by rich."""
        from rich.text import Text

        found = Text()
        for line in map(printable, self.lines()):
            found.append(line.split(" ", 1)[0], style=WORDS.get(line.split(" ", 1)[0], ""))
            found.append(line[len(line.split(" ", 1)[0]) :] + "\n")
        found.rstrip()
        return found

    def _repr_html_(self) -> str:
        """For notebooks."""
        return standing_alone(self.html())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """For IPython: the first MOST_LINES lines, since a notebook keeps what is shown."""
        shown = [printable(line) for line in islice(self.lines(), MOST_LINES + 1)]
        if len(shown) > MOST_LINES:
            shown[-1] = "... print() shows all of it"
        printer.text("..." if cycle else "\n".join(shown))


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """A picture that shows itself in a notebook; `svg` is its text, `title` what it shows."""

    svg: Html
    title: str

    def html(self) -> Html:
        """The picture as part of a page."""
        return self.svg

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to an SVG file."""
        Path(path).write_text(f"{self.svg}\n", encoding="utf-8")

    def _repr_html_(self) -> str:
        """For notebooks."""
        return standing_alone(self.svg)

    def __repr__(self) -> str:
        return f"<Picture: {self.title}>"


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
        return columns, (_step_cells(step) for step in self.steps)

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


def _step_cells(step: Step) -> tuple[Cell, ...]:
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
