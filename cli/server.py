"""Statements that a running service answers: `reachproof query --server URL`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from reachproof.cli.help_page import in_sources
from reachproof.cli.options import domain_map
from reachproof.cli.undecided import statements
from reachproof.documents.answer import Answer

SERVER = (
    in_sources(
        "--server",
        metavar="URL",
        help="Ask the service at URL: about SOURCE, which is sent along, about the stored --snapshot NAME, or about "
        "the snapshot that it was started with.",
    ),
    in_sources(
        "--token",
        envvar="REACHPROOF_TOKEN",
        metavar="TOKEN",
        help="Token for --server; REACHPROOF_TOKEN keeps it out of the list of processes.",
    ),
)
_READ_HERE = {"exclude": (), "namespace": "default", "lenient": False, "ignore_kinds": ()}
"""Options of reading that a service does not have, and their values if not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service to ask, and the seconds that each statement may take."""

    url: str
    token: str | None
    seconds: float


def ask_server(
    server: Service, text: str, sources: Sequence[str], snapshots: Sequence[str], reading: Mapping[str, Any]
) -> Sequence[Answer]:
    """The answers of a service to the statements of a text, a line or more each, by one request.

    `snapshots` are stored ones: NAME, which is asked about, and NAME=STORED for `since snapshot NAME`. A usage error
    where the options do not fit, InputError for what cannot be asked, ServiceError where the service does not answer.
    """
    model = _model(reading)
    name, since = _stored(snapshots)
    if name is not None and sources:
        raise click.UsageError(f"--snapshot {name} and sources are both given; the service answers about one")
    import reachproof as rp  # Z3 and the HTTP client only where they are needed

    texts = [statement for line in text.splitlines() for statement in statements(line)]
    try:
        service = rp.connect(server.url, server.token)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--server'") from None
    except ImportError as error:
        raise click.UsageError(f"--server: {error}") from None
    with service:
        if sources:
            asked = service.load(*sources, keep=False, **model)
        else:
            asked = service.snapshot(name, **model)
        others = {alias: service.snapshot(stored, **model) for alias, stored in since.items()}
        return asked.ask_all(*texts, timeout=server.seconds, since=others)


def _model(reading: Mapping[str, Any]) -> dict[str, Any]:
    """The model options that are given. A usage error for options of reading that a service does not have."""
    for name, otherwise in _READ_HERE.items():
        if reading[name] != otherwise:
            flag = {"lenient": "--skip-invalid", "ignore_kinds": "--ignore-kind"}.get(name, f"--{name}")
            raise click.UsageError(f"{flag} is not available with --server")
    given = {**reading, "domains": domain_map(reading["domains"])}
    return {name: value for name, value in given.items() if name not in _READ_HERE and value is not None}


def _stored(snapshots: Sequence[str]) -> tuple[str | None, dict[str, str]]:
    """The name of the stored snapshot to ask about, if there is one, and those that it is compared with."""
    asked = [entry for entry in snapshots if "=" not in entry]
    if len(asked) > 1:
        raise click.BadParameter(f"one snapshot is asked about (got {', '.join(asked)})", param_hint="'--snapshot'")
    pairs = [entry.partition("=") for entry in snapshots if "=" in entry]
    return (asked[0] if asked else None), {name: stored for name, _, stored in pairs}
