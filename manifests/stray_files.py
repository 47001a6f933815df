"""Files of a folder that hold no Kubernetes object: charts, values, dashboards, patches, templates, encrypted files.

Every repository has them, so they are passed over and told, not refused. A file that may hide a policy (a template, a
patch, an encrypted or broken file) is told as an assumption of every answer. What looks like an object and cannot be
read stays an error. Trusted by every verdict about a folder: a file that is passed over without a word is a policy
lost. Checked by tests/manifests/test_stray_files.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from reachproof.manifests.errors import EnoughError, Problems
from reachproof.manifests.hidden_policies import is_encrypted, makes_objects, names_policy
from reachproof.manifests.limits import Limits
from reachproof.manifests.reader import read
from reachproof.manifests.yaml_document import Document
from reachproof.network.cluster import Notice
from reachproof.network.errors import Problem
from reachproof.network.ignore_comment import IgnoreComment
from reachproof.network.origin import Origin

POLICIES_SKIPPED = "POLICIES_SKIPPED"
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
CHART = "Chart.yaml"
_LISTS = ("resources", "bases", "components")
_PATCH_LISTS = ("patches", "patchesStrategicMerge", "patchesJson6902")
# What of a kustomization makes other objects of those that it lists. `images`, `replicas` and the like decide nothing.
_TRANSFORMS = (
    "namespace",
    "namePrefix",
    "nameSuffix",
    "commonLabels",
    "labels",
    *_PATCH_LISTS,
    "replacements",
    "components",
    "generators",
    "transformers",
    "helmCharts",
)
# The beginning of an object in a text that cannot be parsed: a key of the top level, an item of a list, JSON, or what
# a template fills in.
_OBJECT = re.compile(
    rb"^(?:- )?apiVersion\s*:|[\"']apiVersion[\"']\s*:|^\{\{-?\s*(?:include|template|tpl|toYaml)\b", re.MULTILINE
)


class Why(StrEnum):
    """Reasons to pass over a file, as words for messages."""

    NO_OBJECTS = "a file without Kubernetes objects"
    TEMPLATE = "a template that is not rendered"
    PATCH = "a patch that is not applied"
    KUSTOMIZATION = "a kustomization that is not built"
    ENCRYPTED = "encrypted"
    BROKEN = "not readable"


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedFile:
    """A file that was passed over. `hides`: it may hold a policy, by its text."""

    file: str
    why: Why
    hides: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kustomization:
    """A kustomization that was not built. `transforms`: its fields that make other objects of those that it lists.

    `resources`: what it lists, paths as seen from where the reading began.
    """

    file: str
    transforms: tuple[str, ...]
    resources: tuple[str, ...]


class Files:
    """The files of one loading. `skipped` and `kustomizations` are kept account of, in the order of reading.

    `ignores`: comments of files with objects, by which findings of lint are accepted.

    A chart or a kustomization is known for the files that come after it, so it is to come first in its folder.
    """

    def __init__(self, *, skip_invalid: bool) -> None:
        self.skipped: list[SkippedFile] = []
        self.kustomizations: list[Kustomization] = []
        self.ignores: list[IgnoreComment] = []
        self._skip_invalid = skip_invalid
        self._charts: set[str] = set()
        self._patches: set[str] = set()
        self._seen: set[str] = set()

    def named(self, content: bytes | str, file: str, limits: Limits, problems: list[Problem]) -> Iterator[Document]:
        """The documents of a file that was asked for by name, of which each must be an object."""
        self._seen.add(_normal(file))
        data = content.encode() if isinstance(content, str) else content
        for document in read(content, file, limits, problems):
            if isinstance(document.value, dict) and _is_kustomization(document):
                self._kustomization(document, data)
            yield document

    def documents(self, content: bytes | str, file: str, limits: Limits, problems: list[Problem]) -> Iterator[Document]:
        """The documents of a file, each a dict; none of a file that is passed over.

        A document that is no object comes only from a file that has objects, or if it looks like one.
        """
        data = content.encode() if isinstance(content, str) else content
        self._seen.add(_normal(file))
        why = self._at_sight(file, data)
        if why is not None:
            self._skip(file, why, data)
            return
        own, strays, objects = Problems(limits.problems), list[Document](), 0
        with suppress(EnoughError):  # they are handed on below
            for document in read(content, file, limits, own):
                if _is_kustomization(document):
                    self._kustomization(document, data)
                    objects += 1
                    yield document
                elif _is_object(document.value):
                    objects += 1
                    yield document
                else:
                    strays.append(document)
        if objects or any(map(_resembles_object, strays)):
            yield from strays
        elif (reason := self._reason(data, own)) is not None:
            self._skip(file, reason, data)
            return
        for problem in own:
            problems.append(problem)

    @property
    def hide_policies(self) -> bool:
        """True if a file was passed over that may hold a policy, or a kustomization lists what is not there."""
        return any(each.code == POLICIES_SKIPPED for each in self.assumptions())

    def assumptions(self) -> Iterator[Notice]:
        """Notices on what may hide a policy, and kustomizations that were not built."""
        for each in self.skipped:
            if each.hides:
                text = f"{each.file} is {each.why}, and may hold policies; it is skipped{self._way_out(each.file)}"
                yield Notice(code="POLICIES_SKIPPED", text=text, origin=Origin(file=each.file))
        for one in self.kustomizations:
            yield from self._not_built(one)

    def _not_built(self, one: Kustomization) -> Iterator[Notice]:
        """A notice on changes that a kustomization makes to its objects, and on resources that the input lacks."""
        elsewhere = [path for path in one.resources if not self._has(path)]
        said = [f"changes the objects that it lists ({', '.join(one.transforms)})"] if one.transforms else []
        said += [f"lists what is not in the input and may hold policies ({', '.join(elsewhere)})"] if elsewhere else []
        text = (
            f"{one.file} {' and '.join(said)}; objects are read as they stand; to read what is applied: "
            f"kustomize build {_folder(one.file)} | reachproof ... -f -"
        )
        origin = Origin(file=one.file)
        if elsewhere:
            yield Notice(code="POLICIES_SKIPPED", text=text, origin=origin)
        elif said:
            yield Notice(code="KUSTOMIZATION_NOT_BUILT", text=text, origin=origin)

    def warnings(self) -> Iterator[Notice]:
        """One notice on all files that were passed over."""
        if not self.skipped:
            return
        first, count = self.skipped[0].file, len(self.skipped)
        files = f"1 file without Kubernetes objects skipped: {first}"
        if count > 1:
            files = f"{count} files without Kubernetes objects skipped, the first of them {first}"
        charts = sorted(self._charts)
        hint = f"; to read a chart: helm template {charts[0]} | reachproof ... -f -" if charts else ""
        yield Notice(code="FILES_SKIPPED", text=files + hint)

    def _way_out(self, file: str) -> str:
        chart = self._chart_of(file)
        return f"; to read it: helm template {chart} | reachproof ... -f -" if chart else ""

    def _at_sight(self, file: str, data: bytes) -> Why | None:
        """The reason to pass over a file unparsed."""
        if _name(file) == CHART:
            self._charts.add(_beside(file, "."))
        if is_encrypted(data):
            return Why.ENCRYPTED
        if _normal(file) in self._patches:
            return Why.PATCH
        return Why.TEMPLATE if b"{{" in data and self._chart_of(file) else None

    def _chart_of(self, file: str) -> str:
        """The folder of the chart whose template the file is; empty for other files."""
        revision, folder = _located(os.path.dirname(file))
        while folder:
            above, name = os.path.split(folder)
            if name == "templates" and revision + os.path.normpath(above) in self._charts:
                return revision + (above or ".")
            folder = above if above != folder else ""
        return ""

    def _reason(self, data: bytes, own: list[Problem]) -> Why | None:
        """The reason to pass over a file without objects; None if it is wrong and not to be passed over."""
        if not own:
            return Why.NO_OBJECTS
        text = _is_text(data)
        if text and not _OBJECT.search(data):
            return Why.NO_OBJECTS
        if text and b"{{" in data:
            return Why.TEMPLATE
        return Why.BROKEN if self._skip_invalid else None

    def _skip(self, file: str, why: Why, data: bytes) -> None:
        readable = why is not Why.ENCRYPTED and _is_text(data)
        hides = not readable or names_policy(data) or (why is Why.TEMPLATE and makes_objects(data))
        self.skipped.append(SkippedFile(file=file, why=why, hides=hides))

    def _kustomization(self, document: Document, data: bytes) -> None:
        """Keep a kustomization in mind, and its patches."""
        file, value = document.file, document.value
        assert isinstance(value, dict)
        self._patches.update(_patches(file, value))
        changing = tuple(name for name in _TRANSFORMS if value.get(name))
        listed = tuple(path for field in _LISTS for path in _paths(file, value.get(field)))
        self.kustomizations.append(Kustomization(file=file, transforms=changing, resources=listed))
        if changing and names_policy(data):
            self._skip(file, Why.KUSTOMIZATION, data)

    def _has(self, path: str) -> bool:
        """True if the file, or something in the folder, was in the input."""
        return path in self._seen or any(each.startswith(f"{path}/") for each in self._seen)


def _is_kustomization(document: Document) -> bool:
    value = document.value
    assert isinstance(value, dict)
    return is_unnamed_kustomization(document) or value.get("kind") in ("Kustomization", "Component")


def is_unnamed_kustomization(document: Document) -> bool:
    """True for a kustomization that leaves out apiVersion and kind, as it may; its file name tells what it is."""
    value = document.value
    return _name(document.file) in KUSTOMIZATIONS and isinstance(value, dict) and "kind" not in value


def first_in_folder(file: str) -> tuple[str, bool, str]:
    """The order of reading: folders above those below them, and of a folder charts and kustomizations first."""
    folder, name = os.path.split(file)
    return folder, name not in (CHART, *KUSTOMIZATIONS), name


def _patches(file: str, value: dict[str, object]) -> Iterator[str]:
    """Paths of the files that a kustomization takes for patches."""
    for field in _PATCH_LISTS:
        yield from _paths(file, value.get(field))


def _paths(file: str, listed: object) -> Iterator[str]:
    """The paths of a list in a kustomization, as seen from where the reading began; addresses as they are."""
    for each in listed if isinstance(listed, list) else ():
        path = each.get("path") if isinstance(each, dict) else each
        if isinstance(path, str) and "\n" not in path:
            remote = "://" in path or "?ref=" in path
            yield path if remote else _beside(file, path)


def _is_object(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in ("apiVersion", "kind"))


def _resembles_object(document: Document) -> bool:
    """True for an object with a mistake: it has fields of objects that no chart and no values file has together."""
    value = document.value
    return isinstance(value, dict) and len({"apiVersion", "kind", "metadata", "spec"} & value.keys()) > 1


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


def _folder(file: str) -> str:
    revision, path = _located(file)
    return revision + (os.path.dirname(path) or ".")


def _located(file: str) -> tuple[str, str]:
    """The revision that a file is of, with its colon, and the path; no revision for the file system."""
    revision, colon, path = file.partition(":")
    return (revision + colon, path) if colon else ("", file)


def _name(file: str) -> str:
    return os.path.basename(_located(file)[1])


def _normal(file: str) -> str:
    revision, path = _located(file)
    return revision + os.path.normpath(path)


def _beside(file: str, path: str) -> str:
    """A path from the folder of a file, in the form of `_normal`."""
    revision, own = _located(file)
    return revision + os.path.normpath(os.path.join(os.path.dirname(own), path))
