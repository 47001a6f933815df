"""Habits that no linter checks: every module says what it is, stays readable, and swallows nothing."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.house.places import ROOT, modules

LONGEST = 400
EVERYTHING = {"Exception", "BaseException"}

every_module = pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def silent_handlers(tree: ast.AST) -> list[int]:
    """The lines of handlers that catch everything and then do nothing."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and catches_everything(node.type) and does_nothing(node.body)
    ]


def catches_everything(caught: ast.expr | None) -> bool:
    """True of `except:`, `except Exception:` and tuples that hold such a name."""
    if isinstance(caught, ast.Tuple):
        return any(catches_everything(one) for one in caught.elts)
    return caught is None or (isinstance(caught, ast.Name) and caught.id in EVERYTHING)


def does_nothing(body: list[ast.stmt]) -> bool:
    """True of a body made of `pass`, `continue`, `...` and loose strings only."""
    return all(
        isinstance(one, ast.Pass | ast.Continue) or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in body
    )


@every_module
def test_a_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(parsed(path))


@every_module
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{lines} lines; split it where a second noun begins"


@every_module
def test_a_module_swallows_no_error(path: Path) -> None:
    assert silent_handlers(parsed(path)) == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("try: f()\nexcept Exception: pass", [2]),
        ("try: f()\nexcept: ...", [2]),
        ("try: f()\nexcept (OSError, BaseException):\n  'why'\n  pass", [2]),
        ("for x in y:\n  try: f()\n  except Exception: continue", [3]),
        ("try: f()\nexcept KeyError: pass", []),
        ("try: f()\nexcept Exception as error: report(error)", []),
    ],
)
def test_a_silent_handler_is_recognised(source: str, lines: list[int]) -> None:
    assert silent_handlers(ast.parse(source)) == lines
