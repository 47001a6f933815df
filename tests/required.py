"""What a test needs of the machine besides Python."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


def missing(reason: str) -> NoReturn:
    """Skips the test, loudly; on a build server (CI is set) it fails."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def chromium(what: str) -> Iterator[Any]:
    """A running Chromium of this machine. `what` is not tested without it."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing(f"{what} was NOT tested in a browser: Debian's is installed by `apt-get install chromium`")
    try:
        api = importlib.import_module("playwright.sync_api")
    except ImportError:
        missing(f"{what} was NOT tested in a browser: there is no playwright; it is in the `test` extra")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield running
        running.close()
