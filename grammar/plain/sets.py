"""The sets of a plain sentence: every reading of a run of words as a set of the exact language.

| Words | Set |
|---|---|
| what the exact language has already, such as `pods labelled app=web` | that set, as it is |
| `frontend`, `prod/frontend`, `the frontend in prod`, `deployment frontend`, `frontend pods` | by name |
| `pods in prod`, `anything in prod`, `pods outside prod` | `grammar.plain.pods` |
| `outside`, `the world`, `the metadata service`, `the API server` | places |
| `A or B`, `A and B`, `A other than B` | several sets, and what is left out of one |

A name that is nothing is a reading too, which cannot be asked, so that the sentence can be refused for the name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product

from reachproof.grammar import ast
from reachproof.grammar.plain.exact_sets import exact_set, nameless
from reachproof.grammar.plain.lexicon import OUTSIDE as OUTSIDE_END
from reachproof.grammar.plain.lexicon import Kind
from reachproof.grammar.plain.pods import pods
from reachproof.grammar.plain.sentence import INSIDE, Extent, Phrase, Sentence
from reachproof.grammar.plain.vocabulary import (
    ANYTHING,
    API_SERVER,
    ARTICLES,
    EXCEPT,
    INTERNET,
    KINDS,
    METADATA,
    OUTSIDE,
    PLACES,
    QUANTIFIERS,
)
from reachproof.grammar.words import ADDRESS, SET

_EXACT = re.compile(rf"{SET}|{ADDRESS}", re.IGNORECASE)
_DEFINITE = frozenset(("the", "my", "our"))
_MOST_JOINED = 6
# The name of a Service in the cluster's DNS.
_DNS_NAME = re.compile(r"([-a-z0-9]+)\.([-a-z0-9]+)(?:\.svc(?:\.[-a-z0-9.]+)?)?")


@dataclass(frozen=True)
class Sets:
    """The sets in the words of one sentence, each looked up once."""

    sentence: Sentence
    _known: dict[tuple[int, int], tuple[Phrase, ...]] = field(default_factory=dict)

    def between(self, start: int, end: int) -> tuple[Phrase, ...]:
        """All readings of some words as a set; none if they are no set."""
        found = self._known.get((start, end))
        if found is None:
            found = self._known[start, end] = tuple(dict.fromkeys(self._phrases(start, end)))
        return found

    def _phrases(self, start: int, end: int) -> Iterator[Phrase]:
        if end <= start:
            return
        words = self.sentence.words
        first = words[start].key
        if end - start == 1:
            yield from self._core(start, end)
        elif first in QUANTIFIERS:
            yield from self._quantified(start, end)
        elif first in ARTICLES:
            exact = self._exact(start, end) if first == "the" else None
            if exact is not None:
                yield exact
                return
            if first in ("a", "an") and words[start + 1].key.endswith("s") and words[start + 1].key in KINDS:
                return  # `a pods`: of something that is called `a`, or a slip
            quantifier = "any" if first in ("a", "an") else ""
            yield from (replace(each, quantifier=each.quantifier or quantifier) for each in self._core(start + 1, end))
        else:
            yield from self._core(start, end)

    def _quantified(self, start: int, end: int) -> Iterator[Phrase]:
        """`any pod`, `all of the pods`."""
        after = start + 1
        if self.sentence.words[after].key == "of" and after + 1 < end:
            after += 1
        after = self.sentence.past_the(after, end)
        quantifier = QUANTIFIERS[self.sentence.words[start].key]
        yield from (replace(each, quantifier=quantifier) for each in self._core(after, end) if not each.quantifier)

    # ------------------------------------------------------------ one set

    def _core(self, start: int, end: int) -> Iterator[Phrase]:
        if end - start > 1 and self.sentence.words[start].key in {*QUANTIFIERS, *ARTICLES}:
            return
        exact = self._exact(start, end)
        if exact is not None:
            yield exact
            return
        yield from self._place(start, end)
        yield from pods(self.sentence, start, end)
        yield from self._named(start, end)
        yield from self._joined(start, end)
        yield from self._reduced(start, end)

    def _exact(self, start: int, end: int) -> Phrase | None:
        """The words as a set of the exact language."""
        source = self.sentence.source(start, end)
        found = exact_set(source) if _EXACT.match(source) else None
        if found is None:
            return None
        unknown = next(nameless(found, self.sentence.lexicon), None)
        at = self.sentence.words[start].span.start
        return Phrase(
            core=source,
            extent=self._extent(source),
            several=isinstance(found, ast.Union | ast.Difference) and " or " in source.lower(),
            conditions=end - start > 2,
            unknown=unknown and unknown.moved(at),
        )

    def _extent(self, exact: str) -> Extent:
        lexicon = self.sentence.lexicon
        if exact.lower() in ("pod", "pods"):
            return lexicon.pods
        if exact.lower() == "anything":
            return lexicon.pods | {OUTSIDE_END}
        if exact.lower() in (OUTSIDE, INTERNET, f"anything {OUTSIDE}"):
            return frozenset((OUTSIDE_END,))
        kind, _, name = exact.partition(" ")
        things = lexicon.named(name, word=KINDS.get(kind.lower(), kind))
        return things[0].pods if len(things) == 1 else None

    def _place(self, start: int, end: int) -> Iterator[Phrase]:
        """`outside`, `anyone`, `the metadata service`."""
        key, lexicon = self.sentence.key(start, end), self.sentence.lexicon
        outside = frozenset((OUTSIDE_END,))
        if key in PLACES:
            yield Phrase(core=PLACES[key], extent=outside if PLACES[key] in (OUTSIDE, INTERNET) else None)
        if key in ANYTHING:
            yield Phrase(core="anything", extent=lexicon.pods | outside)
        if key in METADATA:
            yield Phrase(core=lexicon.metadata, extent=outside)
        if key in API_SERVER and lexicon.api_server:
            yield Phrase(core=lexicon.api_server)

    # ------------------------------------------------------------ names

    def _named(self, start: int, end: int) -> Iterator[Phrase]:
        """An object by name, perhaps with its kind before or behind it, and with its namespace."""
        yield from self._of_kind(start, end, "")
        for at in range(start + 1, end - 1):
            if self.sentence.words[at].key not in INSIDE:
                continue
            for after, home in self.sentence.homes(at + 1, end):
                if after == end and home.unknown is not None:
                    yield home
                elif after == end and home.meant is not None and home.meant.thing.kind is Kind.NAMESPACE:
                    yield from self._of_kind(start, at, home.meant.thing.name)

    def _of_kind(self, start: int, end: int, home: str) -> Iterator[Phrase]:
        sentence = self.sentence
        if end - start == 1:
            yield from self._bare(start, home)
        elif end - start == 2:
            before, behind = sentence.kind(start), sentence.kind(start + 1)
            if before and sentence.may_be_name(start + 1):
                yield from self._of_word(start + 1, before, home)
            elif behind and sentence.may_be_name(start):
                yield from self._of_word(start, behind, home)

    def _of_word(self, at: int, word: str, home: str) -> Iterator[Phrase]:
        """The object of a name and a kind; pods of a name are those of whatever has it, but for Services and nodes."""
        name, lexicon = self.sentence.words[at].text, self.sentence.lexicon
        things = lexicon.named(name, word="" if word == "pod" else word, home=home)
        if word == "pod":
            things = tuple(each for each in things if each.kind not in (Kind.SERVICE, Kind.NODE))
        yield from self.sentence.by_name(at, things, kind=word, home=home)

    def _bare(self, at: int, home: str) -> Iterator[Phrase]:
        """`frontend`, `prod/frontend`, `deploy/frontend`, `frontend.prod.svc`."""
        sentence = self.sentence
        if not sentence.may_be_name(at):
            return
        name = sentence.words[at].text
        things = sentence.lexicon.named(name, home=home)
        before, slash, rest = name.partition("/")
        if slash and before.lower() in KINDS and not home:
            things = (*things, *sentence.lexicon.named(rest, word=KINDS[before.lower()]))
        dns_name = _DNS_NAME.fullmatch(name)
        if dns_name and not things:
            things = sentence.lexicon.named(f"{dns_name[2]}/{dns_name[1]}", word="service")
        yield from sentence.by_name(at, things, home=home)

    # ------------------------------------------------------------ several sets

    def _joined(self, start: int, end: int) -> Iterator[Phrase]:
        """`A or B`, `A, B and C`; `and` joins names only."""
        for word in ("or", "and"):
            parts = self._parts(start, end, word)
            if len(parts) < 2:
                continue
            for items in product(*(self.between(first, last) for first, last in parts)):
                if all(map(_may_be_joined, items)) and (word == "or" or all(each.meant for each in items)):
                    yield _union(items, joined=word == "and")

    def _parts(self, start: int, end: int, word: str) -> list[tuple[int, int]]:
        """The words between commas and the last of `word`; nothing where the other joining word stands there too."""
        keys = [each.key for each in self.sentence.words[start:end]]
        other = "and" if word == "or" else "or"
        if word not in keys or other in keys or "except" in keys:
            return []
        parts, first = [], start
        for at in range(start, end + 1):
            if at == end or self.sentence.words[at].key in (",", word):
                if at > first:
                    parts.append((first, at))
                first = at + 1
        return parts if len(parts) <= _MOST_JOINED else []

    def _reduced(self, start: int, end: int) -> Iterator[Phrase]:
        """`A except B`, where B takes something of A away."""
        for at in range(start + 1, end - 1):
            for words in EXCEPT:
                after = at + len(words)
                if after >= end or tuple(each.key for each in self.sentence.words[at:after]) != words:
                    continue
                for base, less in product(self.between(start, at), self.between(after, end)):
                    yield from reduced(base, less)
                break


def reduced(base: Phrase, less: Phrase) -> Iterator[Phrase]:
    """A set without another; nothing if that takes nothing away, or either is a list that could be read otherwise."""
    apart = base.extent is not None and less.extent is not None and not base.extent & less.extent
    if apart or base.joined or " except " in less.core or " or " in base.core:
        return
    core = f"{base.core} except {less.core}"
    extent = None if base.extent is None or less.extent is None else base.extent - less.extent
    unknown = base.unknown or less.unknown
    parts = (base.meant,) if base.meant else base.parts
    yield replace(base, core=core, extent=extent, meant=None, parts=parts, conditions=True, unknown=unknown)


def _may_be_joined(phrase: Phrase) -> bool:
    """Only a set of one word or name: `pods in a or b` could go either way."""
    return not phrase.conditions and not phrase.joined and phrase.quantifier == "" and " or " not in phrase.core


def _union(items: tuple[Phrase, ...], *, joined: bool) -> Phrase:
    extents = [each.extent for each in items]
    known = [each for each in extents if each is not None]
    return Phrase(
        core=" or ".join(each.core for each in items),
        extent=frozenset().union(*known) if len(known) == len(extents) else None,
        parts=tuple(each.meant for each in items if each.meant),
        several=True,
        joined=joined,
        unknown=next((each.unknown for each in items if each.unknown), None),
    )
