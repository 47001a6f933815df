"""The codes of notices and findings in the documentation are those in the code."""

from __future__ import annotations

import re

from reachproof.documents.findings import Code
from tests.docs.pages import page
from tests.house.places import modules

PAGES = (
    "docs/semantics.md",
    "docs/input.md",
    "docs/interfaces.md",
    "docs/lint.md",
    "docs/diff.md",
    "docs/calico.md",
    "docs/cilium.md",
    "docs/istio.md",
    "docs/not-read.md",
)
_RAISED = re.compile(r"""(?:code=|\.notice\(\s*)"([A-Z_]+)\"""")
_TOLD = re.compile(r"`([A-Z]+(?:_[A-Z]+)+|TIE|PREMISE|UNDECIDED)`")


def raised() -> set[str]:
    notices = {code for module in modules() for code in _RAISED.findall(module.read_text(encoding="utf-8"))}
    return notices | set(map(str, Code))


def told() -> set[str]:
    """Variables of the environment are written the same way."""
    found = {code for name in PAGES for code in _TOLD.findall(page(name))}
    return {code for code in found if not code.startswith("REACHPROOF_") and code != "NO_COLOR"}


def test_every_notice_is_documented() -> None:
    assert sorted(raised() - told()) == []


def test_every_documented_notice_exists() -> None:
    assert sorted(told() - raised()) == []
