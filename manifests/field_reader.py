"""A cursor on one field of a manifest: typed reading that collects every problem instead of stopping at the first.

A reader that finds something wrong reports it and answers as if the field were absent, so lowering goes on and finds
the rest. Whoever lowers an object must drop the result when `Place.problems` has grown.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from reachproof.manifests.errors import Problems
from reachproof.manifests.yaml_document import describe, line_in, mismatch
from reachproof.network.cluster import Notice
from reachproof.network.errors import Problem
from reachproof.network.intervals import IntervalSet
from reachproof.network.origin import Origin

T = TypeVar("T")
NO_NULL = "a value; leave the field out, or write {} for a selector of everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A CIDR as a policy writes it, a range or an exception, before anything is made of it."""

    text: str
    addresses: IntervalSet
    origin: Origin


@dataclass(frozen=True, slots=True)
class Place:
    """The object that is being read, and where its problems, notices and CIDRs go.

    `strict`: what API servers store, but nobody should write, is a problem. `built_in`: the kind is one of the API
    server itself, which stores null as the zero value; custom resources have no null. `doubts`: why it is not certain
    that the object has an effect. `of_release`: what another release of the implementation would read otherwise.
    """

    file: str
    document: int
    subject: str
    problems: Problems = field(default_factory=Problems)
    notices: list[Notice] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    strict: bool = False
    built_in: bool = False
    kind: str = ""
    doubts: list[str] = field(default_factory=list)
    of_release: list[tuple[str, Origin]] = field(default_factory=list)


class Field:
    """The value at one path of an object; `value` is None where the field is absent or null."""

    __slots__ = ("line", "path", "place", "value")

    def __init__(self, place: Place, value: object, path: str = "", line: int = 0) -> None:
        self.place = place
        self.value = value
        self.path = path
        self.line = line

    @property
    def present(self) -> bool:
        """True if there is a value; null is none."""
        return self.value is not None

    @property
    def origin(self) -> Origin:
        """Where the value stands."""
        return Origin(file=self.place.file, document=self.place.document, line=self.line, path=self.path)

    def report(self, message: str) -> None:
        """Add a problem with this field; the message says what is wrong and what to do."""
        place = self.place
        place.problems.append(
            Problem(file=place.file, line=self.line, subject=place.subject, path=self.path, message=message)
        )

    def notice(self, code: str, text: str) -> None:
        """Adds a notice about this field; `text` begins with the object and the path."""
        where = f"{self.place.subject} {self.path}" if self.path else self.place.subject
        self.place.notices.append(Notice(code=code, text=f"{where}: {text}", origin=self.origin))

    def reads_by_release(self) -> None:
        """Note that another release of the implementation reads this field otherwise."""
        self.place.of_release.append((f"{self.place.subject} {self.path}", self.origin))

    def stored(self, what: str, reading: str, *, doubt: bool = False) -> None:
        """Note how a value is read that API servers store although it is not `what`; a problem where that is strict.

        `doubt`: it is not certain that the object has an effect.
        """
        if self.place.strict:
            self.expected(what)
            return
        self.notice("STORED_AS_IT_IS", f"{describe(self.value)} is not {what}; {reading}")
        if doubt:
            self.place.doubts.append(f"{self.path} is {describe(self.value)}")

    def null_is(self, stored: str, expected: str = NO_NULL) -> None:
        """Note what the API server stores in the place of the null here; where that is strict, report it."""
        if self.place.strict:
            self.report(f"found null, expected {expected}")
        else:
            self.notice("NULL_STORED", f"null is stored as {stored}, which may mean more than it seems to")

    def expected(self, what: str) -> None:
        """Report that the value is missing, or is not of this kind."""
        null = self.value is None and self.path.endswith("]")
        self.report(f"found null, expected {what}" if null else mismatch(self.value, what))

    def get(self, name: str) -> Field:
        """A field of this object; absent where this is no object (which is reported unless it is absent itself)."""
        path = f"{self.path}.{name}" if self.path else name
        if isinstance(self.value, dict):
            return Field(self.place, self.value.get(name), path, line_in(self.value, name, self.line))
        if self.value is not None:
            self.expected("an object")
        return Field(self.place, None, path, self.line)

    def or_empty(self) -> Field:
        """The field; where it is absent, an object of which every field is absent."""
        return self if self.present else Field(self.place, {}, self.path, self.line)

    def only(self, *names: str, hints: Mapping[str, str] | None = None) -> bool:
        """True if this is an object. Each field other than these is reported, with its hint, and reading goes on."""
        if not isinstance(self.value, dict):
            self.expected("an object")
            return False
        unknown = [name for name in self.value if name not in names]
        for name in unknown:
            hint = (hints or {}).get(name) or _near(name, names)
            hint = hint or f"known fields are {listed(names, 'and')}"
            self.get(str(name)).report(f"unknown field `{name}`; {hint}")
        return True

    def has(self, name: str) -> bool:
        """True if this object has the field, be it null."""
        return isinstance(self.value, dict) and name in self.value

    def has_others(self, *names: str) -> bool:
        """True if this object has a field that is not one of these."""
        return isinstance(self.value, dict) and any(name not in names for name in self.value)

    def text(self) -> str | None:
        """The text here, or None."""
        if self.value is None or isinstance(self.value, str):
            return self.value
        quotes = isinstance(self.value, bool | int | float)
        self.expected("text; put it in quotes" if quotes else "text")
        return None

    def integer(self) -> int | None:
        """The whole number here, or None."""
        if self.value is None or (isinstance(self.value, int) and not isinstance(self.value, bool)):
            return self.value
        unquoted = isinstance(self.value, str) and self.value.isdecimal()
        self.expected("a whole number; leave out the quotes" if unquoted else "a whole number")
        return None

    def boolean(self) -> bool:
        """The truth value here; False where it is absent."""
        if self.value is None or isinstance(self.value, bool):
            return bool(self.value)
        self.expected("true or false")
        return False

    def items(self) -> list[Field]:
        """The items of the list here; none where it is absent."""
        if self.value is None:
            return []
        if not isinstance(self.value, list | tuple):
            self.expected("a list")
            return []
        return [
            Field(self.place, item, f"{self.path}[{index}]", line_in(self.value, index, self.line))
            for index, item in enumerate(self.value)
        ]

    def objects(self) -> list[Field]:
        """The items of the list here, which are objects; a null item of a built-in kind is stored as an empty one."""
        found = self.items()
        for item in found:
            if item.value is None and self.place.built_in and not self.place.strict:
                item.null_is("{}")
                item.value = {}
        return found

    def texts(self) -> list[str]:
        """The texts in the list here."""
        found = []
        for item in self.items():
            if isinstance(item.value, str):
                found.append(item.value)
            elif item.value is None and self.place.built_in:
                item.null_is('""')
                found.append("")
            else:
                item.expected("text; put it in quotes" if isinstance(item.value, bool | int | float) else "text")
        return found

    def labels(self) -> dict[str, str]:
        """The map of text to text here; empty where it is absent."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            self.expected("an object")
            return {}
        if all(type(name) is str and type(value) is str for name, value in self.value.items()):
            return dict(self.value)
        found = {}
        for name in self.value:
            entry = self.get(name)
            text = entry.text()
            if text is not None:
                found[name] = text
            elif not entry.present:
                empty = self.place.built_in or self.path.startswith("metadata")
                entry.null_is('""' if empty else "nothing", 'text; an empty value is written ""')
                found |= {name: ""} if empty else {}
        return found

    def choice(self, choices: Mapping[str, T], hints: Mapping[str, str] | None = None) -> T | None:
        """The value that the word stands for, or None; words are compared exactly."""
        if isinstance(self.value, str) and self.value in choices:
            return choices[self.value]
        hint = (hints or {}).get(self.value) if isinstance(self.value, str) else None
        if hint is None and isinstance(self.value, str):
            hint = _near(self.value, choices)
        self.expected(listed(choices, "or") + (f"; {hint}" if hint else ""))
        return None

    def one_of(self, *names: str) -> Field | None:
        """The only one of these fields that is present; reports where there is more than one, or none at all.

        Where there is none because its name is misspelled, `only` has said so.
        """
        present = [name for name in names if self.get(name).present]
        if len(present) == 1:
            return self.get(present[0])
        if not present and self.has_others(*names):
            return None
        found = listed(present, "and") if present else describe(self.value) if self.value in ({}, [], ()) else ""
        wrong = f"found {found}, expected" if found else "missing; expected"
        self.report(f"{wrong} exactly one of {listed(names, 'and')}")
        return None

    def demand_one_of(self, *names: str) -> Field | None:
        """Like `one_of`, where fields of other names do not say that one of these is misspelled."""
        if any(self.get(name).present for name in names):
            return self.one_of(*names)
        self.report(f"missing; expected exactly one of {listed(names, 'and')}")
        return None

    def count(self, low: int, high: int) -> list[Field]:
        """The items of the list here; reports where there are fewer or more, or no list at all."""
        items = self.items()
        if not low <= len(items) <= high and (self.value is None or isinstance(self.value, list | tuple)):
            few = f"no entries; expected {low} to {high}"
            self.report(f"too many entries ({len(items)}; the limit is {high})" if items else few)
        return items


def listed(words: Iterable[str], joint: str) -> str:
    """Words as `a, b and c`."""
    *first, last = words
    return f"{', '.join(first)} {joint} {last}" if first else last


def _near(word: str, words: Iterable[str]) -> str:
    by_lower = {one.lower(): one for one in words}
    near = difflib.get_close_matches(str(word).lower(), list(by_lower), n=1, cutoff=0.75)
    return f"did you mean `{by_lower[near[0]]}`?" if near else ""
