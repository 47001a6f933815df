"""Shows the commands in `console` blocks of the documentation with what they print today.

A line that begins with `$ ` is a command, the lines below it are what it prints, standard error included. A command
that ends in ` &` is a server that the rest of its block talks to; its port 8000 stands for a free one. What differs
from run to run is masked on both sides. `python -m tests.docs.console` writes the pages anew.

Commands are forks of one process (tests/forks.py); servers, and in the tests the commands of the README, are started as
they are installed.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryDirectory

from tests.docs.pages import page, tagged
from tests.forks import forks_on_path, installed_on_path
from tests.house.places import ROOT

PAGES = (
    "README.md",
    "docs/tour.md",
    "docs/tutorial.md",
    "docs/interfaces.md",
    "docs/packs.md",
    "docs/audit.md",
    "docs/deploy.md",
    "docs/lint.md",
    "docs/ways-in.md",
    "docs/ci.md",
    "docs/connectivity.md",
    "docs/diff.md",
    "docs/migration.md",
    "docs/explain.md",
)
_PROMPT = "$ "
_SERVER = " &"
_PORT = "8000"
_MARK = "=== next command ==="
_VARIES = (
    (re.compile(r'("(?:solverMs|totalMs)": ?)[\d.]+'), r"\g<1>1.0"),
    (re.compile(r'("engine": ?)"[^"]*"'), r'\g<1>"z3 ..."'),
)


def masked(text: str) -> str:
    """The text with times and versions made equal."""
    for pattern, replacement in _VARIES:
        text = pattern.sub(replacement, text)
    return text


def commands(block: str) -> list[str]:
    """The commands of a block, without their prompts."""
    return [line.removeprefix(_PROMPT) for line in block.splitlines() if line.startswith(_PROMPT)]


def run(block: str, environment: Mapping[str, str]) -> str:
    """The block as it would look today, in an environment with `reachproof`: commands and what they print, masked."""
    typed = commands(block)
    servers = [command for command in typed if command.endswith(_SERVER)]
    if not servers:
        return masked(_shown(typed, _outputs(typed, environment)))
    with _serving(servers[0].removesuffix(_SERVER)) as (announcement, port):
        asked = [command for command in typed if command not in servers]
        outputs = _outputs([command.replace(_PORT, port) for command in asked], environment)
        return masked(_shown(servers + asked, [announcement.replace(port, _PORT), *outputs]))


def _shown(typed: list[str], outputs: list[str]) -> str:
    return "".join(f"{_PROMPT}{command}\n{output}" for command, output in zip(typed, outputs, strict=True))


def _outputs(typed: list[str], environment: Mapping[str, str]) -> list[str]:
    """What each command prints, run one after the other in one shell, so that `echo $?` works."""
    lines = ["last=0", "exec 2>&1"]
    for command in typed:
        lines += [f"echo '{_MARK}'", "(exit $last)", command, "last=$?"]
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout.split(f"{_MARK}\n")[1:]


@contextmanager
def _serving(command: str) -> Iterator[tuple[str, str]]:
    """An installed server on a free port: the line in which it says that it can be asked, and the port."""
    name, *options = shlex.split(command)
    words = [f"{sysconfig.get_path('scripts')}/{name}", *options, "--port", "0"]
    with TemporaryDirectory() as data:
        environment = installed_on_path() | {"XDG_DATA_HOME": data}
        with subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            try:
                announcement = process.stderr.readline()
                port = re.search(r":(\d+)$", announcement.rstrip())
                if port is None:
                    raise RuntimeError(f"{command!r} said {announcement + process.stderr.read()!r}")
                yield announcement, port[1]
            finally:
                process.terminate()


def renewed(name: str, shown: Callable[[str], str]) -> str:
    """The text of a page with each of its console blocks replaced by what `shown` makes of it."""
    text = page(name)
    for block in tagged(name, "console"):
        text = text.replace(f"```console\n{block}```", f"```console\n{shown(block)}```")
    return text


if __name__ == "__main__":
    with forks_on_path() as path:
        for each in PAGES:
            (ROOT / each).write_text(renewed(each, partial(run, environment=path)), encoding="utf-8")
