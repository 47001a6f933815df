"""Memory of processes, their limits, and how much there is to have."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import sys
from pathlib import Path

_PROCESSES = Path("/proc")
# Of a container: the limit of its own control group is what it sees at the root (cgroup v2, then v1).
_GROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
MEGABYTE = 1_000_000


def resident(process: int | None = None) -> int:
    """Bytes of memory that this process, or another, holds now; of one that has ended, 0.

    Where the system does not tell, the most that this process ever held.
    """
    if _PROCESSES.exists():
        try:
            pages = (_PROCESSES / str(process or "self") / "statm").read_text().split()[1]
        except OSError:
            return 0
        return int(pages) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def available() -> int:
    """Bytes of memory that processes here can have together: of the machine, or what their control group may have."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([machine, *(int(text) for path in _GROUP_LIMITS if (text := _read(path)).isdigit())])


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def limit(most: int) -> None:
    """From now on this process cannot have more bytes of data than this; asking for more is a MemoryError."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def unlimit() -> None:
    """Lift what `limit` has set, for the last words of a process that ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


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
