"""Proofs and counterexamples for reachability claims about Kubernetes network policies.

import reachproof as rp

snapshot = rp.load("manifests/")
answer = snapshot.ask("can any pod in tenant a reach 10.0.0.0/8 on tcp/5432?")
answer.verdict, answer.witness, answer.because
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

# The code folders are joined to this package by links next to this file. An unpacked zip or a Windows checkout without
# the right to create links loses them, and then `import reachproof.solver` would find nothing. In such a checkout the
# folders are still two levels up, so the search goes on there. An installed wheel has real folders and never gets here.
_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parents[1]
if not (_HERE / "solver" / "__init__.py").is_file() and (_CHECKOUT / "solver" / "__init__.py").is_file():
    __path__.append(str(_CHECKOUT))

try:
    __version__ = version("reachproof")
except PackageNotFoundError:  # run from a checkout that nobody installed
    __version__ = "0+unknown"

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

if TYPE_CHECKING:
    from reachproof.face import (
        Answer,
        InputError,
        InternalError,
        ReachproofError,
        ServiceError,
        Snapshot,
        Verdict,
        connect,
        diff,
        load,
    )


def __getattr__(name: str) -> object:
    # Z3 takes a while to load: whoever asks for the version or for help does not wait for it.
    if name in __all__:
        return getattr(import_module("reachproof.face"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
