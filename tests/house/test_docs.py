"""Links between the pages resolve, and no page of docs/ is hidden."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.house.places import ROOT, markdown_pages

INDEX = ROOT / "docs" / "index.md"
FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\[[^\]\n]*\]\(\s*<?([^)\s>]+)>?[^)\n]*\)|^\[[^\]\n]+\]:\s*<?([^\s>]+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
ELSEWHERE = re.compile(r"^([a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


def links(text: str) -> list[str]:
    """The targets of the inline and reference links in a page, code left out."""
    prose = CODE.sub("", FENCE.sub("", text))
    return [inline or reference for inline, reference in LINK.findall(prose)]


def anchors(text: str) -> set[str]:
    """The names that a forge gives to the headings of a page."""
    titles = (title.replace("`", "").lower() for title in HEADING.findall(FENCE.sub("", text)))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether a link goes out to the web, or to a file of this repository and, where it names one, to a heading."""
    if ELSEWHERE.match(link):
        return True
    name, _, anchor = unquote(link).partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.is_relative_to(ROOT) or not target.exists():
        return False
    return not anchor or target.suffix != ".md" or anchor in anchors(target.read_text(encoding="utf-8"))


def broken_links(page: Path) -> list[str]:
    """The links of a page that do not lead anywhere."""
    return [link for link in links(page.read_text(encoding="utf-8")) if not leads_somewhere(page, link)]


def reachable_pages(start: Path) -> set[Path]:
    """The Markdown files met by following relative links from a page."""
    seen: set[Path] = set()
    waiting = [start]
    while waiting:
        page = waiting.pop()
        if page in seen or not page.is_file():
            continue
        seen.add(page)
        names = (unquote(link).partition("#")[0] for link in links(page.read_text(encoding="utf-8")))
        waiting += [(page.parent / name).resolve() for name in names if name.endswith(".md")]
    return seen


@pytest.mark.parametrize("page", markdown_pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_every_page_of_the_documentation_can_be_found_from_its_index() -> None:
    hidden = set((ROOT / "docs").rglob("*.md")) - reachable_pages(INDEX)
    assert sorted(page.relative_to(ROOT).as_posix() for page in hidden) == []


def test_links_in_code_are_not_links() -> None:
    text = "see [a](a.md#b)\n`[b](b.md)`\n```\n[c](c.md)\n```\n![d](<d.png>)\n[e]: e.md"
    assert links(text) == ["a.md#b", "d.png", "e.md"]


def test_a_heading_becomes_an_anchor_as_the_forges_make_it() -> None:
    assert anchors("# What `--from` reads, and why\n") == {"what---from-reads-and-why"}
