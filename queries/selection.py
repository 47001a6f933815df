"""Policies with the pods that they select, and pods that none selects: rows that rest on subjects, not on flows.

| Question | One row per |
|---|---|
| which policies select A? | policy that selects some pod of A: these pods, and the directions in which it acts |
| which pods are selected by no network policy? | set of objects that may do so: the pods that none surely selects |

Policies that are only staged count where the options say that these are enforced. Network policies are NetworkPolicies,
and what the implementation has between the admin and the baseline tier. An object that is not read may select what is
in its scope: the column `depends` says so. A workload, a namespace or a tenant is selected if one of its pods is; a
namespace also if a policy is in it. Trusted by these answers; checked against verdicts by
tests/queries/test_selection.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reachproof.documents.answer import Row
from reachproof.engines.not_read import is_not_read
from reachproof.engines.own_tiers import between_admin_and_baseline
from reachproof.engines.policies import enforced
from reachproof.grammar import ast
from reachproof.network.cluster import Pod
from reachproof.network.policy import Direction, Policy
from reachproof.network.snapshot import Snapshot
from reachproof.queries.bind_sets import Binder
from reachproof.queries.plan import TablePlan
from reachproof.queries.sentence_parts import parts_of
from reachproof.queries.tenancy import tenant_of
from reachproof.semantics.match import in_pod_set
from reachproof.solver.bitset import positions
from reachproof.solver.goal import Side, addresses_in
from reachproof.solver.view import View

Selection = ast.WhichSelect | ast.Unselected

_NO_PODS = (ast.Addresses, ast.Anything, ast.Domain, ast.Internet, ast.NodeNamed, ast.Nodes, ast.OutsideCluster)


def selection_plan(binder: Binder, statement: Selection) -> TablePlan:
    """The plan of a question for policies by what they select, or for what they do not."""
    snapshot = binder.snapshot
    match statement:
        case ast.WhichSelect(scope):
            pods = _pods_of(binder, scope)
            columns: tuple[str, ...] = ("policy", "directions", "pods", "depends", "origin")
            rows = tuple(_selecting(snapshot, pods))
            return TablePlan(form="which", columns=columns, rows=rows, vacuous=not pods)
        case ast.Unselected(group, direction):
            columns = (f"{group}s", "depends")
            return TablePlan(
                form="which",
                columns=columns,
                rows=tuple(_unselected(snapshot, group, direction)),
                vacuous=not snapshot.pods,
            )


def _pods_of(binder: Binder, scope: ast.SetExpr) -> tuple[Pod, ...]:
    """The pods of a set. One with something else in it, or that looks at the other end of a flow, is refused."""
    if any(isinstance(part, (*_NO_PODS, ast.Relative)) for part in parts_of(scope)):
        binder.refuse("policies select pods; ask about pods, workloads, namespaces or tenants")
        return ()
    region = binder.at(Side.DESTINATION, scope)
    view = View.of(binder.universe, addresses_in(region))
    points = positions(view.upper_bound(region, Side.DESTINATION))
    found = (view.points[index].party for index in points)
    return tuple({party.key: party for party in found if isinstance(party, Pod)}.values())


def _acting(policy: Policy) -> tuple[Direction, ...]:
    return tuple(each for each in (Direction.INGRESS, Direction.EGRESS) if policy.acts(each))


def _depends(policy: Policy) -> str:
    return "not read" if is_not_read(policy) else "may have no effect" if policy.doubts else ""


def _selecting(snapshot: Snapshot, pods: Iterable[Pod]) -> Iterator[Row]:
    listed = tuple(pods)
    for policy in sorted(enforced(snapshot.policies, snapshot.options), key=lambda each: str(each.ref)):
        selected = tuple(sorted(str(pod) for pod in listed if in_pod_set(snapshot, policy.subject, pod)))
        if selected and _acting(policy):
            yield {
                "policy": str(policy.ref),
                "directions": ", ".join(_acting(policy)),
                "pods": selected,
                "depends": _depends(policy),
                "origin": str(policy.origin) if policy.origin.file else "",
            }


# ---------------------------------------------------------------- pods that none selects


def _unselected(snapshot: Snapshot, group: ast.Group, direction: Direction | None) -> Iterator[Row]:
    """Groups that no policy selects for certain, one row for those that the same objects may select."""
    wanted = tuple(Direction) if direction is None else (direction,)
    policies = enforced(snapshot.policies, snapshot.options)
    counted = [each for each in policies if _counts(each) and any(map(each.acts, wanted))]
    perhaps: dict[str, dict[str, None]] = {}
    selected: set[str] = set()
    for pod in snapshot.pods:
        name = _name(snapshot, group, pod)
        if name is None:
            continue
        perhaps.setdefault(name, {})
        for policy in counted:
            if not in_pod_set(snapshot, policy.subject, pod):
                continue
            if is_not_read(policy) or policy.doubts:
                perhaps[name][str(policy.ref)] = None
            else:
                selected.add(name)
    if group is ast.Group.NAMESPACE:
        selected |= {policy.ref.namespace for policy in counted}
    rows: dict[str, list[str]] = {}
    for name in sorted(perhaps.keys() - selected):
        rows.setdefault(", ".join(sorted(perhaps[name])), []).append(name)
    for depends, names in sorted(rows.items()):
        yield {f"{group}s": tuple(names), "depends": depends}


def _counts(policy: Policy) -> bool:
    return is_not_read(policy) or between_admin_and_baseline(policy.tier)


def _name(snapshot: Snapshot, group: ast.Group, pod: Pod) -> str | None:
    match group:
        case ast.Group.POD:
            return str(pod)
        case ast.Group.WORKLOAD:
            kind, _, owner = pod.workload.partition("/")
            return f"{kind.lower()} {pod.namespace}/{owner}" if owner else f"pod {pod}"
        case ast.Group.NAMESPACE:
            return pod.namespace
        case ast.Group.TENANT:
            return tenant_of(snapshot, pod.namespace)
