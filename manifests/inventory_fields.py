"""Plain reading of inventory objects: fields that do not matter are not looked at, wrong ones that do are refused.

Ten thousand pods pass through here, so paths are put together only where something is wrong; the first misfit ends the
object it is in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, TypeVar

from reachproof.manifests.yaml_document import line_in, mismatch
from reachproof.network.address import parse_address
from reachproof.network.labels import Operator, Requirement, Selector
from reachproof.network.ports import MAX_PORT, Protocol

T = TypeVar("T")


class Misfit(Exception):
    """A field that matters has a value that cannot be used. Becomes a problem of its object."""

    def __init__(self, path: str, message: str, line: int = 0) -> None:
        self.path = path
        self.message = message
        self.line = line
        super().__init__(message)


class Watched(dict[str, Any]):
    """An object that keeps in mind what is looked at, of itself and of the objects in it; `Fields` reads it."""

    __slots__ = ("_absent", "_seen")

    def __init__(self, source: dict[str, Any]) -> None:
        super().__init__(source)
        self._seen: dict[str, Any] = {}
        self._absent = ""

    def get(self, name: str, default: object = None) -> Any:
        """The value of a field."""
        seen = self._seen
        if name in seen:
            return seen[name]
        if name not in self:
            self._absent = self._absent or name
            return default
        value = self[name]
        seen[name] = _watched(value) if isinstance(value, dict | list) else value
        return seen[name]

    def whole(self, *names: str) -> None:
        """Look at fields with all that is in them."""
        self._seen |= {name: self[name] for name in names if name in self}

    def as_if(self, name: str, value: str) -> None:
        """Take the text of a field for another one, which says as much."""
        self._seen[name] = value

    def part(self, name: str, items: list[Any]) -> list[Any]:
        """Look at some of the items of a list, as if there were no others."""
        self._seen[name] = _watched(items)
        return list(self._seen[name])

    def seen(self) -> dict[str, Any]:
        """The object with what was looked at, which reads the same. Scalars that JSON does not have are null."""
        found = {name: value if type(value) is str else _seen(value) for name, value in self._seen.items()}
        return found if found or not self else {self._absent: None}  # that there is a field at all is seen too


def _watched(value: Any) -> Any:
    if isinstance(value, dict):
        return Watched(value)
    return [_watched(item) for item in value] if isinstance(value, list) else value


def _seen(value: Any) -> Any:
    if isinstance(value, Watched):
        return value.seen()
    if isinstance(value, list):
        return [_seen(item) for item in value]
    known = isinstance(value, str | int | dict) or (isinstance(value, float) and isfinite(value))
    return value if known else None


class Fields:
    """The fields of an object, or of an object inside it; `place` is its name there, or name and index in a list.

    A field that is absent or null is empty, or has the default; true if there is any field.
    """

    __slots__ = ("_above", "_place", "_values")

    def __init__(
        self, values: dict[str, Any], above: Fields | None = None, place: str | tuple[str, int] | None = None
    ) -> None:
        self._values = values
        self._above = above
        self._place = place

    def __bool__(self) -> bool:
        return bool(self._values)

    def path(self, name: str) -> str:
        """The path of a field from the top of the object."""
        match self._place:
            case None:
                return name
            case str() as place:
                front = place
            case (listed, index):
                front = f"{listed}[{index}]"
        return f"{front if self._above is None else self._above.path(front)}.{name}"

    def misfit(self, name: str, expected: str) -> Misfit:
        """The error that a field is missing, or is not what was expected."""
        return Misfit(self.path(name), mismatch(self._values.get(name), expected), line_in(self._values, name, 0))

    def get(self, name: str, default: object = None) -> Any:
        """The value of a field as it is written."""
        return self._values.get(name, default)

    def says(self, name: str, word: str) -> bool:
        """True if the field is this text; of any other, nothing is seen."""
        return bool(dict.get(self._values, name) == word and self._values.get(name) == word)

    def some(self, name: str, wanted: Callable[[Any], bool]) -> list[Any]:
        """The items of a list that are wanted; of others, and of anything that is no list, nothing is seen."""
        value = dict.get(self._values, name)
        found = list(filter(wanted, value)) if isinstance(value, list) else []
        return self._values.part(name, found) if found and isinstance(self._values, Watched) else found

    def _typed(self, name: str, kind: type[T], expected: str) -> T | None:
        value = self._values.get(name)
        if value is None or isinstance(value, kind):
            return value
        raise self.misfit(name, expected)

    def object(self, name: str, *, lax: bool = False) -> Fields:
        """The fields of an object in a field; `lax`: anything else counts for nothing."""
        value = self._values.get(name)
        if isinstance(value, dict):
            return Fields(value, self, name)
        if value is None or lax:
            return Fields({}, self, name)
        raise self.misfit(name, "an object")

    def objects(self, name: str) -> list[Fields]:
        """The objects in a list."""
        value = self._typed(name, list, "a list") or []
        for index, item in enumerate(value):
            if not isinstance(item, dict):
                message = mismatch(item, "an object")
                raise Misfit(f"{self.path(name)}[{index}]", message, line_in(self._values, name, 0))
        return [Fields(item, self, (name, index)) for index, item in enumerate(value)]

    def text(self, name: str, default: str = "") -> str:
        """The text of a field; `default` also where it is empty."""
        return self._typed(name, str, "text") or default

    def texts(self, name: str) -> list[str]:
        """The texts in a list."""
        value = self._typed(name, list, "a list of texts") or []
        if not all(isinstance(item, str) for item in value):
            raise self.misfit(name, "a list of texts")
        return value

    def flag(self, name: str) -> bool:
        """The boolean of a field, which is false unless it is given."""
        return self._typed(name, bool, "true or false") or False

    def count(self, name: str, default: int) -> int:
        """The number (0 or more) of a field."""
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.misfit(name, "a number, 0 or more")
        return value

    def port(self, name: str) -> int:
        """The port of a field, 1..65535; it must be there."""
        value = self._values.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_PORT:
            raise self.misfit(name, f"a port number from 1 to {MAX_PORT}")
        return value

    def protocol(self) -> Protocol:
        """The protocol of a port, TCP where none is given."""
        value = self._values.get("protocol")
        if value is None or value == "":
            return Protocol.TCP
        if value not in ("TCP", "UDP", "SCTP"):
            raise self.misfit("protocol", "TCP, UDP or SCTP")
        return Protocol(value)

    def address(self, name: str, text: str) -> int:
        """The place on the line of an address that stands in a field, or in its list."""
        try:
            return parse_address(text)
        except ValueError:
            raise Misfit(self.path(name), mismatch(text, "an IP address")) from None

    def labels(self, name: str = "labels", *, only: Sequence[str] | None = None) -> dict[str, str]:
        """The labels of a field. `only`: these, if they are not null; of others, nothing is seen."""
        found = self.object(name)._values
        for key, value in found.items():
            if type(value) is not str and value is not None:
                path = f"{self.path(name)}.{key}"
                raise Misfit(path, mismatch(value, "text; put it in quotes"), line_in(found, key, 0))
        keys = found if only is None else [key for key in only if found.get(key) is not None]
        return {key: found.get(key) or "" for key in keys}

    def selector(self, name: str) -> Selector:
        """The label selector of a field."""
        found = self.object(name)
        pairs = found.labels("matchLabels")
        requirements = [Requirement(key, Operator.IN, (value,)) for key, value in pairs.items()]
        for entry in found.objects("matchExpressions"):
            operator = entry.text("operator")
            if operator not in set(Operator):
                raise entry.misfit("operator", "In, NotIn, Exists or DoesNotExist")
            values = tuple(sorted(set(entry.texts("values"))))
            requirements.append(Requirement(entry.text("key"), Operator(operator), values))
        return Selector.of(*requirements)
