"""Documents of the fixed set of questions, to compare two versions of the code.

python -m tests.golden                        # digests.txt anew, after a change of verdicts that is intended
python -m tests.golden write FOLDER           # the documents, a file for each question
python -m tests.golden compare BEFORE AFTER   # which of them differ; exit code 1 if any does
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.golden.documents import DIGESTS, documents, line


def digests() -> None:
    """Write digests.txt."""
    with TemporaryDirectory() as folder:
        lines = [line(name, document) for name, document in documents(Path(folder))]
    DIGESTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} documents")


def write(target: Path) -> None:
    """Write each document to a file of its own."""
    target.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        for name, document in documents(Path(folder)):
            (target / f"{name}.json").write_text(
                json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8"
            )


def compare(before: Path, after: Path) -> int:
    """Print the names of documents that differ, or that only one folder has; how many these are."""
    folders = [
        {path.name: path.read_text(encoding="utf-8") for path in each.glob("*.json")} for each in (before, after)
    ]
    differing = sorted(name for name in {*folders[0], *folders[1]} if folders[0].get(name) != folders[1].get(name))
    print(*differing, f"{len(differing)} of {len({*folders[0], *folders[1]})} differ", sep="\n")
    return len(differing)


match sys.argv[1:]:
    case []:
        digests()
    case ["write", folder]:
        write(Path(folder))
    case ["compare", before, after]:
        raise SystemExit(bool(compare(Path(before), Path(after))))
    case _:
        raise SystemExit(__doc__)
