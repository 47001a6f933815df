"""Hostile and mistaken input ends in a clear message, in bounded memory and without a stack overflow."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from reachproof.manifests import reader
from reachproof.manifests.errors import ManifestError
from reachproof.manifests.limits import Limits
from reachproof.manifests.load import load, load_objects, load_text
from reachproof.network.errors import InputError
from tests.manifests.given import says

NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
SCANNING = "while scanning for the next token"
SPLIT = "JSON (kubectl get -o json) may be larger than YAML, and may be split into several files"
DEEP = "more than 100 levels of nesting"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"\xff\xfe\x00", ["f.yaml:1: not valid UTF-8 (byte 0xff)"]),
        (b"a: 1\nb: \xc3(\n", ["f.yaml:2: not valid UTF-8 (byte 0xc3)"]),
        ("a: 1\nb: \0\n", ["f.yaml:2: not text: it contains a NUL character"]),
        (
            "\x1f\x8b\x08",
            ["f.yaml: invalid YAML: control characters are not allowed (character 0)"],
        ),
        (
            "a: [1\nb: 2\n",
            ["f.yaml:2: invalid YAML: while parsing a flow sequence, did not find expected ',' or ']'"],
        ),
        (
            "a:\n\tb: 1\n",
            [f"f.yaml:2: invalid YAML: {SCANNING}, found character that cannot start any token"],
        ),
        (
            "a: b: c\n",
            ["f.yaml:1: invalid YAML: mapping values are not allowed in this context"],
        ),
        ("a: !Ref b\n", ["f.yaml:1: YAML tag !Ref is not supported"]),
        ("a: !!binary aGk=\n", ["f.yaml:1: YAML tag tag:yaml.org,2002:binary is not supported"]),
        ("a: !x [1]\n", ["f.yaml:1: YAML tag !x is not supported"]),
        ("? [a]\n: 1\n", ["f.yaml:1: a key cannot be an object or a list"]),
        ("a: &x b\n*x : 1\n", ["f.yaml:2: a key cannot be an alias"]),
        ("~: 1\n", ["f.yaml:1: a key cannot be null"]),
        ("a: .nan\n", ['f.yaml:1: the number ".nan" is not finite']),
        ("a: *x\n", ["f.yaml:1: undefined alias *x; no anchor &x before it"]),
        ("a: &x [*x]\n", ["f.yaml:1: undefined alias *x; no anchor &x before it"]),
        ("a:\n  <<: 1\n", ["f.yaml:2: cannot merge 1 after <<; only objects can be merged"]),
        ("just words\n", ['f.yaml:1: found "just words", expected a Kubernetes object']),
        ("- 1\n", ["f.yaml:1: found a list, expected a Kubernetes object"]),
        ("", ["f.yaml: no Kubernetes objects"]),
        ("# nothing\n---\n", ["f.yaml: no Kubernetes objects"]),
    ],
)
def test_is_refused(text: str | bytes, expected: list[str]) -> None:
    assert says(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a" 1}', ["f.json:1: invalid JSON: Expecting ':' delimiter"]),
        ('{"a":\n "b', ["f.json:2: invalid JSON: Unterminated string starting at"]),
        ("[1]", ["f.json:1: found a list, expected a Kubernetes object"]),
    ],
)
def test_bad_json_is_refused_as_json(text: str, expected: list[str]) -> None:
    assert says(text, name="f.json") == expected


def test_a_key_twice_is_refused_with_both_lines_and_its_path() -> None:
    text = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, name: p}
spec:
  ingress:
    - from: []
    - ports: []
      from: []
      ports: []
  ingress: []
"""
    assert says(text) == [
        "f.yaml:3 metadata.name: duplicate field; first on line 3",
        "f.yaml:9 spec.ingress[1].ports: duplicate field; first on line 7",
        "f.yaml:10 spec.ingress: duplicate field; first on line 5",
    ]


def test_keys_that_mean_the_same_are_the_same() -> None:
    assert says("yes: 1\ntrue: 2\n") == ["f.yaml:2 true: duplicate field; first on line 1"]


def test_a_key_twice_in_small_json_is_refused_with_its_line() -> None:
    text = '{"apiVersion": "v1",\n "kind": "Pod",\n "kind": "Namespace"}'
    assert says(text, name="f.json") == ["f.json:3 kind: duplicate field; first on line 2"]


def test_a_key_twice_in_large_json_is_refused_too() -> None:
    text = '\n\n{"apiVersion": "v1", "kind": "Pod", "kind": "Namespace"}'
    assert says(text, name="f.json", limits=Limits(positioned_bytes=0)) == [
        'f.json:3: duplicate field "kind" (in the document that begins here)'
    ]


def test_a_key_twice_is_found_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0

    class Key(str):
        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__eq__(self, str(other))

        __hash__ = str.__hash__

    pairs: list[tuple[str, object]] = [(Key(number), 0) for number in (*range(10_000), 9_999)]
    assert reader.first_twice(pairs) == "9999"
    assert compared <= len(pairs) + 10


def test_blanks_between_json_documents_are_skipped_at_once() -> None:
    text = "{}" + " \n" * 1_000_000 + '{"a": 1,}'
    assert says(text, name="f.json", limits=Limits(positioned_bytes=0))[1].startswith("f.json:1000001: invalid JSON")


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_json_has_no_infinite_numbers(word: str) -> None:
    assert says(f'{{"a": {word}}}', name="f.json", limits=Limits(positioned_bytes=0)) == [
        f"f.json:1: the number {word} is not finite (in the document that begins here)"
    ]


def test_documents_after_a_bad_one_are_read_and_their_problems_listed() -> None:
    text = "a: 1\na: 2\n---\n" + "apiVersion: v1\nkind: Pod\nmetadata: {name: UPPER_CASE}\nspec: {containers: 1}\n"
    found = says(text)
    assert found[0] == "f.yaml:2 a: duplicate field; first on line 1"
    assert len(found) == 2
    assert found[1].startswith("f.yaml:")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused(opening: str) -> None:
    assert says(opening * 50_000) == [f"f.yaml:1: {DEEP}"]


def test_deep_nesting_in_blocks_is_refused() -> None:
    text = "".join(" " * depth + "a:\n" for depth in range(3_000))
    assert says(text) == [f"f.yaml:101: {DEEP}"]


@pytest.mark.parametrize("positioned_bytes", [0, 10_000_000])
def test_deep_nesting_in_json_is_refused(positioned_bytes: int) -> None:
    text = '{"a": ' * 100_000 + "1" + "}" * 100_000
    assert says(text, name="f.json", limits=Limits(positioned_bytes=positioned_bytes)) == [f"f.json:1: {DEEP}"]


def test_a_hundred_levels_are_fine() -> None:
    inner = "[" * 98 + "]" * 98
    load_text(f"{NAMESPACE}status: {{a: {inner}}}\n")


def test_an_alias_bomb_is_refused_in_bounded_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    tracemalloc.start()
    try:
        assert says("\n".join(lines)) == ["f.yaml:5: aliases expand to too many values (the limit is 100000)"]
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_few_aliases_are_fine() -> None:
    labels = "labels: &labels {a: b}\n  annotations: *labels\n"
    snapshot = load_text(f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  {labels}")
    assert dict(snapshot.namespaces[0].labels)["a"] == "b"


def test_a_yaml_file_above_50_mb_is_refused_without_reading_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with open(path, "wb") as file:
        file.write(b"a: 1\n")
        file.truncate(400_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(ManifestError) as refused:
            load(path)
        assert str(refused.value) == f"{path}: file too large (the limit is 50000000 bytes); {SPLIT}"
        assert tracemalloc.get_traced_memory()[1] < 120_000_000
    finally:
        tracemalloc.stop()


def test_the_limits_can_be_set(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(NAMESPACE)
    size = path.stat().st_size
    assert load(path, limits=Limits(yaml_bytes=size)).namespaces
    with pytest.raises(ManifestError) as refused:
        load(path, limits=Limits(yaml_bytes=size - 1))
    assert str(refused.value) == f"{path}: file too large (the limit is {size - 1} bytes); {SPLIT}"
    assert says(NAMESPACE, limits=Limits(yaml_bytes=10)) == [f"f.yaml: file too large (the limit is 10 bytes); {SPLIT}"]


def test_objects_nested_for_ever_are_refused() -> None:
    endless: dict[str, object] = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p"},
    }
    endless["spec"] = endless
    with pytest.raises(InputError):
        load_objects([endless])


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: dict[str, object] = {"apiVersion": "v1", "kind": "List"}
    endless["items"] = [endless]
    with pytest.raises(ManifestError) as refused:
        load_objects([endless])
    assert str(refused.value) == ("<objects>: more than 10 nested Lists")


def test_objects_with_values_that_json_does_not_have_are_refused() -> None:
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p"},
        "spec": {"podSelector": {"matchLabels": {"app": b"web"}}, "policyTypes": {"Ingress"}},
    }
    with pytest.raises(ManifestError) as refused:
        load_objects([policy], name="memory")
    assert str(refused.value).splitlines() == [
        "memory NetworkPolicy default/p spec.podSelector.matchLabels.app: found a value of type bytes, expected text",
        "memory NetworkPolicy default/p spec.policyTypes: found a value of type set, expected a list",
    ]
