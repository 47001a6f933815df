"""Pages that are made from the code are up to date, and leave nothing out."""

from __future__ import annotations

import pytest

from reachproof.api.app import create_app
from reachproof.api.settings import Settings
from tests.docs.generated import GENERATED
from tests.docs.pages import page
from tests.grammar.test_sentences import STATEMENTS


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_is_what_comes_out_today(name: str) -> None:
    assert page(name) == GENERATED[name](), "run `python -m tests.docs.generated` and read the difference"


def test_every_statement_of_the_tests_is_on_the_page() -> None:
    shown = page("docs/sentences.md")
    assert [text for text, _ in STATEMENTS if f"`{' '.join(text.split())}`".replace("|", "\\|") not in shown] == []


def test_every_path_and_document_of_the_service_is_on_the_page() -> None:
    description = create_app(Settings()).openapi()
    headings = {line.removeprefix("### ") for line in page("docs/http.md").splitlines() if line.startswith("### ")}
    paths = {f"{method.upper()} {path}" for path, methods in description["paths"].items() for method in methods}
    assert headings == paths | set(description["components"]["schemas"])
