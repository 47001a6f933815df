"""Colours of verdicts: red is what is not wished for, and a question alone wishes for nothing."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from reachproof.cli.main import commands
from reachproof.documents.words import Verdict
from reachproof.render.answer_text import verdict_colour
from tests.cli.terminal import Terminal

CAN, CANNOT = "can tenant A reach tenant A?", "can tenant A reach tenant B?"
CLAIM = "tenant A is isolated from tenant B"
_NUMBERS = {"31": "red", "32": "green", "36": "cyan"}


def colour(*arguments: str) -> str:
    """The colour of the first word on a terminal."""
    ran = CliRunner().invoke(commands, ["query", "-q", "-f", "tenants", *arguments], color=True)
    assert ran.output.startswith("\x1b["), ran.output
    return _NUMBERS[ran.output[2:4]]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((CAN,), "cyan"),
        ((CANNOT,), "cyan"),
        ((CLAIM,), "green"),
        (("no pod in tenant A can reach pods in tenant A",), "red"),
        (("--expect", "reachable", CAN), "green"),
        (("--expect", "unreachable", CAN), "red"),
        (("--expect", "reachable", CANNOT), "red"),
        (("--expect", "violated", CLAIM), "red"),
    ],
)
def test_red_is_only_what_is_not_wished_for(arguments: tuple[str, ...], expected: str, terminal: Terminal) -> None:
    assert colour(*arguments) == expected


@pytest.mark.parametrize("wished", [None, *Verdict])
def test_what_is_unknown_is_neither(wished: Verdict | None) -> None:
    assert verdict_colour(Verdict.UNKNOWN, wished) == "yellow"
