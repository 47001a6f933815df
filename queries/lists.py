"""`which ...` and `show ...`: complete lists, grouped; never a sample.

| Question | One row per |
|---|---|
| which pods, workloads, namespaces, tenants, nodes | set of ports: all that are allowed on exactly these |
| which services | set of ports of the Services: those of which some backend is reached on exactly these |
| which addresses | set of ports: the addresses outside the cluster, as CIDRs |
| on which ports | one row |
| which policies decide | rule, or isolation, that decides for some kind of flow |
| show reachability between groups | pair of groups with something allowed |

Ports in the column `depends` are of the row's ports those that only some outcome of what is left open allows. A port of
a Service is also there where only what may be a backend has it. Of a headless Service the ports at its backends count;
one with ports of its own has those of its ports, and of the ports that they lead to, that are reached.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from reachproof.documents.answer import Row
from reachproof.documents.words import Verdict
from reachproof.grammar import ast
from reachproof.network.address import format_cidrs
from reachproof.network.cluster import Node, Notice, Pod, Service
from reachproof.network.flow import External, Flow, Party
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.policy import Action
from reachproof.network.ports import ALL_PORTS, format_ports, place
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer
from reachproof.queries.bind_sets import Binder
from reachproof.queries.input_gaps import address_notices
from reachproof.queries.interpretation_notices import reasons
from reachproof.queries.replay import spot_check
from reachproof.queries.service_sets import asks_for, doubts, numbers_of
from reachproof.queries.services import Backend, backends
from reachproof.queries.tenancy import tenant_of
from reachproof.semantics.evaluate import evaluate
from reachproof.semantics.trace import Step, Truth
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.encoding import Encoding
from reachproof.solver.goal import All, At, Formula, Members, Side
from reachproof.solver.reachability_matrix import Allowed, Reachability, matrix, reachability
from reachproof.solver.witness import SAMPLES

_At = tuple[IntervalSet, Allowed]


class _Ends:
    """Allowed connections: by pod, and by address for those that a backend names by address alone."""

    def __init__(self, found: Reachability) -> None:
        self._pods: dict[tuple[str, str], list[_At]] = defaultdict(list)
        self._every: list[_At] = []
        for party, addresses, allowed in found.parties(Side.DESTINATION):
            self._every.append((addresses, allowed))
            if isinstance(party, Pod):
                self._pods[party.key].append((addresses, allowed))

    def at(self, backend: Backend) -> Allowed:
        """Connections allowed to a backend; open too where it is none for sure."""
        known = self._every if backend.pod is None else self._pods.get(backend.pod.key, ())
        total = Allowed()
        for addresses, allowed in known:
            if backend.addresses is None or addresses & backend.addresses:
                total = total | allowed
        return total if backend.doubt is None else Allowed(ports=total.ports, open=total.ports)


def service_rows(snapshot: Snapshot, found: Reachability, ports: ast.Ports) -> tuple[Row, ...]:
    """One row per set of ports, with the Services that are reached on exactly these."""
    ends = _Ends(found)
    total: dict[Allowed, list[str]] = defaultdict(list)
    for service in snapshot.services:
        each = [(backend, ends.at(backend)) for backend in backends(snapshot, service)]
        allowed = _headless(service, each, ports) if service.headless else _rewritten(service, each, ports)
        if allowed:
            total[allowed].append(str(service))
    return tuple(_row(total, allowed) for allowed in sorted(total, key=lambda one: total[one]))


def _row(total: Mapping[Allowed, list[str]], allowed: Allowed) -> Row:
    depends = format_ports(allowed.open) if allowed.open else ""
    return {"services": tuple(sorted(total[allowed])), "ports": format_ports(allowed.ports), "depends": depends}


def _rewritten(service: Service, ends: Sequence[tuple[Backend, Allowed]], ports: ast.Ports) -> Allowed:
    sure: dict[int, bool] = {}
    for backend, allowed in ends:
        for at, number in backend.ports:
            port = service.ports[at]
            target, own = place(port.protocol, number), place(port.protocol, port.port)
            if asks_for(ports, port) and target in allowed.ports:
                sure[own] = sure.get(own, False) or target not in allowed.open
    return Allowed(ports=_set_of(sure), open=_set_of(own for own in sure if not sure[own]))


def _headless(service: Service, ends: Sequence[tuple[Backend, Allowed]], ports: ast.Ports) -> Allowed:
    names = {item.name.text for item in ports.items if isinstance(item, ast.PortNamed)}
    declared = [(at, port) for at, port in enumerate(service.ports) if not ports.items or port.name in names]
    own = _set_of(place(port.protocol, port.port) for _, port in declared)
    if not ports.items and not service.ports:
        own = ALL_PORTS
    can, sure = EMPTY, EMPTY
    for backend, allowed in ends:
        places = dict(declared)
        led = _set_of(place(places[at].protocol, number) for at, number in backend.ports if at in places)
        within = allowed.ports & (own | led | numbers_of(ports))
        can, sure = can | within, sure | (within - allowed.open)
    return Allowed(ports=can, open=can - sure)


def service_doubts(snapshot: Snapshot) -> Iterator[Notice]:
    """Notices on what is left open about the backends of any Service."""
    for service in snapshot.services:
        if service.managed is not None or not all(each.ready for each in service.endpoints):
            yield from doubts(service, backends(snapshot, service))


def _set_of(places: Iterable[int]) -> IntervalSet:
    return IntervalSet.of((each, each) for each in places)


_DECIDING_SAMPLES = 2_000
Rows = tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPlan:
    """A region, and how what it allows is made into rows. `certain`: the part of it that is not left open itself."""

    form: str
    snapshot: Snapshot
    region: Formula
    certain: Formula | None = None
    columns: tuple[str, ...]
    rows: Callable[[Reachability, Budget], Rows]
    samples: int | None = None


ListStatement = ast.Which | ast.WhichPorts | ast.WhichPolicies | ast.Show


def list_plan(binder: Binder, statement: ListStatement) -> ListPlan:
    """The plan of a question for a list."""
    match statement:
        case ast.Which():
            return _which(binder, statement)
        case ast.WhichPorts(source, destination):
            region = All((binder.at(Side.SOURCE, source), binder.to(destination, ast.ANY_PORT)))
            return _plan(binder, "which", region, ("ports", "depends"), lambda found, _: _ports_rows(found))
        case ast.WhichPolicies(source, destination, ports):
            region = All((binder.at(Side.SOURCE, source), binder.to(destination, ports)))
            snapshot = binder.snapshot
            columns = ("policy", "rule", "direction", "action", "origin")
            return _plan(binder, "which", region, columns, lambda found, _: _deciding_rows(snapshot, found))
        case ast.Show():
            return _show(binder, statement)
        case _:
            assert_never(statement)


def _plan(
    binder: Binder,
    form: str,
    region: Formula,
    columns: tuple[str, ...],
    rows: Callable[[Reachability, Budget], Rows],
) -> ListPlan:
    return ListPlan(
        form=form,
        snapshot=binder.snapshot,
        region=region,
        columns=columns,
        rows=rows,
        samples=_DECIDING_SAMPLES if columns[0] == "policy" else None,
    )


def _which(binder: Binder, which: ast.Which) -> ListPlan:
    universe = binder.universe
    candidates = {
        ast.Listed.NODES: universe.nodes,
        ast.Listed.ADDRESSES: universe.external,
        ast.Listed.SERVICES: universe.everything,
    }.get(which.listed, universe.pods)
    side = Side.SOURCE if which.source is None else Side.DESTINATION
    listed = At(side, Members(candidates))
    if which.source is None:
        assert which.destination is not None
        region = All((listed, binder.to(which.destination, which.ports)))
        if which.listed is ast.Listed.SERVICES:
            binder.refuse("services do not start connections; ask which pods or workloads can reach it")
    else:
        # The ports of a service are its own; they are compared with the backends' ports when rows are made.
        by_service = which.listed is ast.Listed.SERVICES
        ports = binder.ports(ast.ANY_PORT if by_service else which.ports)
        region = All((binder.at(Side.SOURCE, which.source), listed, ports))
    if which.exceptions:
        region = All((region, binder.negated(lambda: binder.exempt(which.exceptions))))
    name = str(which.listed)
    snapshot = binder.snapshot
    if which.listed is ast.Listed.SERVICES:
        binder.assumptions += service_doubts(snapshot)
        return _plan(
            binder,
            "which",
            region,
            (name, "ports", "depends"),
            lambda found, _: service_rows(snapshot, found, which.ports),
        )
    return _plan(
        binder,
        "which",
        region,
        (name, "ports", "depends"),
        lambda found, _: _end_rows(snapshot, found, side, which.listed),
    )


def _show(binder: Binder, show: ast.Show) -> ListPlan:
    pods = Members(binder.universe.pods)
    region = All((At(Side.SOURCE, pods), At(Side.DESTINATION, pods), binder.ports(show.ports)))
    names = binder.group_names(show.group)
    return _plan(
        binder,
        "show",
        region,
        ("from", "to", "ports", "depends"),
        lambda found, budget: tuple(
            {"from": names.names[first], "to": names.names[second], **_columns(allowed)}
            for first, second, allowed in matrix(found, names.numbers, budget, lambda allowed, _: allowed).pairs(budget)
        ),
    )


def answer_list(plan: ListPlan, draft: Answer, encoding: Encoding, budget: Budget) -> Answer:
    """The draft with the rows of a list. The sets engine alone makes it; the evaluator judges flows of it."""
    draft = replace(draft, form=plan.form).assuming(address_notices(encoding.universe, plan.region))
    started = time.perf_counter()
    try:
        found = reachability(encoding, plan.region, budget, certain=plan.certain, limit=plan.samples or SAMPLES)
        sampled = found.sampled
        if plan.samples is not None and sampled.kinds > plan.samples:
            return draft.unknown(
                f"the question is about {sampled.kinds} kinds of flow, more than {plan.samples}; narrow it down"
            )
        spot_check(plan.snapshot, (*sampled.samples, *sampled.open_samples))
        draft = draft.timed(started).assuming(reasons(plan.snapshot, sampled.open_samples, sampled.open_kinds))
        rows = plan.rows(found, budget)
    except OutOfBudget as over:
        return draft.unknown(over)
    answer = replace(draft, verdict=Verdict.LISTED, vacuous=not sampled.kinds, columns=plan.columns, rows=rows)
    return answer.checked(replayed=bool(sampled.samples), cross_checked=False)


# ---------------------------------------------------------------- rows


def _columns(allowed: Allowed) -> Row:
    return {"ports": format_ports(allowed.ports), "depends": format_ports(allowed.open) if allowed.open else ""}


def _ports_rows(found: Reachability) -> Rows:
    allowed = found.total()
    return (_columns(allowed),) if allowed else ()


def _end_rows(snapshot: Snapshot, found: Reachability, side: Side, listed: ast.Listed) -> Rows:
    if listed is ast.Listed.ADDRESSES:
        by_ports: dict[Allowed, IntervalSet] = {}
        for _, addresses, allowed in found.parties(side):
            by_ports[allowed] = by_ports.get(allowed, EMPTY) | addresses
        rows = [(format_cidrs(addresses), allowed) for allowed, addresses in by_ports.items()]
    else:
        total: dict[str, Allowed] = {}
        for party, _, allowed in found.parties(side):
            name = _name(snapshot, listed, party)
            if name is not None:
                total[name] = total.get(name, Allowed()) | allowed
        rows = _by_ports(total)
    return tuple({str(listed): names, **_columns(allowed)} for names, allowed in sorted(rows, key=lambda row: row[0]))


def _by_ports(total: dict[str, Allowed]) -> list[tuple[tuple[str, ...], Allowed]]:
    """Names grouped by what is allowed for them."""
    grouped: dict[Allowed, list[str]] = {}
    for name in sorted(total):
        grouped.setdefault(total[name], []).append(name)
    return [(tuple(names), allowed) for allowed, names in grouped.items()]


def _name(snapshot: Snapshot, listed: ast.Listed, party: Party) -> str | None:
    match party:
        case Node(name=name):
            return name
        case Pod():
            match listed:
                case ast.Listed.NAMESPACES:
                    return party.namespace
                case ast.Listed.TENANTS:
                    return tenant_of(snapshot, party.namespace)
                case ast.Listed.WORKLOADS:
                    kind, _, owner = party.workload.partition("/")
                    return f"{kind.lower()} {party.namespace}/{owner}" if owner else f"pod {party}"
                case _:
                    return str(party)
        case External():
            return None
        case _:
            assert_never(party)


def _deciding_rows(snapshot: Snapshot, found: Reachability) -> Rows:
    """The policies that decide, over one flow of every kind that the question and the policies tell apart."""
    rows: dict[tuple[str, str, str, str, str], None] = {}
    for sample in found.sampled.samples:
        for step in _deciding(snapshot, sample.flow):
            rule = "isolation" if step.rule_index is None else f"{step.rule_index} {step.rule_name}".strip()
            for policy in step.policies:
                origin = str(step.origin) if step.origin and step.origin.file else ""
                rows[str(policy), rule, str(step.direction), str(step.action), origin] = None
    columns = ("policy", "rule", "direction", "action", "origin")
    return tuple(dict(zip(columns, row, strict=True)) for row in sorted(rows))


def _deciding(snapshot: Snapshot, flow: Flow) -> Iterator[Step]:
    """The steps that decide, in either direction and in either outcome of an undetermined flow."""
    trace = evaluate(snapshot, flow)
    outcomes = [trace] if trace.truth is not Truth.EITHER else [trace, evaluate(snapshot, flow, prefer=Action.DENY)]
    yield from (side.decider for each in outcomes for side in (each.egress, each.ingress))
