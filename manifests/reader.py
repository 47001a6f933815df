"""The text of one source to Kubernetes objects: YAML or JSON, any number of documents, Lists taken apart."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reachproof.manifests.limits import Limits
from reachproof.manifests.yaml_document import Document, Mapped, describe, line_in, mismatch
from reachproof.manifests.yaml_reader import read_yaml
from reachproof.network.errors import Problem

# One List inside another is what tools write. A Python object may even hold itself.
_MOST_LISTS = 10
_BLANKS = re.compile(r"[ \t\r\n]*")


def read(data: bytes | str, file: str, limits: Limits, problems: list[Problem]) -> Iterator[Document]:
    """The objects of a source, in order; every value is a dict. What is wrong goes to `problems`.

    Lists (kinds ending in List that have items) give their items; empty documents give nothing.
    """
    text = _decode(data, file, limits, problems)
    if text is None:
        return
    for document in _documents(text, file, limits, problems):
        yield from _objects(document, problems)


def objects_of(values: Iterable[Mapping[str, object]], file: str, problems: list[Problem]) -> Iterator[Document]:
    """Objects that are Python values already, Lists taken apart; lines are unknown."""
    for number, value in enumerate(values):
        yield from _objects(Document(file=file, number=number, line=0, value=value), problems)


def looks_like_json(head: bytes | str) -> bool:
    """True if the beginning of a text can be that of a JSON document with objects."""
    start = head[:4096].lstrip()
    return start[:1] in ("{", "[") if isinstance(start, str) else start.removeprefix(b"\xef\xbb\xbf")[:1] in b"{["


def allowed_bytes(head: bytes | str, limits: Limits) -> int:
    """Maximum size in bytes of a source that begins like this."""
    return max(limits.json_bytes, limits.yaml_bytes) if looks_like_json(head) else limits.yaml_bytes


def too_large(file: str, allowed: int) -> Problem:
    """The problem of a source that is larger than allowed."""
    return Problem(
        file=file,
        message=f"file too large (the limit is {allowed} bytes); "
        "JSON (kubectl get -o json) may be larger than YAML, and may be split into several files",
    )


def _decode(data: bytes | str, file: str, limits: Limits, problems: list[Problem]) -> str | None:
    allowed = allowed_bytes(data, limits)
    if len(data) > allowed:
        problems.append(too_large(file, allowed))
        return None
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        assert isinstance(data, bytes)
        line = data.count(b"\n", 0, error.start) + 1
        message = f"not valid UTF-8 (byte 0x{data[error.start]:02x})"
        problems.append(Problem(file=file, line=line, message=message))
        return None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        problems.append(Problem(file=file, line=line, message="not text: it contains a NUL character"))
        return None
    return text


def _documents(text: str, file: str, limits: Limits, problems: list[Problem]) -> Iterator[Document]:
    if not looks_like_json(text):
        yield from read_yaml(text, file, limits, problems)
        return
    if len(text) > limits.positioned_bytes:
        yield from _read_json(text, file, limits, problems)
        return
    # YAML has nearly all of JSON and knows lines. What it does not read (NDJSON, surrogate pairs) is read again as
    # JSON, and if that fails too, the message is the one of the language that the file claims to be in.
    as_yaml: list[Problem] = []
    documents = list(read_yaml(text, file, limits, as_yaml))
    if as_yaml and not any(problem.path or "levels of nesting" in problem.message for problem in as_yaml):
        as_json: list[Problem] = []
        again = list(_read_json(text, file, limits, as_json))
        if not as_json or file.endswith(".json"):
            documents, as_yaml = again, as_json
    problems += as_yaml
    yield from documents


class _Twice(ValueError):
    """A JSON object has a field twice."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice(f"duplicate field {describe(first_twice(pairs))}")
    return found


def first_twice(pairs: list[tuple[str, object]]) -> str:
    """The first key that comes again."""
    times = Counter(key for key, _ in pairs)
    return next(key for key, _ in pairs if times[key] > 1)


def _no_constant(word: str) -> object:
    raise _Twice(f"the number {word} is not finite")


def _read_json(text: str, file: str, limits: Limits, problems: list[Problem]) -> Iterator[Document]:
    """One or more JSON documents after each other."""
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant)
    position, number, line, counted = 0, 0, 1, 0
    while True:
        blank = _BLANKS.match(text, position)
        position = blank.end() if blank else position
        if position == len(text):
            return
        line += text.count("\n", counted, position)
        counted = position
        try:
            value, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            problems.append(Problem(file=file, line=error.lineno, message=f"invalid JSON: {error.msg}"))
            return
        except _Twice as error:
            problems.append(Problem(file=file, line=line, message=f"{error} (in the document that begins here)"))
            return
        except RecursionError:
            message = f"more than {limits.depth} levels of nesting"
            problems.append(Problem(file=file, line=line, message=message))
            return
        yield Document(file=file, number=number, line=line, value=value)
        number += 1


def _objects(document: Document, problems: list[Problem]) -> Iterator[Document]:
    """The document itself, or the items of a List, to any sane depth; everything else is a problem."""
    waiting = [(document, 0)]
    while waiting:
        one, lists = waiting.pop()
        value = dict(one.value) if isinstance(one.value, Mapping) and not isinstance(one.value, dict) else one.value
        if not isinstance(value, dict):
            message = mismatch(value, "a Kubernetes object")
            problems.append(Problem(file=one.file, line=one.line, message=message))
        elif _is_list(value) and lists == _MOST_LISTS:
            message = f"more than {_MOST_LISTS} nested Lists"
            problems.append(Problem(file=one.file, line=one.line, message=message))
        elif _is_list(value):
            waiting += ((item, lists + 1) for item in reversed(_items(one, value, problems)))
        else:
            yield one if value is one.value else replace(one, value=value)


def _is_list(value: dict[str, object]) -> bool:
    kind = value.get("kind")
    return isinstance(kind, str) and (kind == "List" or (kind.endswith("List") and "items" in value))


def _items(document: Document, value: dict[str, object], problems: list[Problem]) -> list[Document]:
    _refuse_cut_short(document, value, problems)
    items = value.get("items")
    if items is None and "items" in value:
        return []
    kind = str(value["kind"])
    if not isinstance(items, list | tuple):
        line = line_in(value, "items", document.line)
        message = mismatch(items, "a list")
        problems.append(Problem(file=document.file, line=line, subject=kind, path="items", message=message))
        return []
    # The API server leaves kind and apiVersion out of the items of a typed list.
    typed = {"apiVersion": value.get("apiVersion"), "kind": kind.removesuffix("List")} if kind != "List" else {}
    return [
        Document(file=document.file, number=document.number, line=line_in(items, index, 0), value=_typed(item, typed))
        for index, item in enumerate(items)
    ]


def _refuse_cut_short(document: Document, value: dict[str, object], problems: list[Problem]) -> None:
    """Report a list of which the server has sent only a part: what is missing may decide."""
    metadata = value.get("metadata")
    if not isinstance(metadata, Mapping) or not (metadata.get("continue") or metadata.get("remainingItemCount")):
        return
    name = "continue" if metadata.get("continue") else "remainingItemCount"
    line = line_in(metadata, name, line_in(value, "metadata", document.line))
    message = "the list is cut short, so objects are missing; read it to the end, with kubectl get or without limit"
    path = f"metadata.{name}"
    problems.append(Problem(file=document.file, line=line, subject=str(value["kind"]), path=path, message=message))


def _typed(item: object, typed: dict[str, object]) -> object:
    if not typed or not isinstance(item, Mapping) or item.get("kind"):
        return item
    whole = Mapped() if isinstance(item, Mapped) else {}
    if isinstance(item, Mapped) and isinstance(whole, Mapped):
        whole.lines = item.lines
    whole.update({**item, **typed})
    return whole
