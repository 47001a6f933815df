"""Gaps of the input: kinds, addresses and facts that an answer needs and the input does not give.

| Question | Needs |
|---|---|
| about tenants, unless they are declared by names of namespaces alone | Namespace |
| about `namespaces labelled ...`, unless by name | Namespace |
| default deny, but of network policies for named pods and namespaces | Namespace |
| about `nodes` | Node |

A namespace that is used but not given has its name and nothing else, so it stands for no Namespace here.
"""

from __future__ import annotations

from reachproof.documents.words import Verdict
from reachproof.grammar import ast
from reachproof.network.address import family, format_cidrs
from reachproof.network.cluster import Notice, Pod
from reachproof.network.flow import Flow, Party
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import NAMESPACE_NAME, Selector
from reachproof.network.policy import Direction
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer
from reachproof.queries.sentence_parts import parts_of
from reachproof.queries.tenancy import tenants
from reachproof.semantics.evaluate import truth
from reachproof.semantics.sentences import some_of
from reachproof.semantics.trace import Trace, Truth
from reachproof.solver.bitset import positions
from reachproof.solver.goal import Formula, Side, addresses_in
from reachproof.solver.universe import Universe, party_key
from reachproof.solver.view import View

TENANTS = "tenants"


def missing_kinds(query: ast.Query, snapshot: Snapshot) -> tuple[Notice, ...]:
    """A warning for each kind that the sentence needs and the input lacks, and for the label that tells tenants."""
    found: list[Notice] = []
    parts = list(parts_of((query.statement, query.prefixes)))
    about = list(dict.fromkeys(said for part in parts if (said := _of_namespaces(part, snapshot))))
    if about and all(namespace.assumed for namespace in snapshot.namespaces):
        found.append(_missing(" and ".join(about), "Namespace"))
    elif TENANTS in about and not tenants(snapshot):
        text = (
            f"no namespace has the label `{snapshot.options.tenant_label}`; "
            "name the label that tells tenants with the option tenantLabel (--tenant-label)"
        )
        found.append(Notice(code="NO_TENANTS", text=text))
    about_nodes = any(isinstance(each, ast.Nodes) or each is ast.Listed.NODES for each in parts)
    if not snapshot.nodes and about_nodes:
        found.append(_missing("nodes", "Node"))
    return tuple(found)


def _missing(about: str, kind: str) -> Notice:
    text = f"the question is about {about}, and the input has no {kind}; add `kubectl get {kind.lower()}s -o yaml`"
    return Notice(code="KIND_MISSING", text=text)


def _of_namespaces(part: object, snapshot: Snapshot) -> str:
    """The thing in a part of a sentence that only Namespaces tell; empty where there is none."""
    match part:
        case ast.DefaultDeny(tier=ast.DenyTier.NETWORK_POLICIES, scope=scope) | ast.Selected(scope=scope):
            return "default deny" if _of_all(scope) else ""
        case ast.DefaultDeny():
            return "default deny"
        case ast.InNamespacesLabelled(selector):
            return "" if _by_name(selector) else "labels of namespaces"
        case (
            ast.InTenants()
            | ast.InAny(ast.Group.TENANT)
            | ast.Relative(ast.Group.TENANT)
            | ast.Outside(ast.Group.TENANT)
            | ast.Isolated(ast.Group.TENANT)
            | ast.Show(ast.Group.TENANT)
            | ast.Unselected(ast.Group.TENANT)
            | ast.ForEvery(ast.Group.TENANT)
            | ast.Which(ast.Listed.TENANTS)
        ):
            return "" if _tenants_by_name(snapshot) else TENANTS
        case _:
            return ""


def _of_all(scope: ast.SetExpr) -> bool:
    """True if a set has pods of namespaces that it does not name."""
    return any(
        isinstance(part, ast.Pods) and not any(isinstance(each, ast.InNamespaces) for each in part.filters)
        for part in parts_of(scope)
    )


def _by_name(selector: Selector) -> bool:
    return all(requirement.key == NAMESPACE_NAME for requirement in selector.requirements)


def _tenants_by_name(snapshot: Snapshot) -> bool:
    """True if names of namespaces alone decide which namespace is in which tenant."""
    options = snapshot.options
    return not options.tenant_label and all(_by_name(selector) for _, selector in options.tenants)


_TRIED = 8
_SHOWN = 4


def address_notices(universe: Universe, region: Formula) -> tuple[Notice, ...]:
    """The assumption on abstract pods, where the question involves some and policies or it ask for addresses."""
    if not universe.abstract:
        return ()
    view = View.of(universe, addresses_in(region))
    abstract = view.lift(universe.abstract)
    involved = abstract & (view.upper_bound(region, Side.SOURCE) | view.upper_bound(region, Side.DESTINATION))
    split = abstract != universe.abstract
    pods = {str(view.points[index].party) for index in positions(involved)}
    if not pods or (not split and len(pods) == involved.bit_count()):
        return ()
    return (
        Notice(
            code="POD_ADDRESS_UNKNOWN",
            text=f"the address of {some_of(sorted(pods), _SHOWN)} is not in the input: any address in "
            f"{_cidrs(universe.snapshot.declared_pod_range)} is taken to be possible; narrow it with "
            "--pod-cidr (podCidr over HTTP and in Python)",
        ),
    )


def depends_on_address(universe: Universe, snapshot: Snapshot, flow: Flow, shown: Truth) -> tuple[Notice, ...]:
    """The notice that the verdict on a witness would be another one had its abstract pods another address, if so."""
    for source in _choices(universe, snapshot, flow.source, flow.source_address):
        for destination in _choices(universe, snapshot, flow.destination, flow.destination_address):
            other = Flow(
                source=flow.source,
                destination=flow.destination,
                source_address=source,
                destination_address=destination,
                protocol=flow.protocol,
                port=flow.port,
            )
            itself = flow.source == flow.destination and source == destination
            if itself or family(source) != family(destination):
                continue
            if truth(snapshot, other) is not shown:
                unknown = [str(p) for p in (flow.source, flow.destination) if isinstance(p, Pod) and p.abstract]
                text = (
                    f"the verdict depends on the address of pod {' and pod '.join(unknown)}, which is not in the input"
                )
                return (Notice(code="DEPENDS_ON_ADDRESS", text=text),)
    return ()


def _choices(universe: Universe, snapshot: Snapshot, party: Party, address: int) -> list[int]:
    """The address itself, and for an abstract pod one address of each region that policies tell apart.

    Addresses that a pod was invented at, which `snapshot` then has, are not free any more.
    """
    if not isinstance(party, Pod) or not party.abstract:
        return [address]
    points = list(positions(universe.by_party[party_key(party)]))[:_TRIED]
    free = snapshot.free_range(party)
    regions = (universe.points[index].addresses & free for index in points)
    return [address, *(region.first for region in regions if region)]


def _cidrs(addresses: IntervalSet) -> str:
    listed = format_cidrs(addresses)
    return ", ".join(listed) if len(listed) <= _SHOWN else f"the pod range ({len(listed)} CIDRs)"


_CODES = frozenset(("OBJECT_NOT_READ", "WAYPOINT_IN_USE", "HBONE_PORT", "MESH_UNCLEAR", "AMBIENT_PROBES"))
_DECIDED = (Verdict.REACHABLE, Verdict.UNREACHABLE, Verdict.HOLDS, Verdict.VIOLATED)


def unless_certain(draft: Answer, flow: Flow, trace: Trace, direction: Direction | None) -> Answer | None:
    """The answer `unknown` where the witness, the most certain one that there is, rests on such a thing; else None.

    `direction`: the only one that the question is about, if it is about one.
    """
    told = trace.depends if direction is None else trace.side(direction).depends
    open_ = next((notice for notice in told if notice.code in _CODES), None)
    if open_ is None or draft.verdict not in _DECIDED:
        return None
    answer = draft.unknown(f"{flow} can be allowed and can be denied: {open_.text}").assuming([open_])
    return answer.checked(replayed=True, cross_checked=True)
