"""Checks of policies and cluster side by side: problems and notices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reachproof.engines.cilium.dns import is_learned, needed_name
from reachproof.engines.profile import EngineProfile
from reachproof.manifests.cluster import Cluster
from reachproof.manifests.field_reader import Place
from reachproof.manifests.kinds.kubernetes.pods import PodEntry
from reachproof.manifests.object_identity import Manifest
from reachproof.network.address import ALL_V4, ALL_V6
from reachproof.network.cluster import Notice, Service
from reachproof.network.errors import Problem
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import Labels, Selector
from reachproof.network.origin import Origin
from reachproof.network.policy import Direction, PodSet, Policy, PolicyRef, parts_of
from reachproof.network.predicate import Holder, needs

# Notices that say on what every answer rests; the others are warnings.
ASSUMED = frozenset(
    (
        "BUNDLE_UNKNOWN",
        "CLUSTER_NAME",
        "DRY_RUN",
        "HOST_POLICY",
        "HOST_ENDPOINT",
        "NOT_LOOKED_AT",
        "ROOT_SELECTOR",
        "RULES_OUTSIDE_TYPES",
        "STAGED_POLICY",
        "STORED_AS_IT_IS",
        "TO_SERVICES",
        "WAYPOINT_POLICY",
    )
)
REMARKS = frozenset(("DIRECTION_NOT_ISOLATED", "EMPTY_LIST_ALLOWS_ALL", "RULES_IGNORED"))
"""Codes of notices for lint alone: the meaning is plain, and perhaps not what was meant."""


def unknown_labels(
    policies: Iterable[Policy], cluster: Cluster, profile: EngineProfile
) -> dict[PolicyRef, list[Problem]]:
    """A policy whose choice of a pod rests on a label that the pod does not have yet cannot be judged.

    A label that the profile's selectors do not see is none of these.
    Per such policy one problem for each label key, with the first such pod.
    """
    homes = {namespace.name: namespace.labels for namespace in cluster.namespaces}
    templates = [entry for entry in cluster.pods if entry.unknown]
    seen = frozenset(key for entry in templates for key in entry.unknown)
    everywhere = frozenset(filter(profile.sees_label, seen))
    found: dict[PolicyRef, dict[str, Problem]] = {}
    for policy in policies if templates else ():
        for chosen, origin in _pod_sets(policy):
            keys = _keys(chosen) & everywhere
            for entry in templates if keys else ():
                for key in sorted(keys & entry.unknown):
                    if _rests_on(chosen, key, entry, homes[entry.pod.namespace]):
                        found.setdefault(policy.ref, {}).setdefault(key, _unknown(policy, key, entry, origin))
    return {ref: list(problems.values()) for ref, problems in found.items()}


def _keys(chosen: PodSet) -> set[str]:
    """The keys of pods' own labels that the choice looks at."""
    further = needs(chosen.where) if chosen.where is not None else ()
    return {requirement.key for requirement in chosen.pods.requirements} | {
        each.test.key for each in further if each.of is Holder.POD
    }


def _rests_on(chosen: PodSet, key: str, entry: PodEntry, home: Labels) -> bool:
    """True if the pod would be chosen if only the label had the right value."""
    known = (need for need in chosen.pods.requirements if need.key not in entry.unknown)
    return chosen.namespaces.matches(home) and all(need.matches(entry.pod.labels) for need in known)


def _unknown(policy: Policy, key: str, entry: PodEntry, origin: Origin) -> Problem:
    pod = entry.pod
    message = (
        f"the value of label {key} is not known: {pod.workload} in namespace {pod.namespace} sets it "
        "per pod; select by other labels, or add the pods to the input"
    )
    return Problem(
        file=origin.file, line=origin.line, subject=str(policy.ref), path=origin.path or "spec", message=message
    )


def _pod_sets(policy: Policy) -> Iterator[tuple[PodSet, Origin]]:
    yield policy.subject, policy.origin
    for direction in Direction:
        for rule in policy.rules(direction):
            for match in rule.matches:
                for peer in (*parts_of(match.peer), *parts_of(match.subject)):
                    if isinstance(peer, PodSet):
                        yield peer, rule.origin


def init_port_names(policies: Iterable[Policy], cluster: Cluster) -> list[Notice]:
    """Port names that policies use and that a pod has in an init container only: no match, which may surprise."""
    used = {
        name.name
        for policy in policies
        for direction in Direction
        for rule in policy.rules(direction)
        for match in rule.matches
        if match.ports is not None
        for name in (*match.ports.names, *match.ports.not_names)
    }
    notices: list[Notice] = []
    for entry in cluster.pods:
        for name in sorted(entry.init_names & used):
            text = f"pod {entry.pod} has a port named {name} in an init container only; policies do not see it there"
            notices.append(Notice(code="PORT_NAME_IN_INIT_CONTAINER", text=text, origin=entry.pod.origin))
    return notices


def service_labels(cluster: Cluster) -> list[Notice]:
    """Services that select pods by a label whose value is not known: the pod is taken for no backend of theirs."""
    templates: dict[str, list[PodEntry]] = {}
    for entry in cluster.pods:
        if entry.unknown:
            templates.setdefault(entry.pod.namespace, []).append(entry)
    return [
        _unknown_backend(service, entry)
        for service in cluster.services
        for entry in templates.get(service.namespace, ())
        if service.selector is not None and _may_select(service.selector, entry)
    ]


def _may_select(selector: Selector, entry: PodEntry) -> bool:
    unknown = [need for need in selector.requirements if need.key in entry.unknown]
    known = (need for need in selector.requirements if need.key not in entry.unknown)
    return bool(unknown) and all(need.matches(entry.pod.labels) for need in known)


def _unknown_backend(service: Service, entry: PodEntry) -> Notice:
    text = (
        f"Service {service} selects a label that {entry.pod.workload} gives its pods with values not known from the "
        "workload object; its pods are not taken for backends (give the pods themselves)"
    )
    return Notice(code="SERVICE_SELECTS_UNKNOWN_LABEL", text=text, origin=service.origin)


def service_ranges(places: Iterable[Place], cluster: Cluster, given: IntervalSet) -> list[Notice]:
    """CIDRs of policies that meet Service addresses: these are rewritten first, so the CIDR never sees them.

    `given`: the service range of the options; where it is empty, the addresses of the Services. A CIDR that is a
    whole address family is no sign of a misunderstanding. One notice per policy.
    """
    virtual = given or IntervalSet.of((ip, ip) for service in cluster.services for ip in service.virtual_ips)
    notices: list[Notice] = []
    for place in places:
        for block in place.blocks:
            if block.addresses in (ALL_V4, ALL_V6) or not block.addresses & virtual:
                continue
            text = f"{place.subject}: {block.text} includes Service IPs; policies see pod IPs after translation"
            notices.append(Notice(code="SERVICE_CIDR_MATCH", text=text, origin=block.origin))
            break
    return notices


def no_policies(*, hidden: bool) -> Notice:
    """Not one policy in the input: more likely a list that was not collected than a cluster without any.

    `hidden`: a file was skipped that may hold some.
    """
    text = "the input has no policies, so every connection is allowed; check what was collected"
    if hidden:
        text = "no policy was read, so every connection is taken as allowed; files that may hold policies were skipped"
    return Notice(code="NO_POLICIES", text=text)


def mixed_apis(policies: Iterable[Policy]) -> list[Notice]:
    """Policies of the older admin kinds and of ClusterNetworkPolicy: nothing orders them against each other."""
    kinds = {policy.ref.kind for policy in policies}
    if "ClusterNetworkPolicy" not in kinds or not kinds & {"AdminNetworkPolicy", "BaselineAdminNetworkPolicy"}:
        return []
    text = (
        "the input has ClusterNetworkPolicy next to AdminNetworkPolicy or BaselineAdminNetworkPolicy; "
        "nothing orders one API against the other, so where they disagree either may win"
    )
    return [Notice(code="MIXED_ADMIN_APIS", text=text)]


def kinds_not_read(policies: Iterable[Policy], profile: EngineProfile) -> list[Notice]:
    """Kinds of policy in the input that the profile does not know: nothing enforces them."""
    kinds = sorted({policy.ref.kind for policy in policies} & profile.kinds_not_read)
    text = "{} is not read by {}; the answer ignores it"
    named = f"{profile.name} {profile.version}".strip()
    return [Notice(code="KIND_NOT_READ", text=text.format(kind, named)) for kind in kinds]


def names_not_learned(policies: Iterable[Policy]) -> list[Notice]:
    """Rules of Cilium about names for which no policy lets DNS requests through, once for each policy and name."""
    every = list(policies)
    found: dict[tuple[PolicyRef, str], Notice] = {}
    for policy in every:
        for rule in policy.egress:
            name = needed_name(rule)
            if name and (policy.ref, name) not in found and not is_learned(every, name):
                text = (
                    f"{policy.ref} allows {name}, but no policy has rules.dns that let requests for it through, so no "
                    "agent learns its addresses and the rule matches nothing"
                )
                found[policy.ref, name] = Notice(code="NAME_NEVER_LEARNED", text=text, origin=rule.origin)
    return list(found.values())


def labels_not_seen(policies: Iterable[Policy], profile: EngineProfile) -> list[Notice]:
    """Selectors of labels that the implementation leaves out of identities, once for each policy and key."""
    found: dict[tuple[PolicyRef, str], Notice] = {}
    for policy in policies:
        for chosen, origin in _pod_sets(policy):
            for key in sorted({need.key for need in chosen.pods.requirements if not profile.sees_label(need.key)}):
                text = f"{policy.ref} selects by the label {key}, which is no part of identities: it is never there"
                found.setdefault((policy.ref, key), Notice(code="LABEL_NOT_SEEN", text=text, origin=origin))
    return list(found.values())


def surprises(places: Iterable[Place]) -> list[Notice]:
    """The notices of reading that are warnings of every answer."""
    elsewhere = ASSUMED | REMARKS
    return [notice for place in places for notice in place.notices if notice.code not in elsewhere]


def remarks(places: Iterable[Place]) -> tuple[Notice, ...]:
    """The notices of reading that are for lint alone."""
    return in_order(notice for place in places for notice in place.notices if notice.code in REMARKS)


def in_order(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """Each notice once, by place; those without a place last."""

    def place(notice: Notice) -> tuple[bool, str, int, int, str, str]:
        origin = notice.origin or Origin(file="")
        return notice.origin is None, origin.file, origin.document, origin.line, notice.code, notice.text

    return tuple(sorted(set(notices), key=place))


def staged_left_out(manifest: Manifest, problems: Iterable[Problem]) -> Notice:
    """The assumption about a staged policy that is not valid: it decides nothing, also where staged ones count."""
    first = min(problems)
    where = f"{first.path}: " if first.path else ""
    text = (
        f"{manifest.subject} is not enforced, and left out also of what the option withStaged asks, because it is not "
        f"valid: {where}{first.message}"
    )
    origin = replace(manifest.origin, line=first.line, path=first.path)
    return Notice(code="STAGED_POLICY", text=text, origin=origin)
