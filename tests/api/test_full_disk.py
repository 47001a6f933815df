"""A service whose disk is full in earnest: a small file system in memory, which another file fills."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.api.requests import ISOLATED, MANIFESTS, tenants
from tests.api.running import Running, running
from tests.house.places import ROOT

ASKED = {"query": ISOLATED, "options": {"tenantLabel": "tenant"}}
EXAMPLE = ROOT / "queries" / "examples" / "tenants"


def list_of(*objects: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": [*objects]}


SMALL = list_of(*yaml.safe_load_all(MANIFESTS))
LARGE = list_of(*({"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"n{n}"}} for n in range(4_000)))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for 4 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("a full disk was NOT tested: this user may not mount a file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> Path:
    """Leaves no byte free."""
    filler = place / "filler"
    with open(filler, "wb", buffering=0) as file:
        for size in (65_536, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                pass
    return filler


def sent(service: Running, path: str, body: Any) -> tuple[int, Any]:
    status, text = service.request(path, body)
    return status, json.loads(text.partition("\r\n\r\n")[2])


def test_with_a_full_disk_nothing_is_lost_no_verdict_is_wrong_and_the_service_goes_on(
    disk: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{disk}/store.db"
    with running(tmp_path, "-f", str(EXAMPLE), database_url=url) as service:
        status, stored = sent(service, "/snapshots?name=small", SMALL)
        assert status == 201
        filler = fill(disk)

        status, refused = sent(service, "/snapshots?name=small", LARGE)
        assert (status, refused["detail"]) == (503, "the store is not available")
        status, answer = sent(service, "/query", ASKED)
        assert (status, answer["verdict"], answer["evidence"]["snapshot"]) == (200, "holds", tenants().digest)
        status, answer = sent(service, "/query", {"query": "can any pod reach any pod?", "manifests": MANIFESTS})
        assert (status, answer["verdict"]) == (200, "unreachable")
        assert service.request("/healthz")[0] == 200

        filler.unlink()
        status, answer = sent(service, "/query", {"query": "can any pod reach any pod?", "snapshot": "small"})
        assert (status, answer["evidence"]["snapshot"]) == (200, stored["id"])
        status, larger = sent(service, "/snapshots?name=small", LARGE)
        assert (status, larger["id"] != stored["id"]) == (201, True)
        assert service.request(f"/snapshots/{stored['id']}")[0] == 200
