"""Cases in which faults were noticed, so that the tests need not search for them each time.

A line is a kind, a field and the seed of the case. A test plants the fault in that case first; where it is not noticed
there any more, the test searches. `python -m tests.engines.renew` searches for all, after a change of what is drawn.
"""

from __future__ import annotations

from pathlib import Path

Field = tuple[str, str]
"""A kind, and a path below its `spec`; the rules of `specs` count as those of `spec`."""


def shown_by(engine: str) -> dict[Field, int]:
    """The seed of a case for each field of which a fault was noticed."""
    lines = (line.split() for line in _file(engine).read_text(encoding="utf-8").splitlines())
    return {(kind, path): int(seed) for kind, path, seed in lines}


def write(engine: str, found: dict[Field, int]) -> None:
    """Replace what is known about an engine."""
    lines = [f"{kind} {path} {seed}\n" for (kind, path), seed in sorted(found.items())]
    _file(engine).write_text("".join(lines), encoding="utf-8")


def _file(engine: str) -> Path:
    return Path(__file__).with_name(f"shown_{engine}.txt")
