"""The evaluator's word on what the engines say: whoever disagrees, it is our bug, and no verdict is given."""

from __future__ import annotations

from collections.abc import Iterable

from reachproof.network.errors import InternalError
from reachproof.network.flow import Flow
from reachproof.network.policy import Action
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Trace, Truth
from reachproof.solver.goal import Wanted
from reachproof.solver.samples import Sample


def demand_replay(trace: Trace, wanted: Action) -> None:
    """The evaluator must find possible what the solver says of a flow."""
    wrong = Truth.DENIED if wanted is Action.ALLOW else Truth.ALLOWED
    if trace.truth is wrong:
        raise InternalError(
            f"the solver says that {trace.flow} can be {'allowed' if wanted is Action.ALLOW else 'denied'}, the "
            f"evaluator that it is {trace.truth}; this is a bug of reachproof, no verdict is given"
        )


def attack(snapshot: Snapshot, flows: tuple[Flow, ...], wanted: Wanted) -> None:
    """The evaluator must find no flow of invented pods as wanted, of which a proof says that none is."""
    excluded = {
        Wanted.CAN_ALLOW: (Truth.ALLOWED, Truth.EITHER),
        Wanted.CAN_DENY: (Truth.DENIED, Truth.EITHER),
        Wanted.MUST_ALLOW: (Truth.ALLOWED,),
        Wanted.MUST_DENY: (Truth.DENIED,),
    }[wanted]
    for flow in flows:
        found = truth(snapshot, flow)
        if found in excluded:
            raise InternalError(
                f"Z3 proved that no flow {wanted}, the evaluator says that {flow} is {found}; this is a bug of "
                "reachproof, no verdict is given"
            )


def spot_check(snapshot: Snapshot, samples: Iterable[Sample]) -> None:
    """The evaluator must say the same of every sample as the engines."""
    for sample in samples:
        expected = truth(snapshot, sample.flow)
        if (sample.can_allow, sample.can_deny) != (expected is not Truth.DENIED, expected is not Truth.ALLOWED):
            raise InternalError(
                f"the engines and the evaluator ({expected}) disagree on {sample.flow}; this is a bug of reachproof, "
                "no verdict is given"
            )
