"""The tables of the parser, kept beside the grammar: `python -m tests.grammar.tables` after a change of the grammar."""

from __future__ import annotations

import io
import zlib

import lark

from reachproof.grammar.engine import TABLES, digest, made
from tests.house.places import ROOT

FILE = ROOT / "grammar" / TABLES


def tables() -> bytes:
    """A line with the version of lark and the digest of the grammar, and the tables, compressed."""
    found = io.BytesIO()
    made().save(found)
    return f"{lark.__version__} {digest()}\n".encode() + zlib.compress(found.getvalue(), 9)


if __name__ == "__main__":
    FILE.write_bytes(tables())
