"""SMT-LIB text: terms over variables of small finite domains, definitions, and assumption literals.

| Thing | sort and width | text |
|---|---|---|
| variable of n values | bit-vector just wide enough for 0 .. n-1 | asserted to be at most n-1 |
| the variable is one of these values | Bool, defined once | `(or (and (bvule a x) (bvule x b)) ...)`, one run each |
| a thing whose part in a proof is asked for | Bool `mN` | tied to its meaning only under the assumption literal `tN` |

Everything is text: it is parsed by Z3 in one call, can be hashed, and is the same for the same input whatever the hash
seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reachproof.network.policy import Direction, Policy, Rule

TRUE = "true"
FALSE = "false"


def conjunction(items: Sequence[str]) -> str:
    """All hold; true where there is none."""
    if FALSE in items:
        return FALSE
    items = [item for item in items if item != TRUE]
    return items[0] if len(items) == 1 else f"(and {' '.join(items)})" if items else TRUE


def disjunction(items: Sequence[str]) -> str:
    """Some holds; false where there is none."""
    if TRUE in items:
        return TRUE
    items = [item for item in items if item != FALSE]
    return items[0] if len(items) == 1 else f"(or {' '.join(items)})" if items else FALSE


def negation(item: str) -> str:
    """It does not hold."""
    return {TRUE: FALSE, FALSE: TRUE}.get(item, f"(not {item})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """The meaning of an assumption literal: a rule, or (rule None) that a policy isolates what it selects."""

    literal: str
    direction: Direction
    policy: Policy
    rule: Rule | None


class Terms:
    """Collects definitions in order; asking for a thing defines it before it is used.

    With `parameters`, definitions are functions of these variables, and the text of a definition is its call.
    """

    def __init__(self, sizes: dict[str, int], *, tracking: bool = False, parameters: Sequence[str] = ()) -> None:
        self.lines: list[str] = []
        self.tracked: list[Tracked] = []
        self._sizes = dict(sizes)
        self.tracking = tracking
        self._parameters = parameters
        self._names: set[str] = {TRUE, FALSE}
        self._sets: dict[tuple[str, tuple[int, ...]], str] = {}

    # ------------------------------------------------------------ variables

    def size(self, variable: str) -> int:
        """Number of values of a variable."""
        return self._sizes[variable]

    def add(self, variable: str, size: int) -> None:
        """Make a variable known; `declarations` declares it."""
        self._sizes[variable] = size

    def sort(self, variable: str) -> str:
        """The bit-vector sort of a variable."""
        return f"(_ BitVec {self._width(variable)})"

    def number(self, variable: str, value: int) -> str:
        """A value of a variable."""
        return f"(_ bv{value} {self._width(variable)})"

    def declarations(self, variables: Iterable[str]) -> list[str]:
        """Lines that declare variables with their bounds."""
        found = []
        for name in variables:
            found.append(f"(declare-const {name} {self.sort(name)})")
            found.append(f"(assert (bvule {name} {self.number(name, self._sizes[name] - 1)}))")
        return found

    def one_of(self, variable: str, members: Sequence[int]) -> str:
        """The variable is one of these values, ascending."""
        if not members:
            return FALSE
        if len(members) == self._sizes[variable]:
            return TRUE
        key = (variable, tuple(members))
        if key not in self._sets:
            self._sets[key] = self.define(f"{variable}_{len(self._sets)}", self._runs(variable, members))
        return self._sets[key]

    def _width(self, variable: str) -> int:
        return max(1, (self._sizes[variable] - 1).bit_length())

    def _runs(self, variable: str, members: Sequence[int]) -> str:
        runs: list[tuple[int, int]] = []
        for member in members:
            if runs and member == runs[-1][1] + 1:
                runs[-1] = (runs[-1][0], member)
            else:
                runs.append((member, member))
        return disjunction([self._run(variable, low, high) for low, high in runs])

    def _run(self, variable: str, low: int, high: int) -> str:
        if low == high:
            return f"(= {variable} {self.number(variable, low)})"
        bounds = [f"(bvule {self.number(variable, low)} {variable})"] if low else []
        if high < self._sizes[variable] - 1:
            bounds.append(f"(bvule {variable} {self.number(variable, high)})")
        return conjunction(bounds)

    # ------------------------------------------------------------ definitions

    def define(self, name: str, meaning: str) -> str:
        """Define a name; the text that stands for it."""
        parameters = " ".join(f"({each} {self.sort(each)})" for each in self._parameters)
        self.lines.append(f"(define-fun {name} ({parameters}) Bool {meaning})")
        reference = f"({name} {' '.join(self._parameters)})" if self._parameters else name
        self._names.add(reference)
        return reference

    def literal(self, name: str, meaning: str) -> str:
        """A constant that is true exactly where the meaning holds, so that a model has a value for it."""
        self.lines.append(f"(declare-const {name} Bool)(assert (= {name} {meaning}))")
        return name

    def fresh(self, meaning: str) -> str:
        """A name for a meaning; the meaning itself where it is one already."""
        return meaning if meaning in self._names else self.define(f"x{len(self.lines)}", meaning)

    def meant(self, meaning: str, direction: Direction, policy: Policy, rule: Rule | None) -> str:
        """A name for what a rule, or the isolation by a policy, means; when tracking, tied to it by a literal only."""
        if not self.tracking:
            return self.fresh(meaning)
        number = len(self.tracked)
        self.tracked.append(Tracked(literal=f"t{number}", direction=direction, policy=policy, rule=rule))
        self.lines.append(f"(declare-const t{number} Bool)")
        self.lines.append(f"(declare-const m{number} Bool)")
        self.lines.append(f"(assert (=> t{number} (= m{number} {meaning})))")
        self._names.add(f"m{number}")
        return f"m{number}"
