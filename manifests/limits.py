"""Limits on the input, so that hostile or mistaken input ends in a message and not in a full memory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds, inclusive, per file (or other source) unless said otherwise.

    `yaml_bytes`, `json_bytes`: size of the text. `depth`: nesting of maps and lists (JSON without lines: what the
    interpreter bears, about a thousand). `nodes`: maps, lists and scalars of YAML, of which `alias_nodes` are what
    aliases stand for, written out. `problems`, `documents`: of the whole input; after so many the rest is not read.
    `positioned_bytes`: JSON up to this size is read with line numbers, larger JSON without (fifty times faster).
    """

    yaml_bytes: int = 50_000_000
    json_bytes: int = 1_000_000_000
    depth: int = 100
    nodes: int = 5_000_000
    alias_nodes: int = 100_000
    positioned_bytes: int = 200_000
    problems: int = 1_000
    documents: int = 10_000_000


DEFAULT_LIMITS = Limits()
