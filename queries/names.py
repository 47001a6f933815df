"""Names in a sentence looked up in the snapshot. A name that does not exist is an error with near names."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from reachproof.grammar.ast import Name, ObjectName, Span
from reachproof.grammar.mistakes import Mistake
from reachproof.network.cluster import IdlePod, Node, Notice, Pod, PodState, Service
from reachproof.network.snapshot import Snapshot
from reachproof.queries.tenancy import tenants
from reachproof.semantics.sentences import some_of

SHOWN = 8


class Names:
    """Looks names up and collects every one that is missing, so that all are reported at once.

    `warnings` gets a notice for each name of something that exists and takes no part.
    """

    def __init__(self, snapshot: Snapshot, warnings: list[Notice]) -> None:
        self._snapshot = snapshot
        self._warnings = warnings
        self.problems: list[Mistake] = []

    def namespace(self, name: Name) -> bool:
        """True if the namespace exists."""
        known = [namespace.name for namespace in self._snapshot.namespaces]
        return self.demand("namespace", name.text, known, name.span)

    def tenant(self, name: Name) -> bool:
        """True if the tenant exists under the tenant label."""
        known = tenants(self._snapshot)
        hint = "" if known else f"; no namespace has the label {self._snapshot.options.tenant_label!r}"
        return self.demand("tenant", name.text, known, name.span, hint)

    def node(self, name: Name) -> Node | None:
        """The node."""
        self.demand("node", name.text, list(self._snapshot.node_of), name.span)
        return self._snapshot.node_of.get(name.text)

    def pod(self, name: ObjectName) -> Pod | None:
        """The pod; None, with a warning, for one that is finished or has no address yet."""
        if self._takes_no_part(f"pod {name}", [pod for pod in self._snapshot.idle if str(pod) == str(name)]):
            return None
        known = [str(pod) for pod in self._snapshot.pods]
        self.demand("pod", str(name), known, name.span)
        return self._snapshot.pod_of.get((name.namespace, name.name))

    def service(self, name: ObjectName) -> Service | None:
        """The service."""
        known = [str(service) for service in self._snapshot.services]
        self.demand("service", str(name), known, name.span)
        return self._snapshot.service_of.get((name.namespace, name.name))

    def workload(self, kind: str, name: ObjectName) -> tuple[Pod, ...]:
        """The pods of a workload; `kind` is lower case, or `workload` for any kind.

        None, with a warning, for one whose pods are all finished or without an address.
        """
        owned = [(pod.workload.partition("/"), pod) for pod in self._snapshot.pods if pod.workload]
        of_kind = [(parts[2], pod) for parts, pod in owned if kind in ("workload", parts[0].lower())]
        known = sorted({f"{pod.namespace}/{owner}" for owner, pod in of_kind})
        if str(name) not in known and self._takes_no_part(f"{kind} {name}", self._idle_of(kind, name)):
            return ()
        self.demand(kind, str(name), known, name.span)
        return tuple(pod for owner, pod in of_kind if (pod.namespace, owner) == (name.namespace, name.name))

    def _idle_of(self, kind: str, name: ObjectName) -> list[IdlePod]:
        return [
            pod
            for pod in self._snapshot.idle
            if pod.namespace == name.namespace
            and pod.workload.partition("/")[2] == name.name
            and kind in ("workload", pod.workload.partition("/")[0].lower())
        ]

    def _takes_no_part(self, what: str, idle: list[IdlePod]) -> bool:
        absent = [pod for pod in idle if pod.state is not PodState.NOT_READY]
        if not absent:
            return False
        first = absent[0]
        if first.state is PodState.FINISHED:
            text = f"{what} is finished, so it takes no part: nothing can reach it, and it reaches nothing"
            self._warnings.append(Notice(code="POD_FINISHED", text=text, origin=first.origin))
        return True

    def service_account(self, name: ObjectName) -> tuple[Pod, ...]:
        """The pods that run under a service account."""
        known = sorted({f"{pod.namespace}/{pod.service_account}" for pod in self._snapshot.pods})
        self.demand("service account", str(name), known, name.span)
        wanted = (name.namespace, name.name)
        return tuple(pod for pod in self._snapshot.pods if (pod.namespace, pod.service_account) == wanted)

    def demand(self, what: str, name: str, known: Collection[str], span: Span, hint: str = "") -> bool:
        """True if the name is a known one; else that is reported."""
        if name in known:
            return True
        self.problems.append(Mistake(f"no {what} {name} in the snapshot{hint or _near(name, known, what)}", span))
        return False


def _near(name: str, known: Collection[str], what: str) -> str:
    folded = {each.lower(): each for each in known}
    near = [folded[each] for each in get_close_matches(name.lower(), list(folded), n=3, cutoff=0.6)]
    if not near and "/" in name:
        short = {each.rpartition("/")[2].lower(): each for each in known}
        near = [short[each] for each in get_close_matches(name.rpartition("/")[2].lower(), list(short), n=3)]
    if near:
        return f"; did you mean `{'` or `'.join(near)}`?"
    if not known:
        return f"; the snapshot has no {what} at all"
    return f"; it has {some_of(sorted(known), SHOWN)}"
