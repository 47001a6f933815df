"""Lint of the input alone: findings that need no flow.

| About | Module |
|---|---|
| selectors that select nothing | `lint_selectors` |
| ports that fit nothing | `lint_ports` |
| CIDRs that hold pods or nodes | `lint_addresses` |
| the order of policies | `lint_order` |
| what was noticed when policies were read; namespaces without a policy; policies without any pods | here |

Without any pods there is nothing that selectors and ports could be compared with. No verdict rests on findings.
"""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.documents.findings import Code
from reachproof.documents.words import FindingSeverity
from reachproof.engines.not_read import apart
from reachproof.engines.own_tiers import between_admin_and_baseline
from reachproof.engines.registry import profile_of
from reachproof.network.cluster import Pod
from reachproof.network.origin import Origin
from reachproof.network.snapshot import Snapshot
from reachproof.queries.findings import Finding
from reachproof.queries.lint_addresses import address_findings
from reachproof.queries.lint_order import order_findings
from reachproof.queries.lint_ports import PortLint
from reachproof.queries.lint_selectors import SelectorLint
from reachproof.queries.lint_words import finding
from reachproof.solver.bitset import positions
from reachproof.solver.peer_resolution import PeerResolution
from reachproof.solver.universe import Universe


def input_findings(universe: Universe) -> tuple[Finding, ...]:
    """Every finding of the modules above."""
    snapshot = universe.snapshot
    found = [*static_findings(universe), *loading_findings(snapshot), *address_findings(snapshot)]
    if has_policies_alone(snapshot):
        return (_policies_alone(snapshot), *(each for each in found if each.code not in _OF_PODS))
    return (*found, *_namespaces_without_policy(universe))


_OF_PODS = frozenset((Code.SELECTS_NOTHING, Code.NAMESPACE_LABEL, Code.UNKNOWN_REFERENCE))


def has_policies_alone(snapshot: Snapshot) -> bool:
    """True if the input has policies and nothing that they could select."""
    return bool(snapshot.policies) and not snapshot.pods and not snapshot.idle


def _policies_alone(snapshot: Snapshot) -> Finding:
    count = len(apart(snapshot.policies)[0])
    policies = "1 policy" if count == 1 else f"{count} policies"
    text = f"the input has {policies} and no pods, so what selectors and ports fit was not looked at"
    origin = snapshot.policies[0].origin
    return finding(Code.POLICIES_ALONE, "the input", text, origin, severity=FindingSeverity.INFO)


def static_findings(universe: Universe) -> tuple[Finding, ...]:
    """Findings about selectors, ports and order, in the order of the policies of the universe's snapshot."""
    profile = profile_of(universe.snapshot.options)
    resolution = PeerResolution(universe)
    ports = PortLint(universe, resolution)
    found: list[Finding] = []
    for policy in map(profile.as_selected, apart(universe.snapshot.policies)[0]):
        selectors = SelectorLint(universe, resolution, policy)
        found += [*selectors.findings(), *ports.findings(policy, selectors)]
    return (*found, *order_findings(universe, resolution))


def _namespaces_without_policy(universe: Universe) -> Iterator[Finding]:
    """Namespaces with pods that policy can select, in which no NetworkPolicy stands."""
    snapshot = universe.snapshot
    with_policy = {policy.ref.namespace for policy in snapshot.policies if between_admin_and_baseline(policy.tier)}
    for namespace in snapshot.namespaces:
        points = universe.by_namespace.get(namespace.name, 0) & ~universe.host_pods
        if not points or namespace.name in with_policy:
            continue
        count = len(
            {party.key for index in positions(points) if isinstance(party := universe.points[index].party, Pod)}
        )
        subject = f"namespace {namespace.name}"
        pods = "1 pod" if count == 1 else f"{count} pods"
        text, severity = f"{subject} has {pods} and no NetworkPolicy", FindingSeverity.INFO
        yield finding(Code.NAMESPACE_WITHOUT_POLICY, subject, text, namespace.origin, severity=severity)


_CODES = {
    "DIRECTION_NOT_ISOLATED": Code.DIRECTION_NOT_ISOLATED,
    "EMPTY_LIST": Code.EMPTY_LIST,
    "EMPTY_LIST_ALLOWS_ALL": Code.EMPTY_LIST_ALLOWS_ALL,
    "EMPTY_PEERS": Code.EMPTY_PEERS,
    "LABEL_NOT_SEEN": Code.LABEL_NOT_SEEN,
    "NAME_NEVER_LEARNED": Code.NAME_NEVER_LEARNED,
    "RULES_IGNORED": Code.RULES_IGNORED,
    "SERVICE_CIDR_MATCH": Code.SERVICE_CIDR_MATCH,
    "UNKNOWN_CIDR_GROUP": Code.UNKNOWN_REFERENCE,
    "UNKNOWN_SERVICE": Code.UNKNOWN_REFERENCE,
}
_SEVERITIES = {Code.RULES_IGNORED: FindingSeverity.ERROR}
_NOWHERE = Origin(file="")


def loading_findings(snapshot: Snapshot) -> Iterator[Finding]:
    """Findings noticed when the policies were read, in the order of the snapshot's notices."""
    for notice in (*snapshot.warnings, *snapshot.remarks):
        if notice.code in _CODES:
            code, subject = _CODES[notice.code], notice.text.partition(":")[0]
            severity = _SEVERITIES.get(code, FindingSeverity.WARNING)
            yield finding(code, subject, notice.text, notice.origin or _NOWHERE, severity=severity)
