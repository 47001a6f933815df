"""Proofs and counterexamples for reachability claims about Kubernetes network policies."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

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

__all__ = ["__version__"]
