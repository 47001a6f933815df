"""What leaves a flow open because the input does not say it, and not because a specification does: no verdict then."""

from __future__ import annotations

from reachproof.documents.words import Verdict
from reachproof.network.flow import Flow
from reachproof.network.policy import Direction
from reachproof.queries.answer import Answer
from reachproof.semantics.trace import Trace

_CODES = frozenset(("WAYPOINT_IN_USE", "HBONE_PORT", "MESH_UNCLEAR", "AMBIENT_PROBES"))
_DECIDED = (Verdict.REACHABLE, Verdict.UNREACHABLE, Verdict.HOLDS, Verdict.VIOLATED)


def unless_certain(draft: Answer, flow: Flow, trace: Trace, direction: Direction | None) -> Answer | None:
    """The answer `unknown` where the witness, the most certain one that there is, rests on such a thing; else None.

    `direction`: the only one that the question is about, if it is about one.
    """
    told = trace.depends if direction is None else trace.side(direction).depends
    open_ = next((notice for notice in told if notice.code in _CODES), None)
    if open_ is None or draft.verdict not in _DECIDED:
        return None
    answer = draft.unknown(f"{flow} can be allowed and can be denied: {open_.text}").assuming([open_])
    return answer.checked(replayed=True, cross_checked=True)
