"""`python -m tests.notebooks.refresh [NAME ...]` runs notebooks, all without a name, and writes their outputs anew."""

from __future__ import annotations

import sys

import nbformat

from tests.notebooks.running import notebooks, run, tidy

if __name__ == "__main__":
    for path in notebooks():
        if len(sys.argv) == 1 or any(name in path.name for name in sys.argv[1:]):
            nbformat.write(tidy(run(path)), path)  # type: ignore[no-untyped-call]
            print(path.name)
