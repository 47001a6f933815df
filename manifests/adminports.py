"""Port entries of the admin kinds: `ports` of AdminNetworkPolicy and `protocols` of ClusterNetworkPolicy.

    ports      exactly one of portNumber {protocol, port}, portRange {protocol, start, end}, namedPort (experimental)
    protocols  exactly one of tcp, udp, sctp {destinationPort: {number} or {range: {start, end}}}, destinationNamedPort

A name has no protocol of its own here: the container port of the destination pod says number and protocol.
Trusted by every verdict; checked by tests/manifests.
"""

from __future__ import annotations

from reachproof.manifests.fields import Field
from reachproof.manifests.policykind import Context
from reachproof.manifests.syntax import read_port_name, read_port_number
from reachproof.network.intervals import EMPTY
from reachproof.network.policy import NamedPort, PortMatch
from reachproof.network.ports import Protocol, port_range

_NONE = PortMatch()
_PROTOCOLS = {protocol.value: protocol for protocol in Protocol}
_WHOLE = "all ports of a protocol are destinationPort: {range: {start: 1, end: 65535}}"
_INDENT = "destinationPort belongs inside tcp, udp or sctp; indent it by one more step"


def read_v1alpha1_port(entry: Field, context: Context) -> PortMatch:
    """One entry of `ports`; after a report, no port."""
    names = ("portNumber", "portRange", "namedPort")
    if not entry.only(*names):
        return _NONE
    chosen = entry.one_of(*names)
    if chosen is None:
        return _NONE
    if entry.get("namedPort").present:
        experimental_only(entry.get("namedPort"), context)
        return _named(chosen)
    if entry.get("portRange").present:
        return _range(chosen, _protocol(chosen), strict=False) if chosen.only("protocol", "start", "end") else _NONE
    if not chosen.only("protocol", "port"):
        return _NONE
    number = read_port_number(chosen.get("port"))
    return PortMatch(port_range(_protocol(chosen), number, number)) if number is not None else _NONE


def read_protocol(entry: Field, context: Context) -> PortMatch:
    """One entry of `protocols`; after a report, no port."""
    by_name = {protocol.lower(): protocol for protocol in Protocol}
    names = (*by_name, "destinationNamedPort")
    if not entry.only(*names, hints={"destinationPort": _INDENT}):
        return _NONE
    # `tcp:` with nothing in it is absent to the API server, but says something to whoever wrote it.
    for name in by_name:
        if isinstance(entry.value, dict) and name in entry.value and not entry.get(name).value:
            entry.get(name).expected(f"destinationPort; {_WHOLE}")
            return _NONE
    chosen = entry.one_of(*names)
    if chosen is None:
        return _NONE
    protocol = by_name.get(chosen.path.rpartition(".")[2])
    if protocol is None:
        return _named(chosen)
    return _destination(chosen, protocol)


def experimental_only(field: Field, context: Context) -> None:
    """Reports a field of the experimental channel where the cluster has the standard CRDs."""
    if field.present and not context.experimental:
        field.report(
            "found a field of the experimental channel, expected only those of the standard channel; "
            "the option channel says which CRDs the cluster has"
        )


def _destination(chosen: Field, protocol: Protocol) -> PortMatch:
    if not chosen.only("destinationPort"):
        return _NONE
    port = chosen.get("destinationPort")
    if not port.only("number", "range"):
        return _NONE
    which = port.one_of("number", "range")
    if which is None:
        return _NONE
    if port.get("range").present:
        return _range(which, protocol, strict=True) if which.only("start", "end") else _NONE
    number = read_port_number(which)
    return PortMatch(port_range(protocol, number, number)) if number is not None else _NONE


def _range(field: Field, protocol: Protocol, *, strict: bool) -> PortMatch:
    low, high = read_port_number(field.get("start")), read_port_number(field.get("end"))
    if low is None or high is None:
        return _NONE
    if high < low or (strict and high == low):
        one = "; one port is destinationPort: {number: ...}" if high == low else ""
        field.get("end").expected(f"a port number {'above' if strict else 'not below'} start, {low}{one}")
        return _NONE
    return PortMatch(port_range(protocol, low, high))


def _named(field: Field) -> PortMatch:
    name = read_port_name(field)
    return PortMatch(EMPTY, (NamedPort(name, None),)) if name is not None else _NONE


def _protocol(field: Field) -> Protocol:
    protocol = field.get("protocol")
    if not protocol.present:
        return Protocol.TCP
    return protocol.choice(_PROTOCOLS) or Protocol.TCP
