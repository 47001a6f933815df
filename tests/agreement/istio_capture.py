"""Who is in the mesh of Istio and what its proxies see of a flow, read from the manifests: a part of the oracle."""

from __future__ import annotations

from collections.abc import Iterable

from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import Flow, Party
from reachproof.network.ports import Protocol
from tests.strategies.vocabulary import Manifest

Marks = dict[str, str]
TRAFFIC = "traffic.sidecar.istio.io"
PROXY_PORTS = (15020, 15021, 15090)


class Capture:
    """One cluster as its manifests say it."""

    def __init__(self, objects: Iterable[Manifest]) -> None:
        self.objects = list(objects)
        self.homes: dict[str, Marks] = {
            each["metadata"]["name"]: each["metadata"].get("labels", {}) for each in self.of("Namespace")
        }
        self.templates: dict[tuple[str, str], tuple[Manifest, bool]] = {}
        for each in self.of("Pod", "Deployment", "DaemonSet"):
            inner = each if each["kind"] == "Pod" else each["spec"]["template"]
            at = each["metadata"]["namespace"], each["metadata"]["name"]
            self.templates[at] = inner, "status" in each

    def of(self, *kinds: str) -> list[Manifest]:
        return [each for each in self.objects if each["kind"] in kinds]

    def _pod(self, pod: Pod) -> tuple[Manifest, bool, Marks, Marks]:
        """The object or template, whether it runs, and its labels and annotations."""
        inner, running = self.templates[pod.namespace, pod.workload.partition("/")[2] or pod.name]
        return inner, running, inner["metadata"].get("labels", {}), inner["metadata"].get("annotations", {})

    # ------------------------------------------------------------ who is in it

    def place(self, pod: Party) -> str:
        """`sidecar`, `gateway`, `ambient`, `unclear` or nothing."""
        if not isinstance(pod, Pod) or pod.host_network:
            return ""
        inner, running, marks, notes = self._pod(pod)
        home = self.homes.get(pod.namespace, {})
        proxied, routes = self._sidecar(inner, running, home, marks), self._routes(inner)
        asked = marks.get("istio.io/dataplane-mode") == "ambient" or (
            home.get("istio.io/dataplane-mode") == "ambient" and marks.get("istio.io/dataplane-mode") != "none"
        )
        taken = notes.get("ambient.istio.io/redirection") == "enabled" if running else asked
        if (running and notes.get("ambient.istio.io/redirection") == "pending") or (
            taken and (routes or (proxied and running))
        ):
            return "unclear"
        if routes or proxied:
            return "gateway" if routes else "sidecar"
        return "ambient" if taken or marks.get("networking.istio.io/tunnel") == "http" else ""

    def _sidecar(self, inner: Manifest, running: bool, home: Marks, marks: Marks) -> bool:
        if any(each["name"] == "istio-proxy" for each in inner["spec"]["containers"]):
            return True
        if running:
            return False
        inject = marks.get("sidecar.istio.io/inject")
        annotation = inner["metadata"].get("annotations", {}).get("sidecar.istio.io/inject")
        if inject is None and annotation is not None:
            return bool(annotation == "true")
        if marks.get("security.istio.io/tlsMode") == "istio":
            return True
        if inject not in (None, "true"):
            return False
        if "istio-injection" in home:
            return home["istio-injection"] == "enabled"
        return "istio.io/rev" in home or "istio.io/rev" in marks or inject == "true"

    def _routes(self, inner: Manifest) -> bool:
        asked = inner["metadata"].get("annotations", {}).get("inject.istio.io/templates")
        proxies = [each for each in inner["spec"]["containers"] if each["name"] == "istio-proxy"]
        return asked == "gateway" or any("router" in each.get("args", ()) for each in proxies)

    def _note(self, pod: Party, name: str) -> str | None:
        return self._pod(pod)[3].get(name) if isinstance(pod, Pod) and not pod.host_network else None

    # ------------------------------------------------------------ what proxies see

    def past(self, flow: Flow) -> set[bool]:
        """The truths that "the proxy of the destination does not see it" can have."""
        pod, place = flow.destination, self.place(flow.destination)
        if place == "unclear":
            return {True, False}
        if place == "ambient":
            if self._note(pod, "ambient.istio.io/bypass-inbound-capture") == "true":
                own = self._probed(flow)
                return (
                    own
                    if not self.place(flow.source) and own == {True}
                    else ({True} if not self.place(flow.source) else {True, False})
                )
            return self._probed(flow)
        if place == "sidecar":
            if self._note(pod, "sidecar.istio.io/interceptionMode") == "NONE":
                return {True, False}
            if self._uncaptured(pod, flow.port):
                return {True}
        return {True, False} if flow.port in PROXY_PORTS else {False}

    def _uncaptured(self, pod: Party, port: int) -> bool:
        listed = self._note(pod, f"{TRAFFIC}/includeInboundPorts")
        if listed not in (None, "*"):
            return str(port) not in str(listed).split(",")
        return str(port) in (self._note(pod, f"{TRAFFIC}/excludeInboundPorts") or "").split(",")

    def _probed(self, flow: Flow) -> set[bool]:
        """Whether it is from the pod's own node."""
        source, pod = flow.source, flow.destination
        assert isinstance(pod, Pod)
        if not (isinstance(source, Node) or (isinstance(source, Pod) and source.host_network)):
            return {False}
        name = source.name if isinstance(source, Node) else source.node
        return {True, False} if None in (name, pod.node) else {name == pod.node}

    def identities(self, flow: Flow) -> set[bool]:
        """Whether the source proves an identity where one is demanded."""
        source, place = flow.source, self.place(flow.source)
        if not place or self._left_out(flow):
            return {False}
        odd = place == "sidecar" and (
            self._note(source, f"{TRAFFIC}/excludeOutboundIPRanges") is not None
            or self._note(source, "sidecar.istio.io/interceptionMode") == "NONE"
        )
        return {True, False} if place == "unclear" or odd else {True}

    def _left_out(self, flow: Flow) -> bool:
        listed = (self._note(flow.source, f"{TRAFFIC}/excludeOutboundPorts") or "").split(",")
        return self.place(flow.source) == "sidecar" and str(flow.port) in listed

    # ------------------------------------------------------------ what the network sees

    @property
    def ambient(self) -> bool:
        """Whether anything is in ambient mode, or says so."""
        marks = [*self.homes.values(), *(inner["metadata"].get("labels", {}) for inner, _ in self.templates.values())]
        return any(
            each.get("istio.io/dataplane-mode") == "ambient" or each.get("networking.istio.io/tunnel") == "http"
            for each in marks
        ) or any(
            inner["metadata"].get("annotations", {}).get("ambient.istio.io/redirection") in ("enabled", "pending")
            for inner, running in self.templates.values()
            if running and not inner["spec"].get("hostNetwork")
        )

    def seen(self, flow: Flow) -> set[str]:
        """`own`, the flow's own port, and `hbone`."""
        source, destination = self.place(flow.source), self.place(flow.destination)
        if flow.protocol is not Protocol.TCP:
            return {"own"}
        bypassed = self._note(flow.destination, "ambient.istio.io/bypass-inbound-capture") == "true"
        unclear = destination == "unclear" or (destination == "ambient" and bypassed)
        if source == "ambient":
            if unclear:
                return {"own", "hbone"}
            pod = flow.destination
            tunneled = isinstance(pod, Pod) and self._pod(pod)[2].get("networking.istio.io/tunnel") == "http"
            takes = destination == "ambient" or (destination in ("sidecar", "gateway") and tunneled)
            return {"hbone"} if takes else {"own"}
        sends = source == "unclear" or (source in ("sidecar", "gateway") and not self._left_out(flow))
        return {"own", "hbone"} if sends and (destination == "ambient" or unclear) else {"own"}

    def by_waypoint(self, flow: Flow) -> bool:
        """Whether a waypoint may stand between."""
        pod = flow.destination
        if flow.protocol is not Protocol.TCP or not self.place(flow.source) or not isinstance(pod, Pod):
            return False
        if pod.host_network or not self.ambient:
            return False
        name = "istio.io/use-waypoint"
        own = self._pod(pod)[2].get(name)
        home = self.homes.get(pod.namespace, {}).get(name)
        return (
            (own is not None and own != "none")
            or (own is None and home is not None and home != "none")
            or any(self._leads_to(each, pod) for each in self.of("Service"))
        )

    def _leads_to(self, service: Manifest, pod: Pod) -> bool:
        asked = service["metadata"].get("labels", {}).get("istio.io/use-waypoint", "none")
        there = service["metadata"]["namespace"] == pod.namespace
        return bool(asked != "none" and there and service["spec"]["selector"].items() <= pod.labels.items())
