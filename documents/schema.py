"""JSON schemas of the documents, made from their classes: those that are published, and those of OpenAPI."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from msgspec.json import schema_components

from reachproof.documents.answer import Answer
from reachproof.documents.audit import Audit
from reachproof.documents.connectivity import Connectivity, Unfinished
from reachproof.documents.diff import Diff
from reachproof.documents.findings import Findings
from reachproof.documents.problem import ProblemDetails
from reachproof.documents.report import Report
from reachproof.documents.snapshots import SnapshotList, StoredSnapshot

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SNAKE = re.compile(r"(?<=[a-z])_([a-z])")
PUBLISHED: dict[str, tuple[type, ...]] = {
    "answer": (Answer,),
    "report": (Report,),
    "audit": (Audit,),
    "connectivity": (Connectivity, Unfinished),
    "diff": (Diff,),
    "findings": (Findings,),
    "snapshots": (StoredSnapshot, SnapshotList),
    "problem": (ProblemDetails,),
}
"""The kinds of document that a published schema is about, by its name."""


def published(name: str) -> dict[str, Any]:
    """A schema that stands alone, of JSON Schema 2020-12."""
    kinds = PUBLISHED[name]
    definitions = components(kinds, "#/$defs/")
    shapes = [{"$ref": f"#/$defs/{kind.__name__}"} for kind in kinds]
    shape = shapes[0] if len(shapes) == 1 else {"anyOf": shapes}
    return {"$schema": DIALECT, "title": f"reachproof/v1 {name}", **shape, "$defs": definitions}


def components(kinds: Iterable[type], prefix: str) -> dict[str, Any]:
    """The schemas of kinds of document and of all their parts, by name. References begin with `prefix`."""
    _, found = schema_components(list(kinds), ref_template=f"{prefix}{{name}}")
    return {name: _tidy(json.loads(json.dumps(schema))) for name, schema in sorted(found.items())}


def _tidy(schema: Any) -> Any:
    """Without defaults and without null for fields that are left out instead; words in their order."""
    match schema:
        case {"anyOf": [*shapes], "default": None, **rest}:
            left = [_tidy(each) for each in shapes if each != {"type": "null"}]
            return {**rest, **(left[0] if len(left) == 1 else {"anyOf": left})}
        case {"description": str(text), **rest} if "\n" in text or _SNAKE.search(text):
            words = _SNAKE.sub(lambda found: found[1].upper(), " ".join(text.split()))
            return _tidy({"description": words, **rest})
        case dict():
            return {key: _tidy(value) for key, value in schema.items() if key != "default"}
        case list():
            return [_tidy(each) for each in schema]
        case _:
            return schema
