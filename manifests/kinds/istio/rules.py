"""The rules of an AuthorizationPolicy as matches: any source AND any operation AND all conditions.

| Field | Is about |
|---|---|
| principals, namespaces, serviceAccounts; source.principal, source.namespace, source.serviceAccount | the identity |
| ipBlocks; source.ip | the address at the other end |
| destination.ip | the address of the pod |
| ports; destination.port | the port of the pod |
| connection.sni | the name that a TLS client asks for: not known |
| hosts, methods, paths, requestPrincipals, remoteIpBlocks; request.*, remote.ip | requests, which only a sidecar sees |

Fields of one source or operation are ANDed, values of a field ORed, and a field `not...` leaves its values out. Where a
request counts, ztunnel drops the rule if it allows, and does without that field if it denies.

Trusted by every verdict about policies of Istio; checked by tests/agreement/test_istio.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from itertools import product

from reachproof.engines.istio.hbone import every
from reachproof.engines.istio.membership import AMBIENT, GATEWAY, IN_MESH, SIDECAR, UNCLEAR, pods
from reachproof.engines.istio.mutual_tls import TCP
from reachproof.engines.istio.tiers import NOBODY, Nameless
from reachproof.manifests.field_reader import Field
from reachproof.manifests.k8s_names import read_cidr
from reachproof.manifests.kinds.istio.identity import read_accounts, read_namespaces, read_principals
from reachproof.network.address import ALL_ADDRESSES
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.policy import Action, AddressPeer, AnyPeer, Match, Peer, PolicyRef, PortMatch, Rule
from reachproof.network.ports import MAX_PORT, Protocol, port_range
from reachproof.network.predicate import ALWAYS, Predicate, both, either, negated

_REQUESTS = ("hosts", "methods", "paths")
_SOURCES_OF_REQUESTS = ("requestPrincipals", "remoteIpBlocks")
_IDENTITIES = ("principals", "namespaces", "serviceAccounts")
_CONDITIONS = {
    "source.principal": "principals",
    "source.namespace": "namespaces",
    "source.serviceAccount": "serviceAccounts",
    "source.ip": "ipBlocks",
    "destination.ip": "own",
    "destination.port": "ports",
    "connection.sni": "open",
    "remote.ip": "requests",
}
_MOST_MATCHES = 10_000
_ENVOYS = either(SIDECAR, GATEWAY, UNCLEAR)
"""Pods at whose proxy requests may be looked at."""


@dataclass(frozen=True, slots=True)
class _Home:
    """The namespace of a policy, and the trust domain of its mesh with its aliases, empty where nobody said."""

    namespace: str
    trusted: tuple[str, ...]

    def identities(self, name: str, field: Field) -> Predicate:
        """Any of those that a field lists."""
        match name:
            case "principals":
                return read_principals(field, self.trusted)
            case "namespaces":
                return read_namespaces(field)
            case _:
                return read_accounts(field, self.namespace)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needs:
    """The conditions of a part of a rule, all of which must hold.

    `identity`: None where it makes no difference. `named`: there must be one. `own`: addresses of the pod.
    `requests`: something is asked of requests. `open`: something is asked that is not known.
    """

    identity: Predicate | None = None
    named: bool = False
    addresses: IntervalSet = ALL_ADDRESSES
    own: IntervalSet = ALL_ADDRESSES
    ports: IntervalSet = TCP
    requests: bool = False
    open: bool = False

    def __and__(self, other: _Needs) -> _Needs:
        known = [each for each in (self.identity, other.identity) if each is not None]
        return _Needs(
            identity=both(*known) if known else None,
            named=self.named or other.named,
            addresses=self.addresses & other.addresses,
            own=self.own & other.own,
            ports=self.ports & other.ports,
            requests=self.requests or other.requests,
            open=self.open or other.open,
        )


_NOTHING = _Needs()


def read_rules(field: Field, ref: PolicyRef, action: Action, trusted: tuple[str, ...]) -> tuple[Rule, ...]:
    """The rules of a policy that passes (ALLOW) or denies what they match; some of them twice, certain and not.

    `trusted`: the trust domain of the mesh and its aliases.
    """
    home = _Home(ref.namespace, trusted)
    return tuple(each for index, item in enumerate(field.items()) for each in _rule(item, index, home, action))


def _rule(field: Field, index: int, home: _Home, action: Action) -> Iterator[Rule]:
    field.only("from", "to", "when")
    sources = [_source(item, home) for item in _entries(field.get("from"), "source")]
    operations = [_operation(item) for item in _entries(field.get("to"), "operation")]
    conditions = [_condition(item, home) for item in field.get("when").items()]
    if (len(sources) or 1) * (len(operations) or 1) > _MOST_MATCHES:
        field.report(f"too many pairs of a source and an operation (the limit is {_MOST_MATCHES})")
        return
    asked = [reduce(_Needs.__and__, each) for each in product(sources or [_NOTHING], operations or [_NOTHING])]
    wanted = [reduce(_Needs.__and__, conditions, each) for each in asked]
    rule = Rule(action=action, matches=(), index=index, origin=field.origin)
    certain = [match for each in wanted if not each.open for match in _seen(each, action)]
    if certain:
        yield replace(rule, matches=tuple(certain))
    by_request = [_match(each, pods(_ENVOYS)) for each in wanted if each.requests]
    if by_request:
        yield replace(
            rule,
            matches=tuple(by_request),
            may=True,
            reason="whether it matches depends on the requests, which a sidecar looks at",
            reason_code="REQUEST_RULES",
        )
    by_name = [match for each in wanted if each.open for match in _seen(each, action)]
    if by_name:
        reason = "whether it matches depends on the name that the client asks for (SNI)"
        yield replace(rule, matches=tuple(by_name), may=True, reason=reason)


def _seen(needs: _Needs, action: Action) -> Iterator[Match]:
    """Where nothing of it depends on requests: anywhere if it asks for none, else at ztunnel as that reads it."""
    if not needs.requests:
        yield _match(needs, AnyPeer())
    elif action is Action.DENY:
        yield _match(needs, pods(either(AMBIENT, UNCLEAR)))


def _match(needs: _Needs, subject: Peer) -> Match:
    addresses = AnyPeer() if needs.addresses == ALL_ADDRESSES else AddressPeer(needs.addresses)
    own = AnyPeer() if needs.own == ALL_ADDRESSES else AddressPeer(needs.own)
    ports, at = PortMatch(needs.ports), every(subject, own)
    if needs.identity is None:
        return Match(addresses, ports, subject=at)
    known = every(addresses, pods(both(IN_MESH, needs.identity)))
    return Match(known, ports, subject=at, extension=Nameless(NOBODY if needs.named else addresses))


# ---------------------------------------------------------------- fields


def _entries(field: Field, name: str) -> list[Field]:
    """The sources or operations of a list; an empty one of either is refused, as Istio does."""
    found: list[Field] = []
    if field.present and not field.items():
        field.expected(f"at least one {name}; leave the field out to mean any")
    for item in field.items():
        item.only(name)
        inner = item.get(name)
        if not inner.value:
            inner.expected("an object with at least one field")
        else:
            found.append(inner)
    return found


def _source(field: Field, home: _Home) -> _Needs:
    names = (*_IDENTITIES, "ipBlocks", *_SOURCES_OF_REQUESTS)
    field.only(*names, *map(_not, names))
    if field.get("serviceAccounts").present and (field.get("principals").present or field.get("namespaces").present):
        field.get("serviceAccounts").report("cannot be combined with principals or namespaces")
    return _all(field, names, home)


def _operation(field: Field) -> _Needs:
    names = ("ports", *_REQUESTS)
    field.only(*names, *map(_not, names))
    return _all(field, names, _Home("", ()))


def _not(name: str) -> str:
    return f"not{name[0].upper()}{name[1:]}"


def _all(field: Field, names: tuple[str, ...], home: _Home) -> _Needs:
    found = [_needs(name, field.get(name), field.get(_not(name)), home) for name in names]
    return reduce(_Needs.__and__, found, _NOTHING)


def _condition(field: Field, home: _Home) -> _Needs:
    field.only("key", "values", "notValues")
    key, values, excluded = field.get("key").text(), field.get("values"), field.get("notValues")
    if not values.value and not excluded.value:
        field.report("neither values nor notValues; give at least one")
    if key is None:
        field.get("key").expected("a name of what is compared")
        return _NOTHING
    name = "requests" if key.startswith("request.") else _CONDITIONS.get(key)
    if name is None:
        known = ", ".join(sorted(_CONDITIONS))
        field.get("key").expected(f"{known} or request.*")
        return _NOTHING
    return _needs(name, values, excluded, home)


def _needs(name: str, values: Field, excluded: Field, home: _Home) -> _Needs:
    """The conditions of a field and its opposite together; both are read, so that all mistakes are found."""
    if name in _IDENTITIES:
        return _identity(name, values, excluded, home)
    if name in ("ipBlocks", "own"):
        addresses = _set(values, excluded, _block, ALL_ADDRESSES)
        return _Needs(own=addresses) if name == "own" else _Needs(addresses=addresses)
    if name == "ports":
        return _Needs(ports=_set(values, excluded, _port, TCP))
    given = bool([*values.texts(), *excluded.texts()])
    return _Needs(open=given) if name == "open" else _Needs(requests=given)


def _identity(name: str, values: Field, excluded: Field, home: _Home) -> _Needs:
    wanted, unwanted = home.identities(name, values), home.identities(name, excluded)
    if not values.items() and not excluded.items():
        return _NOTHING
    return _Needs(identity=both(wanted if values.items() else ALWAYS, negated(unwanted)), named=bool(values.items()))


def _set(
    values: Field, excluded: Field, read: Callable[[Field], IntervalSet | None], whole: IntervalSet
) -> IntervalSet:
    wanted, unwanted = (
        IntervalSet.of(span for item in each.items() for span in read(item) or EMPTY) for each in (values, excluded)
    )
    return (wanted if values.items() else whole) - unwanted


def _block(field: Field) -> IntervalSet | None:
    """A CIDR, or one address."""
    text = field.value
    if isinstance(text, str) and "/" not in text and text:
        whole = Field(field.place, f"{text}/{128 if ':' in text else 32}", field.path, field.line)
        return read_cidr(whole)
    return read_cidr(field)


def _port(field: Field) -> IntervalSet | None:
    """A number from 1 to 65535, written as text."""
    text = field.text()
    if text is None and not field.present:
        field.expected('a port in quotes, such as "80"')
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MAX_PORT):
        field.expected(f"a port from 1 to {MAX_PORT}")
        return None
    return port_range(Protocol.TCP, int(text), int(text))
