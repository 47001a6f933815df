"""The Python face: the names that `reachproof` gives out, and how results show themselves in a notebook."""

from reachproof.documents.words import Verdict
from reachproof.face.answer import Answer
from reachproof.face.service import connect
from reachproof.face.snapshot import Snapshot, diff, load
from reachproof.network.errors import InputError, InternalError, ReachproofError, ServiceError

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
