"""One loading: objects in, one after the other, and the snapshot at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from reachproof.engines.registry import release_assumed
from reachproof.manifests import crosschecks
from reachproof.manifests.cluster import Cluster, as_seen, join
from reachproof.manifests.digest import canonical, digest
from reachproof.manifests.errors import EnoughError, ManifestError, Problems
from reachproof.manifests.field_reader import Place
from reachproof.manifests.ignored_kinds import IgnoredKinds
from reachproof.manifests.inventory import Inventory, different, reader_of
from reachproof.manifests.kinds.admin import bundles
from reachproof.manifests.kinds.cilium.own_cluster import asks_for_own_cluster, cluster_name
from reachproof.manifests.kinds.cni_detection import Signs, is_open
from reachproof.manifests.kinds.kubernetes.endpoint_slices import with_endpoints
from reachproof.manifests.kinds.kubernetes.workloads import WORKLOAD_GROUPS
from reachproof.manifests.kinds.not_read import objects as not_read
from reachproof.manifests.kinds.not_read.registry import shows_implementation
from reachproof.manifests.kinds.policy_kind import Context, PolicyKind, SupportKind
from reachproof.manifests.kinds.registry import (
    depends_on_cni,
    in_one_version,
    is_staged,
    misplaced,
    policy_kind,
    read_policy,
    read_support,
    support_kind,
)
from reachproof.manifests.kinds.settings import SettingsFound, is_settings, shown
from reachproof.manifests.kinds.unmodelled import REQUEST_AUTHENTICATION, annotated, unread
from reachproof.manifests.limits import DEFAULT_LIMITS, Limits
from reachproof.manifests.object_identity import DEFAULT_NAMESPACE, Manifest, deeper, identify
from reachproof.manifests.stray_files import Files, is_unnamed_kustomization
from reachproof.manifests.yaml_document import Document
from reachproof.network.cluster import Notice
from reachproof.network.errors import Problem
from reachproof.network.options import DEFAULT_OPTIONS, Options
from reachproof.network.origin import Origin
from reachproof.network.policy import Policy, PolicyRef
from reachproof.network.snapshot import Snapshot

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Read(Generic[T]):
    """An object as it was read, and where its notices are."""

    found: T
    manifest: Manifest
    place: Place


class Loading:
    """A load in progress. `problems` may be added to by whoever reads the texts; `count` counts objects.

    `files`: an account of the files of folders, kept by whoever reads them.

    `settings`: values that decide how input is read, whose `repr` tells all of them.

    After `limits.problems` and after `limits.documents` nothing more is read.
    """

    def __init__(
        self,
        *,
        options: Options = DEFAULT_OPTIONS,
        lenient: bool = False,
        namespace: str = DEFAULT_NAMESPACE,
        ignore_kinds: frozenset[str] = frozenset(),
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.settings = (options, lenient, namespace, sorted(ignore_kinds), limits)
        self.limits = limits
        self.problems = Problems(limits.problems)
        self.files = Files(skip_invalid=lenient)
        self.count = 0
        self._context = Context(options=options)
        self._lenient = lenient
        self._namespace = namespace
        self._inventory = Inventory(self.problems)
        self._not_read = not_read.NotReadObjects(self.problems)
        self._policies: dict[PolicyRef, _Read[Policy]] = {}
        self._dropped: list[tuple[Manifest, Notice]] = []
        self._ignored = IgnoredKinds(ignore_kinds, limits)
        self._signs = Signs()
        self._undecided: list[Manifest] = []
        self._assumed: list[Notice] = []
        self._late: list[tuple[Manifest, PolicyKind]] = []
        self._support: dict[tuple[str, str, str], _Read[object]] = {}
        self._without_policy: list[tuple[Manifest, Place]] = []
        self._settings = SettingsFound(self.problems)
        self._staged: dict[str, object] = {}
        self._crds: list[Manifest] = []
        self._of_requests: list[Manifest] = []
        self._stored: Counter[str] = Counter()

    def documents(self, documents: Iterable[Document]) -> None:
        """Takes in objects, until there are too many problems."""
        try:
            for document in documents:
                self.count += 1
                if self.count > self.limits.documents:
                    self.problems.append(Problem(message=f"too many objects (the limit is {self.limits.documents})"))
                    return
                self._document(document)
        except EnoughError:
            return  # snapshot() says so

    @property
    def skipped(self) -> tuple[dict[str, int], dict[str, Origin]]:
        """Counts of kinds that were neither read nor stored; and objects of these kinds that have a pod template."""
        return dict(self._inventory.skipped - self._stored), dict(self._inventory.pod_makers)

    def also_skipped(self, skipped: Mapping[str, int], makers: Mapping[str, Origin]) -> None:
        """Takes in what another loading has `skipped`."""
        self._inventory.skipped.update(skipped)
        self._inventory.pod_makers.update(makers)

    def _document(self, document: Document) -> None:
        if is_unnamed_kustomization(document):
            self._inventory.skipped["Kustomization"] += 1
            return
        manifest = identify(document, self.problems, self._namespace)
        if manifest is not None:
            self._object(manifest)

    def _object(self, manifest: Manifest) -> None:
        hint = shows_implementation(manifest)
        if (hint or depends_on_cni(manifest) or manifest.kind == "DaemonSet") and not self._ignored.hides(manifest):
            self._signs.add(manifest, hint=hint)
        self._not_read.look_at(manifest)
        if is_settings(manifest):
            self._settings.manifests.append(manifest)
            self._not_read.add(manifest)
            return
        if bundles.is_crd(manifest):
            self._crds.append(manifest)
            return
        if depends_on_cni(manifest) and is_open(self._context.options):
            self._undecided.append(manifest)
        else:
            self._sorted_in(manifest)

    def _sorted_in(self, manifest: Manifest) -> None:
        if is_staged(manifest) and not deeper(manifest.body, self.limits.depth):
            told = [manifest.kind, manifest.namespace, manifest.name, manifest.body.get("spec")]
            self._staged[canonical(told)] = told
        if self._ignored.hides(manifest) and self._ignored.takes(manifest):
            return
        kind = policy_kind(manifest, self._context.options.cni)
        support = support_kind(manifest, self._context.options.cni)
        if kind is not None and (kind.late or self._context.profile.late_reading):
            self._late.append((manifest, kind))
        elif kind is not None:
            self._policy(manifest, kind)
        elif support is not None:
            self._supporting(manifest, support)
        elif (reader := reader_of(manifest)) is not None:
            self._inventory.add(manifest, reader)
        else:
            self._other(manifest)

    def _other(self, manifest: Manifest) -> None:
        message = misplaced(manifest)
        if message is None and manifest.kind in WORKLOAD_GROUPS and not manifest.group:
            message = f"found {manifest.api_version}, expected {WORKLOAD_GROUPS[manifest.kind]}/v1"
        matters = message is not None or not_read.matters(manifest)
        if matters and self._ignored.takes(manifest):
            return
        if message is not None:
            self.problems.append(manifest.problem(message))
        elif matters and not self._too_deep(manifest):
            self._not_read.add(manifest)
            self._inventory.note_template(manifest)
        elif not matters:
            self._inventory.skip(manifest)
            of_requests = (manifest.group, manifest.kind) == REQUEST_AUTHENTICATION
            self._of_requests += [manifest] if of_requests else []
            if of_requests or depends_on_cni(manifest) or not_read.shows(manifest):
                self._stored[f"{manifest.kind}.{manifest.group}"] += 1  # it is stored all the same

    def _policy(self, manifest: Manifest, kind: PolicyKind) -> None:
        if self._too_deep(manifest):
            return
        whole = manifest.field(strict=self._context.options.strict)
        policies: tuple[Policy, ...] = ()
        with suppress(EnoughError):
            policies = read_policy(manifest, kind, whole, self._context)
        if whole.place.problems and is_staged(manifest) and not self._context.options.with_staged:
            self._assumed.append(crosschecks.staged_left_out(manifest, whole.place.problems))
            return
        if whole.place.problems:
            self._refuse(manifest, whole.place.problems)
            return
        if not policies:
            self._without_policy.append((manifest, whole.place))
        for policy in (annotated(each, manifest) for each in policies):
            first = self._policies.setdefault(policy.ref, _Read(policy, manifest, whole.place)).manifest
            if _wanted(first) != _wanted(manifest):
                self.problems.append(manifest.problem(different(first.origin)))
                return

    def _supporting(self, manifest: Manifest, kind: SupportKind) -> None:
        """An object that policies refer to: what is wrong with it is everyone's problem, even if we are lenient."""
        if self._too_deep(manifest):
            return
        whole = manifest.field(strict=self._context.options.strict)
        found: object = None
        with suppress(EnoughError):
            found = read_support(manifest, kind, whole)
        for problem in whole.place.problems:
            self.problems.append(problem)
        key = (manifest.kind, manifest.namespace, manifest.name)
        first = self._support.setdefault(key, _Read(found, manifest, whole.place))
        if first.found != found:
            self.problems.append(manifest.problem(different(first.manifest.origin)))

    def _too_deep(self, manifest: Manifest) -> bool:
        found = deeper(manifest.body, self.limits.depth)
        if found:
            self.problems.append(manifest.problem(f"more than {self.limits.depth} levels of nesting"))
        return found

    def _decide_cni(self) -> None:
        """Puts what the input shows in the place of `auto` and of a release, and reads what waited for that."""
        found = self._signs.settled(self._context.options)
        if isinstance(found, Problem):
            self.problems.append(found)
            return
        options, notices = found
        options, said = self._settings.settled(options)
        self._assumed += [*notices, *said]
        self._context = replace(self._context, options=options)
        if self._context.profile.clustered:
            by_default = self._context.profile.own_cluster_only
            own = asks_for_own_cluster(self._settings.cluster_configs(), self.problems, by_default=by_default)
            self._context = replace(self._context, own_cluster=own)
        for manifest in self._undecided:
            self._sorted_in(manifest)

    def _late_policies(self) -> None:
        """Lowers what refers to other objects, now that all are here."""
        slices = self._inventory.slices()
        self._context = replace(
            self._context,
            support={key: each.found for key, each in self._support.items()},
            services=with_endpoints(self._inventory.of_kind("Service"), slices),
            slices=tuple(slices),
            namespaces={each.name: each.labels for each in self._inventory.of_kind("Namespace")},
            bundles=bundles.bundles(self._crds, self.problems),
            cluster=cluster_name(self._settings.cluster_configs()) if self._context.profile.clustered else "",
        )
        late, self._late = self._late, []
        for manifest, kind in late:
            self._policy(manifest, kind)

    def _refuse(self, manifest: Manifest, problems: Sequence[Problem]) -> None:
        """A policy that cannot be used: dropped if we are lenient, else its problems are everyone's."""
        if not self._lenient:
            for problem in problems:
                self.problems.append(problem)
            return
        first = min(problems)
        where = f"{first.path}: " if first.path else ""
        text = f"{manifest.subject} is left out, because it is not valid: {where}{first.message}"
        origin = replace(manifest.origin, line=first.line, path=first.path)
        self._dropped.append((manifest, Notice(code="POLICY_DROPPED", text=text, origin=origin)))

    def snapshot(self) -> Snapshot:
        """Everything joined; raises ManifestError with all problems."""
        with suppress(EnoughError):
            self._decide_cni()
            self._late_policies()
        policies = [each.found for each in self._policies.values()]
        joined = join(self._inventory, policies)
        unknown = frozenset(key for entry in joined.pods for key in entry.unknown)
        standing = tuple(self._not_read.policies(self._context.options, unknown))
        cluster = as_seen(joined, (*policies, *standing), self._context.options)
        with suppress(EnoughError):
            for ref, wrong in crosschecks.unknown_labels(policies, cluster, self._context.profile).items():
                self._refuse(self._policies.pop(ref).manifest, wrong)
        problems: list[Problem] = [*self.problems]
        if self.problems.full:
            problems.append(Problem(message=f"too many problems; stopped reading after {self.problems.most}"))
        if problems:
            raise ManifestError(problems)
        kept = [self._policies[ref].found for ref in sorted(self._policies, key=_order)]
        return self._assembled(cluster, kept, standing)

    def _assembled(self, cluster: Cluster, policies: list[Policy], standing: tuple[Policy, ...]) -> Snapshot:
        pods = tuple(entry.pod for entry in cluster.pods)
        read = {policy.ref: self._policies[policy.ref].manifest for policy in policies}
        specs = {ref: _wanted(manifest) for ref, manifest in read.items() if not is_staged(manifest)}
        return Snapshot(
            namespaces=cluster.namespaces,
            nodes=cluster.nodes,
            pods=pods,
            services=cluster.services,
            policies=tuple(sorted((*policies, *standing), key=lambda each: _order(each.ref))),
            idle=cluster.idle,
            ingresses=cluster.ingresses,
            accounts=cluster.accounts,
            unread=tuple(unread(manifest, why) for manifest, why in self._left_out()),
            found_cni=self._context.options.cni,
            found_release=self._context.options.release,
            options=self._context.options,
            digest=digest(
                (
                    *cluster.namespaces,
                    *cluster.nodes,
                    *pods,
                    *cluster.services,
                    *cluster.ingresses,
                    *cluster.accounts,
                    *((key, each.found) for key, each in self._support.items()),
                    *((each.ref, each.written) for each in standing),
                    *dict.fromkeys(map(shown, self._settings.manifests)),
                    *dict.fromkeys(map(bundles.shown, self._crds)),
                    *self._signs.shown_releases(),
                    *self._staged.values(),
                    *self._not_read.shown,
                ),
                specs,
                (in_one_version(manifest) for manifest, _ in self._left_out() if not is_staged(manifest)),
            ),
            assumptions=crosschecks.in_order(
                (
                    *(notice for _, notice in self._dropped),
                    *self.files.assumptions(),
                    *self._ignored.assumptions(),
                    *self._assumed,
                    *(n for place in self._places(policies) for n in place.notices if n.code in crosschecks.ASSUMED),
                    *crosschecks.kinds_not_read(policies, self._context.profile),
                    *self._not_read.assumptions(pods),
                    *self._settings.gate_assumed((each.ref.kind for each in policies), self._context.options),
                    *self._release_assumed(policies),
                    *cluster.assumptions,
                    *crosschecks.service_labels(cluster),
                )
            ),
            warnings=crosschecks.in_order((*self._warnings(cluster, policies), *not_read.warnings(standing))),
            remarks=crosschecks.remarks(self._places(policies)),
            ignores=tuple(self.files.ignores),
        )

    def _release_assumed(self, policies: list[Policy]) -> Iterator[Notice]:
        places = (place for each in self._places(policies) for place in each.of_release)
        found = release_assumed(self._context.options, {policy.ref.kind for policy in policies}, places)
        if found is not None:
            yield found

    def _warnings(self, cluster: Cluster, policies: list[Policy]) -> Iterator[Notice]:
        places = self._places(policies)
        yield from cluster.warnings
        yield from self.files.warnings()
        yield from self._signs.contradictions(self._context.options)
        if not (policies or self._dropped or self._ignored.found or self._without_policy or self._not_read):
            yield crosschecks.no_policies(hidden=self.files.hide_policies)
        yield from crosschecks.surprises(places)
        yield from crosschecks.init_port_names(policies, cluster)
        yield from crosschecks.service_ranges(places, cluster, self._context.options.service_range)
        yield from crosschecks.mixed_apis(policies)
        yield from crosschecks.labels_not_seen(policies, self._context.profile)
        yield from crosschecks.names_not_learned(policies)

    def _places(self, policies: Iterable[Policy]) -> list[Place]:
        """Where the policies, and what they refer to, were read."""
        found = [self._policies[policy.ref].place for policy in policies]
        found += [place for _, place in self._without_policy] + [each.place for each in self._support.values()]
        return found

    def _left_out(self) -> Iterator[tuple[Manifest, str]]:
        """The objects that are no policies but matter, each with the reason: with others it is another snapshot."""
        yield from ((manifest, "it is not valid, and left out") for manifest, _ in self._dropped)
        yield from ((each, "its kind is ignored") for each in self._ignored.objects())
        yield from ((manifest, "it is about no pod that is modelled") for manifest, _ in self._without_policy)
        yield from ((manifest, "it asks for JWT, which flows do not show") for manifest in self._of_requests)


def _wanted(manifest: Manifest) -> object:
    """The content of an object of a policy kind."""
    specs = manifest.body.get("specs")
    return manifest.body.get("spec") if specs is None else [manifest.body.get("spec"), specs]


def _order(ref: PolicyRef) -> tuple[str, str, str]:
    return ref.namespace, ref.name, ref.kind
