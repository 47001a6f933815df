"""Findings about policies where objects are not read: those that there are whatever the objects say.

Trusted by shadowed rules and redundant policies; checked by tests/laws/test_not_read_laws.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import assert_never

from reachproof.engines.not_read import is_not_read, resolutions
from reachproof.grammar import ast
from reachproof.network.cluster import Notice
from reachproof.network.flow import Flow
from reachproof.network.snapshot import Snapshot
from reachproof.queries.findings import Finding
from reachproof.semantics.evaluate import evaluate
from reachproof.semantics.sentences import not_read_notice
from reachproof.solver.encoding import Encoding, prepare


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
