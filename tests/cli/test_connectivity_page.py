"""The page of `connectivity -o html` in a browser: cells, filters and traces, and names that are no markup there.

Needs Chromium and playwright. Without them the tests are skipped, loudly; on a build server (CI is set) they fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reachproof.render.connectivity_html import html_text
from tests.cli.terminal import Terminal
from tests.cli.test_connectivity import EVIL, shown_with
from tests.required import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A running Chromium."""
    with chromium("the html report") as running:
        yield running


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that fails the test at any error, and at any request that is not for the file itself."""
    complaints: list[str] = []
    opened = browser.new_page()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
    opened.on("request", lambda request: complaints.append(request.url) if request.url[:5] != "file:" else None)
    yield opened
    opened.close()
    assert complaints == []


def cell(page: Any, source: str, destination: str) -> Any:
    return page.locator(f'td[title^="{source} → {destination}:"]')


def test_cells_have_the_colour_of_what_is_allowed(page: Any, workplace: Path, terminal: Terminal) -> None:
    open_report(page, workplace, terminal)
    assert page.locator("td").count() == 49
    assert cell(page, "acme-shop/front-7d9c5", "acme-shop/orders-5b6f8").get_attribute("class") == "some"
    assert cell(page, "acme-shop/db-0", "acme-shop/orders-5b6f8").get_attribute("class") == "none"
    assert cell(page, "0.0.0.0/0", "globex-web/site-6f7c9").get_attribute("class") == "all"
    assert page.locator("td.all").count() == 4 and page.locator("td.some").count() == 6


def test_a_click_shows_the_trace(page: Any, workplace: Path, terminal: Terminal) -> None:
    open_report(page, workplace, terminal)
    cell(page, "acme-shop/front-7d9c5", "acme-shop/orders-5b6f8").click()
    detail = page.locator("#detail").inner_text()
    assert "acme-shop/front-7d9c5 → acme-shop/orders-5b6f8" in detail
    assert "TCP 9000: allowed" in detail
    assert "NetworkPolicy acme-shop/orders rule 0 allows ingress" in detail
    assert "shop-policies.yaml:30" in detail
    cell(page, "acme-shop/front-7d9c5", "acme-shop/db-0").press("Enter")
    assert "NetworkPolicy acme-shop/db isolates pod acme-shop/db-0" in page.locator("#detail").inner_text()
    assert page.locator("td.chosen").count() == 1


def test_filters_narrow_the_matrix(page: Any, workplace: Path, terminal: Terminal) -> None:
    open_report(page, workplace, terminal)
    page.fill("#source", "ACME-SHOP")
    assert page.locator("tbody th").all_inner_texts() == [
        "acme-shop/db-0",
        "acme-shop/front-7d9c5",
        "acme-shop/orders-5b6f8",
    ]
    page.fill("#destination", "kube-system")
    assert page.locator("td").count() == 3
    page.check("#connected")
    assert page.locator("tbody th").all_inner_texts() == ["acme-shop/front-7d9c5"]
    page.fill("#port", "tcp/53")
    assert page.locator("td.faded").count() == 1
    page.fill("#port", "udp/53")
    assert page.locator("td.faded").count() == 0
    page.fill("#source", "nothing of that name")
    assert page.locator("td").count() == 0


def test_many_ends_come_in_pages(page: Any, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("".join(html_text(shown_with("web", pods=130))), encoding="utf-8")
    page.goto(file.as_uri())
    assert page.locator("#counts").inner_text() == "sources 1–60 of 131, destinations 1–60 of 131"
    page.click("#down")
    page.click("#down")
    page.click("#right")
    assert page.locator("#counts").inner_text() == "sources 121–131 of 131, destinations 61–120 of 131"
    assert page.locator("#down").is_disabled()
    page.locator("td.all").first.click()
    assert (
        "reachproof connectivity --explain --src 'pod web/web120' --dst 'pod web/web60'"
        in page.locator("#detail").inner_text()
    )


def test_a_name_is_text_and_nothing_else(page: Any, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("".join(html_text(shown_with(EVIL))), encoding="utf-8")
    page.goto(file.as_uri())
    assert page.locator("img").count() == 0
    assert "<img src=x onerror=alert(1)>" in page.locator("tbody th").first.inner_text()
    page.locator("td.all").first.click()
    assert page.locator("img").count() == 0


def open_report(page: Any, workplace: Path, terminal: Terminal) -> None:
    ran = terminal.run("connectivity", "-f", "tenants", "-o", "html")
    assert ran.code == 0
    file = workplace / "report.html"
    file.write_text(ran.out, encoding="utf-8")
    page.goto(file.as_uri())
