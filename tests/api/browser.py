"""The page of a service of this process, in a Chromium of this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from reachproof.api.app import create_app
from reachproof.api.settings import Settings
from reachproof.network.snapshot import Snapshot

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
"""


@contextmanager
def serving(snapshot: Snapshot | None = None) -> Iterator[str]:
    """The address of a service that answers until the block ends, with a store of its own."""
    with TemporaryDirectory() as folder:
        settings = Settings(database_url=SecretStr(f"sqlite:///{folder}/store.db"))
        with running(create_app(settings, snapshot)) as address:
            yield address


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """The address of an application that answers until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@contextmanager
def opened(browser: Any, address: str, **how: Any) -> Iterator[Any]:
    """The page, which fails the test at any error of its own and at any request to another place."""
    complaints: list[str] = []
    host = "/".join(address.split("/")[:3])

    def told(message: Any) -> None:
        # What the service refuses, the page shows; the browser tells of it too.
        if not message.text.startswith("Failed to load resource: the server responded with a status of 4"):
            complaints.append(message.text)

    context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | how))
    page = context.new_page()
    page.add_init_script(WATCH)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", told)
    page.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
    page.on("request", lambda request: complaints.append(request.url) if not request.url.startswith(host) else None)
    page.goto(address)
    page.wait_for_selector(".welcome, .answer, .problem")
    yield page
    complaints += page.evaluate("window.violations")
    context.close()
    assert complaints == []
