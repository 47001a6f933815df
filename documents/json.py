"""Documents as JSON text, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
BLOCK = 5_000
_OTHER = re.compile("[^\\x00-\\x7f]")


def encoded(document: object) -> bytes:
    """The document in UTF-8, without white space. Text that is no Unicode, as of some file names, is escaped."""
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(document)).encode()


def once(part: object) -> msgspec.Raw:
    """A part that is encoded now, to be a field of many documents."""
    return msgspec.Raw(encoded(part))


def streamed(document: object, name: str, items: Iterable[object]) -> Iterator[bytes]:
    """The document in blocks, with these items in the first field of that name, which is an empty list; one to a line.

    BLOCK items are held at once.
    """
    head, _, tail = encoded(document).partition(b'"%s":[' % name.encode())
    yield b'%s"%s":[' % (head, name.encode())
    left = iter(items)
    before = b"\n"
    while block := list(islice(left, BLOCK)):
        yield before + b",\n".join(map(encoded, block))
        before = b",\n"
    yield tail


def pretty(document: object) -> str:
    """The document as people read it: indented, in ASCII."""
    return json.dumps(msgspec.to_builtins(document), indent=2)


def in_ascii(content: bytes) -> str:
    """JSON in UTF-8 as text that any terminal takes."""
    text = content.decode()
    return text if text.isascii() else _OTHER.sub(lambda found: json.dumps(found[0])[1:-1], text)


def plain(document: object) -> Any:
    """The document as dictionaries, lists and texts."""
    return json.loads(encoded(document))


def decoded(value: object, kind: type[T]) -> T:
    """The document of a kind that dictionaries and lists stand for. ValueError for others, with the place in them."""
    return msgspec.convert(value, kind)


def viewed(kind: type[T], document: msgspec.Struct, /, **fields: object) -> T:
    """The document as an object of a class that extends its own, with other values for some fields. Not a deep copy."""
    return kind(**{**plain_fields(document), **fields})


def plain_fields(part: msgspec.Struct) -> dict[str, Any]:
    """The fields of a part by name, their values as they are."""
    return msgspec.structs.asdict(part)
