"""Completion: words of the language, and the kinds of name that the grammar expects.

Which names there are is not known here; `queries.complete` fills the slots from a snapshot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import dropwhile

from lark import Token

from reachproof.grammar.engine import accepted_after, stop
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.text import without_comments
from reachproof.grammar.words import WORDS, is_slot

FURTHEST_BACK = 5


class Kind(StrEnum):
    """The content of a slot. NEW: a name that the user makes up, as after `for every tenant`."""

    NAMESPACE = "namespace"
    TENANT = "tenant"
    NODE = "node"
    POD = "pod"
    WORKLOAD = "workload"
    SERVICE = "service"
    SERVICE_ACCOUNT = "service account"
    POLICY = "policy"
    POD_LABEL = "pod label"
    NAMESPACE_LABEL = "namespace label"
    NODE_LABEL = "node label"
    PROTOCOL_PORT = "port"
    PORT = "port of the destination"
    DOMAIN = "domain"
    SNAPSHOT = "snapshot"
    NEW = "new name"


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or several, that may stand from `start` to the end of the prefix, where it was begun."""

    start: int
    text: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A name that may stand from `start` to the end of the prefix, where `begun` is what is there of it already.

    `after`: the keyword that calls for it, in lower case, such as `deployment` or `networkpolicy`.
    """

    start: int
    kind: Kind
    begun: str
    after: str = ""


@dataclass(frozen=True, slots=True)
class Bound:
    """A name that a prefix such as `for every tenant T:` binds."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Expected:
    """Continuations of a prefix, without doubles, the most usual words first."""

    words: tuple[Word, ...] = ()
    slots: tuple[Slot, ...] = ()
    bound: tuple[Bound, ...] = ()


def expected(prefix: str) -> Expected:
    """Continuations of the beginning of one sentence. A last word that is not finished is completed.

    Empty where the prefix is no beginning of a sentence, ends in a comment, or nothing but its end can follow. Any word
    or well-formed name that is put in place leaves the beginning of a sentence. Costs about two readings of the prefix.
    """
    clean = _without_comments(prefix)
    if clean is None:
        return Expected()
    reached = stop(clean, "query")
    tokens = list(reached.tokens)
    found = list(_after(tokens, clean, reached.position))
    found += _reread(tokens, clean)
    words = sorted((each for each in found if isinstance(each, _Ranked)), key=lambda each: each.rank)
    return Expected(
        words=tuple(dict.fromkeys(each.word for each in words)),
        slots=tuple(dict.fromkeys(each for each in found if isinstance(each, Slot))),
        bound=tuple(_bound(tokens)),
    )


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A word, with how early it is shown: first the canonical words of each terminal, then the others."""

    word: Word
    rank: int


def _without_comments(prefix: str) -> str | None:
    """The prefix without comments; a quote may be open at its end. None where the end is in a comment."""
    for closing in ("", '"', "'"):
        try:
            clean = without_comments(f"{prefix}x{closing}")
        except Mistake:
            continue
        return clean[: len(prefix)] if clean[len(prefix)] == "x" else None
    return None


def _reread(tokens: list[Token], text: str) -> Iterator[_Ranked | Slot]:
    """Other readings of the last tokens: `on` also begins `on node`, `shop` begins `shop/web`, and what follows
    `all tenants` decides what it is.
    """
    for count in range(max(0, len(tokens) - FURTHEST_BACK), len(tokens)):
        yield from _after(tokens[:count], text, tokens[count].start_pos or 0)


def _after(tokens: list[Token], text: str, position: int) -> Iterator[_Ranked | Slot]:
    """Continuations of the tokens and, after them, the text from a position on, which is no whole token yet.

    Some words are tokens only once it is known what follows them: the rest may begin with whole ones.
    """
    at = position + len(text[position:]) - len(text[position:].lstrip())
    rest = text[at:]
    begun = " ".join(rest.lower().split()) + " " * rest[-1:].isspace()
    start = len(text) - len(re.split(r"\s", rest)[-1])
    apart = at == 0 or text[at - 1].isspace() or text[at - 1] == "("
    for terminal in sorted(accepted_after(tokens, "query"), key=_PLACE.__getitem__):
        for rank, word in enumerate(_typed(terminal)):
            if word.lower().startswith(begun) and word.lower() != begun and (apart or word in _ATTACHED):
                yield _Ranked(Word(start, word[begun.rfind(" ") + 1 :]), rank)
        for length in _wholes(terminal, rest):
            yield from _after([*tokens, Token(terminal, rest[:length])], text, at + length)
        yield from _slots(terminal, tokens, rest, at, apart)


def _typed(terminal: str) -> list[str]:
    """The words that are typed for a terminal, slots left out; for `tcp/PORT` the protocol alone.

    An article is not offered, since few words may follow it.
    """
    return [word.partition("/PORT")[0] for word in WORDS[terminal] if not is_slot(word) and word != _ARTICLE]


def _wholes(terminal: str, rest: str) -> set[int]:
    """Number of characters of the rest that may be the terminal as a whole, followed by what tells what it is."""
    patterns = [_JOINS[terminal]] if terminal in _JOINS else [_pattern(word) for word in _typed(terminal)]
    if _ARTICLE in WORDS[terminal]:
        patterns = [*patterns, _BEFORE_NOUN]
    matches = (re.match(pattern, rest, re.IGNORECASE) for pattern in patterns)
    return {match.end() for match in matches if match and (match.end() < len(rest) or match[0] == ",")}


def _pattern(word: str) -> str:
    return r"\s+".join(map(re.escape, word.split())) + (r"(?![-\w./])" if word[-1].isalnum() else "")


_ATTACHED = {",", ":", ")"}
_ARTICLE = "a"
_BEFORE_NOUN = r"an?(?=\s+(?:pod|possible|node|address|deployment|workload)\b)"
_PLACE = {terminal: place for place, terminal in enumerate(WORDS)}
_ANY_JOIN = r"(?:,(?:\s*(?:and|or)\b)?|(?:and|or)\b)"
_JOINS = {
    "JOIN_SET": r",(?:\s*or\b)?|or\b",
    "JOIN_NAME": _ANY_JOIN,
    "JOIN_PORT": _ANY_JOIN,
    "JOIN_EXCEPT": _ANY_JOIN + r"(?:\s*except\b)?",
}


# ---------------------------------------------------------------- names

# One word that goes on, or a quote that is open or closed at the end.
_NAME_BEGUN = re.compile(r"""(?:[^\s,"'(]|,(?=[^\s]))*(?:"[^"]*"?|'[^']*'?)?""")
_SLOTS = {
    "PROTOCOL_PORT": Kind.PROTOCOL_PORT,
    "PORT_NAME": Kind.PORT,
    "DOMAIN_NAME": Kind.DOMAIN,
    "SNAPSHOT_NAME": Kind.SNAPSHOT,
}
# The kind of name that goes after a keyword, with namespace and slash or without.
_OBJECTS = {
    "POD": Kind.POD,
    "WORKLOAD": Kind.WORKLOAD,
    "WORKLOAD_KIND": Kind.WORKLOAD,
    "SERVICE": Kind.SERVICE,
    "WITH_SERVICE_ACCOUNT": Kind.SERVICE_ACCOUNT,
    "POLICY_KIND": Kind.POLICY,
}
_NAMES = {
    "NAMESPACE": Kind.NAMESPACE,
    "TENANT": Kind.TENANT,
    "NODE": Kind.NODE,
    "ON_NODE": Kind.NODE,
    "POLICY_KIND": Kind.POLICY,
}
_LABELLED = {"NAMESPACE": Kind.NAMESPACE_LABEL, "NODE": Kind.NODE_LABEL}


def _slots(terminal: str, tokens: list[Token], rest: str, at: int, apart: bool) -> Iterator[Slot]:
    """The slot of a terminal, if it has one and what is begun may be one name."""
    if not _NAME_BEGUN.fullmatch(rest):
        return
    after_comma = bool(tokens) and tokens[-1].type == "LABEL_COMMA"
    if not apart and not (after_comma and terminal == "REQUIREMENT"):
        return
    match terminal:
        case "REQUIREMENT":
            kind, after = _label_kind(tokens), ""
        case "OBJECT" | "NAME":
            found = _calling(tokens, _OBJECTS if terminal == "OBJECT" else _NAMES)
            if found is None:
                return
            kind, after = found
        case _:
            if terminal not in _SLOTS:
                return
            kind, after = _SLOTS[terminal], ""
    yield Slot(at, kind, rest, after)


def _calling(tokens: list[Token], kinds: dict[str, Kind]) -> tuple[Kind, str] | None:
    """The kind of name that comes next, and the keyword that calls for it."""
    caller = next((token for token in reversed(tokens) if token.type in kinds), None)
    if caller is None:
        return None
    before = [token.type for token in tokens[-3:]]
    if before[-3:-1] == ["FOR", "EVERY"]:
        return Kind.NEW, caller.type.lower()
    return kinds[caller.type], "".join(caller.lower().split())


def _label_kind(tokens: list[Token]) -> Kind:
    """Whose labels a requirement is about: of what stands before `labelled`."""
    back = dropwhile(lambda token: token.type != "LABELLED", reversed(tokens))
    next(back, None)
    before = next(back, None)
    return _LABELLED.get(before.type, Kind.POD_LABEL) if before is not None else Kind.POD_LABEL


def _bound(tokens: Iterable[Token]) -> Iterator[Bound]:
    """The names that `for every` binds."""
    listed = list(tokens)
    for place, token in enumerate(listed[:-3]):
        group, name = listed[place + 2 : place + 4]
        if token.type == "FOR" and name.type == "NAME" and group.type in {"TENANT", "NAMESPACE"}:
            yield Bound(_NAMES[group.type], str(name))
