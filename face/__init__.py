"""The Python face: the names that `reachproof` gives out, and how results show themselves in a notebook."""

from reachproof.face.answer import Answer
from reachproof.face.service import connect
from reachproof.face.snapshot import Snapshot, diff, load
from reachproof.network.errors import InputError, InternalError, ReachproofError, ServiceError
from reachproof.queries.plan import Verdict

__all__ = [
    "Answer",
    "InputError",
    "InternalError",
    "ReachproofError",
    "ServiceError",
    "Snapshot",
    "Verdict",
    "connect",
    "diff",
    "load",
]
