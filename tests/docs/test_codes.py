"""The codes of notices and findings in the documentation are those in the code."""

from __future__ import annotations

import re

from reachproof.documents.codes import meanings
from reachproof.documents.findings import Code
from reachproof.documents.near import UnmetCode
from tests.docs.code_tables import CODE, PAGES
from tests.docs.pages import page
from tests.house.places import modules

_RAISED = re.compile(r"""(?:code=|\.notice\(\s*)"([A-Z_]+)\"""")


def raised() -> set[str]:
    notices = {code for module in modules() for code in _RAISED.findall(module.read_text(encoding="utf-8"))}
    return notices | set(map(str, Code)) | set(map(str, UnmetCode))


def told() -> set[str]:
    """Variables of the environment are written the same way."""
    found = {code for name in PAGES for code in CODE.findall(page(name))}
    return {code for code in found if not code.startswith("REACHPROOF_") and code != "NO_COLOR"}


def test_every_notice_is_documented() -> None:
    assert sorted(raised() - told()) == []


def test_every_documented_notice_exists() -> None:
    assert sorted(told() - raised()) == []


def test_every_code_has_a_row_in_a_table_that_the_help_shows() -> None:
    assert sorted(raised() ^ set(meanings())) == []
