"""Sources as arguments, and sentences without quotes."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from reachproof.cli.main import main
from reachproof.cli.positional import source_and_sentences, sources_of

MANIFESTS = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.2}
"""
SENTENCE = "can pod shop/web reach pod shop/db?"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "cluster.yaml").write_text(MANIFESTS)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "sources", "text"),
    [
        ([SENTENCE], (), SENTENCE),
        (["manifests", SENTENCE], ("manifests",), SENTENCE),
        (["manifests/", SENTENCE, "no pod can reach nodes"], ("manifests/",), f"{SENTENCE}\nno pod can reach nodes"),
        (["-", SENTENCE], ("-",), SENTENCE),
        (["nowhere", SENTENCE], (), f"nowhere\n{SENTENCE}"),
        (SENTENCE.split(), (), SENTENCE),
        (["manifests", *SENTENCE.split()], ("manifests",), SENTENCE),
        (["manifests"], (), "manifests"),
    ],
)
def test_the_first_argument_is_a_source_if_it_is_a_path_and_a_sentence_follows(
    words: list[str], sources: tuple[str, ...], text: str
) -> None:
    assert source_and_sentences(words) == (sources, text)


def test_a_word_that_could_be_either_is_refused(folder: Path) -> None:
    (folder / "can").mkdir()
    with pytest.raises(click.UsageError) as caught:
        source_and_sentences(SENTENCE.split())
    assert caught.value.message == (
        "'can' is a path and the first word of a sentence; put the sentence in quotes, and name a source with -f"
    )
    assert source_and_sentences(["can", SENTENCE]) == (("can",), SENTENCE)


def test_arguments_come_behind_what_from_names() -> None:
    assert sources_of(["a"], ["b"]) == ("a", "b")
    assert sources_of([], []) == (".",)


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        (["query", "-q", "manifests", SENTENCE], "REACHABLE  can pod shop/web reach pod shop/db"),
        (["query", "-q", "manifests", *SENTENCE.split()], "REACHABLE  can pod shop/web reach pod shop/db"),
        (["connectivity", "-q", "manifests", "--src", "pod shop/web", "--dst", "pod shop/db"], "shop/web => shop/db"),
        (["lint", "-q", "manifests", "--fail-on", "never"], ""),
    ],
)
def test_a_source_may_stand_behind_the_command(
    arguments: list[str], first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(first)
