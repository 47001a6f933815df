"""Where an object or a rule came from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A place in the input: `document` counts from 0 in its file, `line` from 1 (0 = unknown), `path` is the field."""

    file: str
    document: int = 0
    line: int = 0
    path: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file
