"""The form of a policy kind in the registry, the context of lowering one, and policies that may have no effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from reachproof.engines.profile import EngineProfile
from reachproof.engines.registry import RELEASES, profile_of
from reachproof.manifests.field_reader import Field, Place
from reachproof.manifests.kinds.admin.bundles import Bundle
from reachproof.manifests.kinds.kubernetes.endpoint_slices import Slice
from reachproof.network.cluster import Service
from reachproof.network.labels import Labels
from reachproof.network.options import Channel, Cni, Options
from reachproof.network.policy import Policy, PolicyRef, Rule

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Options for reading policies, and for late kinds the objects that they refer to.

    `support`: what the objects of supporting kinds were read to, by (kind, namespace, name).
    `namespaces`: the labels of those that are given, by name. `cluster`: the name of the cluster, empty where the
    input does not show it. `own_cluster`: true if Cilium's selectors ask for its label; None: as the release has it.
    `bundles`: what the CRDs of the admin kinds say, by kind.
    """

    options: Options
    support: Mapping[tuple[str, str, str], object] = field(default_factory=dict)
    services: tuple[Service, ...] = ()
    slices: tuple[Slice, ...] = ()
    namespaces: Mapping[str, Labels] = field(default_factory=dict)
    cluster: str = ""
    own_cluster: bool | None = None
    bundles: Mapping[str, Bundle] = field(default_factory=dict)
    _made: dict[Callable[..., object], object] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, make: Callable[[Context], T]) -> T:
        """The result of a function of this context, made at the first call and kept: an index of `support`, say."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast(T, self._made[make])

    def supporting(self, kind: str, name: str) -> object:
        """The object of a supporting kind without namespaces, or None."""
        return self.support.get((kind, "", name))

    def all_supporting(self, kind: str) -> Iterator[object]:
        """All objects of a supporting kind, by namespace and name."""
        return (self.support[key] for key in sorted(self.support) if key[0] == kind)

    @property
    def profile(self) -> EngineProfile:
        """The choices of the implementation that the policies are read for."""
        profile = profile_of(self.options)
        own = self.own_cluster
        return profile if own is None else replace(profile, own_cluster_only=own, namespaces_of_anything=not own)

    def by_release(self, choice: Callable[[EngineProfile], bool]) -> bool:
        """True if the implementation makes the choice otherwise in another release."""
        return len({choice(each) for each in RELEASES[self.options.cni]}) > 1

    def channel(self, kind: str) -> Channel:
        """The release channel of the CRD of an admin kind."""
        bundle = self.bundles.get(kind)
        return self.options.channel or (bundle.channel if bundle else None) or Channel.EXPERIMENTAL


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyKind:
    """One kind in one API version.

    `lower(object, reference, context)` gives the policy, or several; it is meaningless where problems were reported.
    `cni`: the only profile under which the kind is read. `fields`: where the object says what it wants. `late`: it
    refers to other objects, so it is lowered when all have been read. `also`: versions that say the same.
    """

    group: str
    version: str
    kind: str
    namespaced: bool
    lower: Callable[[Field, PolicyRef, Context], Policy | tuple[Policy, ...]]
    cni: Cni | None = None
    fields: tuple[str, ...] = ("spec",)
    late: bool = False
    also: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        """`apiVersion` of the manifest."""
        return f"{self.group}/{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportKind:
    """A kind that policies of late kinds refer to; `read` gives what they need of an object, `labelled`: labels too."""

    group: str
    versions: tuple[str, ...]
    kind: str
    read: Callable[[Field], object]
    cni: Cni
    labelled: bool = True


def doubted(policy: Policy, place: Place) -> Policy:
    """The policy; where it is not certain that it has an effect, its rules may or may not match, and it may isolate."""
    if not place.doubts:
        return policy
    reason = f"whether implementations program the policy is not certain, since {place.doubts[0]}"
    doubts = "; ".join(place.doubts)

    def rules(found: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(
            replace(rule, may=True, reason=reason, reason_code="MAYBE_NOT_PROGRAMMED", condition=doubts)
            for rule in found
        )

    return replace(
        policy,
        ingress=rules(policy.ingress),
        egress=rules(policy.egress),
        isolates=frozenset(),
        may_isolate=policy.isolates,
        doubts=doubts,
    )
