"""The form of a row in the registry of kinds that are not read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reachproof.manifests.object_identity import Manifest
from reachproof.network.policy import Action, Direction, Match

Body = Mapping[str, Any]


class Effect(StrEnum):
    """The most that an object of a kind can do to the flows of its scope."""

    BOTH = "allow or deny"
    DENY = "deny"
    MESH = "let past the mesh of Istio, or deny"
    PODS = "make pods, whose labels are not known from it"
    OTHER_NETWORKS = "nothing: it joins pods to other networks than the one that is asked about"
    NOTHING = "nothing"


class Scope(StrEnum):
    """The flows that an object may act on, by the pod that is decided for.

    An object without a namespace has the whole cluster for its namespace, and so has one of Istio in the root
    namespace. What a selector does not say in the plain form of Kubernetes is taken to select everything.
    """

    NAMESPACE = "pods of its namespace"
    PODS = "pods of its namespace that `{}` selects"
    NAMESPACES = "pods of the namespaces that `{}` selects"
    CLUSTER = "every pod"
    TOWARDS = "every pod, with pods of its namespace as destination"
    AROUND = "pods of its namespace, and every pod with these as destination"
    TOWARDS_AND_OUT = "every pod, with nodes, the outside and pods of its namespace as destination"


class Far(StrEnum):
    """The other ends that an object may act on."""

    ANYWHERE = "anything"
    OUTSIDE = "nodes and the outside"
    OWN_NODE = "the node that the pod runs on"


@dataclass(frozen=True, slots=True)
class When:
    """A condition on the body of an object, in words; objects that do not meet it do nothing."""

    text: str
    holds: Callable[[Body], bool]


EGRESS, INGRESS = (Direction.EGRESS,), (Direction.INGRESS,)
BOTH_WAYS = (Direction.EGRESS, Direction.INGRESS)


@dataclass(frozen=True, slots=True)
class Ruled:
    """One rule in the contents of an object. `open`: whether it matches at all is not known where its matches hold."""

    action: Action
    matches: tuple[Match, ...]
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReadKind:
    """Kinds of one API group that are alike. `selector`: the path of the selector that the scope is about.

    `hosts`: objects may act on nodes and on pods on the host network too, of which answers say that they do without.
    `contents`: the rules of an object, the first that matches first, or None where they are not understood.
    Of several rows for one kind the first holds whose condition an object meets; one that meets none does nothing.
    """

    group: str
    kinds: tuple[str, ...]
    effect: Effect
    scope: Scope = Scope.NAMESPACE
    selector: str = ""
    directions: tuple[Direction, ...] = BOTH_WAYS
    far: Far = Far.ANYWHERE
    hosts: bool = False
    when: When | None = None
    contents: Callable[[Manifest], tuple[Ruled, ...] | None] | None = None

    @property
    def acts(self) -> bool:
        """True if objects can change a verdict."""
        return self.effect in (Effect.BOTH, Effect.DENY, Effect.MESH)


def named(manifest_name: str, body: Body) -> bool:
    """True if the object has the name, or one that begins with it and a dash, as those of revisions have."""
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return isinstance(name, str) and (name == manifest_name or name.startswith(f"{manifest_name}-"))


def values(node: object, name: str) -> Iterator[object]:
    """The values of every field of this name, however deep."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == name:
                yield value
            yield from values(value, name)
    elif isinstance(node, list | tuple):
        for item in node:
            yield from values(item, name)


def has(*names: str) -> When:
    """The condition that a field of one of these names is there and holds something, however deep."""
    words = " or ".join(f"`{name}`" for name in names)
    return When(f"with {words}", lambda body: any(value for name in names for value in values(body.get("spec"), name)))
