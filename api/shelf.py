"""Where jobs have their snapshots from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from reachproof.api.refusal import Refusal
from reachproof.api.sources import Sourced
from reachproof.api.stock import found_in
from reachproof.manifests import load_objects, load_text
from reachproof.manifests.limits import DEFAULT_LIMITS, Limits
from reachproof.network.options import Cni, Options
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from reachproof.queries.model_options import model_options

# The options that can be changed once manifests are read, and their fields in Options.
_FIELDS = {
    "tenantLabel": "tenant_label",
    "cni": "cni",
    "podCidr": "pod_range",
    "serviceCidr": "service_range",
    "hostNetworkPods": "host_network_pods",
    "cidrMatches": "cidr_matches",
    "enforcement": "enforcement",
    "withStaged": "with_staged",
}
_OWN_WAYS = {Cni.CALICO, Cni.CILIUM}
_READING = ("cni", "channel", "domains", "serviceCidr", "strict", "trustDomain", "rootNamespace", "ambientPort")
# Those of them whose fields have other names.
_READ_AS = {"trustDomain": "trust_domains", "rootNamespace": "root_namespace", "ambientPort": "ambient_port"}


class Shelf(Protocol):
    """Snapshots, ready to be asked about."""

    def session(self, given: Sourced, name: str = "manifests") -> Session:
        """The snapshot that a request is about, or another of it; `name` stands for the file of its manifests.

        Raises InputError where its manifests or its options are wrong, Refusal where there is no such snapshot.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Preloaded:
    """The snapshot that the service was started with, if any, and what requests bring. Every session is new."""

    snapshot: Snapshot | None = None
    limits: Limits = DEFAULT_LIMITS

    def session(self, given: Sourced, name: str = "manifests") -> Session:
        """See `Shelf`."""
        options = model_options(given.options)
        match given.manifests:
            case str(text):
                return Session(load_text(text, name=name, options=options, limits=self.limits))
            case list(objects):
                return Session(load_objects(objects, name=name, options=options, limits=self.limits))
            case None:
                return Session(reread(found_in(self.snapshot, given.snapshot), given))


def reread(snapshot: Snapshot, given: Sourced) -> Snapshot:
    """The snapshot under the model options of a request, as far as they can be changed once manifests are read."""
    options = model_options(given.options)
    named = {name for name, value in given.options.items() if value is not None}
    fixed = sorted(name for name in named if _is_fixed(name, snapshot.options, options))
    if fixed:
        verb = "decides" if len(fixed) == 1 else "decide"
        raise Refusal(422, f"{' and '.join(fixed)} {verb} how manifests are read: send manifests to change that")
    changes = {_FIELDS[name]: getattr(options, _FIELDS[name]) for name in named & set(_FIELDS)}
    return snapshot.with_options(replace(snapshot.options, **changes)) if changes else snapshot


def _is_fixed(name: str, read: Options, wanted: Options) -> bool:
    """True if an option differs that decides how manifests are read. Calico and Cilium read them in their own ways."""
    if name == "cni":
        return wanted.cni not in (read.cni, Cni.AUTO) and bool({read.cni, wanted.cni} & _OWN_WAYS)
    field = _READ_AS.get(name, name)
    return name not in _FIELDS and bool(getattr(read, field) != getattr(wanted, field))


def reading_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that decide how manifests are read, or what is said about them."""
    return {name: value for name in _READING if (value := options.get(name)) is not None}
