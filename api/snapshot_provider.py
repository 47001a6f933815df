"""The snapshots that requests are about: sent with them, stored, or the one that the service was started with.

The service's own process and its workers have one provider each. A worker reads the store by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from cachetools import LRUCache

from reachproof.api.http_error import HttpError
from reachproof.api.schemas import SnapshotRef
from reachproof.engines.registry import profile_of, release_not_modelled
from reachproof.manifests import load_objects, load_text
from reachproof.manifests.limits import DEFAULT_LIMITS, Limits
from reachproof.manifests.stored_snapshot import load_stored
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
_READING = ("cni", "channel", "domains", "serviceCidr", "strict", "trustDomain", "rootNamespace", "ambientPort")
# Those of them whose fields have other names.
_READ_AS = {"trustDomain": "trust_domains", "rootNamespace": "root_namespace", "ambientPort": "ambient_port"}


class SnapshotLibrary(Protocol):
    """Stored snapshots by digest, and the names that they have. Calls block, so they are made in threads."""

    def resolve(self, wanted: str) -> str:
        """The digest of a stored snapshot, of which `wanted` is the digest or a name.

        Raises HttpError: 404 where there is none, 503 where the store cannot be used.
        """

    def content(self, digest: str) -> bytes:
        """The stored form of the snapshot, for `manifests.stored_snapshot.load_stored`; raises as `resolve`."""


class Sessions(Protocol):
    """Snapshots, ready to be asked about."""

    def session(self, given: SnapshotRef, name: str = "manifests") -> Session:
        """The snapshot that a request is about, or another of it; `name` stands for the file of its manifests.

        Raises InputError where its manifests or its options are wrong, HttpError where there is no such snapshot.
        """


class SnapshotProvider:
    """Snapshots from a request, from `library`, and `preloaded`, the one that the service was started with.

    `most`: that many stored snapshots are kept as they were read, those used last. For any number of threads.
    """

    def __init__(
        self,
        preloaded: Snapshot | None = None,
        library: SnapshotLibrary | None = None,
        limits: Limits = DEFAULT_LIMITS,
        most: int = 4,
    ) -> None:
        self.preloaded = preloaded
        self._library = library
        self._limits = limits
        self._kept: LRUCache[tuple[str, str], Snapshot] = LRUCache(most)
        self._lock = threading.Lock()

    def digest(self, wanted: str | None) -> str:
        """The digest that a request means; the store is not asked for it. Raises HttpError where it cannot be there."""
        if wanted is not None and self._library is not None:
            return wanted
        return _found_in(self.preloaded, wanted).digest

    def session(self, given: SnapshotRef, name: str = "manifests") -> Session:
        """See `Sessions`; every session is new."""
        return Session(self.snapshot(given, name))

    def snapshot(self, given: SnapshotRef, name: str = "manifests") -> Snapshot:
        """The snapshot of a request under its options; raises as `Sessions`."""
        match given.manifests:
            case str(text):
                return load_text(text, name=name, options=model_options(given.options), limits=self._limits)
            case list(objects):
                return load_objects(objects, name=name, options=model_options(given.options), limits=self._limits)
            case None:
                return reread(self.stored(given.snapshot, given.options), given)

    def stored(self, wanted: str | None, options: Mapping[str, Any]) -> Snapshot:
        """The preloaded snapshot, or the stored one of this digest, read under those `options` that decide how."""
        own = self.preloaded
        if wanted is None or self._library is None or (own is not None and wanted == own.digest):
            return _found_in(own, wanted)
        reading = model_options(reading_options(options))
        key = wanted, repr(reading)
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        found = load_stored(self._library.content(wanted), wanted, options=reading)
        if self._kept.maxsize:
            with self._lock:
                self._kept[key] = found
        return found


def _found_in(snapshot: Snapshot | None, wanted: str | None) -> Snapshot:
    """The snapshot that the service was started with, if it is the one that is wanted. Raises HttpError."""
    if snapshot is None:
        raise no_own_snapshot(wanted)
    if wanted not in (None, snapshot.digest):
        raise HttpError(404, f"snapshot {wanted} not found; the service has {snapshot.digest}")
    return snapshot


def no_own_snapshot(wanted: str | None) -> HttpError:
    """The refusal of a service that was started without a snapshot, or whose snapshot the client may not see."""
    if wanted is not None:
        return HttpError(404, f"snapshot {wanted} not found; send manifests")
    return HttpError(422, "no manifests and no snapshot, and the service was started without --from; send one of them")


def reread(snapshot: Snapshot, given: SnapshotRef) -> Snapshot:
    """The snapshot under the model options of a request, as far as they can be changed once manifests are read."""
    options = model_options(given.options)
    named = {name for name, value in given.options.items() if value is not None}
    fixed = sorted(name for name in named if _is_fixed(name, snapshot, options))
    if fixed:
        verb = "decides" if len(fixed) == 1 else "decide"
        raise HttpError(422, f"{' and '.join(fixed)} {verb} how manifests are read: send manifests to change that")
    changes = {_FIELDS[name]: getattr(options, _FIELDS[name]) for name in named & set(_FIELDS)}
    if "cni" in named:
        changes["cni_given"] = True
        changes |= {} if options.cni is snapshot.options.cni else {"release": options.release}
    return snapshot.with_options(replace(snapshot.options, **changes)) if changes else snapshot


def _is_fixed(name: str, snapshot: Snapshot, wanted: Options) -> bool:
    """True if an option differs that decides how manifests are read.

    Some implementations read all of them otherwise, others only what API servers stored and nobody should write, or
    kinds that settings in the input turn on.
    """
    read = snapshot.options
    if name == "cni":
        if wanted.cni is Cni.AUTO:
            return read.cni_given
        if wanted.cni is read.cni and not wanted.release:
            return False
        one, other = profile_of(read), profile_of(wanted)
        if one == other and release_not_modelled(wanted) is None:
            return False
        gated = one.gated_kinds | other.gated_kinds
        if any(policy.ref.kind in gated for policy in snapshot.policies):
            return True
        odd = any(each.code == "STORED_AS_IT_IS" for each in snapshot.assumptions)
        return one.own_reading or other.own_reading or (odd and one.reading_of_stored != other.reading_of_stored)
    field = _READ_AS.get(name, name)
    return name not in _FIELDS and bool(getattr(read, field) != getattr(wanted, field))


def reading_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that decide how manifests are read, or what is said about them."""
    return {name: value for name in _READING if (value := options.get(name)) is not None}
