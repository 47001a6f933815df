"""The tables of codes in docs/, as rows of documents/codes.tsv."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reachproof.documents.codes import CodeKind, Meaning
from tests.docs.pages import page

PAGES = (
    "docs/semantics.md",
    "docs/input.md",
    "docs/interfaces.md",
    "docs/lint.md",
    "docs/diff.md",
    "docs/explain.md",
    "docs/calico.md",
    "docs/cilium.md",
    "docs/istio.md",
    "docs/not-read.md",
)
CODE = re.compile(r"`([A-Z]+(?:_[A-Z]+)+|TIE|PREMISE|UNDECIDED)`")
_CELL = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_KINDS = {"assumption": CodeKind.ASSUMPTION, "warning": CodeKind.WARNING, "condition": CodeKind.CONDITION}
_OPEN = frozenset(("Open", "What is open"))


def code_table() -> str:
    """The text of documents/codes.tsv."""
    return "".join(f"{each}\n" for each in sorted(map(str, _meanings())))


def _meanings() -> Iterator[Meaning]:
    for name in PAGES:
        heads: list[str] = []
        for line in page(name).splitlines():
            cells = [_plain(cell) for cell in _CELL.split(line.strip().strip("|"))] if line.startswith("|") else []
            if not (heads and cells):
                heads = cells
            elif heads[0].startswith("Code") and len(heads) > 2:
                yield from _row(name, heads, cells, CODE.findall(line.partition(" | ")[0]))


def _row(name: str, heads: list[str], cells: list[str], codes: list[str]) -> Iterator[Meaning]:
    """The meanings in a row: the second column has the kind, the severity, or what is open."""
    _, second, third = cells[:3]
    match heads[1]:
        case "Kind":
            kind, text, detail = _KINDS.get(second, CodeKind.OPEN), third, ""
        case "Severity":
            kind, text, detail = CodeKind.FINDING, third, second
        case "Reading":
            kind, text, detail = CodeKind.ASSUMPTION, f"{second}; other reading: {third}", ""
        case head if head in _OPEN:
            kind, text, detail = CodeKind.OPEN, second, third
        case _:
            return
    for code in codes:
        yield Meaning(code=code, kind=kind, page=name, text=text, detail=detail)


def _plain(cell: str) -> str:
    """A cell without links; quotes of code stay."""
    return _LINK.sub(r"\1", cell).replace("\\|", "|").strip()
