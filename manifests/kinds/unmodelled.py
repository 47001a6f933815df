"""The parts of policy objects that flows do not show, for comparisons of two snapshots.

| Part | Of |
|---|---|
| source ports, HTTP rules, domain names; ICMP and other protocols | rules of Calico |
| HTTP, DNS, Kafka and other L7 rules, TLS server names, domain names; ICMP, TLS settings, authentication | Cilium |
| requests, JWT, SNI, the authorizer that is asked | AuthorizationPolicy |
| domain names | the admin kinds |
| what the API server stores and implementations may refuse | the admin kinds, NetworkPolicy |

What is not in the table, and makes a rule one that may match, is the whole rule as it is written. Text is canonical:
the same for two copies of a part, whatever the order of its keys.

Trusted by every comparison of two snapshots: that no part which decides anything is missing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from reachproof.manifests.digest import canonical
from reachproof.manifests.object_identity import Manifest
from reachproof.network.policy import Direction, DomainPeer, Policy, Rule, Unmodelled, Unread, parts_of

REQUEST_AUTHENTICATION = ("security.istio.io", "RequestAuthentication")
Item = Mapping[str, object]
Place = tuple[Direction, int]
"""A direction, and the index that rules of an item of its lists have."""
_DIGEST_BYTES = 16
_OURS = ("tcp", "udp", "sctp", "6", "17", "132")
_L7 = {"http": "HTTP rules", "dns": "DNS rules", "kafka": "Kafka rules", "l7": "L7 rules", "l7proto": "L7 rules"}
_TLS = ("terminatingTLS", "originatingTLS", "listener")
_REQUESTS = re.compile(r"request\.|remote\.ip")
_PART = re.compile(r"specs\[(\d+)\]")


def annotated(policy: Policy, manifest: Manifest) -> Policy:
    """The policy with a digest of its object, the parts that flows do not show, and the conditions of its rules."""
    spec = _spec(manifest, policy.ref.part)
    parts: dict[Place, list[Unmodelled]] = {}
    for place, part in _parts(manifest.group, spec):
        parts.setdefault(place, []).append(part)
    loose = {(direction, rule.index) for direction in Direction for rule in policy.rules(direction) if _is_open(rule)}
    items = dict(_items(manifest.group, spec)) if loose else {}
    for place in sorted(loose):
        if not any(part.open for part in parts.get(place, ())):
            whole = Unmodelled(what="a rule that may match", text=canonical(_stored(items.get(place))), open=True)
            parts.setdefault(place, []).append(whole)
    doubts = (Unmodelled(what="what implementations may refuse", text=policy.doubts, open=True),)
    return replace(
        policy,
        egress=_conditioned(policy.egress, Direction.EGRESS, parts),
        ingress=_conditioned(policy.ingress, Direction.INGRESS, parts),
        written=content_digest([manifest.kind, spec]),
        unmodelled=(*(doubts if policy.doubts else ()), *(part for place in sorted(parts) for part in parts[place])),
    )


def unread(manifest: Manifest, what: str) -> Unread:
    """An object of which no policy is made, for the reason `what`."""
    return Unread(
        kind=manifest.kind,
        namespace=manifest.namespace,
        name=manifest.name,
        what=what,
        text=content_digest([manifest.group, manifest.body.get("spec"), manifest.body.get("specs")]),
        inert=_is_inert(manifest),
        origin=manifest.origin,
    )


def _is_inert(manifest: Manifest) -> bool:
    """True if it is a policy that is only tried out: staged, or one that audits."""
    spec = manifest.body.get("spec")
    action = spec.get("action") if isinstance(spec, dict) else None
    return manifest.kind.startswith("Staged") or (manifest.kind == "AuthorizationPolicy" and action == "AUDIT")


def content_digest(value: object) -> str:
    """A digest of what an object says: the same for two copies, whatever the order of keys."""
    text = canonical(_stored(value)).encode()
    return hashlib.blake2b(text, digest_size=_DIGEST_BYTES).hexdigest()


def _stored(value: object) -> object:
    """The value as an API server holds it: null is absent, and a port without a protocol is one of TCP."""
    if isinstance(value, dict):
        return {str(name): _stored(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_stored(item) for item in value]
    return value


def _is_open(rule: Rule) -> bool:
    return rule.may or any(isinstance(peer, DomainPeer) for match in rule.matches for peer in parts_of(match.peer))


def _conditioned(
    rules: tuple[Rule, ...], direction: Direction, parts: Mapping[Place, list[Unmodelled]]
) -> tuple[Rule, ...]:
    """The rules with what they depend on; those of a policy that may have no effect depend on the reasons too."""

    def conditioned(rule: Rule) -> Rule:
        texts = (part.text for part in parts[direction, rule.index] if part.open)
        return replace(rule, condition=" ".join((rule.condition, *texts)).strip())

    return tuple(conditioned(rule) if _is_open(rule) else rule for rule in rules)


# ---------------------------------------------------------------- where rules stand


def _spec(manifest: Manifest, part: str) -> Item:
    """The spec that a policy was made from; `part`: the path of one of several in an object."""
    numbered = _PART.fullmatch(part)
    if numbered:
        specs = manifest.body.get("specs")
        return _object(specs[int(numbered[1])] if isinstance(specs, list | tuple) else None)
    spec = manifest.body.get("spec")
    if spec is None and "specs" in manifest.body:
        return next(iter(_list(manifest.body, "specs")), {})
    return _object(spec)


def _items(group: str, spec: Item) -> Iterator[tuple[Place, Item]]:
    """The entries of the rule lists, each with the direction and index of its rules."""
    if group == "security.istio.io":
        yield from (((Direction.INGRESS, at), item) for at, item in enumerate(_list(spec, "rules")))
        return
    for direction in Direction:
        listed = [*_list(spec, direction.value), *_list(spec, f"{direction.value}Deny")]
        yield from (((direction, at), item) for at, item in enumerate(listed))


def _parts(group: str, spec: Item) -> Iterator[tuple[Place, Unmodelled]]:
    parts_of_item = _BY_GROUP.get(group)
    if parts_of_item is not None:
        yield from ((place, part) for place, item in _items(group, spec) for part in parts_of_item(item, spec))


# ---------------------------------------------------------------- by engine


def _of_calico(item: Item, spec: Item) -> Iterator[Unmodelled]:
    if item.get("action") == "Log":
        return
    source, destination = _object(item.get("source")), _object(item.get("destination"))
    ports = {name: source[name] for name in ("ports", "notPorts") if source.get(name)}
    if ports:
        yield _open("source ports", [item.get("protocol"), ports])
    if item.get("http") is not None:
        yield _open("HTTP rules", item["http"])
    if destination.get("domains"):
        yield _open("domain names", destination["domains"])
    named = str(item.get("protocol", "tcp")).lower()
    if named.startswith("icmp") or "icmp" in item or "notICMP" in item:
        yield _closed("ICMP", item)
    elif named not in _OURS or item.get("notProtocol") is not None:
        yield _closed("other protocols", item)


def _of_cilium(item: Item, spec: Item) -> Iterator[Unmodelled]:
    for entry in _list(item, "toPorts"):
        rules = _object(entry.get("rules"))
        words = dict.fromkeys(_L7.get(name, "L7 rules") for name in rules)
        if entry.get("serverNames"):
            words["TLS server names"] = None
        if words:
            yield _open(", ".join(words), entry)
        if any(name in entry for name in _TLS):
            yield _closed("TLS settings", entry)
    if item.get("toFQDNs"):
        yield _open("domain names", item["toFQDNs"])
    if item.get("icmps"):
        yield _closed("ICMP", item)
    if item.get("authentication") is not None:
        yield _closed("authentication", item["authentication"])


def _of_istio(item: Item, spec: Item) -> Iterator[Unmodelled]:
    if spec.get("action") == "AUDIT":
        return
    sources = [_object(each.get("source")) for each in _list(item, "from")]
    operations = [_object(each.get("operation")) for each in _list(item, "to")]
    keys = [str(each.get("key")) for each in _list(item, "when")]
    named = {name.removeprefix("not").lower() for part in (*sources, *operations) for name in part}
    words = []
    if "requestprincipals" in named or any(key.startswith("request.auth.") for key in keys):
        words.append("JWT")
    if named & {"hosts", "methods", "paths"}:
        words.append("HTTP hosts, methods and paths")
    others = [key for key in keys if _REQUESTS.match(key) and not key.startswith("request.auth.")]
    if others or "remoteipblocks" in named:
        words.append("conditions on requests")
    if "connection.sni" in keys:
        words.append("TLS server names")
    if spec.get("action") == "CUSTOM":
        words.append("an external authorizer")
    if words:
        yield _open(", ".join(words), [item, spec.get("provider")])


def _of_admin(item: Item, spec: Item) -> Iterator[Unmodelled]:
    names = [peer["domainNames"] for peer in _list(item, "to") if peer.get("domainNames")]
    if names:
        yield _open("domain names", names)


_BY_GROUP: Mapping[str, Callable[[Item, Item], Iterator[Unmodelled]]] = {
    "projectcalico.org": _of_calico,
    "crd.projectcalico.org": _of_calico,
    "cilium.io": _of_cilium,
    "security.istio.io": _of_istio,
    "policy.networking.k8s.io": _of_admin,
}
"""The parts of an item of a rule list, and the spec that it is in. NetworkPolicy has none."""


def _open(what: str, value: object) -> Unmodelled:
    return Unmodelled(what=what, text=canonical(_stored(value)), open=True)


def _closed(what: str, value: object) -> Unmodelled:
    return Unmodelled(what=what, text=canonical(_stored(value)), open=False)


def _object(value: object) -> Item:
    return value if isinstance(value, dict) else {}


def _list(owner: Item, name: str) -> list[Item]:
    value = owner.get(name)
    return [_object(each) for each in value] if isinstance(value, list | tuple) else []
