"""The decision about each field of each document that answers a question."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from reachproof.api.namespace_view import OUTSIDE, NamespaceView
from reachproof.api.redaction.ends import is_own_end, shown_end, shown_inside, shown_outside, shown_service
from reachproof.api.redaction.policies import (
    NOWHERE,
    origin_of,
    shown_cause,
    shown_notice,
    shown_policy,
    shown_policy_change,
    shown_route,
    shown_route_change,
    shown_rule,
    shown_step,
    shown_undetermined,
    text,
    texts,
)
from reachproof.documents import answer, completion, connectivity, diff, findings, near, parts, report, waivers
from reachproof.documents.json import encoded, plain_fields, viewed
from reachproof.documents.parts import ABSENT
from reachproof.network.errors import InternalError

T = TypeVar("T")
Decision = Callable[[Any, NamespaceView], Any]
# Columns of lists whose cells are words of the language, or the ports of the question.
_PLAIN_COLUMNS = frozenset(("port", "access", "direction", "directions", "action"))
_PORT = r"(?:tcp|udp|sctp)(?:/\d+(?:-\d+)?)?"
# What names no port of a pod.
_NUMBERED = re.compile(rf"any port|no port|{_PORT}(?:, {_PORT})*")


def shown(document: T, view: NamespaceView | None) -> T:
    """The document as it is shown; without a view, all of it."""
    if view is None:
        return document
    found: T = _part(document, view)
    return found


def keep(value: Any, _view: NamespaceView) -> Any:
    """A number, a word of the language, a digest, or what the client sent."""
    return value


def part(value: Any, view: NamespaceView) -> Any:
    """A part, or none."""
    return value if value is None or value is ABSENT else _part(value, view)


def several(value: Any, view: NamespaceView) -> Any:
    """Parts, each once as it is shown."""
    return value if value is None or value is ABSENT else _once(_part(each, view) for each in value)


def each_of(value: tuple[Any, ...], view: NamespaceView) -> tuple[Any, ...]:
    """Parts, in their order."""
    return tuple(_part(each, view) for each in value)


def touching(value: Any, view: NamespaceView) -> Any:
    """Pairs of ends, of which one is theirs."""
    if value is None or value is ABSENT:
        return value
    return _once(_part(each, view) for each in value if is_own_end(each.src, view) or is_own_end(each.dst, view))


def own_ends(value: Any, view: NamespaceView) -> Any:
    """The rows about their own ends."""
    return value if value is ABSENT else _once(_part(each, view) for each in value if is_own_end(each.end, view))


def none(_value: Any, _view: NamespaceView) -> int:
    """No count, as it is one of objects of all."""
    return 0


def own_policies(value: tuple[diff.PolicyChange, ...], view: NamespaceView) -> tuple[diff.PolicyChange, ...]:
    """Changes of their own policies."""
    return _once(_part(each, view) for each in value if view.owns(each.policy.namespace))


def own_routes(value: Any, view: NamespaceView) -> Any:
    """Changes of routes of their own namespaces."""
    return value if value is ABSENT else _once(_part(each, view) for each in value if view.owns(each.namespace))


def own_places(value: tuple[connectivity.ReportEnd, ...], view: NamespaceView) -> tuple[connectivity.ReportEnd, ...]:
    """Ends that are theirs."""
    return _once(_part(each, view) for each in value if is_own_end(each, view))


def own_shift(value: diff.Shift | None, view: NamespaceView) -> diff.Shift | None:
    """A flow that differs, if one of its ends is theirs."""
    flows = () if value is None else (value.before, value.after)
    ends = (end for flow in flows if flow is not None for end in (flow.source, flow.destination))
    return _part(value, view) if any(is_own_end(each, view) for each in ends) else None


def _once(values: Iterable[T]) -> tuple[T, ...]:
    return tuple({encoded(each): each for each in values}.values())


def _part(value: Any, view: NamespaceView) -> Any:
    if isinstance(value, answer.Answer):
        return _answer(value, view)
    if isinstance(value, findings.Findings):
        return _findings(value, view)
    if (whole := WHOLE.get(type(value))) is None:
        return by_field(value, view)
    decide, known = whole
    _demand(value, known)
    return decide(value, view)


def _demand(value: Any, known: Iterable[str]) -> None:
    if missing := sorted(plain_fields(value).keys() - set(known)):
        raise InternalError(f"it is not decided who is shown {', '.join(missing)} of {type(value).__name__}")


def by_field(value: Any, view: NamespaceView) -> Any:
    """A part, field by field."""
    decisions = DECISIONS.get(type(value), {})
    _demand(value, decisions)
    fields = plain_fields(value).items()
    return viewed(type(value), value, **{name: decisions[name](each, view) for name, each in fields})


def _answer(found: answer.Answer, view: NamespaceView) -> answer.Answer:
    """An answer; plain speech may have been understood with names that the client did not write."""
    told = by_field(found, view)
    named = view.names_others(found.normalized)
    return viewed(answer.Answer, told, normalized=found.query if named else found.normalized)


def rows(value: tuple[answer.Row, ...], view: NamespaceView) -> tuple[answer.Row, ...]:
    """Rows of a list: names of others are one word, and of a policy of others nothing else is told."""
    return value if value is answer.NO_ROWS else _once(_row(row, view) for row in value)


def _row(row: answer.Row, view: NamespaceView) -> answer.Row:
    cells = {name: cell if name in _PLAIN_COLUMNS else _cell(cell, view) for name, cell in row.items()}
    of_others = "policy" in row and cells["policy"] != row["policy"]
    if of_others or ("peer" in row and not _has_own_place(row, view)):
        return {name: cell if name in _PLAIN_COLUMNS else OUTSIDE for name, cell in cells.items()}
    if row.get("change") == "undetermined":  # a sentence about a policy, or about everybody's flows
        return {**cells, "depends": OUTSIDE}
    return cells


def _has_own_place(row: answer.Row, view: NamespaceView) -> bool:
    """True for a row about a rule of a policy of theirs."""
    file, _, line = str(row["origin"]).rpartition(":")
    return line.isdecimal() and view.is_own_place(file, int(line))


def _cell(cell: str | tuple[str, ...], view: NamespaceView) -> str | tuple[str, ...]:
    if isinstance(cell, str):
        return cell if _NUMBERED.fullmatch(cell) else view.text(cell)
    return tuple(dict.fromkeys(map(view.text, cell)))


def _findings(found: findings.Findings, view: NamespaceView) -> findings.Findings:
    """The findings about their own objects."""
    told = by_field(found, view)
    counts = dict.fromkeys(found.counts, 0)
    for each in told.findings:
        counts[each.severity] += 1
    codes = {each.code for each in told.findings}
    rules = tuple(rule for rule in told.rules if rule.code in codes)
    return viewed(findings.Findings, told, counts=counts, rules=rules)


def own_findings(value: tuple[findings.Finding, ...], view: NamespaceView) -> tuple[findings.Finding, ...]:
    """Findings at places of their own objects."""
    return _once(shown_finding(each, view) for each in value if _is_own(each, view))


def own_suppressed(value: tuple[findings.Suppressed, ...], view: NamespaceView) -> tuple[findings.Suppressed, ...]:
    """Accepted findings at places of their own objects."""
    return each_of(tuple(each for each in value if _is_own(each.finding, view)), view)


def _is_own(finding: findings.Finding, view: NamespaceView) -> bool:
    return view.is_own_place(finding.origin.file, finding.origin.line)


def shown_finding(finding: findings.Finding, view: NamespaceView) -> findings.Finding:
    """A finding about an object of theirs."""
    return findings.Finding(
        code=finding.code,
        severity=finding.severity,
        subject=view.text(finding.subject),
        text=text(finding.text, view),
        origin=origin_of(True, finding.origin, view) or NOWHERE,
        example=part(finding.example, view),
        confirmed=finding.confirmed,
        fingerprint="",  # made from texts that may not be shown
    )


def own_misses(value: tuple[near.NearMiss, ...], view: NamespaceView) -> tuple[near.NearMiss, ...]:
    """Rules of their own policies that came near."""
    return each_of(tuple(each for each in value if view.owns(each.policy.namespace)), view)


def shown_miss(miss: near.NearMiss, view: NamespaceView) -> near.NearMiss:
    """A rule that came near, and what it lacks."""
    rule = shown_rule(miss, view)
    return near.NearMiss(**plain_fields(rule), failing=each_of(miss.failing, view))


def suggestions(value: tuple[completion.Suggestion, ...], view: NamespaceView) -> tuple[completion.Suggestion, ...]:
    """Words of the language, and names of their own objects."""
    told = (each for each in value if each.kind == "word" or not view.names_others(each.text))
    return tuple(by_field(each, view) for each in told)


def shown_counts(found: completion.SnapshotCounts, view: NamespaceView) -> completion.SnapshotCounts:
    """Number of them that are theirs; of what the client brings itself, all."""
    if found.id not in view.counts:
        return found
    namespaces, pods, services, policies = view.counts[found.id]
    return completion.SnapshotCounts(
        id=found.id, namespaces=namespaces, pods=pods, services=services, policies=policies
    )


# ---------------------------------------------------------------- the table


def _kept(*names: str) -> dict[str, Decision]:
    return dict.fromkeys(names, keep)


def _named(names: str) -> frozenset[str]:
    return frozenset(names.split())


_INSIDE = _named("namespace name workload ip tenant labels possible")
_RULE = _named("policy rule direction action origin text")
_PAIR: Mapping[str, Decision] = {"src": part, "dst": part}
_FLOW: Mapping[str, Decision] = {"source": part, "destination": part, "protocol": keep, "port": keep}
_TRACED: Mapping[str, Decision] = {**_FLOW, "steps": each_of}
_ACCESS = _kept("connections", "depends", "partial")
_CHANGE = _kept("change", "before", "after", "gained", "lost", "before_depends", "after_depends")
_NOTICES: Mapping[str, Decision] = {"assumptions": several, "warnings": several}

DECISIONS: Mapping[type, Mapping[str, Decision]] = {
    answer.Answer: {
        **_kept("query", "normalized", "plain", "form", "name", "severity", "expected", "verdict", "vacuous", "world"),
        **_kept("columns", "status"),
        **_NOTICES,
        "reason": text,
        "witness": part,
        "because": several,
        "near": own_misses,
        "evidence": part,
        "rows": rows,
        "flows": several,
    },
    answer.Evidence: _kept("replayed", "cross_checked", "engine", "solver_ms", "total_ms", "snapshot", "since"),
    answer.Explained: {"access": keep, "witness": part, "because": several, "near": own_misses},
    answer.Witness: {**_TRACED, "via": part, "lost": keep, "before": part},
    answer.Earlier: {**_TRACED, "name": keep},
    answer.Via: {"service": part},
    parts.Flow: _FLOW,
    report.Report: {"verdict": keep, "answers": each_of, "skipped": each_of, "waivers": each_of},
    waivers.Waived: {**_kept("statement", "by", "state", "expires"), "owner": text, "reason": text},
    report.Skipped: {"name": keep, "reason": text},
    connectivity.Connectivity: {
        **_NOTICES,
        "by": keep,
        "rows": touching,
        "absent": touching,
        "ends": several,
        "exposure": own_ends,
        "ways_in": touching,
        "evidence": part,
    },
    connectivity.Unfinished: {"verdict": keep, "reason": text},
    connectivity.ConnectivityEvidence: {"judged": none, "flows": none, "snapshot": keep},
    connectivity.Connection: {**_PAIR, **_ACCESS, "partial_by": keep, "because": several},
    connectivity.BlockedPair: {**_PAIR, "because": several, "near": own_misses},
    connectivity.WayIn: {**_PAIR, **_ACCESS, "partial_by": keep, "routes": several, "because": several},
    connectivity.Exposure: {"end": part, "ingress": part, "egress": part},
    connectivity.Facing: {"outside": several, "entire_cluster": keep, "possible_pods": several},
    connectivity.OutsideAccess: {**_ACCESS, "end": part},
    connectivity.PossibleAccess: {"connections": keep, "pod": text},
    diff.Diff: {
        **_kept("relation", "by"),
        **_NOTICES,
        "reason": text,
        "rows": touching,
        "new": own_places,
        "lost": own_places,
        "policies": own_policies,
        "ways_in": touching,
        "routes": own_routes,
        "undetermined": several,
        "witnesses": part,
        "evidence": part,
    },
    diff.DiffEvidence: {"compared": none, "judged": none, **_kept("engine", "solver_ms", "before", "after")},
    diff.ChangedConnection: {**_PAIR, **_CHANGE, "because": several, "endpoints": texts},
    diff.ChangedWayIn: {
        **_PAIR,
        **_CHANGE,
        "may_differ": keep,
        "routes_before": several,
        "routes_after": several,
        "because": several,
        "endpoints": texts,
    },
    diff.Shifts: {"looser": own_shift, "stricter": own_shift, "undetermined": own_shift},
    diff.Shift: {"before": part, "after": part},
    diff.JudgedFlow: {**_TRACED, "truth": keep},
    findings.Findings: {
        **_kept("counts", "snapshot"),
        **_NOTICES,
        "rules": each_of,
        "findings": own_findings,
        "suppressed": own_suppressed,
        "undecided": several,
    },
    findings.Suppressed: {"finding": part, "by": keep, "reason": text},
    findings.FindingRule: _kept("code", "what", "why", "mend", "docs", "reference"),
    near.Unmet: {"code": keep, "text": text, "undetermined": keep},
    completion.Completion: {
        **_kept("state", "complete"),
        "suggestions": suggestions,
        "errors": several,
        "snapshot": part,
    },
    completion.Suggestion: _kept("start", "text", "kind"),
    completion.Fault: {**_kept("start", "end", "found"), "message": text, "expected": texts},
}
"""For each field of a part: who is shown it, and how."""

WHOLE: Mapping[type, tuple[Decision, frozenset[str]]] = {
    parts.End: (shown_end, _named("kind namespace name workload ip tenant labels possible")),
    connectivity.PodEnd: (shown_inside, _INSIDE),
    connectivity.WorkloadEnd: (shown_inside, _INSIDE),
    connectivity.NamespaceEnd: (shown_inside, _INSIDE),
    connectivity.TenantEnd: (shown_inside, _INSIDE),
    connectivity.NodeEnd: (shown_inside, _INSIDE),
    connectivity.OutsideEnd: (shown_outside, _named("cidrs")),
    answer.ServiceName: (shown_service, _named("namespace name")),
    parts.Policy: (shown_policy, _named("kind namespace name")),
    parts.Rule: (shown_rule, _RULE),
    near.NearMiss: (shown_miss, _RULE | {"failing"}),
    diff.Cause: (shown_cause, _RULE | {"when", "edit"}),
    parts.Step: (shown_step, _named("direction subject tier action policy rule origin text")),
    parts.Notice: (shown_notice, _named("code text origin")),
    connectivity.Route: (shown_route, _named("kind namespace name connections doubt origin")),
    diff.RouteChange: (shown_route_change, _named("kind namespace name edit origin")),
    diff.PolicyChange: (shown_policy_change, _named("policy edit unmodelled origin")),
    diff.Undetermined: (shown_undetermined, _named("policy edit what text origin")),
    findings.Finding: (shown_finding, _named("code severity subject text origin example confirmed fingerprint")),
    completion.SnapshotCounts: (shown_counts, _named("id namespaces pods services policies")),
}
"""Parts whose fields are decided about together: how, and the fields that this knows."""
