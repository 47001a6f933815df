"""Documents as plain values that remember their lines."""

from __future__ import annotations

from dataclasses import dataclass


class Mapped(dict[str, object]):
    """A map of a document; `lines` has the line of each key."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}


class Listed(list[object]):
    """A list of a document; `lines` has the line of each item."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document of a file, or one item of a List in it.

    `number` counts documents from 0 in the file, `line` is where the value begins (0 = unknown). The value is made of
    dict, list, str, int, float, bool and None; `Mapped` and `Listed` where lines are known.
    """

    file: str
    number: int
    line: int
    value: object


def line_in(container: object, key: str | int, default: int) -> int:
    """The line of a key or item, or `default` where the container does not know."""
    if isinstance(container, Mapped) and isinstance(key, str):
        return container.lines.get(key, default)
    if isinstance(container, Listed) and isinstance(key, int):
        return container.lines[key]
    return default


def mismatch(value: object, expected: str) -> str:
    """The message about a value that is missing, or that is not what was expected."""
    return f"missing; expected {expected}" if value is None else f"found {describe(value)}, expected {expected}"


def describe(value: object) -> str:
    """A value as the `found` part of a message: short, on one line, JSON-like."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            shown = value if len(value) <= 60 else value[:57] + "..."
            return '"' + "".join(c if c.isprintable() else "?" for c in shown) + '"'
        case dict():
            return "an object" if value else "an empty object"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case _:
            return f"a value of type {type(value).__name__}"
