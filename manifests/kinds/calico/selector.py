"""Calico's selector language: text to a predicate over one set of labels, or a mistake with its span.

| Text | Predicate |
|---|---|
| empty, `all()` | always true |
| `k == 'v'`, `k in {'v', 'w'}` | the key is there with one of the values |
| `k != 'v'`, `k not in {'v'}` | otherwise, also where the key is absent |
| `has(k)` | the key is there |
| `k contains 'v'`, `k starts with 'v'`, `k ends with 'v'` | the key is there and its value is such |
| `!`, `&&`, `||` | from the tightest to the loosest |
| `global()` | `Global`: only by itself |

Trusted by every verdict about policies of Calico; checked by tests/manifests/test_calico_selector.py: texts and
mistakes one by one, texts of drawn predicates read back, and a second evaluator that works on the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from reachproof.network.labels import Operator, Requirement
from reachproof.network.predicate import (
    ALWAYS,
    Conjunction,
    Disjunction,
    How,
    Needs,
    Negation,
    Predicate,
    Textual,
)

LONGEST_KEY = 512
DEEPEST = 100
_CONDITION = "a condition such as app == 'web', has(app) or all()"
# What is expected where one of these terminals could follow; the first that fits.
_EXPECTED = (
    ("HAS", _CONDITION),
    ("EQUAL", "an operator: ==, !=, in, not in, contains, starts with or ends with"),
    ("STRING", "text in quotes"),
    ("COMMA", "a comma or }"),
    ("LBRACE", "values in braces, such as {'a', 'b'}"),
    ("KEY", "a label key"),
)


@dataclass(frozen=True, slots=True)
class Global:
    """`global()`: what has no namespace."""


class SelectorMistake(Exception):
    """A text that is no selector: what was found from `start` to `end` (counted from 0), and what was expected."""

    def __init__(self, message: str, start: int, end: int) -> None:
        self.message = message
        self.start = start
        self.end = end
        super().__init__(message)


@lru_cache(maxsize=4096)
def parse_selector(text: str) -> Predicate | Global:
    """The predicate of a selector over the labels of one object; raises SelectorMistake."""
    if not text.strip(" \t"):
        return ALWAYS
    try:
        found: Predicate | Global = _lark().parse(text)  # type: ignore[assignment]
    except UnexpectedInput as error:
        raise _mistake(text, error) from None
    if isinstance(found, Global):
        return found
    _check(text, found)
    return found


@cache
def _lark() -> Lark:
    grammar = files("reachproof.manifests.kinds.calico").joinpath("selector.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", transformer=_Build(), maybe_placeholders=False)


def _values(values: list[Token]) -> tuple[str, ...]:
    return tuple(sorted({str(value)[1:-1] for value in values if value.type == "STRING"}))


def _needs(key: Token, operator: Operator, values: tuple[str, ...] = ()) -> Needs:
    return Needs(Requirement(str(key), operator, values))


class _Build(Transformer[Token, Predicate]):
    """The predicate of each rule, from the bottom up while lark parses."""

    def start(self, parts: list[Token | Predicate]) -> Predicate | Global:
        (only,) = parts
        return Global() if isinstance(only, Token) else only

    def expression(self, parts: list[Predicate]) -> Predicate:
        return parts[0] if len(parts) == 1 else Disjunction(tuple(parts))

    def conjunction(self, parts: list[Predicate]) -> Predicate:
        return parts[0] if len(parts) == 1 else Conjunction(tuple(parts))

    def unary(self, parts: list[Token | Predicate]) -> Predicate:
        found = parts[-1]
        assert not isinstance(found, Token)
        return Negation(found) if len(parts) > 1 else found

    def exists(self, parts: list[Token]) -> Predicate:
        return _needs(parts[1], Operator.EXISTS)

    def everything(self, _: list[Token]) -> Predicate:
        return ALWAYS

    def equal(self, parts: list[Token]) -> Predicate:
        return _needs(parts[0], Operator.IN, _values(parts[2:]))

    def unequal(self, parts: list[Token]) -> Predicate:
        return _needs(parts[0], Operator.NOT_IN, _values(parts[2:]))

    def textual(self, parts: list[Token]) -> Predicate:
        how = How[parts[1].type]
        return Needs(Textual(str(parts[0]), how, str(parts[2])[1:-1]))

    def values(self, parts: list[Token]) -> tuple[str, ...]:
        return _values(parts)

    def within(self, parts: list[Token]) -> Predicate:
        return _needs(parts[0], Operator.IN, tuple(parts[2]))

    def outside(self, parts: list[Token]) -> Predicate:
        return _needs(parts[0], Operator.NOT_IN, tuple(parts[2]))


def _mistake(text: str, error: UnexpectedInput) -> SelectorMistake:
    start = error.pos_in_stream if error.pos_in_stream is not None and error.pos_in_stream >= 0 else len(text)
    allowed: set[str] = set()
    if isinstance(error, UnexpectedToken):
        allowed = set(error.accepts or error.expected)
        if error.token.type == "$END":
            start = len(text)
    elif isinstance(error, UnexpectedCharacters):
        allowed = set(error.allowed or ())
    rest = text[start:]
    if rest.startswith("(") and text[:start].endswith("global"):
        at = start - len("global")
        message = f"global() at column {at + 1} must stand alone"
        return SelectorMistake(message, at, start + 1)
    word = "" if not rest or rest[0].isspace() else rest.split(maxsplit=1)[0][:30]
    found = f'"{word}"' if word else "a line break" if rest else "the end"
    message = f"found {found} at column {start + 1}, expected {_expected(allowed)}"
    return SelectorMistake(message, start, start + max(len(word), 1 if rest else 0))


def _expected(allowed: set[str]) -> str:
    for terminal, words in _EXPECTED:
        if terminal in allowed:
            return f"{words} or }}" if terminal == "STRING" and "RBRACE" in allowed else words
    ends = "the end" if "$END" in allowed else ")"
    return f"&&, || or {ends}" if "_AND" in allowed else ends


def _check(text: str, predicate: Predicate) -> None:
    """Refuses what is nested deeper than anybody writes, and keys that are too long."""
    level: list[Predicate] = [predicate]
    for _ in range(DEEPEST):
        below: list[Predicate] = []
        for each in level:
            match each:
                case Needs(test) if len(test.key) > LONGEST_KEY:
                    start = text.index(test.key)
                    message = f"key too long ({len(test.key)} characters; the limit is {LONGEST_KEY})"
                    raise SelectorMistake(message, start, start + len(test.key))
                case Conjunction(items) | Disjunction(items):
                    below += items
                case Negation(item):
                    below.append(item)
                case _:
                    pass
        if not below:
            return
        level = below
    raise SelectorMistake(f"more than {DEEPEST} levels of nesting", 0, len(text))
