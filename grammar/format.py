"""AST to canonical text, such that parsing the text gives the AST again.

That holds for every AST that `parse` can produce, as the law in tests/grammar/test_round_trip.py checks. Sentences are
here, their parts in `format_parts`; `format_query`, `format_set` and `format_ports` are for others to use.
"""

from __future__ import annotations

from typing import assert_never

from reachproof.grammar import ast
from reachproof.grammar.ast import ChangeForm, DenyTier, Group, Hygiene, SetExpr
from reachproof.grammar.format_parts import (
    format_name,
    format_object,
    format_one,
    format_ports,
    format_quantified,
    format_selector,
    format_set,
    quoted,
)
from reachproof.grammar.words import is_plain_snapshot
from reachproof.network.policy import Direction

__all__ = ["format_ports", "format_query", "format_set"]

_QUESTIONS = {
    Hygiene.SHADOWED: "which rules are shadowed",
    Hygiene.REDUNDANT: "which policies are redundant",
    Hygiene.MATCHES_NOTHING: "which selectors match nothing",
    Hygiene.AMBIGUOUS: "which verdicts are ambiguous",
}
_CLAIMS = {
    Hygiene.SHADOWED: "no rule is shadowed",
    Hygiene.REDUNDANT: "no policy is redundant",
    Hygiene.MATCHES_NOTHING: "no selector matches nothing",
    Hygiene.AMBIGUOUS: "no verdict is ambiguous",
}
_CHANGES = {
    ChangeForm.WHAT: "what changed",
    ChangeForm.NOTHING_NEW: "nothing is newly allowed",
    ChangeForm.NOTHING: "nothing changed",
}


def format_query(query: ast.Query) -> str:
    """The sentence in canonical words, without a mark at its end."""
    return " ".join((*map(_prefix, query.prefixes), _statement(query.statement)))


def _statement(statement: ast.Statement) -> str:
    match statement:
        case ast.Can(source, destination, ports, exceptions):
            ends = f"can {format_quantified(source)} reach {format_quantified(destination)}"
            return ends + _on(ports) + _except(exceptions)
        case ast.No(source, destination, ports, exceptions):
            return f"no {format_one(source)} can reach {format_set(destination)}" + _on(ports) + _except(exceptions)
        case ast.Every(source, destination, ports, exceptions):
            ends = f"every {format_one(source)} can reach {format_quantified(destination)}"
            return ends + _on(ports) + _except(exceptions)
        case ast.Only(source, destination, ports, exceptions):
            return f"only {format_set(source)} can reach {format_set(destination)}" + _on(ports) + _except(exceptions)
        case ast.ReachOnly():
            return _reach_only(statement)
        case ast.Isolated(group, left, right, exceptions):
            if left is None or right is None:
                return f"all {group}s are isolated{_except(exceptions)}"
            names = f"{group} {format_name(left)} is isolated from {group} {format_name(right)}"
            return names + _except(exceptions)
        case ast.DefaultDeny():
            return _default_deny(statement)
        case ast.Selected(scope, direction):
            return f"every {format_one(scope)} is selected by a network policy{_direction(direction)}"
        case ast.HygieneQuestion(hygiene, claim):
            return _CLAIMS[hygiene] if claim else _QUESTIONS[hygiene]
        case ast.Changed(form, snapshot, exceptions):
            named = snapshot.text if is_plain_snapshot(snapshot.text) else quoted(snapshot.text)
            return f"{_CHANGES[form]} since snapshot {named}{_except(exceptions)}"
        case _:
            return _listing(statement)


def _listing(statement: ast.Why | ast.Which | ast.WhichPorts | ast.WhichPolicies | ast.Show) -> str:
    match statement:
        case ast.Why(negated, source, destination, ports):
            can = "why can't" if negated else "why can"
            return f"{can} {format_set(source)} reach {format_set(destination)}{_on(ports)}"
        case ast.Which(listed, source, destination, ports, exceptions):
            reach = "reach" if source is None else f"{format_set(source)} reach"
            end = "" if destination is None else f" {format_set(destination)}"
            return f"which {listed} can {reach}{end}" + _on(ports) + _except(exceptions)
        case ast.WhichPorts(source, destination):
            return f"on which ports can {format_set(source)} reach {format_set(destination)}"
        case ast.WhichPolicies(source, destination, ports):
            return f"which policies decide {format_set(source)} to {format_set(destination)}{_on(ports)}"
        case ast.Show(group, ports):
            return f"show reachability between {group}s{_on(ports)}"
        case _:
            assert_never(statement)


def _reach_only(claim: ast.ReachOnly) -> str:
    """Every target but the last is written with its ports, for a list of sets would swallow the next one."""
    *first, last = claim.targets
    listed = [f"{format_set(each.destination)} on {format_ports(each.ports)}" for each in first]
    listed.append(format_set(last.destination) + _on(last.ports))
    word = "exactly" if claim.exactly else "only"
    return f"{format_set(claim.source)} can reach {word} {', or '.join(listed)}{_except(claim.exceptions)}"


def _default_deny(claim: ast.DefaultDeny) -> str:
    verb = "enforce" if claim.tier is DenyTier.NETWORK_POLICIES else "enforces"
    head = f"{_tier(claim.tier)} {verb} default deny{_direction(claim.direction)} for {_scope(claim.scope)}"
    outside = " including from outside the cluster" if claim.including_external else ""
    return head + outside + _except(claim.exceptions)


def _tier(tier: DenyTier | ast.NamedTier) -> str:
    return f"the tier {format_name(tier.name)}" if isinstance(tier, ast.NamedTier) else str(tier)


def _scope(scope: SetExpr) -> str:
    match scope:
        case ast.Pods(filters=(ast.InAny(group=Group.TENANT),), possible=False):
            return "every tenant"
        case ast.Difference(ast.Pods(filters=(ast.InAny(group=Group.TENANT),), possible=False), removed):
            nested = isinstance(removed, ast.Difference)
            return f"every tenant except {f'({format_set(removed)})' if nested else format_set(removed)}"
        case ast.Pods() | ast.Difference(base=ast.Pods()):
            return f"every {format_one(scope)}"
        case _:
            return format_set(scope)


def _on(ports: ast.Ports) -> str:
    return "" if ports == ast.ANY_PORT else f" on {format_ports(ports)}"


def _direction(direction: Direction | None) -> str:
    return "" if direction is None else f" for {direction}"


def _except(exceptions: tuple[ast.Exempt, ...]) -> str:
    return f" except {' and '.join(map(_exempt, exceptions))}" if exceptions else ""


def _exempt(exempt: ast.Exempt) -> str:
    parts: list[str] = []
    if exempt.source is not None:
        parts.append(f"from {format_set(exempt.source)}")
    if exempt.destination is not None:
        parts.append(f"to {format_set(exempt.destination)}")
    if exempt.within is not None:
        parts.append(f"within the same {exempt.within}")
    if exempt.ports is not None:
        parts.append(f"on {format_ports(exempt.ports)}")
    return " ".join(parts)


def _prefix(prefix: ast.Prefix) -> str:
    match prefix:
        case ast.Without(policies):
            return f"without {', '.join(map(_policy, policies))}:"
        case ast.WithOnly(tier):
            return f"with only {_tier(tier)}:"
        case ast.ForEvery(group, variable):
            return f"for every {group} {format_name(variable)}:"
        case ast.AssumingNone(scope, selector):
            return f"assuming no {format_one(scope)} is labelled {format_selector(selector)}:"
        case ast.AssumingAnyPolicies(scope):
            return f"assuming whatever network policies {format_set(scope)} writes:"
        case _:
            assert_never(prefix)


def _policy(policy: ast.PolicyName) -> str:
    if policy.namespace:
        return f"{policy.kind} {format_object(ast.ObjectName(policy.namespace, policy.name))}"
    return f"{policy.kind} {format_name(ast.Name(policy.name))}"
