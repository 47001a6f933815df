"""The Python of the pages runs, and what they name is there."""

from __future__ import annotations

import subprocess
import sys

import reachproof as rp
from tests.docs.pages import phrases, tagged
from tests.house.places import ROOT


def test_the_example_prints_a_verdict() -> None:
    (example,) = tagged("docs/interfaces.md", "python")
    done = subprocess.run([sys.executable, "-P", "-c", example], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("holds ['")


def test_the_example_of_the_page_on_python_prints_an_answer() -> None:
    (example,) = tagged("docs/python.md", "python")
    done = subprocess.run([sys.executable, "-P", "-c", example], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("HOLDS  no pod in tenant A can reach 10.0.0.0/8 on tcp/5432\n  because\n")


def test_every_public_name_is_documented() -> None:
    told = {name.partition("(")[0] for name in phrases("docs/interfaces.md", "Python")}
    assert set(rp.__all__) <= told


def test_every_method_that_the_page_names_is_there() -> None:
    methods = {name.partition("(")[0] for name in phrases("docs/python.md", "Asking", "In a notebook")}
    connections = type(rp.load(ROOT / "queries" / "examples" / "tenants").connectivity())
    places = (rp, rp.Snapshot, connections)
    assert [
        name for name in sorted(methods) if not any(hasattr(place, name.removeprefix("rp.")) for place in places)
    ] == []
