"""The advice on each kind of finding."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from reachproof.documents.finding_advice import ADVICE, PAGE, rule_of
from reachproof.documents.findings import Code
from tests.docs.pages import page


def test_every_code_has_advice_and_nothing_else_does() -> None:
    assert set(ADVICE) == set(Code)


@pytest.mark.parametrize("code", Code)
def test_each_kind_is_explained_in_whole_sentences_with_a_heading_of_the_page_and_an_address(code: Code) -> None:
    rule = rule_of(code)
    assert rule.what
    for said in (rule.why, rule.mend):
        assert said[0].isupper() and said.endswith(".")
    name, _, heading = rule.docs.partition("#")
    assert name == PAGE and f"\n## {heading.upper()}\n" in page(PAGE)
    assert urlsplit(rule.reference).scheme == "https"
