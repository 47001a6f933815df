"""Two slices on common cells, and what differs between them, as one SMT-LIB script.

| Thing | sort and width | clause |
|---|---|---|
| flow | `s`, `d`, `p`, as in `solver.smt` | some pair of cells that has flows in both snapshots |
| verdicts | `before_eA`, ..., `after_iD`: Bool | the tiers of either snapshot, over the same flow |
| difference | Bool | `Difference`, of these |

Trusted: nothing by itself; `compare` holds each answer against the sets engine's.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np

from reachproof.solver.goal import Formula, Wanted
from reachproof.solver.joint import Difference, Joint
from reachproof.solver.smt import PORT, Script, Writer
from reachproof.solver.terms import Terms, conjunction, disjunction, negation
from reachproof.solver.tiers import Outcome, verdict


def difference_script(joint: Joint, region: Formula, difference: Difference) -> Script:
    """Satisfiable exactly when some flow of the region, a formula over the second snapshot, differs like this."""
    before = Writer(joint.before)
    after = Writer(joint.after, terms=before.terms)
    terms = before.terms
    differs = _differs(difference, before.outcomes("before_"), after.outcomes("after_"))
    conditions = [_exists(joint, terms), after.formula(region), differs]
    lines = [*terms.declarations(("s", "d", PORT)), *terms.lines, *(f"(assert {each})" for each in conditions)]
    return Script(text="\n".join(lines))


def _differs(difference: Difference, before: tuple[Outcome, Outcome], after: tuple[Outcome, Outcome]) -> str:
    could_allow, could_deny = verdict(Wanted.CAN_ALLOW, *before), verdict(Wanted.CAN_DENY, *before)
    can_allow, can_deny = verdict(Wanted.CAN_ALLOW, *after), verdict(Wanted.CAN_DENY, *after)
    match difference:
        case Difference.GAIN:
            return conjunction([can_allow, could_deny])
        case Difference.DRIFT:
            return disjunction([conjunction([can_allow, could_deny]), conjunction([can_deny, could_allow])])
        case Difference.LOOSER:
            more = conjunction([can_allow, negation(could_allow)])
            return disjunction([more, conjunction([could_deny, negation(can_deny)])])
        case Difference.STRICTER:
            less = conjunction([could_allow, negation(can_allow)])
            return disjunction([less, conjunction([can_deny, negation(could_deny)])])
        case _:
            assert_never(difference)


def _exists(joint: Joint, terms: Terms) -> str:
    """The pair of cells has flows; sources that have them with the same destinations are written together."""
    alike: dict[bytes, list[int]] = {}
    for source, row in enumerate(joint.exists):
        alike.setdefault(row.tobytes(), []).append(source)
    ways = [
        conjunction([terms.one_of("s", sources), terms.one_of("d", np.flatnonzero(joint.exists[sources[0]]).tolist())])
        for sources in alike.values()
    ]
    return disjunction(ways)
