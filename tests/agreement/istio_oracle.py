"""What the mesh of Istio does with one flow, read from the manifests: the slow and plain oracle of `test_istio`.

Identities are texts compared with texts, addresses are compared with `ipaddress`. Whatever is not known (whether there
is an identity, requests, names of TLS, authorizers, which of two modes counts, what a proxy sees) is tried both ways,
for each rule alone as reachproof does it, or with one choice of the identity for the whole flow. `tests.agreement.
istio_capture` says who is in the mesh and what it sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from itertools import product
from typing import Any

from reachproof.network.address import format_address
from reachproof.network.cluster import Pod
from reachproof.network.flow import Flow
from reachproof.network.ports import Protocol
from tests.agreement.istio_capture import Capture
from tests.strategies.vocabulary import Manifest

NAMES = {
    "principals": "principal",
    "source.principal": "principal",
    "namespaces": "namespace",
    "source.namespace": "namespace",
    "serviceAccounts": "account",
}
REQUESTS = ("methods", "paths", "requestPrincipals", "request.headers[x]")
Both = frozenset[bool]
UNKNOWN: Both = frozenset((True, False))


class Mesh(Capture):
    """One cluster as its manifests say it."""

    def outcomes(self, flow: Flow, *, one_choice: bool) -> Both:
        """The truths that "the mesh lets it through" can have."""
        pod = flow.destination
        if flow.protocol is not Protocol.TCP or not isinstance(pod, Pod):
            return frozenset((True,))
        place = self.place(pod)
        past = self.past(flow) if place else {True}
        if past == {True}:
            return frozenset((True,))
        found = {True} if True in past else set()
        modes = self._modes(pod, flow.port) if place != "gateway" else {"PERMISSIVE"}
        identities = self.identities(flow)
        proofs = {proof for mode in modes for proof in self._proofs(flow, mode)}
        refused = {not proof for mode in modes for proof in (identities if mode == "STRICT" else {True})}
        for chosen in [{each} for each in proofs] if one_choice else [proofs]:
            found |= self._decided(flow, place, chosen, refused)
        return frozenset(found)

    def _decided(self, flow: Flow, place: str, proofs: set[bool], refused: set[bool]) -> set[bool]:
        pod = flow.destination
        assert isinstance(pod, Pod)
        policies = [each for each in self.of("AuthorizationPolicy") if self._selects(each, pod)]
        found: set[bool] = set()
        lists = {
            action: [
                self._rule(rule, each, flow, place, proofs, action)
                for each in own
                for rule in each["spec"].get("rules", [])
            ]
            for action in ("CUSTOM", "DENY", "ALLOW")
            for own in [[each for each in policies if each["spec"].get("action", "ALLOW") == action]]
        }
        guarded = any(each["spec"].get("action", "ALLOW") == "ALLOW" for each in policies)
        for strict in refused:
            if strict:
                found.add(False)
                continue
            can_deny = any(True in each for each in lists["CUSTOM"] + lists["DENY"])
            must_deny = any(each == {True} for each in lists["DENY"])
            if can_deny:
                found.add(False)
            if must_deny:
                continue
            if not guarded or any(True in each for each in lists["ALLOW"]):
                found.add(True)
            if guarded and all(False in each for each in lists["ALLOW"]):
                found.add(False)
        return found

    def _proofs(self, flow: Flow, mode: str) -> set[bool]:
        """Whether the connection has an identity that is proved."""
        place, far = self.place(flow.destination), self.place(flow.source)
        if place == "sidecar" and mode == "DISABLE":
            return {False}
        if mode == "STRICT" or (place == "ambient" and far == "ambient"):
            return self.identities(flow)
        return {True, False} if True in self.identities(flow) else {False}

    def _modes(self, pod: Pod, port: int) -> set[str]:
        for level in ("workload", "namespace", "mesh"):
            asked = {
                mode
                for each in self.of("PeerAuthentication")
                if self._level(each, pod) == level and (mode := self._mode(each["spec"], port)) != "UNSET"
            }
            if asked:
                return asked
        return {"PERMISSIVE"}

    def _level(self, each: Manifest, pod: Pod) -> str:
        home, labels = each["metadata"]["namespace"], each["spec"].get("selector", {}).get("matchLabels")
        if home == "istio-system":
            return "" if labels else "mesh"
        if home != pod.namespace:
            return ""
        return "namespace" if not labels else "workload" if labels.items() <= pod.labels.items() else ""

    def _mode(self, spec: Manifest, port: int) -> str:
        own: str = spec.get("portLevelMtls", {}).get(str(port), {}).get("mode", "UNSET")
        return own if own != "UNSET" else spec.get("mtls", {}).get("mode", "UNSET")

    def _selects(self, policy: Manifest, pod: Pod) -> bool:
        labels = policy["spec"].get("selector", {}).get("matchLabels", {})
        here = policy["metadata"]["namespace"] in (pod.namespace, "istio-system")
        tried = policy["metadata"].get("annotations", {}).get("istio.io/dry-run") == "true"
        return not tried and here and labels.items() <= pod.labels.items()

    # ------------------------------------------------------------ rules

    def _rule(
        self, rule: Manifest, policy: Manifest, flow: Flow, place: str, proofs: set[bool], action: str
    ) -> set[bool]:
        """The truths that "the rule matches" can have; for CUSTOM, that somebody refuses."""
        sources = [each["source"] for each in rule.get("from", [])] or [{}]
        operations = [each["operation"] for each in rule.get("to", [])] or [{}]
        found: set[bool] = set()
        for proof in proofs:
            ways = [
                self._all(
                    [*_fields(source), *_fields(operation), *_conditions(rule)], policy, flow, place, proof, action
                )
                for source, operation in product(sources, operations)
            ]
            found |= {any(each) for each in product(*ways)}
        if action == "CUSTOM" and True in found:
            return {True, False}
        return found

    def _all(
        self,
        fields: list[tuple[str, list[str], bool]],
        policy: Manifest,
        flow: Flow,
        place: str,
        proof: bool,
        action: str,
    ) -> set[bool]:
        known, opened = True, False
        for name, values, wanted in fields:
            if name in REQUESTS and (place == "ambient" or (place == "unclear" and action != "ALLOW")):
                if action == "ALLOW":
                    return {False}
            elif (name in NAMES and place in ("gateway", "unclear")) or name in REQUESTS or name == "connection.sni":
                opened = True
            elif self._holds(name, values, policy, flow, proof) is not wanted:
                known = False
        if not known:
            return {False}
        return {True, False} if opened else {True}

    def _holds(self, name: str, values: list[str], policy: Manifest, flow: Flow, proof: bool) -> bool:
        if name in NAMES:
            return proof and any(_named(NAMES[name], each, policy, flow.source) for each in values)
        if name in ("ports", "destination.port"):
            return str(flow.port) in values
        address = flow.destination_address if name == "destination.ip" else flow.source_address
        return any(ip_address(format_address(address)) in ip_network(each) for each in values)


def _named(what: str, pattern: str, policy: Manifest, source: Any) -> bool:
    namespace, account = source.namespace, source.service_account
    match what:
        case "namespace":
            return fnmatchcase(namespace, pattern)
        case "principal":
            return fnmatchcase(f"cluster.local/ns/{namespace}/sa/{account}", pattern)
        case _:
            home, slash, name = pattern.rpartition("/")
            return (home if slash else policy["metadata"]["namespace"], name) == (namespace, account)


def _fields(part: Manifest) -> Iterator[tuple[str, list[str], bool]]:
    for name, values in part.items():
        if name.startswith("not"):
            yield name[3].lower() + name[4:], values, False
        else:
            yield name, values, True


def _conditions(rule: Manifest) -> Iterator[tuple[str, list[str], bool]]:
    for each in rule.get("when", []):
        for field, wanted in (("values", True), ("notValues", False)):
            if field in each:
                yield each["key"], each[field], wanted
