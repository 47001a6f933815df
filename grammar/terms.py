"""The smallest parts of a sentence: names, label selectors, addresses and ports, from the text of their tokens."""

from __future__ import annotations

import ipaddress
import re

from reachproof.grammar.ast import Addresses, Name, ObjectName, PortNumbers, Span
from reachproof.grammar.mistakes import Mistake, shortened
from reachproof.network.address import V6_BASE, format_address, format_cidrs, parse_address, parse_cidr
from reachproof.network.labels import Operator, Requirement
from reachproof.network.ports import MAX_PORT, Protocol

_REQUIREMENT = re.compile(
    r"""(?P<not>!\s*)?(?P<key>"[^"]*"|'[^']*'|[^\s=!"'(]+)\s*
        (?:(?P<equal>==|=|!=)\s*(?P<value>.*)|(?P<among>in|notin)\s*\((?P<values>.*)\))?""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_VALUES = re.compile(r"""\s*+("[^"]*"|'[^']*'|[^,"'\s]*+)\s*+(,|\Z)""")
_LABEL_PART = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")
_OBJECT = re.compile(r"""("[^"]*"|'[^']*'|[^"'/]+)/("[^"]*"|'[^']*'|[^"'/]+)""")


def unquote(text: str) -> str:
    """The text without the quotes around it, if it has any."""
    return text[1:-1] if text[:1] in {'"', "'"} else text


def name(text: str, span: Span) -> Name:
    """A name as written; an empty one is refused."""
    if not unquote(text).strip():
        raise Mistake("a name cannot be empty", span)
    return Name(unquote(text), span)


def object_name(text: str, span: Span) -> ObjectName:
    """`namespace/name`, where either part or the whole may be quoted."""
    parts = _OBJECT.fullmatch(text)
    found = [unquote(part) for part in parts.groups()] if parts else unquote(text).split("/")
    if len(found) != 2 or not all(part.strip() for part in found):
        raise Mistake(f"{shortened(unquote(text))} is not of the form NAMESPACE/NAME", span)
    return ObjectName(found[0], found[1], span)


# ---------------------------------------------------------------- labels


def requirement(text: str, span: Span) -> Requirement:
    """One condition in kubectl's `-l` syntax."""
    match = _REQUIREMENT.fullmatch(text.strip())
    if match is None:
        raise Mistake(f"{shortened(text.strip())} is not a label such as app=web", span)
    key = label_key(match["key"], span)
    if match["equal"]:
        operator = Operator.NOT_IN if match["equal"] == "!=" else Operator.IN
        return Requirement(key, operator, (_label_value(match["value"], span),))
    if match["among"]:
        operator = Operator.NOT_IN if match["among"].lower() == "notin" else Operator.IN
        return Requirement(key, operator, _label_values(match["values"], span))
    return Requirement(key, Operator.DOES_NOT_EXIST if match["not"] else Operator.EXISTS)


def label_key(text: str, span: Span) -> str:
    """A label key (`app`, `app.kubernetes.io/name`), without its quotes; others are refused (meta/v1 label syntax)."""
    key = unquote(text)
    prefix, slash, own = key.rpartition("/")
    if not _LABEL_PART.fullmatch(own) or (slash and not _PREFIX.fullmatch(prefix)):
        raise Mistake(f"{shortened(key) or 'nothing'} cannot be the key of a label", span)
    return key


def _label_value(text: str, span: Span) -> str:
    value = unquote(text)
    if value and not _LABEL_PART.fullmatch(value):
        raise Mistake(f"{shortened(value)} cannot be the value of a label", span)
    return value


def _label_values(text: str, span: Span) -> tuple[str, ...]:
    values: set[str] = set()
    position = 0
    while True:
        match = _VALUES.match(text, position)
        if match is None:
            raise Mistake(f"({shortened(text)}) is not a list of values such as (a,b)", span)
        values.add(_label_value(match[1], span))
        if not match[2]:
            return tuple(sorted(values))
        position = match.end()


# ---------------------------------------------------------------- addresses


def addresses(text: str, span: Span) -> Addresses:
    """An address, a CIDR without host bits, or a range whose ends are of one family and in order."""
    written = re.sub(r"\s+", "", text)
    if "-" in written:
        return _address_range(written, span)
    if "/" not in written:
        at = _address(written, span)
        return Addresses(written, at, at, span)
    address, _, length = written.partition("/")
    _address(address, span)
    longest = 128 if ":" in address else 32
    if not re.fullmatch("[0-9]{1,3}", length) or int(length) > longest:
        raise Mistake(
            f"{shortened(written)} has no prefix length: after the slash stands a number from 0 to {longest}", span
        )
    ((low, high),) = parse_cidr(written)
    if int(ipaddress.ip_address(address)) != low - (V6_BASE if ":" in address else 0):
        (masked,) = format_cidrs(parse_cidr(written))
        raise Mistake(
            f"{written} has bits set after its prefix; did you mean `{masked}`, or the one address `{address}`?", span
        )
    return Addresses(written, low, high, span)


def _address(text: str, span: Span) -> int:
    try:
        return parse_address(text)
    except ValueError:
        pass  # refused below, in our own words
    raise Mistake(f"{shortened(text)} is no IPv4 or IPv6 address", span)


def _address_range(text: str, span: Span) -> Addresses:
    first, _, last = text.partition("-")
    for end in (first, last):
        if "/" in end:
            raise Mistake(f"the ends of a range are single addresses, and {end} is a CIDR", span)
    low, high = _address(first, span), _address(last, span)
    if (low < V6_BASE) != (high < V6_BASE):
        raise Mistake(f"{text} starts with one address family and ends with the other", span)
    if low > high:
        raise Mistake(f"{text} is reversed; did you mean `{format_address(high)}-{format_address(low)}`?", span)
    return Addresses(text, low, high, span)


# ---------------------------------------------------------------- ports


def protocol_port(text: str, span: Span) -> PortNumbers:
    """`tcp`, `tcp/80`, `tcp/8000-8999`: every port of the protocol where none is written."""
    protocol, slash, ports = text.partition("/")
    if slash and not re.fullmatch(r"[0-9]+(-[0-9]+)?", ports):
        word = protocol.lower()
        hint = (
            f"; a port of the destination by its name is `port {shortened(ports)}`"
            if re.search("[a-z]", ports, re.I)
            else ""
        )
        raise Mistake(
            f"{shortened(text)} is not a port; write a number or a range, as in {word}/80 or {word}/8000-8999{hint}",
            span,
        )
    low, high = _numbers(ports, span) if slash else (1, MAX_PORT)
    return PortNumbers(Protocol(protocol.upper()), low, high, span)


def port_number(text: str, span: Span) -> PortNumbers:
    """`port 80`, `port 8000-8999`: of TCP."""
    low, high = _numbers(text, span)
    return PortNumbers(Protocol.TCP, low, high, span)


def _numbers(text: str, span: Span) -> tuple[int, int]:
    first, _, last = text.partition("-")
    for number in (first, last or first):
        if len(number) > 9 or not 1 <= int(number) <= MAX_PORT:
            raise Mistake(f"port {shortened(number)} is out of range; ports are 1 to {MAX_PORT}", span)
    low, high = int(first), int(last or first)
    if low > high:
        raise Mistake(f"the range {text} is reversed; did you mean `{high}-{low}`?", span)
    return low, high
