"""Two slices on common cells, and what differs between them, as one SMT-LIB script.

| Thing | sort and width | clause |
|---|---|---|
| flow | `s`, `d`, `p`, as in `solver.smt_encoding` | some pair of cells that has flows in both snapshots |
| verdicts | `before_eA`, ..., `after_iD`: Bool | the tiers of either snapshot, over the same flow |
| difference | Bool | `Difference`, of these |

Trusted: nothing by itself; `compare` holds each answer against the sets engine's.
"""

from __future__ import annotations

import numpy as np

from reachproof.network.policy import Direction
from reachproof.solver.choices import Programs
from reachproof.solver.goal import Formula, Wanted
from reachproof.solver.joint_slices import Difference, JointSlices, When
from reachproof.solver.smt_choice_encoding import OpenWriter
from reachproof.solver.smt_encoding import PORT, Script, Writer
from reachproof.solver.smtlib import FALSE, TRUE, Terms, conjunction, disjunction, negation
from reachproof.solver.tier_encoding import Outcome, verdict

_ABSENT = (Outcome(FALSE, TRUE), Outcome(FALSE, TRUE))
"""What is said of flows in a snapshot that does not have them."""


def difference_script(joint: JointSlices, region: Formula, difference: Difference, programs: Programs | None) -> Script:
    """Satisfiable exactly when some flow of the region, a formula over the second snapshot, differs like this.

    `programs`: what is open in both, which only MAY_GAIN and MAY_LOSE look at.
    """
    before = Writer(joint.before)
    after = Writer(joint.after, terms=before.terms)
    terms = before.terms
    outcomes = (
        _ABSENT if joint.only is When.AFTER else before.outcomes("before_"),
        _ABSENT if joint.only is When.BEFORE else after.outcomes("after_"),
    )
    choices = OpenWriter()
    conditions = [_exists(joint, terms), after.formula(region)]
    if difference in (Difference.MAY_GAIN, Difference.MAY_LOSE):
        assert programs is not None
        was, is_ = (
            choices.allowed(name, writer, [(direction, programs[direction][at]) for direction in Direction])
            for at, (name, writer) in enumerate((("was_", before), ("is_", after)))
        )
        conditions += [_open(*each) for each in outcomes]
        conditions += [negation(was), is_] if difference is Difference.MAY_GAIN else [was, negation(is_)]
    else:
        conditions.append(_differs(difference, *outcomes))
    lines = [
        *terms.declarations(("s", "d", PORT)),
        *choices.declarations,
        *terms.lines,
        *(f"(assert {each})" for each in conditions),
    ]
    return Script(text="\n".join(lines))


def _open(egress: Outcome, ingress: Outcome) -> str:
    return conjunction([verdict(wanted, egress, ingress) for wanted in (Wanted.CAN_ALLOW, Wanted.CAN_DENY)])


def _differs(difference: Difference, before: tuple[Outcome, Outcome], after: tuple[Outcome, Outcome]) -> str:
    could_allow, could_deny = verdict(Wanted.CAN_ALLOW, *before), verdict(Wanted.CAN_DENY, *before)
    can_allow, can_deny = verdict(Wanted.CAN_ALLOW, *after), verdict(Wanted.CAN_DENY, *after)
    match difference:
        case Difference.LOOSER:
            more = conjunction([can_allow, negation(could_allow)])
            return disjunction([more, conjunction([could_deny, negation(can_deny)])])
        case Difference.STRICTER:
            less = conjunction([could_allow, negation(can_allow)])
            return disjunction([less, conjunction([can_deny, negation(could_deny)])])
        case _:
            raise ValueError(difference)


def _exists(joint: JointSlices, terms: Terms) -> str:
    """The pair of cells has flows; sources that have them with the same destinations are written together."""
    alike: dict[bytes, list[int]] = {}
    for source, row in enumerate(joint.exists):
        alike.setdefault(row.tobytes(), []).append(source)
    ways = [
        conjunction([terms.one_of("s", sources), terms.one_of("d", np.flatnonzero(joint.exists[sources[0]]).tolist())])
        for sources in alike.values()
    ]
    return disjunction(ways)
