"""Runs the service in this process."""

from __future__ import annotations

import ipaddress

import uvicorn

from reachproof.api.app import create_app
from reachproof.api.settings import Settings
from reachproof.network.snapshot import Snapshot


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def run(snapshot: Snapshot | None, *, host: str, port: int) -> None:
    """Serve until interrupted; work under way is finished first."""
    app = create_app(Settings(), snapshot)
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=30)
