"""The pictures of docs/console.md and the README, taken of the page as it is: `python -m tests.docs.screenshots`.

Look at each of them before you commit it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.api.browser import opened, serving
from tests.api.requests import EXAMPLES
from tests.house.places import ROOT
from tests.required import chromium

FOLDER = ROOT / "docs" / "images"
FILES = sorted((EXAMPLES / "tenants").glob("*.yaml"))
PROVED = "no pod in tenant A can reach pod acme-shop/db-0"
REFUTED = "no pod outside namespace acme-shop can reach any pod in namespace acme-shop"
_MARGIN = 16
BEGUN = "no pod in namespace acme-shop can reach pod "


def main() -> None:
    """Writes every picture."""
    FOLDER.mkdir(exist_ok=True)
    with chromium("the console page") as browser, serving() as address:
        with _page(browser, address, "light") as page:
            for name, take in (("typing", _typing), ("refuted", _refuted), ("proved", _proved), ("matrix", _matrix)):
                take(page)
                _save(page, f"console-{name}", whole=name == "refuted")
        with _page(browser, address, "light") as page:
            _flow(page)
            _save_part(page, "console-flow", "#ask", ".picture")
        with _page(browser, address, "dark") as page:
            _flow(page)
            _save(page, "console-dark")


@contextmanager
def _page(browser: Any, address: str, scheme: str) -> Iterator[Any]:
    size = {"width": 1200, "height": 760}
    with opened(browser, address, color_scheme=scheme, viewport=size, device_scale_factor=1.5) as page:
        page.set_input_files("#files", [str(file) for file in FILES])
        page.wait_for_selector(".samples")
        yield page


def _save(page: Any, name: str, *, whole: bool = False) -> None:
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=str(FOLDER / f"{name}.png"), full_page=whole, animations="disabled")


def _save_part(page: Any, name: str, first: str, last: str) -> None:
    """The part of the page from the top of one element to the bottom of another, as wide as the first."""
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0)")
    top, bottom = (page.locator(each).first.bounding_box() for each in (first, last))
    height = bottom["y"] + bottom["height"] - top["y"]
    clip = {
        "x": top["x"] - _MARGIN,
        "y": top["y"] - _MARGIN,
        "width": top["width"] + 2 * _MARGIN,
        "height": height + 2 * _MARGIN,
    }
    page.screenshot(path=str(FOLDER / f"{name}.png"), full_page=True, clip=clip, animations="disabled")


def _ask(page: Any, text: str) -> None:
    page.fill("#question", text)
    page.click("#submit")
    page.wait_for_selector(".verdict")


def _flow(page: Any) -> None:
    _ask(page, REFUTED)
    page.wait_for_selector(".picture[data-drawn] canvas")


def _refuted(page: Any) -> None:
    _flow(page)
    page.click(".place >> nth=0")
    page.wait_for_selector("#source:not([hidden])")


def _proved(page: Any) -> None:
    _ask(page, PROVED)


def _typing(page: Any) -> None:
    page.fill("#question", BEGUN)
    page.wait_for_selector("[role=option]")
    page.keyboard.press("ArrowDown")


def _matrix(page: Any) -> None:
    page.click("#tab-matrix")
    page.wait_for_selector(".cell.all")


if __name__ == "__main__":
    main()
