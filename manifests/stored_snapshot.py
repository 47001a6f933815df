"""The stored form of a snapshot: its objects as far as they are read, to be lowered anew by whoever loads it.

| Part | Holds |
|---|---|
| head | the version of the form, the SHA-256 of what follows |
| files | names, once each |
| objects | in the order in which they were read: what is kept, the place, and of policies the line of each field |
| skipped, makers | what else the input had, as counts of kinds; and which of them have pod templates |

What is kept is what the reader of an object looks at, and no other field: so env, images, volumes, annotations, managed
fields and the like never get into a store, and of a kind that cannot matter (Secret; ConfigMap, but for the settings
that are read) not even the name. Objects of the inventory are read once more to see what that looks at.
Policies and what they refer to are read differently under other options, so of these the whole spec is kept.

All of it is JSON, compressed. It has nothing of how reachproof holds objects, so a later version, or another choice of
model options, reads it like the manifests themselves. Trusted by every verdict about a stored snapshot. What checks it:
a snapshot is stored only if it comes back as it was; damage is seen by the SHA-256; and one that a later version reads
to another digest than it was stored under is refused. docs/decisions/0011-the-stored-form-of-a-snapshot.md.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from reachproof.manifests.errors import ManifestError
from reachproof.manifests.inventory import reader_of
from reachproof.manifests.inventory_fields import Misfit, Watched
from reachproof.manifests.kinds import settings
from reachproof.manifests.kinds.admin import bundles
from reachproof.manifests.kinds.calico.objects import METADATA
from reachproof.manifests.kinds.cni_detection import release_of
from reachproof.manifests.kinds.istio.policies import DRY_RUN
from reachproof.manifests.kinds.not_read import objects as not_read
from reachproof.manifests.kinds.not_read.registry import shows_implementation
from reachproof.manifests.kinds.registry import depends_on_cni, support_kind
from reachproof.manifests.kinds.unmodelled import REQUEST_AUTHENTICATION
from reachproof.manifests.limits import DEFAULT_LIMITS, Limits
from reachproof.manifests.load import Texts, read_texts
from reachproof.manifests.loader import Loading
from reachproof.manifests.object_identity import Manifest, identify
from reachproof.manifests.reader import objects_of
from reachproof.manifests.yaml_document import Document, Listed, Mapped
from reachproof.network.collector import without_collector
from reachproof.network.errors import InputError, InternalError, Problem
from reachproof.network.options import DEFAULT_OPTIONS, Options
from reachproof.network.origin import Origin
from reachproof.network.snapshot import Snapshot

_MAGIC = b"reachproof stored snapshot 1\n"
_HEAD = len(_MAGIC) + hashlib.sha256().digest_size
_LEVEL = 1  # 0.1 seconds for 10,000 pods; higher levels take several times that for a tenth of the size


@dataclass(frozen=True, slots=True, kw_only=True)
class ToStore:
    """A snapshot that was read, and the bytes to store. `plain_bytes`: their size unpacked; `counts`: by kind."""

    snapshot: Snapshot
    content: bytes = field(repr=False)
    plain_bytes: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An object as it is stored, and its place. `lines`: of the fields of a policy by their paths, where known."""

    value: Mapping[str, Any]
    origin: Origin
    lines: Mapping[str, int]


_NOT_BUILT = (
    "a kustomization that changes objects, or lists what was not sent; send what `kustomize build` prints in its place"
)


def texts_to_store(texts: Texts, *, options: Options = DEFAULT_OPTIONS, limits: Limits = DEFAULT_LIMITS) -> ToStore:
    """The stored form of YAML or JSON files, given as name and content, together.

    Bad input is refused as by `load`, under the options; they are not stored. So is a kustomization that would have
    to be built, as only objects are stored. Cost: twice that of `load`.
    """
    loading, keeping = Loading(options=options, limits=limits), _Keeping()
    with without_collector():
        read_texts(loading, texts, passing=keeping.passing)
        if not_built := [each.origin for each in loading.files.assumptions() if each.origin is not None]:
            raise ManifestError([Problem(file=each.file, message=_NOT_BUILT) for each in not_built])
        return _to_store(loading, keeping, options)


def objects_to_store(
    objects: Iterable[Mapping[str, object]],
    *,
    name: str,
    options: Options = DEFAULT_OPTIONS,
    limits: Limits = DEFAULT_LIMITS,
) -> ToStore:
    """The stored form of objects as a JSON decoder gives them."""
    loading, keeping = Loading(options=options, limits=limits), _Keeping()
    with without_collector():
        loading.documents(keeping.passing(objects_of(objects, name, loading.problems)))
        return _to_store(loading, keeping, options)


def load_stored(content: bytes, digest: str, *, options: Options = DEFAULT_OPTIONS) -> Snapshot:
    """The snapshot of stored bytes, lowered under the options. `digest`: that under which it was stored.

    Raises InputError where the policies cannot be read under the options, or by this version; InternalError where the
    bytes are damaged. Cost: a second for 10,000 pods.
    """
    with without_collector():
        found = _lowered(_opened(content, digest), options)
    if found.digest != digest:
        raise _of_another_version(digest)
    return found


def stored_objects(content: bytes, digest: str) -> Iterator[StoredObject]:
    """The objects of stored bytes, in the order in which they were read. Raises as `load_stored`."""
    form = _opened(content, digest)
    for each in form["objects"]:
        yield StoredObject(
            value=each["object"], origin=_origin(form, each["at"]), lines=dict(_paths(each.get("lines"), ""))
        )


class _Keeping:
    """Collects the fields to store from the documents that pass by."""

    def __init__(self) -> None:
        self._files: dict[str, int] = {}
        self._objects: list[dict[str, Any]] = []
        self._identities: dict[tuple[str, str, str], None] = {}

    def passing(self, documents: Iterable[Document]) -> Iterator[Document]:
        for document in documents:
            self._keep(document)
            yield document

    def _keep(self, document: Document) -> None:
        found = _kept(document)
        if found is None:
            return
        manifest, value = found
        self._identities[manifest.kind, manifest.namespace, manifest.name] = None
        entry: dict[str, Any] = {"at": self.place(manifest.origin), "object": value}
        lines = _lines(document.value, value) if depends_on_cni(manifest) else None
        if lines:
            entry["lines"] = lines
        self._objects.append(entry)

    def place(self, origin: Origin) -> list[int]:
        return [self._files.setdefault(origin.file, len(self._files)), origin.document, origin.line]

    def counts(self) -> dict[str, int]:
        return dict(sorted(Counter(kind for kind, _, _ in self._identities).items()))

    def form(self, skipped: Mapping[str, int], makers: Mapping[str, Origin]) -> dict[str, Any]:
        places = [[subject, self.place(origin)] for subject, origin in sorted(makers.items())]
        return {"files": list(self._files), "makers": places, "objects": self._objects, "skipped": dict(skipped)}


def _kept(document: Document) -> tuple[Manifest, dict[str, Any]] | None:
    """The object of a document and its stored fields; None for one that is not looked at."""
    assert isinstance(document.value, dict)
    watched = Watched(document.value)
    manifest = identify(replace(document, value=watched), [])
    if manifest is None:
        return None
    if depends_on_cni(manifest) or (manifest.group, manifest.kind) == REQUEST_AUTHENTICATION:
        support = support_kind(manifest)
        _look_at_policy(watched, labelled=support is not None and support.labelled)
    elif not_read.acts(manifest) or shows_implementation(manifest):
        watched.whole(*not_read.contents(manifest))
    elif not_read.shows_engine_of_aws(manifest):
        return manifest, watched.seen()
    elif settings.is_settings(manifest):
        settings.shown(manifest)
    elif bundles.is_crd(manifest):
        bundles.shown(manifest)
    elif (reader := reader_of(manifest)) is not None:
        with suppress(Misfit):  # then nothing is stored
            reader(manifest)
        release_of(manifest)
    elif not not_read.matters(manifest):
        return None
    return manifest, watched.seen()


def _look_at_policy(body: Watched, *, labelled: bool) -> None:
    body.whole("spec", "specs")
    metadata = body.get("metadata")
    if isinstance(metadata, Watched):
        metadata.whole(*(("labels",) if labelled else ()))
        annotations = metadata.get("annotations")
        if isinstance(annotations, Watched):
            annotations.get(METADATA if labelled else DRY_RUN)


def _lowered(form: Any, options: Options) -> Snapshot:
    loading = Loading(options=options)
    loading.also_skipped(form["skipped"], {subject: _origin(form, at) for subject, at in form["makers"]})
    loading.documents(_documents(form))
    return loading.snapshot()


def _to_store(loading: Loading, keeping: _Keeping, options: Options) -> ToStore:
    snapshot = loading.snapshot()
    plain = json.dumps(keeping.form(*loading.skipped), separators=(",", ":")).encode()
    payload = zlib.compress(plain, _LEVEL)
    content = _MAGIC + hashlib.sha256(payload).digest() + payload
    if _lowered(_opened(content, snapshot.digest), options) != snapshot:
        raise InternalError(f"the snapshot {snapshot.digest} does not come back from its stored form as it went in")
    return ToStore(snapshot=snapshot, content=content, plain_bytes=len(plain), counts=keeping.counts())


def _opened(content: bytes, digest: str) -> Any:
    """The form in the bytes, which are what was stored."""
    if content[: len(_MAGIC)] != _MAGIC and content.startswith(_MAGIC.rstrip(b"1\n")):
        raise _of_another_version(digest)
    payload = content[_HEAD:]
    if content[:_HEAD] != _MAGIC + hashlib.sha256(payload).digest():
        raise InternalError(f"the stored snapshot {digest} is damaged")
    return json.loads(zlib.decompress(payload))


def _of_another_version(digest: str) -> InputError:
    message = (
        f"{digest} was stored by a version of reachproof that reads objects differently; store its manifests again"
    )
    return InputError([Problem(file="snapshot", message=message)])


def _origin(form: Any, at: Any) -> Origin:
    file, document, line = at
    return Origin(file=form["files"][file], document=document, line=line)


def _documents(form: Any) -> Iterator[Document]:
    for each in form["objects"]:
        file, number, line = each["at"]
        value = _positioned(each["object"], each.get("lines"))
        yield Document(file=form["files"][file], number=number, line=line, value=value)


def _lines(source: Any, value: Any) -> Any:
    """The lines of what is kept, by name or place: a line, or [line, those below it]. None where they are unknown."""
    if isinstance(source, Mapped):
        return {
            name: _entry(source.lines.get(name, 0), _lines(source[name], below))
            for name, below in value.items()
            if name in source
        }
    if isinstance(source, Listed):
        return [
            _entry(line, _lines(item, below)) for line, item, below in zip(source.lines, source, value, strict=True)
        ]
    return None


def _entry(line: int, below: Any) -> Any:
    return [line, below] if below else line


def _positioned(value: Any, lines: Any) -> Any:
    """The value as its reader made it, with its lines."""
    if isinstance(lines, dict):
        mapped = Mapped()
        for name, item in value.items():
            mapped[name] = _positioned(item, _below(lines[name]))
        mapped.lines = {name: line for name, entry in lines.items() if (line := _line(entry))}
        return mapped
    if isinstance(lines, list):
        listed = Listed()
        listed.extend(_positioned(item, _below(entry)) for item, entry in zip(value, lines, strict=True))
        listed.lines = [_line(entry) for entry in lines]
        return listed
    return value


def _line(entry: Any) -> int:
    line: int = entry[0] if isinstance(entry, list) else entry
    return line


def _below(entry: Any) -> Any:
    return entry[1] if isinstance(entry, list) else None


def _paths(lines: Any, path: str) -> Iterator[tuple[str, int]]:
    if isinstance(lines, dict):
        named = [(f"{path}.{name}" if path else name, entry) for name, entry in lines.items()]
    else:
        named = [(f"{path}[{index}]", entry) for index, entry in enumerate(lines or ())]
    for below, entry in named:
        yield below, _line(entry)
        yield from _paths(_below(entry), below)
