"""AST to canonical text, such that parsing the text gives the AST again.

That holds for every AST that `parse` can produce, as the law in tests/grammar/test_round_trip.py checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from reachproof.grammar import ast
from reachproof.grammar.ast import ChangeForm, DenyTier, Group, Hygiene, Quantifier, SetExpr
from reachproof.grammar.words import is_plain_label_key, is_plain_name, is_plain_part, is_plain_snapshot, is_reserved
from reachproof.network.labels import Operator, Requirement, Selector
from reachproof.network.policy import Direction
from reachproof.network.ports import MAX_PORT


def quoted(text: str) -> str:
    """The text between quotes that it does not hold itself."""
    return f"'{text}'" if '"' in text else f'"{text}"'


def format_name(name: ast.Name) -> str:
    """The name, quoted where it is no plain word."""
    return name.text if is_plain_name(name.text) else quoted(name.text)


def format_object(name: ast.ObjectName) -> str:
    """`namespace/name`, each part quoted where it is no plain word."""
    return f"{_part(name.namespace)}/{_part(name.name)}"


def _part(text: str) -> str:
    return text if is_plain_part(text) else quoted(text)


def names(group: Group, listed: tuple[ast.Name, ...]) -> str:
    """`tenant a`, `tenants a, b or c`."""
    *first, last = map(format_name, listed)
    return f"{group}s {', '.join(first)} or {last}" if first else f"{group} {last}"


# ---------------------------------------------------------------- labels


def format_selector(selector: Selector) -> str:
    """kubectl's `-l` syntax, with the quotes that the query language needs."""
    return ",".join(map(_requirement, selector.requirements))


def _requirement(requirement: Requirement) -> str:
    key = requirement.key if is_plain_label_key(requirement.key) else quoted(requirement.key)
    values = [_value(value) for value in requirement.values]
    match requirement.operator:
        case Operator.IN:
            return f"{key}={values[0]}" if len(values) == 1 else f"{key} in ({','.join(values)})"
        case Operator.NOT_IN:
            return f"{key}!={values[0]}" if len(values) == 1 else f"{key} notin ({','.join(values)})"
        case Operator.EXISTS:
            return key
        case Operator.DOES_NOT_EXIST:
            return f"!{key}"
        case _:
            assert_never(requirement.operator)


def _value(value: str) -> str:
    return value if is_plain_part(value) else quoted(value)


# ---------------------------------------------------------------- sets


def format_set(expression: SetExpr) -> str:
    """The set; at its outermost level a list needs no parentheses."""
    return _set(expression, one=False)


def format_quantified(quantified: ast.Quantified) -> str:
    """The set after its quantifier, in the singular where that reads better."""
    if quantified.quantifier is Quantifier.BARE:
        return format_set(quantified.set)
    return f"{quantified.quantifier} {format_one(quantified.set)}"


def format_one(expression: SetExpr) -> str:
    """The set as it reads after `any`, `every` or `no`: `pod in tenant a`."""
    return _set(expression, one=True)


def _set(expression: SetExpr, *, one: bool) -> str:
    match expression:
        case ast.Union(items):
            return " or ".join(_atom(item, one=one and place == 0) for place, item in enumerate(items))
        case ast.Difference(base, removed):
            taken = _atom(removed) if isinstance(removed, ast.Difference) else _set(removed, one=False)
            return f"{_set(base, one=one)} except {taken}"
        case _:
            return _atom(expression, one=one)


def _atom(expression: SetExpr, *, one: bool = False) -> str:
    """A set that stands in a list: lists and differences in parentheses."""
    match expression:
        case ast.Union() | ast.Difference():
            return f"({format_set(expression)})"
        case ast.Pods(filters, possible):
            noun = "pod" if one else "pods"
            return " ".join(("possible " * possible + noun, *_filters(filters)))
        case ast.PodNamed(name):
            return f"pod {format_object(name)}"
        case ast.WorkloadNamed(kind, name):
            return f"{kind} {format_object(name)}"
        case ast.ServiceNamed(name):
            return f"service {format_object(name)}"
        case ast.NodeNamed(name):
            return f"node {format_name(name)}"
        case ast.Nodes(selector):
            noun = "node" if one else "nodes"
            return f"{noun} labelled {format_selector(selector)}" if selector.requirements else noun
        case ast.Addresses(text):
            return text
        case ast.Internet():
            return "the internet"
        case ast.IngressController():
            return "the ingress controller"
        case ast.OutsideCluster():
            return "address outside the cluster" if one else "outside the cluster"
        case ast.Domain(name):
            return f"domain {format_domain(name.text)}"
        case ast.Anything():
            return "anything"
        case _:
            assert_never(expression)


def format_domain(text: str) -> str:
    """A domain name, quoted where it is no plain word."""
    return text if is_plain_part(text.removeprefix("*.")) and not is_reserved(text) else quoted(text)


def _filters(filters: tuple[ast.Filter, ...]) -> Iterator[str]:
    """One after the other; labels right behind namespaces that have no name could be taken for theirs."""
    before: ast.Filter | None = None
    for each in filters:
        apart = isinstance(each, ast.Labelled) and before is not None and ast.is_of_any_namespace(before)
        yield f"and {_filter(each)}" if apart else _filter(each)
        before = each


def _filter(filter_: ast.Filter) -> str:
    match filter_:
        case ast.InNamespaces(listed):
            return f"in {names(Group.NAMESPACE, listed)}"
        case ast.InNamespacesLabelled(selector):
            return f"in namespaces labelled {format_selector(selector)}"
        case ast.InPossibleNamespaces():
            return "in possible namespaces"
        case ast.InTenants(listed):
            return f"in {names(Group.TENANT, listed)}"
        case ast.InAny(group):
            return f"in any {group}"
        case ast.Labelled(selector):
            return f"labelled {format_selector(selector)}"
        case ast.OnNode(name):
            return f"on node {format_name(name)}"
        case ast.WithServiceAccount(account):
            return f"with service account {format_object(account)}"
        case ast.Relative(group, same):
            return f"in the same {group}" if same else f"in a different {group}"
        case ast.Outside(group, listed):
            return f"outside {names(group, listed)}"
        case _:
            assert_never(filter_)


# ---------------------------------------------------------------- ports


def format_ports(ports: ast.Ports) -> str:
    """The list of ports as it reads after `on`."""
    if not ports.items:
        return "any port" if ports.any_of else "every port"
    listed = ", ".join(map(_port, ports.items))
    return f"any of {listed}" if ports.any_of else listed


def _port(port: ast.PortNumbers | ast.PortNamed) -> str:
    match port:
        case ast.PortNumbers(protocol, low, high):
            if (low, high) == (1, MAX_PORT):
                return protocol.lower()
            return f"{protocol.lower()}/{low}" if low == high else f"{protocol.lower()}/{low}-{high}"
        case ast.PortNamed(name):
            return f"port {format_port_name(name.text)}"
        case _:
            assert_never(port)


def format_port_name(text: str) -> str:
    """The name of a container port as it reads after `port`, where bare digits are a number."""
    return quoted(text) if text[0].isdigit() else format_name(ast.Name(text))


# ---------------------------------------------------------------- sentences


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


_OfPolicies = ast.WhichPolicies | ast.WhichSelect | ast.Unselected | ast.PolicyAllows
_Listing = ast.Why | ast.Which | ast.WhichPorts | _OfPolicies | ast.Show


def _listing(statement: _Listing) -> str:
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
        case ast.WhichSelect(scope):
            return f"which policies select {format_set(scope)}"
        case ast.Unselected(group, direction):
            return f"which {group}s are selected by no network policy{_direction(direction)}"
        case ast.PolicyAllows(policy):
            return f"what does {_policy(policy)} allow"
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
