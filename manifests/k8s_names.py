"""The written forms that the API server checks: names, labels, ports and CIDRs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reachproof.manifests.field_reader import Block, Field
from reachproof.network.address import MAPPED, format_cidrs, parse_address, parse_cidr
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import PortMatch
from reachproof.network.ports import MAX_PORT, Protocol

_LABEL_PART = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_CIDR = re.compile(r"[0-9a-fA-F:.]+/[0-9]{1,3}")
# Bundles before v0.2.1 stored names whose labels begin with what stands between Z and a in ASCII, by a slip.
_OLD_DOMAIN = re.compile(r"(\*\.)?([A-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[A-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?")
_DOMAIN = re.compile(r"(\*\.)?([a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?")
PROTOCOLS = {protocol.value: protocol for protocol in Protocol}
PORT_NAME = "a port name of at most 15 characters: a-z, 0-9 and single dashes, with a letter"


def is_label_key(text: str) -> bool:
    """True if this is a qualified name: `name` or `prefix/name`."""
    prefix, slash, name = text.rpartition("/")
    return _LABEL_PART.fullmatch(name) is not None and (not slash or is_subdomain(prefix))


def is_label_value(text: str) -> bool:
    """True if this may be the value of a label; it may be empty."""
    return not text or _LABEL_PART.fullmatch(text) is not None


def is_subdomain(text: str) -> bool:
    """True if this is a DNS-1123 subdomain, as names of objects are."""
    return len(text) <= 253 and _SUBDOMAIN.fullmatch(text) is not None


def is_namespace_name(text: str) -> bool:
    """True if this is a DNS-1123 label."""
    return len(text) <= 63 and "." not in text and _SUBDOMAIN.fullmatch(text) is not None


def is_port_name(text: str) -> bool:
    """True if this may be the name of a container port (IANA service name)."""
    return len(text) <= 15 and _PORT_NAME.fullmatch(text) is not None


def read_port_name(field: Field) -> str | None:
    """The port name here, or None with a report."""
    name = field.text()
    if name is None or not is_port_name(name):
        if name is not None or not field.present:
            field.expected(PORT_NAME)
        return None
    return name


def read_port_number(field: Field) -> int | None:
    """The port number here, 1 to 65535, or None with a report."""
    number = field.integer()
    if number is not None and 1 <= number <= MAX_PORT:
        return number
    if number is not None or not field.present:
        field.expected(f"a port number from 1 to {MAX_PORT}")
    return None


def any_port(entries: Iterable[PortMatch]) -> PortMatch:
    """Everything that an entry of a list of ports matches."""
    found = list(entries)
    numbers = IntervalSet.of(span for entry in found for span in entry.numbers)
    names = {name for entry in found for name in entry.names}
    return PortMatch(numbers, tuple(sorted(names, key=lambda each: (each.name, each.protocol or ""))))


PLAIN_ONLY = "a CIDR in plain IPv4 or plain IPv6, not IPv4 written as IPv6"


def read_cidr(field: Field, *, old: bool = False) -> IntervalSet | None:
    """The addresses of the CIDR here, host bits masked, or None with a report.

    `old`: NetworkPolicy objects of old servers may have leading zeros in IPv4 addresses, which are decimal digits, and
    IPv4 written as IPv6, which is given as the IPv6 addresses that it is.
    """
    text = field.text()
    if text is None:
        if not field.present:
            field.expected("a CIDR such as 10.0.0.0/8")
        return None
    plain = re.sub(r"(?<![0-9])0+(?=[0-9])", "", text) if old and ":" not in text else text
    try:
        if _CIDR.fullmatch(plain) is None:
            raise ValueError
        addresses = parse_cidr(plain)
    except ValueError:
        bare = "/" not in text and ("." in text or ":" in text)
        full = 128 if ":" in text else 32
        field.expected("a CIDR such as 10.0.0.0/8" + (f"; one address is {text}/{full}" if bare else ""))
        return None
    if addresses <= MAPPED:
        if not old or field.place.strict:
            field.expected(PLAIN_ONLY)
            return None
        field.stored(PLAIN_ONLY, "whether it matches IPv4 addresses differs between implementations")
    _notice_reading(field, text, plain, addresses)
    field.place.blocks.append(Block(text=text, addresses=addresses, origin=field.origin))
    return addresses


def _notice_reading(field: Field, text: str, plain: str, addresses: IntervalSet) -> None:
    """Says so where a CIDR is read as something else than it seems to be."""
    read = format_cidrs(addresses)[0]
    if field.place.strict and parse_address(plain.partition("/")[0]) != addresses.first:
        field.expected(f"a CIDR without bits behind its prefix, such as {read}")
    elif field.place.strict and plain != text:
        field.expected(f"a CIDR without leading zeros, such as {read}")
    elif plain != text:
        field.notice("CIDR_LEADING_ZEROS", f"{text} has leading zeros; it is read in decimal, as {read}")
    elif parse_address(plain.partition("/")[0]) != addresses.first:
        field.notice("CIDR_HOST_BITS", f"{text} has bits set behind its prefix; it is read as {read}")


def was_domain_name(text: str) -> bool:
    """True if domainNames accepted this in bundles before v0.2.1."""
    return len(text) <= 253 and _OLD_DOMAIN.fullmatch(text) is not None


def is_domain_name(text: str) -> bool:
    """True if domainNames accepts this: two labels or more, or `*.` before two or more."""
    return len(text) <= 253 and _DOMAIN.fullmatch(text) is not None
