"""The README fits on three screens of a terminal, and the page of implementations has those that there are."""

from __future__ import annotations

import re

from reachproof.engines.registry import RELEASES
from reachproof.network.options import Cni
from tests.docs.pages import page

_WIDTH, _SCREEN = 80, 33
_ROW = re.compile(r"^\| [^|]+ \| `([a-z][a-z-]+)` \| [^|]+ \| ([^|]*) \|", re.MULTILINE)


def rows(text: str) -> list[str]:
    """The lines of a text as a terminal of 80 columns breaks them."""
    found: list[str] = []
    for line in text.splitlines():
        found += [line[at : at + _WIDTH] for at in range(0, max(len(line), 1), _WIDTH)]
    return found


def test_the_readme_fits_on_three_screens() -> None:
    assert len(rows(page("README.md"))) <= 3 * _SCREEN


def test_its_first_screen_says_what_it_is_and_how_to_try_it() -> None:
    first = "\n".join(rows(page("README.md"))[:24])
    assert "![" in first and "reachproof query" in first and "UNREACHABLE" in first


def test_its_prose_is_not_broken_by_a_terminal() -> None:
    prose = re.sub(r"^```console\n.*?^```$", "", page("README.md"), flags=re.MULTILINE | re.DOTALL)
    lines = [line for line in prose.splitlines() if not line.startswith(("|", "!["))]
    assert [line for line in lines if len(line) > _WIDTH] == []


def test_every_implementation_is_listed_with_its_releases() -> None:
    told = dict(_ROW.findall(page("docs/implementations.md")))
    versions = {str(cni): [profile.version for profile in RELEASES[cni]] for cni in RELEASES if cni is not Cni.AUTO}
    assert told == {
        cni: f"{known[0]} to {known[-1]}" if len(known) > 1 else "not told apart" for cni, known in versions.items()
    }
