"""One end of an open question as terms: what is said of a point, and of a possible pod, at one side.

The header of `open_encoding` has the table of clauses; `variables` names the variables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from reachproof.network.address import family
from reachproof.network.labels import NO_LABELS, Requirement, Selector
from reachproof.network.policy import AddressPeer, AnyPeer, Complement, Intersection, PartyPeer, Peer, PodSet, Union
from reachproof.network.predicate import Conjunction, Disjunction, Holder, Needs, Negation, Predicate, Textual
from reachproof.solver.goal import Grouping, Side
from reachproof.solver.open_world.label_domains import Domain
from reachproof.solver.open_world.scope import Target
from reachproof.solver.open_world.variables import End, Variables, v6_points
from reachproof.solver.smtlib import FALSE, TRUE, Terms, conjunction, disjunction, negation


class EndTerms:
    """Terms about one end of the flow."""

    def __init__(self, terms: Terms, layout: Variables, side: Side) -> None:
        self._terms = terms
        self._scope = layout.scope
        self._side = side
        self._end: End = layout.ends[side]
        self._letter = self._end.letter
        self._labels = {namespace.name: namespace.labels for namespace in layout.scope.snapshot.namespaces}
        self._selectors: dict[tuple[str, Selector], str] = {}
        both = bool(self._end.cells and self._end.homes)
        self.possible = terms.one_of(f"{self._letter}k", [1]) if both else TRUE if self._end.homes else FALSE
        self.new = self.in_homes(lambda home: home is None)

    def at_points(self, points: int) -> str:
        """It is one of these points, which the layout has as a set of cells."""
        if not (self._end.cells and points):
            return FALSE
        inside = self._terms.one_of(self._letter, self._end.cells_of[points])
        return conjunction([negation(self.possible), inside])

    def in_homes(self, test: Callable[[str | None], bool]) -> str:
        """It is a possible pod in one of these homes."""
        if not self._end.homes:
            return FALSE
        inside = [number for number, home in enumerate(self._end.homes) if test(home)]
        return conjunction([self.possible, self._terms.one_of(f"{self._letter}n", inside)])

    def in_regions(self, numbers: list[int]) -> str:
        """It is a possible pod with an address in one of these regions."""
        if not self._end.homes:
            return FALSE
        return conjunction([self.possible, self._terms.one_of(f"{self._letter}a", numbers)])

    def v6(self) -> str:
        """Its address is IPv6."""
        points = v6_points(self._scope.view) & self._scope.points[self._side]
        inside = [number for number, region in enumerate(self._end.regions) if family(region.first) == 6]
        return disjunction([self.at_points(points), self.in_regions(inside)])

    def on_node(self, name: str) -> str:
        """It is a possible pod on this node."""
        if not self._end.homes:
            return FALSE
        return conjunction([self.possible, self._terms.one_of(f"{self._letter}w", [self._end.nodes.index(name)])])

    def target(self, target: Target) -> str:
        """It is meant by a subject or a peer."""
        possible = self._possible(target.peer) if target.peer is not None else FALSE
        return self._terms.fresh(disjunction([self.at_points(target.points), conjunction([self.possible, possible])]))

    def _possible(self, peer: Peer) -> str:
        match peer:
            case PodSet(namespaces=namespaces, pods=pods):
                further = [] if peer.where is None else [self._where(peer.where)]
                return conjunction([self._namespace(namespaces), self.pod_labels(pods), *further])
            case AddressPeer(addresses=addresses):
                inside = [n for n, region in enumerate(self._end.regions) if region.first in addresses]
                return self.in_regions(inside)
            case AnyPeer() | PartyPeer():
                return TRUE
            case Intersection(items):
                return conjunction([self._possible(item) for item in items])
            case Union(items):
                return disjunction([self._possible(item) for item in items])
            case Complement(item):
                return negation(self._possible(item))
            case _:
                return FALSE

    def _where(self, predicate: Predicate) -> str:
        match predicate:
            case Needs(test, of) if of is Holder.NAMESPACE:
                existing = self.in_homes(lambda home: home is not None and test.matches(self._labels[home]))
                return disjunction(
                    [existing, conjunction([self.new, self._test(test, "m", self._end.namespace_labels)])]
                )
            case Needs(test, of) if of is Holder.MESH:
                return TRUE if test.matches(NO_LABELS) else FALSE
            case Needs(test):
                return self._test(test, "l", self._end.labels)
            case Conjunction(items):
                return conjunction([self._where(item) for item in items])
            case Disjunction(items):
                return disjunction([self._where(item) for item in items])
            case Negation(item):
                return negation(self._where(item))
            case _:
                assert_never(predicate)

    def _test(self, test: Requirement | Textual, kind: str, domains: tuple[Domain, ...]) -> str:
        for number, domain in enumerate(domains):
            if domain.key == test.key:
                return self._terms.one_of(f"{self._letter}{kind}{number}", domain.codes(test))
        return FALSE  # no new namespace can be at this end

    def _namespace(self, selector: Selector) -> str:
        if ("n", selector) not in self._selectors:
            existing = self.in_homes(lambda home: home is not None and selector.matches(self._labels[home]))
            new = conjunction([self.new, self.namespace_labels(selector)])
            self._selectors["n", selector] = self._terms.fresh(disjunction([existing, new]))
        return self._selectors["n", selector]

    def pod_labels(self, selector: Selector) -> str:
        """The labels of the possible pod match."""
        return self._matches(selector, "l", self._end.labels) if self._end.homes else FALSE

    def namespace_labels(self, selector: Selector) -> str:
        """The labels of the new namespace match."""
        return self._matches(selector, "m", self._end.namespace_labels) if self.new != FALSE else FALSE

    def _matches(self, selector: Selector, kind: str, domains: tuple[Domain, ...]) -> str:
        if (kind, selector) not in self._selectors:
            number_of = {domain.key: number for number, domain in enumerate(domains)}
            met = [
                self._terms.one_of(
                    f"{self._letter}{kind}{number_of[each.key]}", domains[number_of[each.key]].codes(each)
                )
                for each in selector.requirements
            ]
            self._selectors[kind, selector] = self._terms.fresh(conjunction(met))
        return self._selectors[kind, selector]

    def laws(self) -> list[str]:
        """Axioms of every end: a new namespace has a name."""
        domains = enumerate(self._end.namespace_labels)
        return [negation(self._terms.one_of(f"{self._letter}m{n}", [0])) for n, each in domains if each.always]

    def in_group(self, points: int, grouping: Grouping, number: int) -> str:
        """It is in the group of this number."""
        names = {name for name, group in grouping.namespaces if group == number}
        found = [self.at_points(points & self._scope.points[self._side]), self.in_homes(lambda home: home in names)]
        earlier: list[str] = []
        for selector, group in grouping.selectors:
            if self.new != FALSE:
                met = self.namespace_labels(selector)
                if group == number:
                    found.append(conjunction([self.new, met, *(negation(each) for each in earlier)]))
                earlier.append(met)
        return disjunction(found)

    def in_no_group(self, grouping: Grouping) -> str:
        """It is a possible pod in a new namespace that none of the grouping's selectors matches."""
        if self.new == FALSE:
            return FALSE
        met = (self.namespace_labels(selector) for selector, _ in grouping.selectors)
        return conjunction([self.new, *(negation(each) for each in met)])

    def invented(self) -> list[str]:
        """The inventions of a witness at this end: labels, a new namespace, a certain address, a certain node."""
        end, terms = self._end, self._terms
        if not end.homes:
            return []
        found = [negation(terms.one_of(f"{self._letter}l{number}", [0])) for number in range(len(end.labels))]
        found += [
            negation(terms.one_of(f"{self._letter}m{number}", [0]))
            for number, domain in enumerate(end.namespace_labels)
            if not domain.always
        ]
        largest = max(range(len(end.regions)), key=lambda number: end.regions[number].size)
        found.append(negation(terms.one_of(f"{self._letter}a", [largest])))
        if end.nodes:
            found.append(negation(terms.one_of(f"{self._letter}w", [len(end.nodes)])))
        return [each for each in [*found, self.new] if each not in (TRUE, FALSE)]
