"""A service that several teams share, and what of others is in its responses."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from tests.api.secured import Secured
from tests.api.shared_clusters import FOREIGN_RANGES, SharedCluster, files_of

_WORD = re.compile(r"[\w.-]*zq[\w.-]*", re.IGNORECASE)
_CIDR = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?\b")


class Shared(Secured):
    """A service with a cluster of several teams as `old` and, changed, as `now`, and a token of the owner of `mine`."""

    def __init__(self, folder: Path, old: SharedCluster, now: SharedCluster) -> None:
        super().__init__(folder)
        self.admin = self.token("write")
        self.owner = self.token("read", namespaces=("mine",))
        for name, cluster in (("old", old), ("now", now)):
            path = f"/snapshots?name={name}&cni={cluster.cni}"
            response = self.send(self.admin, "POST", path, files=files_of(cluster))
            assert response.status_code in (200, 201), response.text

    def send(self, token: str, method: str, path: str, **more: Any) -> Any:
        """The response to a request."""
        return self.client.request(method, path, headers={"authorization": f"Bearer {token}"}, **more)


def _edges(cidr: str) -> set[int]:
    """The first address of a range, and the first one behind it."""
    found = ip_network(cidr, strict=False)
    return {int(found.network_address), int(found.broadcast_address) + 1}


FOREIGN = {edge for each in FOREIGN_RANGES for edge in _edges(each)}


def leaked(asked: object, told: str) -> set[str]:
    """The words of others in a text, but for those that are in what was asked, and what tells their addresses."""
    words = {each for each in _WORD.findall(told) if each not in str(asked)}
    return words | {each for each in _CIDR.findall(told) if _edges(each) & FOREIGN}
