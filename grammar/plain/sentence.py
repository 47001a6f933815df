"""The words of one plain sentence beside the names of its snapshot, and one reading of some of them as a set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.plain.exact_sets import nothing_named
from reachproof.grammar.plain.lexicon import Kind, Lexicon, Meant, Thing, meanings
from reachproof.grammar.plain.vocabulary import KINDS, UNNAMED
from reachproof.grammar.plain.words import Word
from reachproof.grammar.words import RESERVED

Extent = frozenset[str] | None
"""The pods of a set, and OUTSIDE for addresses outside the cluster; None where that is not known."""

INSIDE = frozenset(("in", "inside", "within"))
OF = frozenset(("of", "from"))
GROUPS = frozenset(("namespace", "tenant"))
_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9._]*[a-z0-9])?(?:/[a-z0-9](?:[-a-z0-9._]*[a-z0-9])?)?", re.IGNORECASE)
_RESERVED = re.compile(RESERVED, re.IGNORECASE)
_ANY_KIND = "workload, pod, service, namespace, tenant or node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """One reading of words as a set. `core`: the set in exact words, without its quantifier.

    `meant`: what it is if it is one name; `parts`: if it is a list of names. `several`: it is a
    list of sets. `conditions`: it goes on behind its noun,
    so that nothing may be joined to it. `joined`: a list with `and`, which is one set only where the sentence is about
    all of it. `unknown`: why it cannot be asked.
    """

    core: str
    quantifier: str = ""
    extent: Extent = None
    meant: Meant | None = None
    parts: tuple[Meant, ...] = ()
    several: bool = False
    conditions: bool = False
    joined: bool = False
    unknown: Mistake | None = None

    @property
    def text(self) -> str:
        """The set with its quantifier."""
        return f"{self.quantifier} {self.core}".strip()


@dataclass(frozen=True)
class Sentence:
    """The words of a text, and the names that they may be."""

    text: str
    words: tuple[Word, ...]
    lexicon: Lexicon

    def key(self, start: int, end: int) -> str:
        """The words in lower case, with a blank between them; a quoted one is empty."""
        return " ".join(word.key for word in self.words[start:end])

    def source(self, start: int, end: int) -> str:
        """The words as they are written."""
        return self.text[self.words[start].span.start : self.words[end - 1].span.end]

    def past_the(self, at: int, end: int) -> int:
        """The place, or the next where an article stands here and something follows."""
        return at + 1 if at + 1 < end and self.words[at].key in ("the", "my", "our") else at

    def kind(self, at: int) -> str:
        """The kind of object that a word says; empty if none."""
        return KINDS.get(self.words[at].key, "") if at < len(self.words) else ""

    def may_be_name(self, at: int) -> bool:
        """True if the word is quoted, or no word of the language."""
        word = self.words[at]
        if not word.key:
            return bool(word.text.strip())
        return _NAME.fullmatch(word.text) is not None and word.key not in UNNAMED and not _RESERVED.fullmatch(word.key)

    def by_name(self, at: int, things: Iterable[Thing], *, kind: str = "", home: str = "") -> Iterator[Phrase]:
        """The readings of the word as the name of one of these things; one that cannot be asked if there are none."""
        found = tuple(map(named, meanings(things)))
        yield from found or (Phrase(core=self.words[at].text, unknown=self._nothing(at, kind, home)),)

    def _nothing(self, at: int, kind: str, home: str) -> Mistake:
        word = self.words[at]
        where = f" in namespace {home}" if home else ""
        return nothing_named(self.lexicon, kind or _ANY_KIND, word.text, word.span, where)

    def homes(self, at: int, end: int) -> Iterator[tuple[int, Phrase]]:
        """Namespaces and tenants by name (`prod`, `the prod namespace`, `namespace prod`), and the place after each."""
        at = self.past_the(at, end)
        if at >= end:
            return
        before, behind = self.kind(at), self.kind(at + 1) if at + 1 < end else ""
        if self.words[at].key in ("a", "an") and behind:
            return  # `in a tenant` is in any, whatever the names of tenants
        if before in GROUPS and at + 1 < end and self.words[at + 1].text.strip():
            found = self.by_name(at + 1, self.lexicon.named(self.words[at + 1].text, word=before), kind=before)
            yield from ((at + 2, each) for each in found)
        if not self.may_be_name(at):
            return
        if behind in GROUPS:
            found = self.by_name(at, self.lexicon.named(self.words[at].text, word=behind), kind=behind)
            yield from ((at + 2, each) for each in found)
        things = [
            each for each in self.lexicon.named(self.words[at].text) if each.kind in (Kind.NAMESPACE, Kind.TENANT)
        ]
        if len(things) == 2 and things[0].pods == things[1].pods:
            things = [each for each in things if each.kind is Kind.NAMESPACE]
        yield from ((at + 1, each) for each in self.by_name(at, things, kind="namespace or tenant"))


def named(meant: Meant) -> Phrase:
    """A thing by its name."""
    return Phrase(core=meant.thing.text, extent=meant.thing.pods, meant=meant)
