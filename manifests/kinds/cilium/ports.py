"""toPorts and icmps of Cilium's rules.

| Field | Absent or empty |
|---|---|
| toPorts | every port of every protocol, ICMP included |
| toPorts[].ports | no port |
| ports[].port | not allowed; `"0"` is every port of the protocol |
| ports[].protocol | ANY: TCP, UDP and SCTP |
| ports[].endPort | one port; so it is when it is not above `port` |

A rule of ICMP types matches no connection of TCP, UDP or SCTP, and no others are modelled. Requests (`rules`,
`serverNames`) are not decided here: where an entry names some, that its port is open is not certain.

Trusted by every verdict; checked by tests/manifests and by tests/agreement/test_cilium.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from reachproof.manifests.field_reader import Field
from reachproof.manifests.k8s_names import PROTOCOLS, any_port, is_port_name
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.policy import NamedPort, PortMatch
from reachproof.network.ports import ALL_PORTS, MAX_PORT, Protocol, port_range

_PROTOCOLS: dict[str, Protocol | None] = {"ANY": None, **PROTOCOLS}
_PORT = 'a port in quotes: "0" (every port) to "65535", or a port name'
_MOST = 40
_FLAGGED = ("terminatingTLS", "originatingTLS", "listener")
_REQUESTS = ("rules", "serverNames")


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of a rule: those that are open to every request, and those that are not.

    Where both are None every port is open, and ICMP. `resolves`: the names, or patterns of names, that DNS requests on
    the latter may be for.
    """

    plain: PortMatch | None = None
    requests: PortMatch | None = None
    resolves: tuple[str, ...] = ()

    @property
    def named(self) -> bool:
        """True if a port has a name."""
        return any(each is not None and bool(each.names) for each in (self.plain, self.requests))


NO_PORTS = Ports(PortMatch())


def read_ports(rule: Field, *, deny: bool) -> Ports:
    """The ports of toPorts or icmps of a rule; `deny`: of a rule that denies, which has no requests."""
    ports, icmps = rule.get("toPorts"), rule.get("icmps")
    if ports.present and icmps.present:
        rule.report("toPorts and icmps exclude each other; split the rule in two")
    if icmps.value:
        for item in icmps.items():
            _icmp(item)
        icmps.notice("OTHER_PROTOCOL", "the rule is about a protocol that no question is about (ICMP)")
        return NO_PORTS
    entries = ports.items()
    if not entries:
        return Ports()
    plain: list[PortMatch] = []
    requests: list[PortMatch] = []
    for entry in entries:
        (requests if _has_requests(entry, deny=deny) else plain).append(_entry(entry))
    resolves = tuple(dict.fromkeys(name for entry in entries for name in _resolves(entry)))
    return Ports(any_port(plain), any_port(requests) if requests else None, resolves)


def _resolves(entry: Field) -> list[str]:
    """The names in the DNS rules of an entry; a rule that names none lets every request through."""
    if not isinstance(entry.value, dict) or not isinstance(entry.value.get("rules"), dict):
        return []
    found = []
    for rule in entry.get("rules").get("dns").items():
        named = [rule.value.get(name) for name in ("matchName", "matchPattern")] if isinstance(rule.value, dict) else []
        found += [name for name in named if isinstance(name, str)] or ["*"]
    return found


def _has_requests(entry: Field, *, deny: bool) -> bool:
    """True if what passes depends on more than the port."""
    if not entry.only("ports", *(() if deny else (*_REQUESTS, *_FLAGGED)), hints=_hints(deny=deny)):
        return False
    for name in _FLAGGED:
        if not deny and entry.get(name).present:
            text = "it is not looked at; the connection is judged as if it were not there"
            entry.get(name).notice("NOT_LOOKED_AT", text)
    if deny:
        return False
    rules = entry.get("rules")
    if rules.present:
        rules.only("http", "dns", "kafka", "l7proto", "l7")
    entry.get("serverNames").texts()
    return bool(rules.value) or bool(entry.get("serverNames").value)


def _hints(*, deny: bool) -> dict[str, str]:
    return dict.fromkeys((*_REQUESTS, *_FLAGGED), "a rule that denies sees ports only") if deny else {}


def _entry(entry: Field) -> PortMatch:
    return any_port(_port(item) for item in entry.get("ports").count(0, _MOST))


def _port(item: Field) -> PortMatch:
    if not item.only("port", "endPort", "protocol"):
        return PortMatch()
    protocol = item.get("protocol").choice(_PROTOCOLS) if item.get("protocol").present else None
    port, end = item.get("port"), item.get("endPort")
    text = port.text()
    if text is None:
        if not port.present:
            port.expected(_PORT)
        return PortMatch()
    if not (text.isascii() and text.isdecimal()):
        return _named(port, end, text, protocol)
    low, high = int(text), end.integer() or 0
    if low > MAX_PORT:
        port.expected(_PORT)
        return PortMatch()
    if not 0 <= high <= MAX_PORT or (high and not low):
        end.expected("a port number above port, or no endPort" if low else 'no endPort, since the port is "0"')
        return PortMatch()
    protocols = (protocol,) if protocol else tuple(Protocol)
    if not low:
        return PortMatch(ALL_PORTS if protocol is None else port_range(protocol))
    return PortMatch(IntervalSet.of(span for each in protocols for span in port_range(each, low, max(low, high))))


def _named(port: Field, end: Field, text: str, protocol: Protocol | None) -> PortMatch:
    name = text.lower()
    if not is_port_name(name):
        port.expected(_PORT)
        return PortMatch()
    if end.present:
        end.expected("no endPort, since the port is a name")
    return PortMatch(EMPTY, (NamedPort(name, protocol),))


def _icmp(item: Field) -> None:
    if not item.only("fields"):
        return
    for field in item.get("fields").count(0, _MOST):
        if not field.only("family", "type"):
            continue
        if field.get("family").present:
            field.get("family").choice({"IPv4": 4, "IPv6": 6})
        kind = field.get("type").value
        number = isinstance(kind, int) and not isinstance(kind, bool) and 0 <= kind <= 255
        if not (number or (isinstance(kind, str) and kind.isascii() and kind.isalpha())):
            field.get("type").expected("an ICMP type: a number from 0 to 255, or a name such as EchoRequest")
