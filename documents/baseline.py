"""Baselines: findings, or failures of statements, that are accepted, so that a gate fails on new ones only."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from reachproof.documents.json import decoded, pretty
from reachproof.documents.parts import Document, Part


class BaselineOf(StrEnum):
    """The command whose results a baseline has."""

    LINT = "lint"
    CHECK = "check"


class Known(Part, frozen=True, kw_only=True):
    """A result that is accepted, `times` as often. `about`: what it is, for people."""

    fingerprint: str
    about: str
    times: int = 1


class Baseline(Document, frozen=True, kw_only=True):
    """The accepted results of one command, in order of what they are about."""

    command: BaselineOf
    known: tuple[Known, ...]

    @property
    def counts(self) -> Counter[str]:
        """The number of times that each fingerprint is accepted."""
        return Counter({each.fingerprint: each.times for each in self.known})


def baseline_of(command: BaselineOf, found: Iterable[tuple[str, str]]) -> Baseline:
    """The baseline that accepts results, given as (fingerprint, about)."""
    times = Counter(found)
    known = (
        Known(fingerprint=fingerprint, about=about, times=count)
        for (fingerprint, about), count in sorted(times.items(), key=lambda each: (each[0][1], each[0][0]))
    )
    return Baseline(command=command, known=tuple(known))


def baseline_text(baseline: Baseline) -> str:
    """The file of a baseline: JSON, one result to a few lines, so that differences can be reviewed."""
    return pretty(baseline) + "\n"


def read_baseline(text: str, command: BaselineOf) -> Baseline:
    """The baseline in a file. ValueError, with the reason, for what is none or belongs to another command."""
    try:
        found = decoded(json.loads(text), Baseline)
    except (msgspec.ValidationError, json.JSONDecodeError) as error:
        raise ValueError(f"not a baseline ({error}); make one with --write-baseline") from None
    if found.command is not command:
        raise ValueError(f"a baseline of `{found.command}`, not of `{command}`")
    return found
