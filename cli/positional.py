"""Arguments that may be sources: `reachproof query FOLDER "SENTENCE"`, `reachproof connectivity FOLDER`."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from reachproof.cli.reading import STDIN
from reachproof.grammar.words import STATEMENT_STARTS, is_reserved


def sources_of(named: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    """The sources that were given with `--from` and as arguments; the current folder where there are none."""
    return (*named, *given) or (".",)


def source_and_sentences(words: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The source that the first argument is, if it is one, and the sentences, a line each.

    It is a source if it is a path without blanks and a sentence follows. Several words without quotes are one sentence.
    A usage error where a word could be either.
    """
    first, rest = words[0], words[1:]
    if not rest or not _is_source(first):
        return (), _sentences(words)
    if all(map(_is_word, words)) and _starts_sentence(first):
        raise click.UsageError(
            f"{first!r} is a path and the first word of a sentence; put the sentence in quotes, and name a source "
            "with -f"
        )
    return (first,), _sentences(rest)


def _sentences(words: Sequence[str]) -> str:
    return " ".join(words) if len(words) > 1 and all(map(_is_word, words)) else "\n".join(words)


def _is_source(word: str) -> bool:
    return word == STDIN or (_is_word(word) and os.path.exists(word))


def _is_word(text: str) -> bool:
    return bool(text) and not any(map(str.isspace, text))


def _starts_sentence(word: str) -> bool:
    starts = {text.split()[0] for texts in STATEMENT_STARTS.values() for text in texts}
    return word.casefold() in starts or is_reserved(word)
