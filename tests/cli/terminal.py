"""Runs the command line in this process, and reads the cases that say what it writes."""

from __future__ import annotations

import io
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reachproof.cli.main import main

_TIMES = re.compile(r"\d+(\.\d+)? ms")
_ENGINE = re.compile(r"z3 [\d.]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command wrote, and the code it ended with."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        shown = f"exit {self.code}\n"
        for name, text in (("stdout", self.out), ("stderr", self.err)):
            shown += f"-- {name}\n{text}" if text else ""
        return _ENGINE.sub("z3 VERSION", _TIMES.sub("TIME ms", shown))


class Terminal:
    """A working folder with the manifests that the cases name, and no settings in the environment."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def run(self, *arguments: str, stdin: bytes = b"") -> Ran:
        """Run one command."""
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert isinstance(ended.value.code, int)
        out, err = self._capsys.readouterr()
        return Ran(code=ended.value.code, out=out, err=err)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A file of cases/: the command behind `$` with what goes into it, and what comes out."""

    arguments: tuple[str, ...]
    stdin: bytes
    expected: str

    @staticmethod
    def read(path: Path, folder: Path) -> Case:
        """The case of a file; `< FILE` is read in `folder`."""
        command, _, expected = path.read_text(encoding="utf-8").partition("\n")
        prompt, name, *words = shlex.split(command)
        assert (prompt, name) == ("$", "reachproof"), f"{path.name} begins with no command"
        given = b""
        if "<" in words:
            at = words.index("<")
            given = (folder / words[at + 1]).read_bytes()
            words = words[:at]
        return Case(arguments=tuple(words), stdin=given, expected=expected)


def cases() -> Iterator[Path]:
    """The files of cases/, in order of name."""
    yield from sorted((Path(__file__).parent / "cases").glob("*.txt"))
