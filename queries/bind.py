"""A sentence and an encoding -> a plan.

| Statement | Goal |
|---|---|
| can A reach B (any, any) · no A can reach B | a flow of A x B x P that can be allowed |
| can every A reach every B · every A can reach B | a flow of A x B x P that can be denied |
| every A ... some B · any A ... every B · on any of P | quantifiers that alternate |
| only A can reach B | a flow from outside A into B that can be allowed |
| A can reach only B | a flow from A to outside the list that can be allowed |
| isolation | a flow between two groups that can be allowed |
| nothing changed since another snapshot | a flow that differs (`queries.change_claims`) |

A claim must hold for every outcome that is left open; so what refutes it is a flow that can go the wrong way.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from reachproof.documents.words import Verdict, World
from reachproof.grammar import ast
from reachproof.grammar.mistakes import Mistake
from reachproof.network.cluster import Notice
from reachproof.queries.address_sets import only_domain, with_certain_names
from reachproof.queries.bind_sets import Binder
from reachproof.queries.default_deny import default_deny_plan, selected_plan
from reachproof.queries.entry_points import arrivals, from_outside, kept, possible_arrivals, with_arrivals
from reachproof.queries.errors import QueryError
from reachproof.queries.lists import ListPlan, list_plan
from reachproof.queries.plan import (
    ChangePlan,
    Check,
    HygienePlan,
    Plan,
    TablePlan,
    WhyPlan,
    certain_first,
    change_plan,
)
from reachproof.queries.policy_rules import allowed_plan
from reachproof.queries.possible import mentions_possible, opened, possible_notice, possible_sets, with_new_namespaces
from reachproof.queries.selection import selection_plan
from reachproof.queries.what_if import Instance, instances, with_prefixes
from reachproof.solver.goal import TRUE, All, At, Formula, Members, Not, Ranked, Search, Side, Some, Wanted
from reachproof.solver.universe import Universe

AnyPlan = Plan | WhyPlan | ListPlan | HygienePlan | TablePlan | ChangePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundSentence:
    """The plan of a sentence, and all that is to be said of how it was bound, each once."""

    plan: AnyPlan
    assumptions: tuple[Notice, ...]
    warnings: tuple[Notice, ...]


def bind(query: ast.Query, universe: Universe, others: Collection[str] = ()) -> BoundSentence:
    """The plan of a sentence; `others` are the names of the snapshots that it may compare with.

    Raises QueryError with every problem of it.
    """
    _demand_answerable(query)
    found = [_instance(each, universe, others) for each in instances(query, universe.snapshot)]
    if not found:
        raise QueryError([Mistake("nothing in the snapshot fits the name in `for every`", query.span)])
    plans = [plan for _, plan in found]
    return BoundSentence(
        plan=plans[0] if len(plans) == 1 else _together(plans, query),
        assumptions=tuple(dict.fromkeys(notice for binder, _ in found for notice in binder.assumptions)),
        warnings=tuple(dict.fromkeys(notice for binder, _ in found for notice in binder.warnings)),
    )


def _together(plans: Sequence[AnyPlan], query: ast.Query) -> Plan:
    """The plan of all instances of a sentence."""
    first = plans[0]
    if isinstance(first, ChangePlan):
        text = "`for every` does not stand before a sentence about two snapshots; name one in an exception"
        raise QueryError([Mistake(text, query.span)])
    if not isinstance(first, Plan):
        raise QueryError([Mistake("`for every` stands before claims and `can` questions only", query.span)])
    return replace(first, checks=tuple(check for plan in plans if isinstance(plan, Plan) for check in plan.checks))


def _instance(instance: Instance, universe: Universe, others: Collection[str]) -> tuple[Binder, AnyPlan]:
    """The plan of one instance. Where it matters what may be a backend, what is certain is asked about first."""
    binder, plan = _read(instance, universe, others, sure=False)
    if not binder.doubtful:
        return binder, plan
    _, certain = _read(instance, universe, others, sure=True)
    match plan, certain:
        case Plan(), Plan():
            both = zip(certain.checks, plan.checks, strict=True)
            return binder, replace(plan, checks=tuple(itertools.starmap(certain_first, both)))
        case ListPlan(), ListPlan():
            return binder, replace(plan, certain=certain.region)
        case WhyPlan(), WhyPlan():
            return binder, replace(plan, certain=certain.region)
        case _:
            return binder, plan


def _read(instance: Instance, universe: Universe, others: Collection[str], *, sure: bool) -> tuple[Binder, AnyPlan]:
    open_world = mentions_possible(instance.statement) or mentions_possible(instance.prefixes)
    binder = Binder(universe, open_world=open_world, sure=sure)
    world = with_prefixes(binder, instance)
    domain = only_domain(instance.statement)
    if domain is not None:
        binder.use(with_certain_names(binder.snapshot, domain))
    plan = _statement(binder, instance.statement, others)
    binder.finish()
    return binder, _within_world(binder, plan, instance, world)


def _within_world(binder: Binder, plan: AnyPlan, instance: Instance, world: Formula) -> AnyPlan:
    match plan:
        case Plan():
            checks = tuple(_of_instance(check, instance, world) for check in plan.checks)
            if not binder.open:
                return replace(plan, checks=checks)
            binder.assumptions.append(possible_notice(binder.snapshot, (instance.prefixes, instance.statement)))
            return replace(plan, checks=checks, world=World.OPEN)
        case WhyPlan():
            possible = tuple(replace(each, region=All((each.region, world))) for each in plan.possible)
            return replace(plan, region=All((plan.region, world)), possible=possible)
        case ListPlan() | ChangePlan():
            return replace(plan, region=All((plan.region, world)))
        case HygienePlan() | TablePlan():
            if world != TRUE:
                text = "`assuming no ...` restricts flows, but a question about the policies themselves is about all"
                raise QueryError([Mistake(text, ast.NOWHERE)])
            return plan


def _demand_answerable(query: ast.Query) -> None:
    """Refuse to list what cannot be listed."""
    asked = query.statement
    if isinstance(asked, ast.Can | ast.No | ast.Every | ast.Only | ast.ReachOnly | ast.DefaultDeny | ast.Selected):
        return
    text = "possible pods cannot be listed or explained; ask with `can`, `no`, `every`, `only` or `default deny`"
    spans = [pods.span for pods in possible_sets(asked)]
    if spans:
        raise QueryError([Mistake(text, span) for span in spans])


def _of_instance(check: Check, instance: Instance, world: Formula) -> Check:
    return replace(
        check,
        goal=replace(check.goal, region=All((check.goal.region, world))) if world != TRUE else check.goal,
        bound=(*instance.bound, *check.bound),
        otherwise=_of_instance(check.otherwise, instance, world) if check.otherwise else None,
    )


def _statement(binder: Binder, statement: ast.Statement, others: Collection[str]) -> AnyPlan:
    match statement:
        case ast.Can():
            return _can(binder, statement)
        case ast.No(source, destination, ports, exceptions):
            region = _region(binder, source, destination, ports, exceptions)
            return _claim(binder, "no", [_never(binder, region)])
        case ast.Every():
            return _every(binder, statement)
        case ast.Only():
            return _only(binder, statement)
        case ast.ReachOnly():
            return _reach_only(binder, statement)
        case ast.Isolated():
            return _claim(binder, "no", [_never(binder, region) for region in _isolated(binder, statement)])
        case ast.DefaultDeny():
            return default_deny_plan(binder, statement)
        case ast.Selected():
            return selected_plan(binder, statement)
        case ast.Why(negated, source, destination, ports):
            region = _region(binder, source, destination, ports)
            sources, *rest = region.items
            arriving, notices = arrivals(binder, sources, Wanted.CAN_ALLOW)
            binder.assumptions += notices
            outside = from_outside(binder.universe, sources)
            return WhyPlan(
                negated=negated,
                snapshot=binder.snapshot,
                region=All((Some((sources, arriving)), *rest)) if notices else region,
                possible=possible_arrivals(binder, rest) if outside else (),
                ports=ports,
                services=_services(binder),
            )
        case ast.Which() | ast.WhichPorts() | ast.WhichPolicies() | ast.Show():
            plan = list_plan(binder, statement)
            binder.assumptions += kept(binder)
            return plan
        case ast.WhichSelect() | ast.Unselected():
            return selection_plan(binder, statement)
        case ast.PolicyAllows(name):
            return allowed_plan(binder, name)
        case ast.HygieneQuestion(hygiene, claim):
            return HygienePlan(hygiene=hygiene, claim=claim, snapshot=binder.snapshot)
        case ast.Changed():
            return change_plan(binder, statement, others)


def _region(
    binder: Binder,
    source: ast.SetExpr,
    destination: ast.SetExpr,
    ports: ast.Ports,
    exceptions: tuple[ast.Exempt, ...] = (),
) -> All:
    """A conjunction that begins with the condition on the source."""
    found: list[Formula] = [binder.at(Side.SOURCE, source), binder.to(destination, ports)]
    if exceptions:
        found.append(binder.negated(lambda: binder.exempt(exceptions)))
    return All(tuple(found))


def _services(binder: Binder) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(str, binder.services)))


def _plan(binder: Binder, form: str, good: Verdict, checks: list[Check]) -> Plan:
    return Plan(form=form, good=good, checks=tuple(checks), services=_services(binder))


def _claim(binder: Binder, form: str, checks: list[Check]) -> Plan:
    return _plan(binder, form, Verdict.HOLDS, checks)


def _check(binder: Binder, goal: Search | Ranked, found: Verdict, absent: Verdict) -> Check:
    return with_arrivals(binder, _plain_check(binder, goal, found, absent))


def _plain_check(binder: Binder, goal: Search | Ranked, found: Verdict, absent: Verdict) -> Check:
    return Check(snapshot=binder.snapshot, goal=goal, if_found=found, if_absent=absent)


def _never(binder: Binder, region: Formula) -> Check:
    return _check(binder, Search(region, Wanted.CAN_ALLOW), Verdict.VIOLATED, Verdict.HOLDS)


def _can(binder: Binder, can: ast.Can) -> Plan:
    asked = (can.source.set, can.destination.set, can.ports, can.exceptions)
    region = _region(binder, *asked)
    every_source = can.source.quantifier is ast.Quantifier.EVERY
    bare_is_every = every_source and can.destination.quantifier is ast.Quantifier.BARE
    every_destination = bare_is_every or can.destination.quantifier is ast.Quantifier.EVERY
    universal = every_source or every_destination
    every_port = universal and not can.ports.any_of
    if not universal:
        check = _check(binder, Search(region, Wanted.CAN_ALLOW), Verdict.REACHABLE, Verdict.UNREACHABLE)
    elif every_source and every_destination and every_port:
        check = _check(binder, Search(region, Wanted.CAN_DENY), Verdict.UNREACHABLE, Verdict.REACHABLE)
    else:
        _demand_closed(binder, can)
        goal = _ranked(binder, *asked, every=(every_source, every_destination, every_port))
        check = _check(binder, goal, Verdict.REACHABLE, Verdict.UNREACHABLE)
    return _plan(binder, "can", check.if_absent if check.if_found is Verdict.UNREACHABLE else check.if_found, [check])


def _every(binder: Binder, every: ast.Every) -> Plan:
    asked = (every.source, every.destination.set, every.ports, every.exceptions)
    region = _region(binder, *asked)
    every_destination = every.destination.quantifier is not ast.Quantifier.ANY
    if every_destination and not every.ports.any_of:
        check = _check(binder, Search(region, Wanted.CAN_DENY), Verdict.VIOLATED, Verdict.HOLDS)
        return _claim(binder, "every", [check])
    _demand_closed(binder, every)
    goal = _ranked(binder, *asked, every=(True, every_destination, not every.ports.any_of))
    return _claim(binder, "every", [_check(binder, goal, Verdict.HOLDS, Verdict.VIOLATED)])


def _ranked(
    binder: Binder,
    source: ast.SetExpr,
    destination: ast.SetExpr,
    ports: ast.Ports,
    exceptions: tuple[ast.Exempt, ...],
    *,
    every: tuple[bool, bool, bool],
) -> Ranked:
    """`every`: source, destination, port. Under `every` what may be a backend counts, under `some` it does not."""
    every_source, every_destination, every_port = every
    sources = binder.read(not every_source, lambda: binder.at(Side.SOURCE, source))
    into = binder.read(not every_destination, lambda: binder.to(destination, ports))
    exempt = binder.negated(lambda: binder.exempt(exceptions))
    return Ranked(
        sources=sources,
        region=All((sources, into, exempt)) if exceptions else All((sources, into)),
        every_source=every_source,
        every_destination=every_destination,
        every_port=every_port,
        wanted=Wanted.MUST_ALLOW,
    )


def _demand_closed(binder: Binder, statement: ast.Statement) -> None:
    for pods in possible_sets(statement):
        text = "quantifiers that alternate (every ... some ...) are not answered for possible pods; ask about every one"
        binder.refuse(text, pods.span)


def _endpoints(binder: Binder, side: Side, inside: object) -> Formula:
    """Pods and the outside; nodes once the sentence has named some; possible pods where `inside`, a set, has some."""
    universe = binder.universe
    points = universe.pods | universe.external | (universe.nodes if binder.names_nodes else 0)
    existing = At(side, Members(points))
    if not mentions_possible(inside):
        return existing
    possible = opened(ast.Pods(), new_namespaces=with_new_namespaces(inside))
    return Some((existing, binder.at(side, possible)))


def _only(binder: Binder, only: ast.Only) -> Plan:
    into = _region(binder, ast.Anything(), only.destination, only.ports, only.exceptions)
    binder.names_nodes = False
    outside = binder.negated(lambda: binder.at(Side.SOURCE, only.source))
    others = _endpoints(binder, Side.SOURCE, only.source)
    return _claim(binder, "only", [_never(binder, All((All((others, outside)), outside, into)))])


def _reach_only(binder: Binder, only: ast.ReachOnly) -> Plan:
    source = binder.at(Side.SOURCE, only.source)
    binder.names_nodes = False

    def listed() -> Formula:
        return Some(tuple(binder.to(target.destination, target.ports) for target in only.targets))

    unlisted = binder.negated(listed)
    others = _endpoints(binder, Side.DESTINATION, only.targets)
    exempt = binder.negated(lambda: binder.exempt(only.exceptions))
    elsewhere = Search(All((source, others, unlisted, exempt)), Wanted.CAN_ALLOW)
    checks = [_plain_check(binder, elsewhere, Verdict.VIOLATED, Verdict.HOLDS)]
    if only.exactly:
        unreached = Search(All((source, listed(), exempt)), Wanted.CAN_DENY)
        checks.append(_plain_check(binder, unreached, Verdict.VIOLATED, Verdict.HOLDS))
    return _claim(binder, "only", checks)


def _isolated(binder: Binder, claim: ast.Isolated) -> list[Formula]:
    exempt = binder.negated(lambda: binder.exempt(claim.exceptions))
    if claim.left is None or claim.right is None:
        some = ast.Pods((ast.InAny(claim.group),))
        ends = (binder.at(Side.SOURCE, some), binder.at(Side.DESTINATION, some))
        return [All((*ends, Not(binder.same(claim.group)), exempt))]
    of = ast.InTenants if claim.group is ast.Group.TENANT else ast.InNamespaces
    left, right = (ast.Pods((of((name,)),)) for name in (claim.left, claim.right))
    return [
        All((binder.at(Side.SOURCE, a), binder.at(Side.DESTINATION, b), exempt))
        for a, b in ((left, right), (right, left))
    ]
