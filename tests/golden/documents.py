"""Documents of the fixed set of questions, without what may differ: texts, reasons, times and places."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from reachproof import manifests
from reachproof.cli.main import main
from reachproof.network.snapshot import Snapshot
from tests.golden.questions import Question, questions
from tests.house.places import ROOT

Json = Any
DIGESTS = Path(__file__).with_name("digests.txt")
_LEFT_OUT = frozenset(("text", "reason", "solverMs", "totalMs", "engine", "message", "line", "column"))
_VERSION = re.compile(r"\b(?:reachproof|z3) \d[\w.]*")


def answered(question: Question, made: Path) -> Json:
    """The exit code, and the document that the command writes; None where it writes none. `made`: folder of inputs."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        try:
            main(question.arguments)
        except SystemExit as ended:
            code = ended.code
    text = out.getvalue().replace(str(made), "MADE").replace(str(ROOT), "ROOT")
    return {"exit": code, "document": _plain(json.loads(text)) if text else None}


def documents(folder: Path) -> Iterator[tuple[str, Json]]:
    """The names of all questions, and their answers; `folder` is for the inputs, each of which is loaded once."""
    asked = questions(folder)
    with patch.object(manifests, "load", _once(manifests.load)):
        for question in asked:
            yield question.name, answered(question, folder)


def _once(load: Callable[..., Snapshot]) -> Callable[..., Snapshot]:
    known: dict[str, Snapshot] = {}

    def loaded(*sources: str, **how: object) -> Snapshot:
        given = repr((sources, how))
        if given not in known:
            known[given] = load(*sources, **how)
        return known[given]

    return loaded


def digest(document: Json) -> str:
    """A short digest of what is decided, without the flow chosen to show it and what came near to allowing that."""
    text = json.dumps(_without(document, "witness", "near"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def line(name: str, document: Json) -> str:
    """One line of digests.txt."""
    return f"{name} {document['exit']} {digest(document)}"


def _plain(document: Json) -> Json:
    match document:
        case dict():
            return {key: _plain(value) for key, value in document.items() if key not in _LEFT_OUT}
        case list():
            return [_plain(each) for each in document]
        case str():
            return _VERSION.sub("VERSION", document)
        case _:
            return document


def _without(document: Json, *names: str) -> Json:
    match document:
        case dict():
            return {key: _without(value, *names) for key, value in document.items() if key not in names}
        case list():
            return [_without(each, *names) for each in document]
        case _:
            return document
