"""Words that findings of lint share: names of rules, sets of pods, lists of pods; and how such a finding is made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reachproof.documents.answer import Row
from reachproof.documents.findings import Code
from reachproof.documents.words import FindingSeverity
from reachproof.engines.profile import EngineProfile
from reachproof.engines.words import where_text
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Operator, Selector
from reachproof.network.origin import Origin
from reachproof.network.policy import Direction, PodSet, Policy, Rule
from reachproof.queries.findings import Finding
from reachproof.semantics.sentences import number_or_name, some_of
from reachproof.solver.bitset import positions
from reachproof.solver.universe import Universe

_SHOWN = 3


def rule_name(policy: Policy, direction: Direction, rule: Rule) -> str:
    """`AdminNetworkPolicy a ingress rule 1 "name"`."""
    return f"{policy.ref} {direction} {number_or_name(rule)}"


def pods_text(pods: PodSet, profile: EngineProfile) -> str:
    """The selectors of a set of pods in words."""
    if pods.where is not None:
        rest = replace(pods, where=None)
        return f"{pods_text(rest, profile)} {where_text(pods.where, profile)}"
    chosen = "pods" if pods.pods == EVERYTHING else f"pods labelled {pods.pods}"
    if pods.namespaces == EVERYTHING:
        return chosen
    return f"{chosen} in {namespaces_text(pods.namespaces)}"


def namespaces_text(selector: Selector) -> str:
    """The namespaces that a selector selects, in words."""
    name = only_namespace(selector)
    return f"namespace {name}" if name else f"namespaces labelled {selector}"


def only_namespace(selector: Selector) -> str | None:
    """The name of the namespace, where the selector names one and asks nothing else."""
    match selector.requirements:
        case (only,) if only.key == NAMESPACE_NAME and only.operator is Operator.IN and len(only.values) == 1:
            return only.values[0]
        case _:
            return None


def some_pods(universe: Universe, points: int) -> str:
    """`pod a/b`, or `pods a/b, a/c and 3 more`."""
    names = list(dict.fromkeys(str(universe.points[index].party) for index in positions(points)))
    return f"{'pod' if len(names) == 1 else 'pods'} {some_of(names, _SHOWN)}"


def finding(
    code: Code,
    subject: str,
    text: str,
    origin: Origin,
    selector: str = "",
    *,
    severity: FindingSeverity = FindingSeverity.WARNING,
) -> Finding:
    """A finding that no flow shows."""
    row: Row = {"where": subject, "selector": selector, "origin": str(origin)}
    return Finding(code=code, severity=severity, subject=subject, text=text, origin=origin, row=row)


def distinct(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each finding once, in order of first appearance."""
    return tuple({(each.code, each.text): each for each in findings}.values())
