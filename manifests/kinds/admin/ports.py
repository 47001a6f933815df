"""Port entries of the admin kinds: `ports` of AdminNetworkPolicy and `protocols` of ClusterNetworkPolicy.

    ports      exactly one of portNumber {protocol, port}, portRange {protocol, start, end}, namedPort (experimental)
    protocols  exactly one of tcp, udp, sctp {destinationPort: {number} or {range: {start, end}}}, destinationNamedPort

A name has no protocol of its own here: the container port of the destination pod says number and protocol.
Trusted by every verdict; checked by tests/manifests.
"""

from __future__ import annotations

from reachproof.manifests.field_reader import Field, listed
from reachproof.manifests.k8s_names import (
    PORT_NAME,
    PROTOCOLS,
    any_port,
    is_port_name,
    read_port_name,
    read_port_number,
)
from reachproof.manifests.kinds.policy_kind import Context
from reachproof.network.intervals import EMPTY
from reachproof.network.options import Channel
from reachproof.network.policy import NamedPort, PortMatch
from reachproof.network.ports import Protocol, port_range

_NONE = PortMatch()
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
    exact = context.profile.invalid_is_nothing
    if entry.get("portRange").present:
        if not chosen.only("protocol", "start", "end"):
            return _NONE
        return any_port(_range(chosen, each, exact=exact) for each in _protocols(chosen, exact=exact))
    if not chosen.only("protocol", "port"):
        return _NONE
    number = read_port_number(chosen.get("port"))
    if number is None:
        return _NONE
    return any_port(PortMatch(port_range(each, number, number)) for each in _protocols(chosen, exact=exact))


def read_protocol(entry: Field, context: Context) -> PortMatch:
    """One entry of `protocols`; after a report, no port."""
    by_name = {protocol.lower(): protocol for protocol in Protocol}
    names = (*by_name, "destinationNamedPort")
    if not entry.only(*names, hints={"destinationPort": _INDENT}):
        return _NONE
    # `tcp:` with nothing in it is absent to the API server, but says something to whoever wrote it.
    others = any(entry.get(name).value for name in names)
    for name in by_name:
        empty = isinstance(entry.value, dict) and name in entry.value and not entry.get(name).value
        if empty and (entry.get(name).present or not others):
            entry.get(name).expected(f"destinationPort; {_WHOLE}")
            return _NONE
    chosen = entry.one_of(*names)
    if chosen is None:
        return _NONE
    protocol = by_name.get(chosen.path.rpartition(".")[2])
    if protocol is None:
        _names_in_channel(chosen, context)
        return _named(chosen)
    return _destination(chosen, protocol)


def _names_in_channel(field: Field, context: Context) -> None:
    """Report or note a `destinationNamedPort` that the standard channel may not have: since v0.2.1 it does not."""
    bundle = context.bundles.get(field.place.kind)
    in_standard = bundle.standard_names if bundle is not None else None
    if in_standard is None and context.channel(field.place.kind) is Channel.STANDARD:
        text = "taken to be in force; the standard channel has it up to bundle v0.2.0 only; add the CRD to the input"
        field.notice("BUNDLE_UNKNOWN", text)
    elif not in_standard:
        experimental_only(field, context)


def experimental_only(field: Field, context: Context) -> None:
    """Report a field of the experimental channel where the cluster has the standard CRDs; note what is not known."""
    if not field.present:
        return
    bundle = context.bundles.get(field.place.kind) if context.options.channel is None else None
    if context.channel(field.place.kind) is Channel.EXPERIMENTAL:
        if bundle is not None and bundle.channel is None:
            text = f"taken to be in force; {bundle.where} names no channel that is known; the option channel can"
            field.notice("BUNDLE_UNKNOWN", text)
        return
    says = "the option channel says which CRDs the cluster has"
    if bundle is not None:
        says = f"{bundle.where} says so, and the option channel goes before it"
    field.report(f"field of the experimental channel; {says}")


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
        return _range(which, protocol) if which.only("start", "end") else _NONE
    number = read_port_number(which)
    return PortMatch(port_range(protocol, number, number)) if number is not None else _NONE


def _range(field: Field, protocol: Protocol, *, exact: bool | None = None) -> PortMatch:
    """`exact`: None for the schema that checks the order; else whether the range is known to be none out of order."""
    low, high = read_port_number(field.get("start")), read_port_number(field.get("end"))
    if low is None or high is None:
        return _NONE
    if exact is None and high <= low:
        one = "; one port is destinationPort: {number: ...}" if high == low else ""
        field.get("end").expected(f"a port number above start, {low}{one}")
    elif high < low:
        reading = "the range is empty" if exact else "the range is empty, or the policy is not programmed"
        field.get("end").stored(f"a port number not below start, {low}", reading, doubt=not exact)
    return PortMatch(port_range(protocol, low, high)) if low <= high else _NONE


def _named(field: Field) -> PortMatch:
    name = field.text() if field.place.strict or not field.value else field.value
    if isinstance(name, str) and name and not field.place.strict and not is_port_name(name):
        field.stored(PORT_NAME, "no container port has such a name, so that it matches nothing")
        return PortMatch(EMPTY, (NamedPort(name, None),))
    name = read_port_name(field)
    return PortMatch(EMPTY, (NamedPort(name, None),)) if name is not None else _NONE


def _protocols(field: Field, *, exact: bool) -> tuple[Protocol, ...]:
    """The protocols that a word can stand for, since the schema takes any; `exact`: only for itself."""
    protocol = field.get("protocol")
    if not protocol.present:
        return (Protocol.TCP,)
    if not isinstance(protocol.value, str) or protocol.value in PROTOCOLS or protocol.place.strict:
        return (protocol.choice(PROTOCOLS) or Protocol.TCP,)
    reading = "it matches nothing" if exact else "it matches nothing, or the policy is not programmed"
    protocol.stored(listed(PROTOCOLS, "or"), reading, doubt=not exact)
    if exact:
        return ()
    alike = PROTOCOLS.get(protocol.value.upper())
    return (alike,) if alike is not None else tuple(Protocol)
