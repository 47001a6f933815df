"""Meanings of the codes of notices and findings, as the tables of docs/ have them.

`codes.tsv` is made from these tables by `python -m tests.docs.generated`, so that an installation has them without the
pages; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from importlib.resources import files

TABLE = "codes.tsv"


class CodeKind(StrEnum):
    """The place of a code. OPEN: in an answer, what a verdict depends on. CONDITION: of a rule that came near."""

    ASSUMPTION = "assumption"
    WARNING = "warning"
    OPEN = "open"
    FINDING = "finding"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One meaning of a code. `page`: path of the page that has it; `detail`: what settles an open one, a severity."""

    code: str
    kind: CodeKind
    page: str
    text: str
    detail: str

    def __str__(self) -> str:
        return "\t".join((self.code, self.kind, self.page, self.text, self.detail))


@cache
def meanings() -> dict[str, tuple[Meaning, ...]]:
    """All codes in order; of a code that pages use in several senses each of them."""
    found: dict[str, tuple[Meaning, ...]] = {}
    for line in files("reachproof.documents").joinpath(TABLE).read_text(encoding="utf-8").splitlines():
        code, kind, page, text, detail = line.split("\t")
        meaning = Meaning(code=code, kind=CodeKind(kind), page=page, text=text, detail=detail)
        found[code] = (*found.get(code, ()), meaning)
    return found


def near_codes(word: str) -> list[str]:
    """Up to three codes that are written like this, the nearest first."""
    return get_close_matches(word, meanings(), n=3)
