"""Fenced blocks and tables of the documentation, for tests that hold them against the code."""

from __future__ import annotations

import re

from tests.house.places import ROOT

_FENCE = re.compile(r"^```([\w-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| (.*?) \|", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")


def page(name: str) -> str:
    """The text of a page, by its path from the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str) -> list[tuple[str, str]]:
    """(tag, text) of the fenced blocks of a page, in order."""
    return _FENCE.findall(page(name))


def tagged(name: str, tag: str) -> list[str]:
    """The blocks of a page with one tag."""
    return [text for found, text in blocks(name) if found == tag]


def section(name: str, heading: str) -> str:
    """The text of a page from a heading of the second level to the next one."""
    return page(name).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def phrases(name: str, *headings: str) -> list[str]:
    """The code in the first column of the tables of some sections."""
    cells = [cell for heading in headings for cell in _ROW.findall(section(name, heading))]
    return [code for cell in cells for code in _CODE.findall(cell)]
