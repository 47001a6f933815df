"""The completion of a sentence that is being typed. Offsets count characters from 0."""

from __future__ import annotations

from enum import StrEnum

from reachproof.documents.parts import Part


class SentenceState(StrEnum):
    """True of a text: it can be asked as it is, it may become a sentence if it goes on, or it has to be mended."""

    WHOLE = "whole"
    BEGUN = "begun"
    WRONG = "wrong"


class Suggestion(Part, frozen=True, kw_only=True):
    """A replacement for the text from `start` to the cursor; `kind` is `word`, or the kind of a name."""

    start: int
    text: str
    kind: str


class Fault(Part, frozen=True, kw_only=True):
    """A mistake in a sentence: its span, what was found there, and what could stand there, nearest first."""

    start: int
    end: int
    found: str
    message: str
    expected: tuple[str, ...]


class SnapshotCounts(Part, frozen=True, kw_only=True):
    """The snapshot that a completion is about, and how much is in it."""

    id: str
    namespaces: int
    pods: int
    services: int
    policies: int


class Completion(Part, frozen=True, kw_only=True):
    """The suggestions for the place of the cursor, and the mistakes of the sentence.

    `complete`: there are no more suggestions than these. `snapshot`: null for words of the language alone.
    """

    state: SentenceState
    suggestions: tuple[Suggestion, ...]
    complete: bool
    errors: tuple[Fault, ...]
    snapshot: SnapshotCounts | None
