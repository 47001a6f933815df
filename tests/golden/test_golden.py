"""Decisions about every example input stay as they were; `python -m tests.golden` after an intended change."""

from __future__ import annotations

from pathlib import Path

from tests.golden.documents import DIGESTS, documents, line


def test_every_example_is_decided_as_before(tmp_path: Path) -> None:
    expected = DIGESTS.read_text(encoding="utf-8").splitlines()
    assert len(expected) >= 300
    assert [line(name, document) for name, document in documents(tmp_path)] == expected
