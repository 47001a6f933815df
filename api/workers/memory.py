"""Memory of this process, and its limit."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
from pathlib import Path

_STATM = Path("/proc/self/statm")
MEGABYTE = 1_000_000


def resident() -> int:
    """Bytes of memory that this process holds now; where the system does not tell, the most that it ever held."""
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def limit(most: int) -> None:
    """From now on this process cannot have more bytes of data than this; asking for more is a MemoryError."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def give_back() -> None:
    """Collect what nobody refers to, also of what was set aside by `settle`, and return free memory to the system."""
    gc.unfreeze()
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only
        if trim is not None:
            trim(0)


def settle() -> None:
    """Set aside what is there now: later collections do not look through large snapshots again and again."""
    gc.collect()
    gc.freeze()
