"""Domain names and the patterns that Cilium compares them with.

| Pattern | Names |
|---|---|
| `*` alone | every name |
| `**.` in front | one label or more |
| any other `*` | a piece of one label, which may be empty |

Names are compared without regard to case and without the dot at their end. Checked by tests/network/test_domains.py.
"""

from __future__ import annotations

import re

_PIECE = "[-a-z0-9_]*"
_LABELS = f"({_PIECE}[.])+"


def plain(name: str) -> str:
    """The name as it is compared."""
    return name.lower().removesuffix(".")


def in_pattern(name: str, pattern: str) -> bool:
    """True if a name is one of those of a pattern."""
    wanted = plain(pattern)
    if wanted == "*":
        return True
    front, rest = (_LABELS, wanted[3:]) if wanted.startswith("**.") else ("", wanted)
    body = _PIECE.join(re.escape(piece) for piece in re.split(r"[*]+", rest))
    return re.fullmatch(front + body, plain(name)) is not None
