"""A cluster that a real API server holds gives one answer in every form: as applied, as YAML and as JSON.

Run by `make live`. The server has objects of every kind that its bundles know, stored through its own validation and
defaults, and EndpointSlices that Kubernetes' own controller made. tests/manifests/test_dumps.py reads such a dump from
files; here the server prints it anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reachproof.manifests.digest import canonical
from reachproof.network.snapshot import Snapshot
from tests.live.dumps import APPLIED, DUMPED, READINGS, answers, dump, holding_server, read
from tests.required import missing

TOOLS = ("go", "openssl", "setpriv")


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if absent := [tool for tool in TOOLS if shutil.which(tool) is None]:
        missing(f"no API server was asked for a dump: there is no {', '.join(absent)}")
    with holding_server(tmp_path_factory.mktemp("server")) as found:
        dump(found, folder := tmp_path_factory.mktemp("printed"))
        yield folder


@pytest.mark.parametrize("reading", READINGS)
def test_a_dump_of_a_server_gives_the_answers_of_what_was_applied(printed: Path, reading: str) -> None:
    from_yaml, from_json = (read(printed, reading, form) for form in ("yaml", "json"))
    assert from_yaml.digest == from_json.digest
    assert answers(from_yaml) == answers(from_json)
    assert answers(from_yaml, notices=False) == answers(read(APPLIED, reading, "yaml"), notices=False)


@pytest.mark.parametrize("reading", READINGS)
def test_the_kept_dump_is_what_the_server_prints_today(printed: Path, reading: str) -> None:
    assert _records(read(printed, reading, "yaml")) == _records(read(DUMPED, reading, "yaml"))


def _records(snapshot: Snapshot) -> list[str]:
    """What the digest covers of each, but for the server's own Service, whose port is another one each time."""
    services = [each for each in snapshot.services if each.key != ("default", "kubernetes")]
    records = (snapshot.namespaces, snapshot.nodes, snapshot.pods, services, snapshot.policies)
    return [canonical(each) for kind in records for each in kind]
