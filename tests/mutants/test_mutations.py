"""The faults that a mutation run plants: each of the operators, and places that are left alone."""

import ast
from pathlib import Path

import pytest

from tests.house.places import ROOT
from tests.mutants.mutations import FOLDERS, mutations, sample


def planted(folder: Path, body: str) -> list[str]:
    """What becomes of the body of a function, a text per mutation."""
    source = "def f(a, b):\n    " + body + "\n"
    (folder / "m.py").write_text(source, encoding="utf-8")
    texts = [mutation.apply(source) for mutation in mutations(folder, "m.py")]
    return [text.partition("\n    ")[2].removesuffix("\n") for text in texts]


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ("a = a < b", ["a = (a <= b)"]),
        ("a = a in b", ["a = (a not in b)"]),
        ("a = a and b", ["a = (a or b)", "a = (b)", "a = (a)"]),
        ("a = a | b", ["a = (a & b)"]),
        ("a = not b", ["a = bool(b)"]),
        ("a = True", ["a = False"]),
        ("a = 7", ["a = 8"]),
        ("a = any(b)", ["a = all(b)"]),
        (
            "a = b if a else 0",
            ["a = (b)", "a = (0)", "a = b if True else 0", "a = b if False else 0", "a = b if a else 1"],
        ),
        ("a(b)", ["pass"]),
        ("a += b", ["pass"]),
        ("return a", ["return None"]),
        ("a = 'é' and b", ["a = ('é' or b)", "a = (b)", "a = ('é')"]),
    ],
)
def test_each_operator_plants_its_faults(tmp_path: Path, body: str, faults: list[str]) -> None:
    assert planted(tmp_path, body) == faults


@pytest.mark.parametrize(
    "body",
    [
        "raise ValueError(a == 1)",
        "assert a == 1",
        "a = f'{b + 1}'",
        "a: tuple[1] = b",
        "return None",
        "a = 'text' + b",
        "match a:\n        case _:\n            assert_never(a)",
    ],
)
def test_what_no_verdict_rests_on_is_left_alone(tmp_path: Path, body: str) -> None:
    assert planted(tmp_path, body) == []


def test_keys_are_unique_and_the_sample_covers_each_folder_and_parses() -> None:
    chosen = sample(ROOT, 200)
    assert len({mutation.key for mutation in chosen}) == 200
    assert {mutation.path.partition("/")[0] for mutation in chosen} == set(FOLDERS)
    for mutation in chosen:
        ast.parse(mutation.apply((ROOT / mutation.path).read_text(encoding="utf-8")))


def test_edits_elsewhere_in_a_module_keep_the_draw(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text("def f(a):\n    return a < 1\n", encoding="utf-8")
    before = mutations(tmp_path, "m.py")
    (tmp_path / "m.py").write_text("def g(b):\n    return b\n\n\ndef f(a):\n    return a < 1\n", encoding="utf-8")
    assert [each.rank for each in mutations(tmp_path, "m.py")[1:]] == [each.rank for each in before]
