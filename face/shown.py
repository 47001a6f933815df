"""Results that show themselves in a notebook and in a terminal, become a frame, or are saved as a page."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from reachproof.face.extras import needed
from reachproof.network.printable import printable
from reachproof.render.html_fragments import Cell, Html, html_page, standing_alone

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
