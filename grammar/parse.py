"""Text to AST: one sentence, several, a pack, or a set or ports alone.

What a sentence means is decided by `queries`; here only its form is. All spans count from the start of the text that
was handed in, also in packs. The parser is made once, at the first use, and keeps no state between texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from lark import Token, Tree
from lark.exceptions import UnexpectedInput

from reachproof.grammar import text as texts
from reachproof.grammar.ast import DefineTenant, DefineTenants, Expect, Invariant, Pack, Ports, Query, SetExpr, Span
from reachproof.grammar.build import build
from reachproof.grammar.diagnose import diagnose
from reachproof.grammar.engine import read
from reachproof.grammar.mistakes import Mistake, Page, refuse
from reachproof.grammar.sets import Said

MOST_MISTAKES = 50

T = TypeVar("T")
Plain = Callable[[str], Query | Mistake]
"""Whoever reads sentences that are not in the exact language. The mistake says why one has no one meaning."""
Item = DefineTenants | DefineTenant | Invariant | Expect


def parse(text: str, plain: Plain | None = None) -> Query:
    """The AST of one sentence; line ends are white space in it. What is not exact is read by `plain`.

    Raises QuerySyntaxError, whose problems carry the file name `query`.
    """
    found = attempt(text, plain)
    if isinstance(found, Mistake):
        raise refuse(Page.of(text, "query"), (found,))
    return found


def attempt(text: str, plain: Plain | None = None) -> Query | Mistake:
    """The AST of one sentence, or what is wrong with it."""
    try:
        clean = _clean(text, texts.LONGEST_QUERY, "a query")
        return _query(clean, Span(0, len(clean)), plain)
    except Mistake as mistake:
        return mistake


def parse_many(text: str, plain: Plain | None = None) -> tuple[Query, ...]:
    """The ASTs of the sentences of a text, at least one, in order. They end at `?`, `.`, `;` or the end of a line.

    What is not exact is read by `plain`. A line goes on where it ends in a colon or a comma, or where the next begins
    with a word that cannot begin a sentence, such as `except`. Raises QuerySyntaxError with the problems of all.
    """
    page = Page.of(text, "query")
    try:
        clean = _clean(text, texts.LONGEST_QUERY, "a query")
        spans = tuple(texts.sentences(clean))
        if not spans:
            raise Mistake("empty question", Span())
    except Mistake as mistake:
        raise refuse(page, (mistake,)) from None
    return _all(page, (partial(_query, clean, span, plain) for span in spans))


def parse_set(text: str, *, name: str = "set") -> SetExpr:
    """The AST of a set that stands alone, such as `pods in tenant a`; `any` and `every` before it add nothing.

    Raises QuerySyntaxError, whose problems carry the file name `name`.
    """
    found = _part(text, "quantified", name)
    assert isinstance(found, Said)
    return found.set


def parse_ports(text: str, *, name: str = "ports") -> Ports:
    """The AST of a list of ports that stands alone, such as `tcp/80 or udp/53`. Raises as `parse_set` does."""
    found = _part(text, "ports", name)
    assert isinstance(found, Ports)
    return found


def _part(text: str, start: str, name: str) -> object:
    page = Page.of(text, name)
    try:
        clean = _clean(text, texts.LONGEST_QUERY, "a query")
        return _value(clean, Span(0, len(clean)), start)
    except Mistake as mistake:
        raise refuse(page, (mistake,)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two sets and the ports between them; the spans in them count in `text`."""

    text: str
    source: SetExpr
    destination: SetExpr
    ports: Ports


def parse_pair(source: str, destination: str, ports: str) -> Pair:
    """Two sets and a list of ports that are no sentence, but written as in one.

    Raises QuerySyntaxError with the problems of all three, each with its place in `explain SOURCE DESTINATION PORTS`.
    """
    text, spans = "explain", []
    for part in (source, destination, ports):
        spans.append(Span(len(text) + 1, len(text) + 1 + len(part)))
        text = f"{text} {part}"
    page = Page.of(text, "explain")
    try:
        clean = _clean(text, texts.LONGEST_QUERY, "a query")
    except Mistake as mistake:
        raise refuse(page, (mistake,)) from None
    ends = _all(page, (partial(_set_or_ports, clean, span, at == 2) for at, span in enumerate(spans)))
    match ends:
        case (Said() as first, Said() as second, Ports() as between):
            return Pair(text=text, source=first.set, destination=second.set, ports=between)
        case _:
            raise AssertionError(ends)


def _set_or_ports(text: str, span: Span, ports: bool) -> object:
    if not text[span.start : span.end].strip():
        raise Mistake(f"missing; expected {'a port such as tcp/80' if ports else 'a set such as pods'}", span)
    found = _value(text, span, "ports" if ports else "quantified")
    if isinstance(found, Said):
        found.plain()
    return found


def parse_pack(text: str, *, name: str = "<pack>", plain: Plain | None = None) -> Pack:
    """The AST of a `.reach` file; names of invariants differ from each other. What is not exact is read by `plain`.

    Raises QuerySyntaxError with the problems of every item, under the file name `name`.
    """
    page = Page.of(text, name)
    try:
        clean = _clean(text, texts.LONGEST_PACK, "a pack")
    except Mistake as mistake:
        raise refuse(page, (mistake,)) from None
    found = _all(page, (partial(_item, clean, span, plain) for span in texts.items(clean)))
    repeated = tuple(_repeated(found))
    if repeated:
        raise refuse(page, repeated)
    return Pack(
        definitions=tuple(each for each in found if isinstance(each, DefineTenants | DefineTenant)),
        checks=tuple(each for each in found if isinstance(each, Invariant | Expect)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A pack of which sentences that are not exact were not read: its definitions, and the number of its checks."""

    definitions: tuple[DefineTenants | DefineTenant, ...]
    checks: int


def outline(text: str, *, name: str = "<pack>") -> Outline:
    """The outline of a `.reach` file. Raises as `parse_pack` does, but for the sentences of checks."""
    page = Page.of(text, name)
    try:
        clean = _clean(text, texts.LONGEST_PACK, "a pack")
    except Mistake as mistake:
        raise refuse(page, (mistake,)) from None
    found = _all(page, (partial(_outlined, clean, span) for span in texts.items(clean)))
    definitions = tuple(each for each in found if isinstance(each, DefineTenants | DefineTenant))
    return Outline(definitions=definitions, checks=len(found) - len(definitions))


def _outlined(text: str, span: Span) -> Item | None:
    """The item of a pack; None for a check whose sentence is not exact."""
    part = text[span.start : span.end]
    if texts.CHECK.match(part) and _tree(part, "item") is None:
        return None
    return _item(text, span, None)


def _clean(text: str, longest: int, what: str) -> str:
    """The text without comments, after the checks that hold for every text."""
    texts.check_length(text, longest, what)
    texts.check_characters(text)
    return texts.without_comments(text)


def _query(text: str, span: Span, plain: Plain | None = None) -> Query:
    """The AST of the sentence in a span. One that is of the form of the language, and wrong, is not read by `plain`."""
    part = text[span.start : span.end]
    tree = _tree(part, "query")
    if tree is not None or plain is None or not part.strip():
        found = build(tree, span.start) if tree is not None else _value(text, span, "query")
        assert isinstance(found, Query)
        return found
    understood = plain(part)
    if isinstance(understood, Mistake):
        raise understood.moved(span.start)
    return replace(understood, span=Span(understood.span.start + span.start, understood.span.end + span.start))


def _tree(text: str, start: str) -> Tree[Token] | None:
    """The parse tree of a text that has the form of an exact sentence, or of an item with one."""
    try:
        texts.check_parentheses(text)
        return read(text, start)
    except (Mistake, UnexpectedInput):
        return None


def _item(text: str, span: Span, plain: Plain | None) -> Item:
    """The item of a pack in a span; `plain` reads the sentence of a check that is not exact."""
    part = text[span.start : span.end]
    head = texts.CHECK.match(part)
    tree = _tree(part, "item")
    if tree is not None or plain is None or head is None:
        found = build(tree, span.start) if tree is not None else _value(text, span, "item")
        assert isinstance(found, Item)
        return found
    sentence = part[head.end() :].lstrip()
    understood = plain(sentence)
    start = span.end - len(sentence)
    if isinstance(understood, Mistake):
        raise understood.moved(start)
    return _check_of(head[0], understood, Span(start, span.end))


def _check_of(head: str, understood: Query, span: Span) -> Item:
    """The check with what it says before its sentence, and the meaning of that; `span`: of the plain sentence."""
    try:
        found = build(read(head + understood.exact, "item"), span.start - len(head))
    except UnexpectedInput:
        expects = head.strip().lower().startswith("expect")
        takes = "`expect` takes a `can` question" if expects else "an invariant is a claim, not a question"
        raise Mistake(f"{takes} (understood as `{understood.exact}`)", span) from None
    assert isinstance(found, Invariant | Expect)
    query = replace(found.query, span=span, exact=understood.exact)
    return replace(found, query=query, span=Span(found.span.start, span.end))


def _value(text: str, span: Span, start: str) -> object:
    """Parse a span of a text, with places counted in the whole text. Raises Mistake."""
    part = text[span.start : span.end]
    try:
        texts.check_parentheses(part)
        tree = read(part, start)
    except Mistake as mistake:
        raise mistake.moved(span.start) from None
    except UnexpectedInput:
        raise diagnose(part, start).moved(span.start) from None
    return build(tree, span.start)


def _all(page: Page, readers: Iterable[Callable[[], T]]) -> tuple[T, ...]:
    """The results of all readers; if any fails, the error that lists the mistakes of all."""
    found: list[T] = []
    mistakes: list[Mistake] = []
    for read_one in readers:
        try:
            found.append(read_one())
        except Mistake as mistake:
            mistakes.append(mistake)
            if len(mistakes) == MOST_MISTAKES:
                mistakes.append(
                    Mistake(f"{MOST_MISTAKES} mistakes; the text after this one was not read", mistake.span)
                )
                break
    if mistakes:
        raise refuse(page, mistakes)
    return tuple(found)


def _repeated(found: Iterable[Item]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for each in found:
        if isinstance(each, Invariant):
            if each.name in seen:
                yield Mistake(f"invariant {each.name} is defined above", each.span)
            seen.add(each.name)
