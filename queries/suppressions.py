"""Findings that somebody accepts, by a comment at the object or in a baseline; and comments that accept nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from reachproof.documents.findings import Code, SuppressedBy
from reachproof.network.ignore_comment import IgnoreComment
from reachproof.network.snapshot import Snapshot
from reachproof.queries.findings import Finding, ordered
from reachproof.queries.lint_words import finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """A finding that is accepted, and the reason that a comment gives; a baseline gives none."""

    finding: Finding
    by: SuppressedBy
    reason: str = ""


def fingerprint(found: Finding) -> str:
    """The identity of a finding, which stays when lines move or pods are made anew: 128 bits in hexadecimal."""
    about = found.about or f"{found.subject}\0{found.row.get('selector', '')}"
    return hashlib.sha256(f"{found.code}\0{found.severity}\0{about}".encode()).hexdigest()[:32]


def suppressed(
    snapshot: Snapshot, findings: Iterable[Finding], known: Counter[str], *, complete: bool
) -> tuple[list[Finding], list[Suppression]]:
    """The findings that are left, with those about comments; and those that are accepted.

    `complete`: everything was looked for, so that a comment without a finding is of no use.
    """
    kept: list[Finding] = []
    gone: list[Suppression] = []
    usable = [each for each in snapshot.ignores if each.reason and each.code in set(Code)]
    used: set[IgnoreComment] = set()
    for found in findings:
        own = next((each for each in usable if each.code == found.code and each.is_about(found.origin)), None)
        if own is not None:
            used.add(own)
            gone.append(Suppression(finding=found, by=SuppressedBy.COMMENT, reason=own.reason))
        else:
            kept.append(found)
    kept += (each for comment in snapshot.ignores for each in _about(comment, used, complete=complete))
    left = Counter(known)
    new: list[Finding] = []
    for found in ordered(kept):
        mark = fingerprint(found)
        if left[mark] > 0:
            left[mark] -= 1
            gone.append(Suppression(finding=found, by=SuppressedBy.BASELINE))
        else:
            new.append(found)
    return new, gone


def _about(comment: IgnoreComment, used: set[IgnoreComment], *, complete: bool) -> Iterator[Finding]:
    """The finding about a comment that accepts nothing."""
    form = "# reachproof: ignore CODE REASON"
    if comment.code not in set(Code):
        near = get_close_matches(comment.code, list(Code), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        wrong = f"{comment.code} is no code of lint{hint}" if comment.code else f"it names no code; write {form}"
    elif not comment.reason:
        wrong = f"it gives no reason; write {form.replace('CODE', comment.code)}"
    elif comment not in used and complete:
        wrong = f"lint finds no {comment.code} in this object; remove the comment"
    else:
        return
    subject = f"the comment at {comment.origin}"
    yield finding(Code.IGNORE_COMMENT, subject, f"the comment accepts nothing: {wrong}", comment.origin, comment.code)
