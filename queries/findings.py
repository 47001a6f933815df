"""Findings of lint: faults of a policy set in itself, and their severity.

Where objects are not read, the findings count that there are whatever these say. That is trusted by shadowed rules and
redundant policies; checked by tests/laws/test_not_read_laws.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import assert_never

from reachproof.documents.answer import Row
from reachproof.documents.findings import SEVERITIES, Code
from reachproof.documents.words import FindingSeverity
from reachproof.engines.not_read import is_not_read, resolutions
from reachproof.grammar import ast
from reachproof.network.cluster import Notice
from reachproof.network.flow import Flow
from reachproof.network.origin import Origin
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import evaluate
from reachproof.semantics.sentences import not_read_notice
from reachproof.solver.encoding import Encoding, prepare


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding. `subject` is the policy, rule, namespace or pods it is about; `text` is a whole sentence.

    `row` is what a question about this kind lists. `example`: a flow that shows it, judged by the evaluator.
    `confirmed`: whether a second engine agrees, where one was asked. `about`: what tells it from others of its
    code, also when pods come and go; empty where the subject and the row do.
    """

    code: Code
    severity: FindingSeverity
    subject: str
    text: str
    origin: Origin
    row: Row
    example: Flow | None = None
    confirmed: bool | None = None
    about: str = ""


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first, then by place in the input, then by kind."""

    def key(finding: Finding) -> tuple[int, str, int, int, str, str]:
        origin = finding.origin
        rank = SEVERITIES.index(finding.severity)
        return rank, origin.file, origin.document, origin.line, finding.code, finding.text

    return tuple(sorted(findings, key=key))


def in_every_case(encoding: Encoding, find: Callable[[Encoding], Iterable[Finding]]) -> Iterator[Finding]:
    """The findings that there are whatever objects that are not read say, in the words for the case without them."""
    cases = resolutions(encoding.snapshot.policies)
    if len(cases) == 1:
        yield from find(encoding)
        return
    first, *others = (prepare(encoding.snapshot.with_policies(each), encoding.universe) for each in cases)
    found = [{finding.subject for finding in find(each)} for each in others]
    yield from (finding for finding in find(first) if all(finding.subject in each for each in found))


def left_open(
    hygiene: ast.Hygiene, snapshot: Snapshot, found: Iterable[Finding], examples: Iterable[Flow]
) -> tuple[Notice, ...]:
    """Notices of the objects that are not read on which it depends whether there is anything to list."""
    unread = tuple(not_read_notice(policy) for policy in snapshot.policies if is_not_read(policy))
    match hygiene:
        case ast.Hygiene.SHADOWED | ast.Hygiene.REDUNDANT:
            return () if tuple(found) else unread
        case ast.Hygiene.MATCHES_NOTHING:
            return ()
        case ast.Hygiene.AMBIGUOUS:
            told = [set(evaluate(snapshot, flow).depends) for flow in examples]
            return unread if unread and told and all(each & set(unread) for each in told) else ()
        case _:
            assert_never(hygiene)
