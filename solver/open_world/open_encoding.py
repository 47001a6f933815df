"""An open question as SMT-LIB text; `variables` names the variables.

| Kubernetes thing | clause |
|---|---|
| end | a point of a cell, or a possible pod: `xk` says which, where both are possible |
| selector on a possible pod | codes of `xl0`, ... that meet each requirement |
| namespace selector on it | namespaces of the snapshot by their own labels; a new one by codes of `xm0`, ... |
| CIDR | regions of `xa` inside it |
| named port at it | `qN`, with the protocol of the entry |
| its own node, other nodes | `xw` is the node of the peer, or is not |
| two new namespaces | one and the same exactly where their names are; then all labels are equal |
| tiers, first match | `solver.tier_encoding`, as in the closed world |

Flows between two points are left out: the closed world decides them, with both engines.

Trusted for proofs about possible pods. Checked by tests/queries/test_possible_brute_force.py against all label
assignments; in every answer, a witness is replayed by the evaluator, and a proof is attacked with invented pods.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import NAMESPACE_NAME
from reachproof.network.policy import (
    Direction,
    DomainPeer,
    NamedPort,
)
from reachproof.network.ports import port_range
from reachproof.solver.boxes import Near, near_of
from reachproof.solver.goal import (
    PEER,
    SUBJECT,
    All,
    At,
    Declares,
    Formula,
    Hypothetical,
    InAddresses,
    InNamespaces,
    InNewNamespace,
    InPorts,
    Labelled,
    Members,
    Not,
    OnNode,
    Possible,
    Same,
    Side,
    Some,
    Wanted,
)
from reachproof.solver.open_world.endpoint_terms import EndTerms
from reachproof.solver.open_world.label_domains import Domain
from reachproof.solver.open_world.scope import ScopedMatch, ScopedRule, ScopedTier, Target
from reachproof.solver.open_world.variables import Variables, grouped, hosts_by_node, points_at
from reachproof.solver.smt_encoding import Script
from reachproof.solver.smtlib import FALSE, TRUE, Terms, conjunction, disjunction, negation
from reachproof.solver.tier_encoding import Isolating, RuleTerms, as_terms, outcomes, verdict

PORT = "p"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenScript:
    """`variables` in the order of the layout; `invented` are literals, one for each thing that a witness invents."""

    script: Script
    variables: tuple[str, ...]
    invented: tuple[str, ...]


def open_script(layout: Variables, wanted: Wanted | None, *, tracked: bool = False) -> OpenScript:
    """Satisfiable exactly when some flow with a possible pod at an end is in the region and as wanted.

    Without `wanted`: when there is such a flow in the region at all.
    """
    writer = _Writer(layout, tracked=tracked)
    conditions = [*writer.exists(), writer.formula(layout.scope.region)]
    if wanted is not None:
        conditions.append(writer.verdict(wanted))
    invented = writer.invented()
    variables = tuple(layout.sizes())
    lines = [*writer.terms.declarations(variables), *writer.terms.lines]
    lines += [f"(assert {each})" for each in conditions if each != TRUE]
    script = Script(text="\n".join(lines), tracked=tuple(writer.terms.tracked))
    return OpenScript(script=script, variables=variables, invented=invented)


class _Writer:
    """Writes the parts of an open question as terms."""

    def __init__(self, layout: Variables, *, tracked: bool) -> None:
        self.terms = Terms(layout.sizes(), tracking=tracked)
        self._layout = layout
        self._ends = {side: EndTerms(self.terms, layout, side) for side in Side}

    def exists(self) -> list[str]:
        """A possible pod is at an end, the addresses are of one family, and two ends have not the same address."""
        source, destination = self._ends[Side.SOURCE], self._ends[Side.DESTINATION]
        found = [disjunction([source.possible, destination.possible]), self._one_family()]
        found += [*source.laws(), *destination.laws(), *(negation(each) for each in self._same_address())]
        if source.new != FALSE and destination.new != FALSE:
            found.append(self._one_namespace())
        return found

    def _one_family(self) -> str:
        v6 = [self._ends[side].v6() for side in Side]
        return disjunction([conjunction(v6), conjunction([negation(each) for each in v6])])

    def _same_address(self) -> Iterable[str]:
        """Where one end has a single address to choose, and the other has just that."""
        for side, other in ((Side.SOURCE, Side.DESTINATION), (Side.DESTINATION, Side.SOURCE)):
            for number, region in enumerate(self._layout.ends[side].regions):
                if region.size == 1:
                    here = self._ends[side].in_regions([number])
                    facing = points_at(self._layout.scope.view, region) & self._layout.scope.points[other]
                    same = [self._ends[other].at_points(facing)]
                    if side is Side.SOURCE:
                        there = enumerate(self._layout.ends[other].regions)
                        same.append(self._ends[other].in_regions([n for n, each in there if each == region]))
                    yield conjunction([here, disjunction(same)])

    def _one_namespace(self) -> str:
        """Two new namespaces of one name are one: with all labels equal."""
        both = conjunction([self._ends[side].new for side in Side])
        domains = self._layout.ends[Side.SOURCE].namespace_labels
        same = [f"(= sm{number} dm{number})" for number in range(len(domains))]
        return f"(=> {conjunction([both, same[_name_key(domains)]])} {conjunction(same)})"

    def invented(self) -> tuple[str, ...]:
        """A literal for each label, new namespace, named port and node that is invented."""
        found: list[str] = []
        for end in self._ends.values():
            found += end.invented()
        found += [self.terms.one_of(f"q{number}", [1]) for number in range(len(self._layout.names))]
        return tuple(self.terms.literal(f"i{number}", each) for number, each in enumerate(found))

    # ------------------------------------------------------------ the question

    def formula(self, formula: Formula) -> str:
        """The flow is in the region."""
        match formula:
            case At(side=side, where=where):
                return self._at(side, where)
            case InPorts(ports):
                return self._ports(ports)
            case Same():
                return self._same(formula)
            case Not(item):
                return negation(self.formula(item))
            case All(items):
                return conjunction([self.formula(item) for item in items])
            case Some(items):
                return disjunction([self.formula(item) for item in items])
            case _:
                assert_never(formula)

    def _at(self, side: Side, where: Members | InAddresses | Hypothetical) -> str:
        end = self._ends[side]
        match where:
            case Members() | InAddresses():
                scope = self._layout.scope
                return end.at_points(scope.view.points_of(where) & scope.points[side])
            case Possible():
                return end.possible
            case InNamespaces(names):
                return end.in_homes(lambda home: home in names)
            case InNewNamespace(labels):
                return conjunction([end.new, end.namespace_labels(labels)])
            case Labelled(labels):
                return conjunction([end.possible, end.pod_labels(labels)])
            case OnNode(name):
                return end.on_node(name)
            case Declares(name):
                return self._declares(name) if side is Side.DESTINATION else FALSE
            case _:
                assert_never(where)

    def _same(self, same: Same) -> str:
        view, grouping = self._layout.scope.view, same.possible
        points = grouped(view, same)
        numbers = [*points, *(n for _, n in grouping.namespaces), *(n for _, n in grouping.selectors)]
        sides = list(self._ends.values())
        ways = [
            conjunction([end.in_group(points.get(number, 0), grouping, number) for end in sides])
            for number in sorted(set(numbers))
        ]
        both_new = conjunction([end.in_no_group(grouping) for end in sides])
        if both_new != FALSE:
            domains = self._layout.ends[Side.SOURCE].namespace_labels
            if grouping.by_value:
                key = next(i for i, domain in enumerate(domains) if domain.key == grouping.by_value)
                ways.append(
                    conjunction([both_new, f"(= sm{key} dm{key})", negation(self.terms.one_of(f"sm{key}", [0]))])
                )
            elif grouping.apart:
                key = _name_key(domains)
                ways.append(conjunction([both_new, f"(= sm{key} dm{key})"]))
        return disjunction(ways)

    # ------------------------------------------------------------ ports

    def _ports(self, ports: Iterable[tuple[int, int]]) -> str:
        spans = list(ports)
        inside = [
            number
            for number, atom in enumerate(self._layout.atoms)
            if any(low <= atom.first <= high for low, high in spans)
        ]
        return self.terms.one_of(PORT, inside)

    def _declares(self, name: str) -> str:
        if name not in self._layout.names:
            return FALSE
        number = self._layout.names.index(name)
        return conjunction([self._ends[Side.DESTINATION].possible, self.terms.one_of(f"q{number}", [1])])

    def _port_match(self, match: ScopedMatch) -> str:
        ports = match.match.ports
        if ports is None:
            return TRUE
        found = [self._ports(ports.numbers), *self._declared(match.declaring), *self._named(ports.names)]
        without = [self._ports(ports.not_numbers), *self._declared(match.without), *self._named(ports.not_names)]
        return conjunction([disjunction(found), negation(disjunction(without))])

    def _declared(self, declaring: Iterable[tuple[IntervalSet, int]]) -> Iterable[str]:
        destination, domain = self._ends[Side.DESTINATION], self._layout.scope.points[Side.DESTINATION]
        for ports, at in declaring:
            yield conjunction([destination.at_points(at & domain), self._ports(ports)])

    def _named(self, names: Iterable[NamedPort]) -> Iterable[str]:
        for name in names:
            protocol = TRUE if name.protocol is None else self._ports(port_range(name.protocol))
            yield conjunction([self._declares(name.name), protocol])

    # ------------------------------------------------------------ the programs

    def verdict(self, wanted: Wanted) -> str:
        """The flow is as wanted."""
        scope = self._layout.scope
        return verdict(
            wanted, *outcomes(self.terms, lambda each: [self._tier(each, tier) for tier in scope.tiers(each)])
        )

    def _tier(self, direction: Direction, tier: ScopedTier) -> Isolating[None]:
        rule = partial(self._rule, direction)
        return as_terms(
            tier,
            policy=lambda policy: policy.map(lambda _: None, rule),
            rule=rule,
            isolated=lambda: self._isolated(direction, tier),
        )

    def _isolated(self, direction: Direction, tier: ScopedTier) -> str:
        return disjunction(
            [
                self.terms.meant(self._subject(policy.subjects, direction), direction, policy.policy, None)
                for policy in tier.isolating
            ]
        )

    def _subject(self, subject: Target, direction: Direction) -> str:
        return self._ends[SUBJECT[direction]].target(subject)

    def _rule(self, direction: Direction, rule: ScopedRule) -> RuleTerms:
        subject = self._subject(rule.subject, direction)
        certain: list[str] = []
        possible: list[str] = []
        for match in rule.matches:
            ports = conjunction([self._port_match(match), self._subject(match.subject, direction)])
            if near := near_of(match.match.peer):
                for peer, known in self._near(match.peer, direction, near):
                    where = certain if known and not rule.rule.may else possible
                    where.append(conjunction([subject, peer, ports]))
            else:
                peer = self._ends[PEER[direction]].target(match.peer)
                unknown = rule.rule.may or isinstance(match.match.peer, DomainPeer)
                (possible if unknown else certain).append(conjunction([subject, peer, ports]))
        terms = [disjunction(certain), disjunction(possible)]
        if rule.policy is None:
            return RuleTerms(rule.rule.action, *(self.terms.fresh(each) for each in terms))
        named = (t if t == FALSE else self.terms.meant(t, direction, rule.policy, rule.rule) for t in terms)
        return RuleTerms(rule.rule.action, *named)

    def _near(self, peer: Target, direction: Direction, near: Near) -> Iterable[tuple[str, bool]]:
        """A possible pod and a node so related, by the node; where that of a host-network pod is not known, it may."""
        subject, other = self._ends[SUBJECT[direction]], self._ends[PEER[direction]]
        for node, points in hosts_by_node(self._layout.scope.view, peer.points).items():
            here = subject.on_node(node) if node else subject.possible
            if node and near is Near.OTHER_NODE:
                here = conjunction([subject.possible, negation(here)])
            yield conjunction([here, other.at_points(points)]), bool(node)


def _name_key(domains: tuple[Domain, ...]) -> int:
    return next(number for number, domain in enumerate(domains) if domain.key == NAMESPACE_NAME)
