"""HTML of what many results have: badges, steps, rules, notices."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from reachproof.documents.parts import Absent, Notice, Origin, Rule, Step
from reachproof.face.html import Html, joined, tag

KINDS = {
    "holds": "good",
    "unreachable": "good",
    "passed": "good",
    "equivalent": "good",
    "stricter": "good",
    "allowed": "found",
    "violated": "bad",
    "failed": "bad",
    "looser": "bad",
    "incomparable": "bad",
    "error": "bad",
    "reachable": "found",
    "warning": "found",
    "listed": "note",
    "explained": "note",
    "info": "note",
    "denied": "note",
}
"""What a word says of itself, for its colour; open for all others."""


def badge(word: str) -> Html:
    """A word on its colour."""
    return tag("span", word.upper(), class_=f"rp-badge rp-{KINDS.get(word, 'open')}")


def place(origin: Origin | Absent | None) -> Html:
    """Where something is written; nothing where that is not known."""
    if not origin or not origin.file:
        return Html("")
    return joined([" ", tag("span", str(origin), class_="rp-place")])


def steps(found: Iterable[Step]) -> Html:
    """The steps of a trace, one to a line."""
    return tag("ol", *(tag("li", _words(each.direction, each.action), each.text, place(each.origin)) for each in found))


def _words(direction: str, action: str) -> Html:
    return joined([tag("span", f"{direction} {action}", class_=f"rp-word rp-{action}"), " "])


def rules(title: str, found: Collection[Rule]) -> Html:
    """The rules that a verdict rests on, under a title; nothing for none."""
    if not found:
        return Html("")
    lines = (tag("li", each.text, place(each.origin)) for each in found)
    return joined([tag("div", title, class_="rp-title"), tag("ul", *lines)])


def folded_lines(title: str, lines: Iterable[str]) -> Html:
    """Texts behind a title; nothing for none."""
    found = [tag("li", line) for line in lines]
    return tag("details", tag("summary", title), tag("ul", *found)) if found else Html("")


def folded(word: str, notices: Collection[Notice]) -> Html:
    """Notices behind a line that counts them; nothing for none."""
    if not notices:
        return Html("")
    count = f"1 {word}" if len(notices) == 1 else f"{len(notices)} {word}s"
    lines = (tag("li", tag("code", notice.code), " ", notice.text, place(notice.origin)) for notice in notices)
    return tag("details", tag("summary", count), tag("ul", *lines))
