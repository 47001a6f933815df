"""One Kubernetes object as it was read: its identity, its body and its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from reachproof.manifests.field_reader import Field, Place
from reachproof.manifests.inventory_fields import Fields
from reachproof.manifests.kinds.scopes import BUILT_IN_GROUPS, CLUSTER_SCOPED, GROUPS
from reachproof.manifests.yaml_document import Document, line_in, mismatch
from reachproof.network.errors import Problem
from reachproof.network.origin import Origin

DEFAULT_NAMESPACE = "default"
"""That of an object which names none."""
_KIND = re.compile(r"[A-Za-z][-A-Za-z0-9]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """An object with an apiVersion, a kind and, where it has metadata, a name and a namespace.

    `group` is empty for the core API. `namespace` is empty for kinds without one, and `default` where a kind that we
    know leaves it out. `body` is the whole object.
    """

    group: str
    version: str
    kind: str
    namespace: str
    name: str
    body: dict[str, Any]
    origin: Origin

    @property
    def api_version(self) -> str:
        """The apiVersion as written in the object."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def fields(self) -> Fields:
        """The fields of the object, read plainly."""
        return Fields(self.body)

    @property
    def subject(self) -> str:
        """The name of the object in problems: `Kind namespace/name`."""
        name = self.name or "(without a name)"
        return f"{self.kind} {self.namespace}/{name}" if self.namespace else f"{self.kind} {name}"

    def field(self, *, strict: bool = False) -> Field:
        """A cursor on the object; its place collects what is found."""
        built_in = self.group in BUILT_IN_GROUPS
        origin = self.origin
        place = Place(origin.file, origin.document, self.subject, strict=strict, built_in=built_in, kind=self.kind)
        return Field(place, self.body, line=self.origin.line)

    def problem(self, message: str, path: str = "", line: int = 0) -> Problem:
        """A problem of this object; without a line it is that of the object."""
        origin = self.origin
        return Problem(file=origin.file, line=line or origin.line, subject=self.subject, path=path, message=message)


def deeper(value: object, depth: int) -> bool:
    """True if objects and lists are nested in more than `depth` levels; bounded where the reader could not."""
    level: list[object] = [value]
    for _ in range(depth):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def identify(document: Document, problems: list[Problem], namespace: str = DEFAULT_NAMESPACE) -> Manifest | None:
    """The object in a document, in `namespace` where it names none; None, with a problem, for a value that is none."""
    value = document.value
    assert isinstance(value, dict)
    version, kind = value.get("apiVersion"), value.get("kind")
    missing = [
        name for name, part in (("apiVersion", version), ("kind", kind)) if not isinstance(part, str) or not part
    ]
    if missing:
        message = f"not a Kubernetes object: no {' and no '.join(missing)}"
        hint = "leave out files that are not manifests, and render charts and overlays first"
        problems.append(Problem(file=document.file, line=document.line, message=f"{message}; {hint}"))
        return None
    assert isinstance(version, str)
    assert isinstance(kind, str)
    if _KIND.fullmatch(kind) is None:
        message = mismatch(kind, "the name of a kind; render templates and decrypt files first")
        problems.append(
            Problem(file=document.file, line=line_in(value, "kind", document.line), path="kind", message=message)
        )
        return None
    names = _names(value, kind, document, problems)
    if names is None:
        return None
    group, _, short = version.rpartition("/")
    origin = Origin(file=document.file, document=document.number, line=document.line)
    return Manifest(
        group=group,
        version=short,
        kind=kind,
        namespace=_scoped(names[0], group, kind, namespace),
        name=names[1],
        body=value,
        origin=origin,
    )


def _scoped(namespace: str, group: str, kind: str, otherwise: str) -> str:
    if kind in CLUSTER_SCOPED:
        return ""
    return namespace or (otherwise if group in GROUPS else "")


def _names(value: dict[str, object], kind: str, document: Document, problems: list[Problem]) -> tuple[str, str] | None:
    """metadata.namespace and metadata.name, empty where they are absent."""

    def refuse(path: str, found: object, expected: str, line: int) -> None:
        message = mismatch(found, expected)
        problems.append(Problem(file=document.file, line=line, subject=kind, path=path, message=message))

    metadata = value.get("metadata")
    line = line_in(value, "metadata", document.line)
    if metadata is None:
        return "", ""
    if not isinstance(metadata, dict):
        refuse("metadata", metadata, "an object", line)
        return None
    parts: list[str] = []
    for name in ("namespace", "name"):
        part = metadata.get(name)
        if part is not None and not isinstance(part, str):
            refuse(f"metadata.{name}", part, "text; put it in quotes", line_in(metadata, name, line))
            return None
        parts.append(part or "")
    return parts[0], parts[1]
