"""Plain reading of inventory objects: fields that do not matter are not looked at, wrong ones that do are refused.

Ten thousand pods pass through here, so these are functions on dicts; the first misfit ends the object it is in.
"""

from __future__ import annotations

from typing import Any

from reachproof.manifests.yaml_document import line_in, mismatch
from reachproof.network.address import parse_address
from reachproof.network.labels import Operator, Requirement, Selector
from reachproof.network.ports import MAX_PORT, Protocol

Node = dict[str, Any]


class Misfit(Exception):
    """A field that matters has a value that cannot be used. Becomes a problem of its object."""

    def __init__(self, path: str, message: str, line: int = 0) -> None:
        self.path = path
        self.message = message
        self.line = line
        super().__init__(message)


def _misfit(node: Node, name: str, at: str, expected: str) -> Misfit:
    return Misfit(at + name, mismatch(node.get(name), expected), line_in(node, name, 0))


def mapping(node: Node, name: str, at: str = "") -> Node:
    """The mapping of a field; empty where the field is absent or null."""
    value = node.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _misfit(node, name, at, "an object")
    return value


def mappings(node: Node, name: str, at: str = "") -> list[Node]:
    """The list of mappings of a field; empty where the field is absent or null."""
    value = node.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _misfit(node, name, at, "a list")
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            raise Misfit(f"{at}{name}[{index}]", mismatch(item, "an object"), line_in(node, name, 0))
    return value


def texts(node: Node, name: str, at: str = "") -> list[str]:
    """The list of texts of a field; empty where the field is absent or null."""
    value = node.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _misfit(node, name, at, "a list of texts")
    return value


def text(node: Node, name: str, at: str = "", default: str = "") -> str:
    """The text of a field; `default` where it is absent, null or empty."""
    value = node.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise _misfit(node, name, at, "text")
    return value or default


def flag(node: Node, name: str, at: str = "", default: bool = False) -> bool:
    """The boolean of a field; `default` where it is absent or null."""
    value = node.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise _misfit(node, name, at, "true or false")
    return value


def count(node: Node, name: str, at: str, default: int) -> int:
    """The number (0 or more) of a field; `default` where it is absent or null."""
    value = node.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _misfit(node, name, at, "a number, 0 or more")
    return value


def port_number(node: Node, name: str, at: str) -> int:
    """The port of a field, 1..65535; it must be there."""
    value = node.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_PORT:
        raise _misfit(node, name, at, f"a port number from 1 to {MAX_PORT}")
    return value


def protocol(node: Node, at: str) -> Protocol:
    """The protocol of a port, TCP where none is given."""
    value = node.get("protocol")
    if value is None or value == "":
        return Protocol.TCP
    if value not in ("TCP", "UDP", "SCTP"):
        raise _misfit(node, "protocol", at, "TCP, UDP or SCTP")
    return Protocol(value)


def labels(node: Node, name: str = "labels", at: str = "metadata.") -> dict[str, str]:
    """The labels of a field."""
    found = mapping(node, name, at)
    for key, value in found.items():
        if type(value) is not str:
            if value is None:
                return {key: value or "" for key, value in found.items()}
            raise Misfit(f"{at}{name}.{key}", mismatch(value, "text; put it in quotes"), line_in(found, key, 0))
    return dict(found)


def address(value: str, path: str) -> int:
    """The place of an address on the line."""
    try:
        return parse_address(value)
    except ValueError:
        raise Misfit(path, mismatch(value, "an IP address")) from None


def selector(node: Node, at: str) -> Selector:
    """A label selector of a workload."""
    requirements = [Requirement(key, Operator.IN, (value,)) for key, value in labels(node, "matchLabels", at).items()]
    for index, entry in enumerate(mappings(node, "matchExpressions", at)):
        path = f"{at}matchExpressions[{index}]."
        operator = text(entry, "operator", path)
        if operator not in set(Operator):
            raise _misfit(entry, "operator", path, "In, NotIn, Exists or DoesNotExist")
        values = tuple(sorted(set(texts(entry, "values", path))))
        requirements.append(Requirement(text(entry, "key", path), Operator(operator), values))
    return Selector.of(*requirements)
