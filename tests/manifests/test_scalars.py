"""Plain YAML scalars are read as kubectl reads them."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reachproof.manifests.limits import Limits
from reachproof.manifests.yaml_reader import read_yaml
from reachproof.manifests.yaml_scalars import plain_scalar
from reachproof.network.errors import Problem

TRUE = ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"]
FALSE = ["n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"]
NOTHING = ["", "~", "null", "Null", "NULL"]
TEXT = [
    *("yEs", "oN", "tRUE", "nULL", "None", "nil", "truely"),
    *("1:30", "12:30:45", "2026-11-23", "2026-11-23T10:00:00Z", "=", "<", "10.0.0.0/8", "1.2.3", "1.2.3.4", "v1"),
    *("0x", "0b2", "0o8", "0xfg", "1e", "e3", "+", "-", ".", "..", "--1", "1-2", "-a", "+a", ".a", "1_a"),
    *("12e4567", "1E999", "-3e310", "1_2e4567", "9" * 400),
]
NUMBERS = [
    *(("0", 0), ("1", 1), ("-1", -1), ("+1", 1), ("1_000", 1000), ("80", 80), ("65535", 65535)),
    *(("0x1F", 31), ("-0x1f", -31), ("0b101", 5), ("0o17", 15), ("017", 15), ("0755", 493), ("-017", -15)),
    *(("08", 8), ("1e3", 1000), ("1E3", 1000), ("1e+3", 1000), ("8.0", 8), ("80.", 80)),
    *((".5", 0.5), ("1.5", 1.5), ("-1.5", -1.5), ("1.5e-1", 0.15)),
    *(("18446744073709551615", 2**64 - 1), ("-9223372036854775808", -(2**63))),
]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, True) for text in TRUE),
        *((text, False) for text in FALSE),
        *((text, None) for text in NOTHING),
        *((text, text) for text in TEXT),
        *NUMBERS,
    ],
)
def test_a_plain_scalar_is(text: str, value: object) -> None:
    found = plain_scalar(text)
    assert (type(found), found) == (type(value), value)


def test_a_number_too_large_for_an_integer_is_a_float() -> None:
    assert plain_scalar(str(2**64)) == float(2**64)
    assert isinstance(plain_scalar("9" * 300), float)


def test_a_number_too_large_for_a_float_is_text_in_values_and_keys() -> None:
    assert values("labels: {commit: 12e4567, 3e999: x}\n") == [{"labels": {"commit": "12e4567", "3e999": "x"}}]


def values(text: str, limits: Limits | None = None) -> list[object]:
    """The documents of a text that has no problem."""
    problems: list[Problem] = []
    found = [document.value for document in read_yaml(text, "f.yaml", limits or Limits(), problems)]
    assert problems == []
    return found


@pytest.mark.parametrize("text", [*TRUE, *FALSE, *NOTHING, *TEXT, *(text for text, _ in NUMBERS)])
def test_a_quoted_scalar_is_text(text: str) -> None:
    assert values(f"- '{text}'\n- \"{text}\"\n") == [[text, text]]


@pytest.mark.parametrize(
    ("key", "expected"),
    [("8080", "8080"), ("yes", "true"), ("off", "false"), ("1.5", "1.5"), ("0x10", "16"), ("'yes'", "yes"), ("a", "a")],
)
def test_a_key_is_text_as_json_has_it(key: str, expected: str) -> None:
    assert values(f"{key}: 1\n") == [{expected: 1}]


def test_a_tag_makes_text_of_a_scalar() -> None:
    assert values("- !!str 1\n- !!str yes\n- !!int 1\n") == [["1", "yes", 1]]


def test_block_scalars_keep_their_lines() -> None:
    assert values("a: |\n  x\n  y\nb: >-\n  x\n  y\n") == [{"a": "x\ny\n", "b": "x y"}]


def test_a_merge_key_adds_what_the_object_does_not_have_and_the_first_source_wins() -> None:
    text = """\
base: &base {a: 1, b: 1}
more: &more {b: 2, c: 2}
one:
  <<: *base
  a: 3
both:
  c: 4
  <<: [*base, *more]
"""
    (found,) = values(text)
    assert isinstance(found, dict)
    assert (found["one"], found["both"]) == ({"a": 3, "b": 1}, {"c": 4, "a": 1, "b": 1})


def test_a_quoted_merge_key_is_an_ordinary_key() -> None:
    assert values('"<<": 1\n') == [{"<<": 1}]


def test_an_alias_stands_for_its_anchor() -> None:
    assert values("a: &x [1, {b: 2}]\nc: *x\nd: &y z\ne: *y\n") == [
        {"a": [1, {"b": 2}], "c": [1, {"b": 2}], "d": "z", "e": "z"}
    ]


def test_empty_documents_are_left_out_and_counted() -> None:
    problems: list[Problem] = []
    found = list(read_yaml("---\n---\n# only a comment\n---\na: 1\n...\n---\nb: 2\n", "f", Limits(), problems))
    assert [(document.number, document.line, document.value) for document in found] == [
        (2, 5, {"a": 1}),
        (3, 8, {"b": 2}),
    ]


# The writer leaves words without quotes that mean something to kubectl only, such as N.
TEXTS = st.text().filter(lambda text: not text or plain_scalar(text) == text)


def _containers(children: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.lists(children) | st.dictionaries(TEXTS, children)


LEAVES = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXTS


@given(st.recursive(LEAVES, _containers, max_leaves=12))
def test_what_a_yaml_writer_writes_comes_back(value: object) -> None:
    text = yaml.safe_dump(value, allow_unicode=False)
    assert values(text) == ([] if value is None else [value])
