"""`what does POLICY allow?`: the rules that allow, each peer with its ports, as the policy has them.

Only what a policy says is shown, whatever other policies do. Of kinds with peers or conditions that cannot be said in
the words of the language, nothing is. Trusted by these answers alone: no verdict rests on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reachproof.documents.answer import Row
from reachproof.engines.not_read import is_not_read
from reachproof.grammar import ast
from reachproof.grammar.format import format_domain, format_selector
from reachproof.network.address import ALL_ADDRESSES, format_cidrs
from reachproof.network.labels import NAMESPACE_NAME, Operator, Selector
from reachproof.network.policy import (
    Action,
    AddressPeer,
    AnyPeer,
    Direction,
    DomainPeer,
    Match,
    NodePeer,
    PartyKind,
    Peer,
    PodSet,
    Policy,
    PortMatch,
    Rule,
    TierName,
)
from reachproof.network.ports import format_ports
from reachproof.queries.bind_sets import Binder
from reachproof.queries.plan import TablePlan
from reachproof.queries.what_if import policies_named

_COLUMNS = ("direction", "rule", "pods", "peer", "ports", "origin")


def allowed_plan(binder: Binder, name: ast.PolicyName) -> TablePlan:
    """The plan of the question: a row for each peer of each rule that allows."""
    refs = policies_named(binder, name)
    rows: list[Row] = []
    for policy in binder.snapshot.policies:
        if policy.ref not in refs:
            continue
        found = list(_rows(policy))
        of_kubernetes = isinstance(policy.tier, TierName)
        if not of_kubernetes or is_not_read(policy) or policy.doubts or None in found:
            binder.refuse(f"what {policy.ref} allows cannot be listed; ask what can be reached", name.span)
        rows += (row for row in found if row is not None)
    return TablePlan(form="what", columns=_COLUMNS, rows=tuple(rows), vacuous=False)


def _rows(policy: Policy) -> Iterator[Row | None]:
    for direction in (Direction.INGRESS, Direction.EGRESS):
        for rule in policy.rules(direction):
            if rule.action is not Action.ALLOW:
                continue
            for match in rule.matches:
                yield _row(policy, direction, rule, match)


def _row(policy: Policy, direction: Direction, rule: Rule, match: Match) -> Row | None:
    """The row of one peer of a rule; None where the words of the language cannot say what it allows."""
    subject, peer, ports = peer_words(policy.subject), peer_words(match.peer), port_words(match.ports)
    told = not (rule.may or rule.condition or rule.extension) and match.subject == AnyPeer()
    if not told or subject is None or peer is None or ports is None:
        return None
    return {
        "direction": str(direction),
        "rule": f"{rule.index} {rule.name}".strip(),
        "pods": subject,
        "peer": f"{'from' if direction is Direction.INGRESS else 'to'} {peer}",
        "ports": ports,
        "origin": str(rule.origin) if rule.origin.file else "",
    }


def peer_words(peer: Peer, selector: Callable[[Selector], str] = format_selector) -> str | None:
    """The peer in words of the language; None where these cannot say it. `selector`: the text of one."""
    match peer:
        case AnyPeer():
            return "anything"
        case PodSet(namespaces, pods, False, None):
            labelled = f"pods labelled {selector(pods)}" if pods.requirements else "pods"
            return f"{labelled} {_namespaces(namespaces, selector)}"
        case AddressPeer(addresses, parties) if parties == frozenset(PartyKind):
            every = addresses == ALL_ADDRESSES
            return "every address" if every else ", ".join(format_cidrs(addresses))
        case NodePeer(nodes):
            return f"nodes labelled {selector(nodes)}" if nodes.requirements else "nodes"
        case DomainPeer(names, ()):
            return ", ".join(f"domain {format_domain(name)}" for name in names)
        case _:
            return None


def _namespaces(chosen: Selector, selector: Callable[[Selector], str]) -> str:
    match chosen.requirements:
        case ():
            return "in any namespace"
        case (requirement,) if requirement.key == NAMESPACE_NAME and requirement.operator is Operator.IN:
            names = tuple(map(ast.Name, requirement.values))
            return f"in namespace{'s' * (len(names) > 1)} {' or '.join(map(str, names))}"
        case _:
            return f"in namespaces labelled {selector(chosen)}"


def port_words(ports: PortMatch | None) -> str | None:
    """The ports in words of the language; None where these cannot say them."""
    if ports is None:
        return "any port"
    if ports.not_numbers or ports.not_names:
        return None
    named = [f"port {each.name}" + (f" ({each.protocol.lower()})" if each.protocol else "") for each in ports.names]
    numbers = [format_ports(ports.numbers)] if ports.numbers else []
    return ", ".join((*numbers, *named)) or "no port"
