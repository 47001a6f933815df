"""The parser made from `reachproof.lark`: text to parse tree, and where a text stops being a sentence.

The only module that runs lark. The parser is there from the first use on, and keeps no state between texts. To make it
from the grammar takes ten times as long as to load its tables, which `python -m tests.grammar.tables` keeps beside the
grammar; they serve the one grammar and version of lark that their first line names.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files

import lark as lark_package
from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput
from lark.parsers.lalr_interactive_parser import InteractiveParser

from reachproof.grammar.words import PATTERNS

TABLES = "reachproof.tables"
# A sentence, an item of a pack; and by themselves a set and a list of ports.
STARTS = ("query", "item", "quantified", "ports")


@cache
def lark() -> Lark:
    """The parser, LALR(1) with a contextual lexer; its starts are STARTS."""
    stamp, _, tables = files("reachproof.grammar").joinpath(TABLES).read_bytes().partition(b"\n")
    if stamp.decode() != f"{lark_package.__version__} {digest()}":
        return made()
    return Lark.load(io.BytesIO(zlib.decompress(tables)))


def made() -> Lark:
    """The parser, from the grammar itself."""
    return Lark(grammar(), parser="lalr", lexer="contextual", start=list(STARTS), maybe_placeholders=False)


def grammar() -> str:
    """The grammar with the patterns of `grammar.words` in place."""
    text = files("reachproof.grammar").joinpath("reachproof.lark").read_text(encoding="utf-8")
    for placeholder, pattern in PATTERNS.items():
        text = text.replace(placeholder, pattern.replace("/", r"\/"))
    return text


def digest() -> str:
    """The grammar's, by which its tables are known."""
    return sha256(grammar().encode()).hexdigest()


def read(text: str, start: str) -> Tree[Token]:
    """The parse tree of a text; raises lark's UnexpectedInput where it has none."""
    return lark().parse(text, start=start)


@dataclass(frozen=True, slots=True)
class Stop:
    """Where reading stopped: everything before `position` was read as `tokens`, and `accepted` could follow there."""

    position: int
    tokens: tuple[Token, ...]
    accepted: frozenset[str]


def stop(text: str, start: str) -> Stop:
    """Where a text stops being the beginning of a sentence; at its end if it never does."""
    tokens: list[Token] = []
    parser = lark().parse_interactive(text, start=start)
    position = len(text)
    try:
        for token in parser.lexer_thread.lex(parser.parser_state):  # type: ignore[no-untyped-call]
            position = token.start_pos or 0
            parser.feed_token(token)
            tokens.append(token)
        position = len(text)
    except UnexpectedInput as error:
        position = error.pos_in_stream if error.pos_in_stream is not None else position
    return Stop(position, tuple(tokens), accepted_after(tokens, start))


def accepted_after(tokens: Sequence[Token], start: str) -> frozenset[str]:
    """The terminals that may follow tokens which begin a sentence; END_OF_TEXT where they are one."""
    return _accepted(tuple(token.type for token in tokens), start)


# While a sentence is typed, nearly the same beginnings are asked about at every key.
@lru_cache(maxsize=5_000)
def _accepted(types: tuple[str, ...], start: str) -> frozenset[str]:
    parser = fed([Token(each, "") for each in types], start)
    return frozenset(parser.accepts())  # type: ignore[no-untyped-call]


def fed(tokens: list[Token], start: str) -> InteractiveParser:
    """A parser that has read the tokens; raises lark's UnexpectedInput where no sentence begins with them."""
    parser = lark().parse_interactive("", start=start)
    for token in tokens:
        parser.feed_token(token)
    return parser
