"""Files of accepted results: options of `lint` and `check`, reading and writing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from reachproof.cli.help_page import Path, in_exit_code
from reachproof.documents.baseline import BaselineOf, baseline_of, baseline_text, read_baseline
from reachproof.network.errors import InputError, Problem

BASELINE = (
    in_exit_code("--baseline", type=Path(), metavar="FILE", help="Results to accept, so that only new ones fail."),
    in_exit_code(
        "--write-baseline", type=Path(), metavar="FILE", help="Write all results to FILE as accepted, and do not fail."
    ),
)
WAIVERS = in_exit_code(
    "--waivers",
    type=Path(),
    metavar="FILE",
    help="Waivers, in YAML: failures to accept, with owner, reason and last day.",
)


def text_of(path: str) -> str:
    """The text of a file. Raises InputError."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except OSError as error:
        raise InputError([Problem(file=path, message=f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise InputError([Problem(file=path, message="not valid UTF-8")]) from None


def known_results(path: str | None, command: BaselineOf) -> Counter[str]:
    """The number of times that a baseline accepts each fingerprint; nothing without a file. Raises InputError."""
    if path is None:
        return Counter()
    try:
        return read_baseline(text_of(path), command).counts
    except ValueError as error:
        raise InputError([Problem(file=path, message=str(error))]) from None


def write_baseline(path: str, command: BaselineOf, found: Iterable[tuple[str, str]]) -> None:
    """Write the results, as (fingerprint, about), to a file. Raises InputError."""
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(baseline_text(baseline_of(command, found)))
    except OSError as error:
        raise InputError([Problem(file=path, message=f"cannot be written: {error.strerror}")]) from None
