"""A slice and a question as SMT-LIB text.

| Kubernetes thing | sort and width | clause |
|---|---|---|
| source, destination | `s`, `d`: bit-vectors that number the cells | below the number of cells |
| protocol and port | `p`: bit-vector that numbers the atoms of ports | below the number of atoms |
| set of cells or atoms | runs of numbers | `(or (and (bvule a s) (bvule s b)) ...)` |
| rule | `mN`: Bool, "it matches" | or of its patches |
| isolation by a policy | `mN`: Bool | its subject cells |
| tier, first match | per action "this outcome is possible", and "undecided is possible" | if-then-else chain |
| verdict | `eA eD iA iD`: egress/ingress can allow/deny | allowed = eA and iA, denied = eD or iD |

Choices that are left open (ties, domain names, an unknown node) are no variables: the clauses compute which outcomes
are possible, as `network.program` defines them, so one script can ask for "can" and for "must".

With `tracked`, each `mN` is tied to its meaning only under an assumption literal `tN`: an unsatisfiable core of these
names the rules a proof rests on, and every other rule may then do what it likes. With `parametric`, definitions are
functions of (s d p), so that a quantifier over endpoints can be written out: these may lie in several cells.

Trusted: nothing by itself; `decide` compares each answer with the sets engine's. The text is the same for the same
slice, whatever the hash seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from reachproof.network.policy import Action, Direction, Policy
from reachproof.solver.bits import positions
from reachproof.solver.cells import Cell
from reachproof.solver.ends import Pairs
from reachproof.solver.goal import All, At, Formula, InPorts, Not, Ranked, Same, Side, Some, Wanted
from reachproof.solver.slice import PEER, SUBJECT, Patch, Slice, SlicedPolicy, SlicedRule, SlicedTier

VARIABLE = {Side.SOURCE: "s", Side.DESTINATION: "d"}
PORT = "p"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """What an assumption literal stands for: a rule, or (rule None) that a policy isolates what it selects."""

    literal: str
    direction: Direction
    policy: Policy | None
    rule: SlicedRule | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """SMT-LIB text with declarations and assertions only; `tracked` explains its assumption literals."""

    text: str
    tracked: tuple[Tracked, ...] = ()


def search_script(part: Slice, region: Formula, wanted: Wanted, *, tracked: bool = False) -> Script:
    """Satisfiable exactly when some flow of the region is as wanted."""
    writer = _Writer(part, tracked=tracked)
    verdict = writer.verdict(wanted)
    conditions = [*writer.pair_conditions(), writer.formula(region), verdict]
    lines = [*writer.declarations("s", "d", PORT), *writer.lines, *(f"(assert {each})" for each in conditions)]
    return Script(text="\n".join(lines), tracked=tuple(writer.tracked))


def ranked_script(part: Slice, goal: Ranked, pairs: Pairs) -> Script:
    """For `every_source`: satisfiable exactly when the goal is false. Else: satisfiable exactly when it is true.

    `e` numbers the sources, `at0`, `at1`, ... are the cells that one lies in. The inner quantifiers are written out:
    the text grows with the size of the pairs x atoms.
    """
    writer = _Writer(part, parametric=True)
    verdict = writer.verdict(goal.wanted)
    inside = [*writer.family_conditions(), writer.formula(goal.region)]
    sources = writer.sources(pairs)
    body = writer.written_out(goal, pairs, _and(inside), verdict)
    claim = _not(body) if goal.every_source else body
    lines = [*sources, *writer.lines, f"(assert {claim})"]
    return Script(text="\n".join(lines))


def _and(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"(and {' '.join(items)})" if items else "true"


def _or(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"(or {' '.join(items)})" if items else "false"


def _not(item: str) -> str:
    return {"true": "false", "false": "true"}.get(item, f"(not {item})")


class _Writer:
    """Collects definitions in order; asking for a thing defines it before it is used."""

    def __init__(self, part: Slice, *, tracked: bool = False, parametric: bool = False) -> None:
        self.lines: list[str] = []
        self.tracked: list[Tracked] = []
        self._part = part
        self._track = tracked
        self._parametric = parametric
        self._names: set[str] = {"true", "false"}
        self._sets: dict[tuple[str, tuple[int, ...]], str] = {}
        self._sizes = {"s": len(part.sources), "d": len(part.destinations), PORT: len(part.atoms)}
        self._widths = {name: max(1, (size - 1).bit_length()) for name, size in self._sizes.items()}

    def declarations(self, *variables: str) -> list[str]:
        found = []
        for name in variables:
            found.append(f"(declare-const {name} {self._sort(name)})")
            found.append(f"(assert (bvule {name} {self._number(name, self._sizes[name] - 1)}))")
        return found

    def family_conditions(self) -> list[str]:
        """Both ends are of one address family."""
        v6 = [self._cells(side, lambda cell: cell.v6) for side in Side]
        return [f"(= {v6[0]} {v6[1]})"]

    def pair_conditions(self) -> list[str]:
        """Flows exist: one address family, not from outside to outside, no pod or node to itself."""
        outside = [self._cells(side, lambda cell: cell.external) for side in Side]
        found = [*self.family_conditions(), _not(_and(outside))]
        homes: dict[str, list[int]] = {}
        for index, cell in enumerate(self._part.destinations):
            if cell.party is not None:
                homes.setdefault(cell.party, []).append(index)
        for index, cell in enumerate(self._part.sources):
            if cell.party is not None and cell.party in homes:
                found.append(_not(_and([self._set("s", [index]), self._set("d", homes[cell.party])])))
        return found

    def sources(self, pairs: Pairs) -> list[str]:
        """Declares one source with its cells; a source of fewer cells than others has its last one several times."""
        self._sizes["e"] = len(pairs.sources)
        self._widths["e"] = max(1, (len(pairs.sources) - 1).bit_length())
        slots = range(pairs.slots)
        found = [f"(declare-const at{slot} {self._sort('s')})" for slot in slots]
        choices = [
            _and(
                [
                    f"(= e {self._number('e', number)})",
                    *(
                        f"(= at{slot} {self._number('s', each.cells[min(slot, len(each.cells) - 1)])})"
                        for slot in slots
                    ),
                ]
            )
            for number, each in enumerate(pairs.sources)
        ]
        return [f"(declare-const e {self._sort('e')})", *found, f"(assert {_or(choices)})"]

    def written_out(self, goal: Ranked, pairs: Pairs, region: str, verdict: str) -> str:
        """The quantifiers over destinations and atoms as conjunctions and disjunctions, for the source `e`."""
        inside = self._define("inside", region)
        wanted = self._define("wanted", verdict)
        ways: list[str] = []
        flows: list[str] = []
        for number, destination in enumerate(pairs.destinations):
            apart = [index for index, none in enumerate(pairs.none[:, number].tolist()) if none]
            there = _not(_or([f"(= e {self._number('e', index)})" for index in apart]))
            cells = [(slot, cell) for slot in range(pairs.slots) for cell in destination.cells]
            exist: list[str] = []
            reached: list[str] = []
            for atom in range(self._sizes[PORT]):
                some = [self._at(inside, slot, cell, atom) for slot, cell in cells]
                good = [self._at(wanted, slot, cell, atom) for slot, cell in cells]
                exist.append(_or(some))
                reached.append(_and([f"(=> {flow} {each})" for flow, each in zip(some, good, strict=True)]))
            if not goal.every_port:
                reached = [_or([_and([some, good]) for some, good in zip(exist, reached, strict=True)])]
            flows.append(_and([there, _or(exist)]))
            ways.append(_and(reached))
        if not goal.every_destination:
            return _or([_and([exists, way]) for exists, way in zip(flows, ways, strict=True)])
        all_ways = _and([f"(=> {exists} {way})" for exists, way in zip(flows, ways, strict=True)])
        return all_ways if goal.every_source else _and([_or(flows), all_ways])

    def _at(self, call: str, slot: int, cell: int, atom: int) -> str:
        return call.replace(" s d p)", f" at{slot} {self._number('d', cell)} {self._number(PORT, atom)})")

    def verdict(self, wanted: Wanted) -> str:
        send = self._direction(Direction.EGRESS)
        receive = self._direction(Direction.INGRESS)
        can_allow = _and([send[0], receive[0]])
        can_deny = _or([send[1], receive[1]])
        match wanted:
            case Wanted.CAN_ALLOW:
                return can_allow
            case Wanted.MUST_ALLOW:
                return _not(can_deny)
            case Wanted.CAN_DENY:
                return can_deny
            case Wanted.MUST_DENY:
                return _not(can_allow)
            case _:
                assert_never(wanted)

    def formula(self, formula: Formula) -> str:
        part = self._part
        match formula:
            case At(side=side):
                flags = part.flags(formula)
                return self._set(VARIABLE[side], [index for index, inside in enumerate(flags) if inside])
            case InPorts(ports):
                return self._set(PORT, list(positions(part.ports(ports))))
            case Same():
                return self._same(formula)
            case Not(item):
                return _not(self.formula(item))
            case All(items):
                return _and([self.formula(item) for item in items])
            case Some(items):
                return _or([self.formula(item) for item in items])
            case _:
                assert_never(formula)

    def _same(self, same: Same) -> str:
        members: dict[int, dict[str, list[int]]] = {}
        for side in Side:
            for index, group in enumerate(self._part.groups(same, side)):
                if group:
                    members.setdefault(group, {"s": [], "d": []})[VARIABLE[side]].append(index)
        return _or(
            [
                _and([self._set("s", ends["s"]), self._set("d", ends["d"])])
                for _, ends in sorted(members.items())
                if ends["s"] and ends["d"]
            ]
        )

    # ------------------------------------------------------------ tiers

    def _direction(self, direction: Direction) -> tuple[str, str]:
        """Names of "can be allowed" and "can be denied" of a direction."""
        letter = direction[0]
        live, allows, denies = "true", [], []
        for number, tier in enumerate(self._part.tiers(direction)):
            outcomes, undecided = self._tier(tier, direction)
            allows.append(_and([live, outcomes[Action.ALLOW]]))
            denies.append(_and([live, outcomes[Action.DENY]]))
            goes_on = _or([undecided, outcomes[Action.PASS]])
            live = self._define(f"{letter}L{number}", _and([live, goes_on]))
        allow = self._define(f"{letter}A", _or([*allows, live]))
        return allow, self._define(f"{letter}D", _or(denies))

    def _tier(self, tier: SlicedTier, direction: Direction) -> tuple[dict[Action, str], str]:
        found: dict[Action, list[str]] = {action: [] for action in Action}
        rests: list[str] = []
        for chain in tier.chains:
            rest = "true"
            for group in chain:
                rest = self._group(group, rest, found, direction)
            rests.append(rest)
        undecided = self._fresh(_and(rests))
        if tier.isolation and tier.isolating:
            isolated = self._fresh(_or([self._isolates(policy, direction) for policy in tier.isolating]))
            rest = self._fresh(_and([undecided, isolated]))
            rest = self._first_match(tier.isolation, rest, found, direction)
            undecided = _or([_and([undecided, _not(isolated)]), rest])
        return {action: self._fresh(_or(ways)) for action, ways in found.items()}, self._fresh(undecided)

    def _group(
        self, group: tuple[SlicedPolicy, ...], rest: str, found: dict[Action, list[str]], direction: Direction
    ) -> str:
        """Each policy sees what the group sees; undecided can stay what none of them decides for certain."""
        rests = [self._first_match(policy.rules, rest, found, direction) for policy in group]
        return self._fresh(_and(rests))

    def _first_match(
        self, rules: Iterable[SlicedRule], rest: str, found: dict[Action, list[str]], direction: Direction
    ) -> str:
        for rule in rules:
            certain, possible = self._matches(rule, direction)
            found[rule.rule.action].append(self._fresh(_and([rest, _or([certain, possible])])))
            if certain != "false":
                rest = self._fresh(_and([rest, _not(certain)]))
        return rest

    def _isolates(self, policy: SlicedPolicy, direction: Direction) -> str:
        meaning = self._set(VARIABLE[SUBJECT[direction]], policy.subjects.tolist())
        return self._meant(meaning, direction, policy.policy, None)

    def _matches(self, rule: SlicedRule, direction: Direction) -> tuple[str, str]:
        certain = _or([self._patch(patch, direction) for patch in rule.certain])
        possible = _or([self._patch(patch, direction) for patch in rule.possible])
        if rule.policy is None:
            return self._fresh(certain), self._fresh(possible)
        if possible != "false":
            possible = self._meant(possible, direction, rule.policy, rule)
        if certain != "false":
            certain = self._meant(certain, direction, rule.policy, rule)
        return certain, possible

    def _patch(self, patch: Patch, direction: Direction) -> str:
        return _and(
            [
                self._set(VARIABLE[SUBJECT[direction]], patch.subjects.tolist()),
                self._set(VARIABLE[PEER[direction]], patch.peers.tolist()),
                self._set(PORT, list(positions(patch.atoms))),
            ]
        )

    # ------------------------------------------------------------ definitions

    def _meant(self, meaning: str, direction: Direction, policy: Policy, rule: SlicedRule | None) -> str:
        """A name for a meaning; when tracking, tied to it only under a literal of its own."""
        if not self._track:
            return self._fresh(meaning)
        number = len(self.tracked)
        self.tracked.append(Tracked(literal=f"t{number}", direction=direction, policy=policy, rule=rule))
        self.lines.append(f"(declare-const t{number} Bool)")
        self.lines.append(f"(declare-const m{number} Bool)")
        self.lines.append(f"(assert (=> t{number} (= m{number} {meaning})))")
        self._names.add(f"m{number}")
        return f"m{number}"

    def _fresh(self, meaning: str) -> str:
        return meaning if meaning in self._names else self._define(f"x{len(self.lines)}", meaning)

    def _define(self, name: str, meaning: str) -> str:
        """Defines a name and gives the text that stands for it."""
        parameters = " ".join(f"({each} {self._sort(each)})" for each in ("s", "d", PORT))
        self.lines.append(f"(define-fun {name} ({parameters if self._parametric else ''}) Bool {meaning})")
        reference = f"({name} s d p)" if self._parametric else name
        self._names.add(reference)
        return reference

    def _sort(self, variable: str) -> str:
        return f"(_ BitVec {self._widths[variable]})"

    def _cells(self, side: Side, test: Callable[[Cell], bool]) -> str:
        return self._set(VARIABLE[side], [index for index, cell in enumerate(self._part.cells(side)) if test(cell)])

    def _set(self, variable: str, members: list[int]) -> str:
        """A name for "the variable is one of these"."""
        if not members:
            return "false"
        if len(members) == self._sizes[variable]:
            return "true"
        key = (variable, tuple(members))
        if key not in self._sets:
            self._sets[key] = self._define(f"{variable}{len(self._sets)}", self._runs(variable, members))
        return self._sets[key]

    def _runs(self, variable: str, members: Sequence[int]) -> str:
        runs: list[tuple[int, int]] = []
        for member in members:
            if runs and member == runs[-1][1] + 1:
                runs[-1] = (runs[-1][0], member)
            else:
                runs.append((member, member))
        return _or([self._run(variable, low, high) for low, high in runs])

    def _run(self, variable: str, low: int, high: int) -> str:
        if low == high:
            return f"(= {variable} {self._number(variable, low)})"
        bounds = [f"(bvule {self._number(variable, low)} {variable})"] if low else []
        if high < self._sizes[variable] - 1:
            bounds.append(f"(bvule {variable} {self._number(variable, high)})")
        return _and(bounds)

    def _number(self, variable: str, value: int) -> str:
        return f"(_ bv{value} {self._widths[variable]})"
