"""The manifests of a git revision, read from the repository's objects: no file of the working tree is touched.

Everything goes through the program `git`: `rev-parse`, `merge-base`, `ls-tree` and `cat-file`, none of which writes.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from reachproof.manifests.limits import Limits
from reachproof.manifests.reader import allowed_bytes, too_large
from reachproof.manifests.sources import SUFFIXES, excluded, is_manifest
from reachproof.manifests.stray_files import first_in_folder
from reachproof.network.errors import InputError, Problem

_LINK, _SUBMODULE = "120000", "160000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit, tag or branch, as git knows it, and what of it is meant: files, and folders with all below them.

    `paths` are relative to the current folder, or with `from_root` to the top of the repository.
    """

    name: str
    paths: tuple[str, ...] = (".",)
    from_root: bool = False

    def __str__(self) -> str:
        return f"{self.name}:{' '.join(self.paths)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A file of a tree. `path` is relative to the top of the repository."""

    mode: str
    blob: str
    path: str


def merge_base(one: str, other: str) -> str:
    """The commit where two revisions parted. InputError where they have none in common, or do not exist."""
    for name in (one, other):
        _demand_revision(name)
    done = _run("merge-base", one, other)
    if done.returncode:
        message = f"{one} and {other} have no common commit"
        raise InputError([Problem(file="git", message=message)])
    return done.stdout.decode().split()[0][:12]


def revision_texts(
    revision: Revision, limits: Limits, problems: list[Problem], exclude: Sequence[str] = ()
) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every file; what cannot be read is added to `problems`.

    A file that is named is read whatever its suffix. In folders, names that begin with a dot and what one of the
    patterns of `exclude` matches are passed over; links to files are followed, links to folders and submodules are
    problems.
    """
    _demand_revision(revision.name)
    entries: dict[str, _Entry] = {}
    for path in revision.paths:
        found = list(_below(revision, path, exclude))
        if not found:
            message = f"no {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} files in this revision"
            problems.append(Problem(file=f"{revision.name}:{path}", message=message))
        entries.update((entry.path, entry) for entry in found)
    if entries:
        paths = sorted(entries, key=first_in_folder)
        yield from _contents(revision, [entries[path] for path in paths], limits, problems)


def _below(revision: Revision, path: str, exclude: Sequence[str]) -> Iterator[_Entry]:
    """The manifests that `path` names in the revision: itself, or the manifests below it."""
    where = ("--full-tree",) if revision.from_root else ("--full-name",)
    pathspec = [] if path in (".", "") else [path]
    done = _run("ls-tree", "-r", "-z", *where, revision.name, "--", *pathspec)
    if done.returncode:
        raise _refused(done, f"{revision.name}:{path}")
    base = _full(revision, path)
    for line in done.stdout.split(b"\0")[:-1]:
        head, _, name = line.partition(b"\t")
        mode, _, blob = head.decode().split()
        entry = _Entry(mode=mode, blob=blob, path=os.fsdecode(name))
        rest = entry.path.removeprefix(base).strip("/")
        hidden = any(part.startswith(".") for part in rest.split("/")) or excluded(rest, exclude)
        named = entry.path == base
        if named or mode == _SUBMODULE or (not hidden and is_manifest(os.path.basename(entry.path))):
            yield entry


def _full(revision: Revision, path: str) -> str:
    """The path from the top of the repository; empty for the top itself."""
    here = "" if revision.from_root else os.fsdecode(_run("rev-parse", "--show-prefix").stdout).strip("\n")
    found = os.path.normpath(os.path.join(here, path))
    return "" if found == "." else found


def _contents(
    revision: Revision, entries: Iterable[_Entry], limits: Limits, problems: list[Problem]
) -> Iterator[tuple[str, bytes]]:
    command = _command("cat-file", "--batch", "--follow-symlinks")
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=_environment()) as git:
        assert git.stdin is not None and git.stdout is not None
        for entry in entries:
            name = f"{revision.name}:{entry.path}"
            if entry.mode == _SUBMODULE:
                problems.append(Problem(file=name, message="submodules are not read; name the files to read"))
                continue
            asked = name if entry.mode == _LINK else entry.blob
            content = None
            if "\n" not in asked:
                git.stdin.write(os.fsencode(asked) + b"\n")
                git.stdin.flush()
                content = _answer(git.stdout)
            if content is None:
                message = "broken link: its target is not a file of this revision"
                problems.append(Problem(file=name, message=message))
                continue
            allowed = allowed_bytes(content, limits)
            if len(content) > allowed:
                problems.append(too_large(name, allowed))
            else:
                yield name, content


def _answer(stream: IO[bytes]) -> bytes | None:
    """The content of a blob as `cat-file --batch` gives it; None for anything else."""
    head = stream.readline().split()
    if len(head) == 3 and head[2].isdigit():
        content = stream.read(int(head[2]))
        stream.read(1)
        return content if head[1] == b"blob" else None
    if len(head) == 2 and head[1].isdigit():  # dangling, loop, notdir, or a link that leads out of the tree
        stream.read(int(head[1]) + 1)
    return None


def _demand_revision(name: str) -> None:
    if name.startswith("-") or _run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").returncode:
        here = _run("rev-parse", "--is-inside-work-tree")
        if here.returncode:
            raise _refused(here, name)
        message = "no such revision; name a branch, a tag or a commit"
        raise InputError([Problem(file=name, message=message)])


def _refused(done: subprocess.CompletedProcess[bytes], where: str) -> InputError:
    said = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ").splitlines()
    return InputError([Problem(file=where, message=f"git cannot read it: {said[0] if said else 'no reason given'}")])


def _run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(_command(*arguments), capture_output=True, check=False, env=_environment())
    except FileNotFoundError:
        message = "`git` not found on PATH; it is needed to read a git revision"
        raise InputError([Problem(file="git", message=message)]) from None


def _command(*arguments: str) -> list[str]:
    return ["git", "--no-optional-locks", "--literal-pathspecs", *arguments]


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C"}
