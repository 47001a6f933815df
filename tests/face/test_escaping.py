"""Names in manifests are chosen by whoever writes them. No renderer lets one become markup, or steer a terminal."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.console import Console

from reachproof.render.html_fragments import Html, tag
from tests.face.samples import documents, everything, renamed, view

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></svg><iframe>",
    "&lt;b&gt;",
    "]]><![CDATA[",
    "<!--",
    "\x1b[2J\u202egnp.\u2028",
    "[red]bold[/red]",
    "</style><style>*{display:none}",
)
texts = st.one_of(
    st.sampled_from(HOSTILE), st.text(alphabet="<>&\"'`/=! ab\x00\x1b\u2028\u202e[]", min_size=1, max_size=30)
)


class Structure(HTMLParser):
    """Tags with their attributes' names, and what a class is, in order; and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(f"{name}={value}" if name == "class" else name for name, value in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.found.append((f"/{tag}", ()))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", (data,)))

    def unknown_decl(self, data: str) -> None:
        self.found.append(("declaration", (data,)))


def structures(text: str) -> list[Any]:
    """What every renderer makes of documents in which others have written nothing but this text."""
    return [Structure(each._repr_html_()).found for each in everything(_renamed(text))]


def _renamed(text: str) -> dict[str, Any]:
    return {kind: renamed(document, text) for kind, document in documents().items()}


TEXT = ("div", "style", "span", "ol", "ul", "li", "details", "summary")
TABLE = ("table", "thead", "tbody", "tr", "th", "td", "code")
PICTURE = ("svg", "g", "title", "rect", "text", "line", "path", "polygon")
BENIGN = "name"


@cache
def plain() -> list[Any]:
    """What a name makes that nobody has to fear."""
    return structures(BENIGN)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_gives_the_elements_that_a_plain_one_gives(text: str) -> None:
    assert structures(text) == plain()


@given(texts)
@settings(max_examples=25)
def test_no_name_gives_other_elements_or_attributes(text: str) -> None:
    assert structures(text) == plain()


def test_there_is_text_of_others_in_every_rendering() -> None:
    for each in everything(_renamed("chosenbyothers")):
        assert "chosenby" in each._repr_html_()


def test_only_elements_and_attributes_of_ours_are_used() -> None:
    names = {name.lstrip("/") for found in plain() for name, _ in found}
    assert names <= {*TEXT, *TABLE, *PICTURE}
    attributes = {each.partition("=")[0] for found in plain() for _, names in found for each in names}
    assert not {each for each in attributes if each.startswith("on") or each in ("href", "src", "style")}


@given(texts)
@settings(max_examples=20)
@example("\x1b]0;title\x07")
def test_no_name_steers_a_terminal(text: str) -> None:
    for kind, document in _renamed(text).items():
        shown = view(kind, document)
        assert all(line.isprintable() for line in str(shown).split("\n"))
        assert repr(shown).isprintable()


@pytest.mark.parametrize("text", HOSTILE)
def test_rich_shows_the_text_as_it_is_and_not_as_markup(text: str) -> None:
    for kind, document in _renamed(text).items():
        shown = view(kind, document)
        out = StringIO()
        Console(file=out, width=100_000, color_system=None).print(shown)
        assert out.getvalue().rstrip("\n") == str(shown).rstrip()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_saved_page_has_no_element_that_is_not_ours(text: str, tmp_path: Path) -> None:
    def page(name: str) -> Any:
        first, *others = everything(_renamed(name))
        first.save(tmp_path / "page.html", name, *others, first.frame(), title=name)
        return Structure((tmp_path / "page.html").read_text(encoding="utf-8")).found

    found = page(text)
    assert found == page(BENIGN)
    assert not {"script", "link", "img", "iframe", "a"} & {name for name, _ in found}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_chart_holds_nothing_that_could_end_its_script(text: str) -> None:
    report = view("connectivity", renamed(documents()["connectivity"], text))
    spec = report.interactive().to_json()
    assert not {"<", ">", "&", "\u2028", "\x1b"} & set(spec)


def test_a_saved_page_forbids_scripts_and_requests(tmp_path: Path) -> None:
    view("proved", documents()["proved"]).save(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "default-src &#x27;none&#x27;; style-src &#x27;unsafe-inline&#x27;" in text


def test_a_text_is_escaped_and_html_of_ours_is_not() -> None:
    assert tag("b", "<i>", tag("i", "&"), title='"') == '<b title="&quot;">&lt;i&gt;<i>&amp;</i></b>'
    assert isinstance(tag("b"), Html)
