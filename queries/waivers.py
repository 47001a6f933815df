"""Waivers: who accepts that a statement of a pack fails, why, and until which day.

    waivers:
      - statement: tenant-isolation     # its name; an expectation without a text is named by its sentence
        pack: tenancy.reach             # if several packs have the name
        owner: team-shop
        reason: moves behind the gateway, SHOP-81
        expires: 2026-12-31             # the last day

A waiver covers a failure and nothing else: what is undecided stays so, and an expired one covers nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from reachproof.documents.faults import fingerprint
from reachproof.documents.report import CheckReport, Result, Statement
from reachproof.documents.waivers import Waived, WaivedBy, WaiverState
from reachproof.documents.words import Status
from reachproof.manifests.limits import DEFAULT_LIMITS
from reachproof.manifests.yaml_document import Document, line_in
from reachproof.manifests.yaml_reader import read_yaml
from reachproof.network.errors import InputError, Problem

_NEEDED = ("statement", "owner", "reason", "expires")
_FIELDS = (*_NEEDED, "pack")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One waiver as written; `pack` is empty for statements of any pack."""

    statement: str
    owner: str
    reason: str
    expires: date
    pack: str = ""

    def is_for(self, statement: Statement) -> bool:
        """True if it names the statement."""
        return self.statement == statement.name and self.pack in ("", statement.pack)

    def told(self, state: WaiverState) -> Waived:
        """The waiver in a report."""
        return Waived(
            statement=self.statement,
            by=WaivedBy.WAIVER,
            state=state,
            owner=self.owner,
            reason=self.reason,
            expires=self.expires.isoformat(),
        )


def read_waivers(text: str, file: str) -> tuple[Waiver, ...]:
    """The waivers of a file, in order. Raises InputError with everything that is wrong."""
    problems: list[Problem] = []
    found: list[Waiver] = []
    for document in read_yaml(text, file, DEFAULT_LIMITS, problems):
        for line, item in _items(document, problems):
            waiver = _waiver(item, file, line, problems)
            found += [waiver] if waiver is not None else []
    if problems:
        raise InputError(problems)
    return tuple(found)


def _items(document: Document, problems: list[Problem]) -> list[tuple[int, object]]:
    value = document.value
    items = value.get("waivers") if isinstance(value, dict) and set(value) == {"waivers"} else None
    if not isinstance(items, list):
        message = "not a list of waivers; expected `waivers:` with a list below it, and nothing else"
        problems.append(Problem(file=document.file, line=document.line, message=message))
        return []
    return [(line_in(items, index, document.line), item) for index, item in enumerate(items)]


def _waiver(item: object, file: str, line: int, problems: list[Problem]) -> Waiver | None:
    fields = item if isinstance(item, dict) else {}
    wrong = [f"unknown field `{name}`" for name in fields if name not in _FIELDS]
    texts = {name: value for name, value in fields.items() if isinstance(value, str) and value.strip()}
    missing = [name for name in _NEEDED if name not in texts]
    wrong += [f"a waiver needs {', '.join(missing)}, as text"] if missing else []
    wrong += ["`pack` is no text"] if "pack" in fields and "pack" not in texts else []
    expires = _day(texts.get("expires", ""))
    if expires is None and "expires" in texts:
        wrong.append(f"`expires` is no day of the form YYYY-MM-DD (got {texts['expires']})")
    problems += (Problem(file=file, line=line, message=each) for each in wrong)
    if wrong or expires is None:
        return None
    named = {name: texts[name] for name in ("statement", "owner", "reason")}
    return Waiver(**named, expires=expires, pack=texts.get("pack", ""))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("YYYY-MM-DD") else None
    except ValueError:
        return None


def waived(report: CheckReport, waivers: Sequence[Waiver], known: Counter[str], today: date) -> CheckReport:
    """The report with its failures as far as they are accepted, by waivers first. `known`: what a baseline accepts."""
    left = Counter(known)
    results = tuple(_accepted(result, waivers, left, today) for result in report.results)
    applied = {waiver for waiver in waivers for result in results if result.waiver == waiver.told(WaiverState.APPLIED)}
    idle = tuple(each.told(_idle_state(each, today)) for each in waivers if each not in applied)
    return replace(report, results=results, idle=idle)


def _accepted(result: Result, waivers: Iterable[Waiver], left: Counter[str], today: date) -> Result:
    if result.status is not Status.FAILED:
        return result
    for waiver in waivers:
        if waiver.is_for(result.statement) and waiver.expires >= today:
            return replace(result, waiver=waiver.told(WaiverState.APPLIED))
    mark = fingerprint(result)
    if left[mark] <= 0:
        return result
    left[mark] -= 1
    name = result.statement.name
    return replace(result, waiver=Waived(statement=name, by=WaivedBy.BASELINE, state=WaiverState.APPLIED))


def _idle_state(waiver: Waiver, today: date) -> WaiverState:
    return WaiverState.EXPIRED if waiver.expires < today else WaiverState.UNUSED


def failures(report: CheckReport) -> list[tuple[str, str]]:
    """The failures that no waiver covers, for a baseline: (fingerprint, what it is about)."""
    failed = (each for each in report.results if each.status is Status.FAILED)
    return [
        (fingerprint(each), f"{each.statement.name}: {each.answer.verdict}")
        for each in failed
        if each.waiver is None or each.waiver.by is WaivedBy.BASELINE
    ]
