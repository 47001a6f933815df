"""The Python of docs/interfaces.md runs."""

from __future__ import annotations

import subprocess
import sys

from tests.docs.pages import tagged
from tests.house.places import ROOT


def test_the_example_prints_a_verdict() -> None:
    (example,) = tagged("docs/interfaces.md", "python")
    done = subprocess.run([sys.executable, "-P", "-c", example], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("holds ['")
