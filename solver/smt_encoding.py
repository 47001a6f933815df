"""A slice and a question as SMT-LIB text.

| Kubernetes thing | sort and width | clause |
|---|---|---|
| source, destination | `s`, `d`: bit-vectors that number the cells | below the number of cells |
| protocol and port | `p`: bit-vector that numbers the atoms of ports | below the number of atoms |
| set of cells or atoms | runs of numbers | `(or (and (bvule a s) (bvule s b)) ...)` |
| rule | `mN`: Bool, "it matches" | or of its patches |
| isolation by a policy | `mN`: Bool | its subject cells |
| verdict | `eA eD iA iD`: direction can allow/deny (`solver.tier_encoding`) | allowed = eA and iA, denied = eD or iD |

With `tracked`, each `mN` is tied to its meaning only under an assumption literal `tN`: an unsatisfiable core of these
names the rules a proof rests on, and every other rule may then do what it likes. With `parametric`, definitions are
functions of (s d p), so that a quantifier over endpoints can be written out: these may lie in several cells.

Trusted: nothing by itself; `decide` compares each answer with the sets engine's. The text is the same for the same
slice, whatever the hash seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from reachproof.network.policy import Direction
from reachproof.network.tier import DirectedPolicy, TierOf
from reachproof.solver.bitset import Positions, position_list
from reachproof.solver.cells import Cell
from reachproof.solver.ends import Pairs
from reachproof.solver.goal import PEER, SUBJECT, All, At, Formula, InPorts, Not, Ranked, Same, Side, Some, Wanted
from reachproof.solver.slice import Patch, Slice, SlicedRule, SlicedTier, isolated_subjects
from reachproof.solver.smtlib import FALSE, Terms, Tracked, conjunction, disjunction, negation
from reachproof.solver.tier_encoding import Isolating, Outcome, RuleTerms, as_terms, outcomes, verdict

VARIABLE = {Side.SOURCE: "s", Side.DESTINATION: "d"}
PORT = "p"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """SMT-LIB text with declarations and assertions only; `tracked` explains its assumption literals."""

    text: str
    tracked: tuple[Tracked, ...] = ()


def search_script(part: Slice, region: Formula, wanted: Wanted, *, tracked: bool = False) -> Script:
    """Satisfiable exactly when some flow of the region is as wanted."""
    writer = Writer(part, tracked=tracked)
    wish = writer.verdict(wanted)
    conditions = [*writer.pair_conditions(), writer.formula(region), wish]
    terms = writer.terms
    lines = [*terms.declarations(("s", "d", PORT)), *terms.lines, *(f"(assert {each})" for each in conditions)]
    return Script(text="\n".join(lines), tracked=tuple(terms.tracked))


def ranked_script(part: Slice, goal: Ranked, pairs: Pairs) -> Script:
    """For `every_source`: satisfiable exactly when the goal is false. Else: satisfiable exactly when it is true.

    `e` numbers the sources, `at0`, `at1`, ... are the cells that one lies in. The inner quantifiers are written out:
    the text grows with the size of the pairs x atoms.
    """
    writer = Writer(part, parametric=True)
    wish = writer.verdict(goal.wanted)
    inside = [*writer.family_conditions(), writer.formula(goal.region)]
    sources = writer.sources(pairs)
    body = writer.written_out(goal, pairs, conjunction(inside), wish)
    claim = negation(body) if goal.every_source else body
    lines = [*sources, *writer.terms.lines, f"(assert {claim})"]
    return Script(text="\n".join(lines))


class Writer:
    """Writes what a slice has as terms over `s`, `d` and `p`.

    `terms`: those of another writer, whose slice has as many cells and atoms, so that both are about one flow.
    """

    def __init__(
        self, part: Slice, *, tracked: bool = False, parametric: bool = False, terms: Terms | None = None
    ) -> None:
        sizes = {"s": len(part.sources), "d": len(part.destinations), PORT: len(part.atoms)}
        parameters = ("s", "d", PORT) if parametric else ()
        self.terms = terms or Terms(sizes, tracking=tracked, parameters=parameters)
        self._part = part

    def family_conditions(self) -> list[str]:
        """Both ends are of one address family."""
        v6 = [self._cells(side, lambda cell: cell.v6) for side in Side]
        return [f"(= {v6[0]} {v6[1]})"]

    def pair_conditions(self) -> list[str]:
        """Flows exist: one address family, not from outside to outside, no pod or node to itself."""
        outside = [self._cells(side, lambda cell: cell.external) for side in Side]
        found = [*self.family_conditions(), negation(conjunction(outside))]
        homes: dict[str, list[int]] = {}
        for index, cell in enumerate(self._part.destinations):
            if cell.party is not None:
                homes.setdefault(cell.party, []).append(index)
        for index, cell in enumerate(self._part.sources):
            if cell.party is not None and cell.party in homes:
                itself = [self.terms.one_of("s", [index]), self.terms.one_of("d", homes[cell.party])]
                found.append(negation(conjunction(itself)))
        return found

    def sources(self, pairs: Pairs) -> list[str]:
        """Declares one source with its cells; a source of fewer cells than others has its last one several times."""
        terms, slots = self.terms, range(pairs.slots)
        terms.add("e", len(pairs.sources))
        found = [f"(declare-const at{slot} {terms.sort('s')})" for slot in slots]
        choices = [
            conjunction(
                [
                    f"(= e {terms.number('e', number)})",
                    *(
                        f"(= at{slot} {terms.number('s', each.cells[min(slot, len(each.cells) - 1)])})"
                        for slot in slots
                    ),
                ]
            )
            for number, each in enumerate(pairs.sources)
        ]
        return [f"(declare-const e {terms.sort('e')})", *found, f"(assert {disjunction(choices)})"]

    def written_out(self, goal: Ranked, pairs: Pairs, region: str, wish: str) -> str:
        """The quantifiers over destinations and atoms as conjunctions and disjunctions, for the source `e`."""
        inside = self.terms.define("inside", region)
        wanted = self.terms.define("wanted", wish)
        ways: list[str] = []
        flows: list[str] = []
        for number, destination in enumerate(pairs.destinations):
            apart = [index for index, none in enumerate(pairs.none[:, number].tolist()) if none]
            there = negation(disjunction([f"(= e {self.terms.number('e', index)})" for index in apart]))
            cells = [(slot, cell) for slot in range(pairs.slots) for cell in destination.cells]
            exist: list[str] = []
            reached: list[str] = []
            for atom in range(len(self._part.atoms)):
                some = [self._at(inside, slot, cell, atom) for slot, cell in cells]
                good = [self._at(wanted, slot, cell, atom) for slot, cell in cells]
                exist.append(disjunction(some))
                reached.append(conjunction([f"(=> {flow} {each})" for flow, each in zip(some, good, strict=True)]))
            if not goal.every_port:
                pairwise = zip(exist, reached, strict=True)
                reached = [disjunction([conjunction([some, good]) for some, good in pairwise])]
            flows.append(conjunction([there, disjunction(exist)]))
            ways.append(conjunction(reached))
        if not goal.every_destination:
            return disjunction([conjunction([exists, way]) for exists, way in zip(flows, ways, strict=True)])
        all_ways = conjunction([f"(=> {exists} {way})" for exists, way in zip(flows, ways, strict=True)])
        return all_ways if goal.every_source else conjunction([disjunction(flows), all_ways])

    def _at(self, call: str, slot: int, cell: int, atom: int) -> str:
        terms = self.terms
        return call.replace(" s d p)", f" at{slot} {terms.number('d', cell)} {terms.number(PORT, atom)})")

    def verdict(self, wanted: Wanted) -> str:
        """The flow is as wanted."""
        return verdict(wanted, *self.outcomes())

    def outcomes(self, name: str = "") -> tuple[Outcome, Outcome]:
        """The possible outcomes of egress, and of ingress; definitions begin with `name`."""
        return outcomes(self.terms, lambda each: [self._tier(each, tier) for tier in self._part.tiers(each)], name)

    def formula(self, formula: Formula) -> str:
        """The flow is in the region."""
        part, terms = self._part, self.terms
        match formula:
            case At(side=side):
                flags = part.flags(formula)
                return terms.one_of(VARIABLE[side], [index for index, inside in enumerate(flags) if inside])
            case InPorts(ports):
                return terms.one_of(PORT, position_list(part.atoms_in(ports), len(part.atoms)))
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

    def _same(self, same: Same) -> str:
        members: dict[int, dict[str, list[int]]] = {}
        for side in Side:
            for index, group in enumerate(self._part.groups(same, side)):
                if group:
                    members.setdefault(group, {"s": [], "d": []})[VARIABLE[side]].append(index)
        return disjunction(
            [
                conjunction([self.terms.one_of("s", ends["s"]), self.terms.one_of("d", ends["d"])])
                for _, ends in sorted(members.items())
                if ends["s"] and ends["d"]
            ]
        )

    # ------------------------------------------------------------ rules

    def _tier(self, direction: Direction, tier: SlicedTier) -> Isolating[None]:
        rule = partial(self._rule, direction)
        return as_terms(
            tier,
            policy=lambda policy: policy.map(lambda _: None, rule),
            rule=rule,
            isolated=lambda: self.isolated(direction, tier),
        )

    def isolated(self, direction: Direction, tier: TierOf[DirectedPolicy[Positions, object], object]) -> str:
        """Some policy isolates the subject; one set of cells where nobody asks which policy it is."""
        subject = VARIABLE[SUBJECT[direction]]
        if not self.terms.tracking:
            return self.terms.one_of(subject, isolated_subjects(tier).tolist())
        return disjunction(
            [
                self.terms.meant(self.terms.one_of(subject, policy.subjects.tolist()), direction, policy.policy, None)
                for policy in tier.isolating
            ]
        )

    def _rule(self, direction: Direction, rule: SlicedRule) -> RuleTerms:
        certain, possible = self.patches(rule.certain, direction), self.patches(rule.possible, direction)
        if rule.policy is None:
            return RuleTerms(rule.rule.action, self.terms.fresh(certain), self.terms.fresh(possible))
        if possible != FALSE:
            possible = self.terms.meant(possible, direction, rule.policy, rule.rule)
        if certain != FALSE:
            certain = self.terms.meant(certain, direction, rule.policy, rule.rule)
        return RuleTerms(rule.rule.action, certain, possible)

    def patches(self, patches: Iterable[Patch], direction: Direction) -> str:
        """The flow is in one of the patches."""
        return disjunction([self._patch(patch, direction) for patch in patches])

    def _patch(self, patch: Patch, direction: Direction) -> str:
        return conjunction(
            [
                self.terms.one_of(VARIABLE[SUBJECT[direction]], patch.subjects.tolist()),
                self.terms.one_of(VARIABLE[PEER[direction]], patch.peers.tolist()),
                self.terms.one_of(PORT, position_list(patch.atoms, len(self._part.atoms))),
            ]
        )

    def _cells(self, side: Side, test: Callable[[Cell], bool]) -> str:
        cells = self._part.cells(side)
        return self.terms.one_of(VARIABLE[side], [index for index, cell in enumerate(cells) if test(cell)])
