"""The truth of one flow: `evaluate`, the reference that every verdict is measured against.

    allowed(flow) = egress of the source allows it AND ingress of the destination allows it
    one direction = tiers in order; pass and silence go on to the next tier; allowed after the last

A party that is no policy subject (node, external, host-network pod) allows everything. A pod always reaches its own
address. What comes back to it through a Service is no flow here: no question has a pod at both ends.

Trusted: `engines.assembly` for the arrangement of policies, and the loaders for the policies themselves. Checked by
tests/cases and tests/laws, and against the solver's two engines by tests/agreement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reachproof.engines.assembly import programs_in
from reachproof.engines.built_in import WAYPOINT, ends_tier
from reachproof.engines.not_read import without
from reachproof.engines.own_tiers import MESH
from reachproof.engines.tunnel import seen
from reachproof.network.address import NOT_ROUTED, family, format_address
from reachproof.network.cluster import Node, Notice, Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.options import HostNetworkPods
from reachproof.network.policy import Action, Direction, Policy, Rule
from reachproof.network.ports import MAX_PORT
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import BUILT_IN, Tier
from reachproof.semantics.match import subject
from reachproof.semantics.outcomes import Case, Choice, tier_outcomes
from reachproof.semantics.sentences import (
    default_sentence,
    end_sentence,
    isolation_sentence,
    itself_sentence,
    named,
    no_subject_sentence,
    rule_sentence,
)
from reachproof.semantics.trace import DirectionTrace, Step, Trace, Truth

Ways = dict[Action, tuple[Choice, ...]]
"""The possible ends of one direction, allow or deny, each with the choices on one way to it."""


def evaluate(snapshot: Snapshot, flow: Flow, *, prefer: Action = Action.ALLOW) -> Trace:
    """The truth of the flow, and the steps to it.

    Where both outcomes are possible, open choices are taken so that the shown steps end in `prefer` (allow or deny),
    and `depends` says what they rest on. Where one is, the steps are those without the objects that are not read.
    ValueError where the flow is none of this snapshot. Cost: linear in the policies and their rules.
    """
    require_possible(snapshot, flow)
    egress = evaluate_direction(snapshot, flow, Direction.EGRESS, prefer=prefer)
    ingress = evaluate_direction(snapshot, flow, Direction.INGRESS, prefer=prefer)
    return Trace(flow=flow, truth=_both(egress.truth, ingress.truth), egress=egress, ingress=ingress)


def truth(snapshot: Snapshot, flow: Flow) -> Truth:
    """The truth of the flow without its trace: what `evaluate` says, and cheaper."""
    require_possible(snapshot, flow)
    egress = _truth(ways(snapshot, flow, Direction.EGRESS, tiers(snapshot, flow, Direction.EGRESS)))
    if egress is Truth.DENIED:
        return egress
    return _both(egress, _truth(ways(snapshot, flow, Direction.INGRESS, tiers(snapshot, flow, Direction.INGRESS))))


def evaluate_direction(
    snapshot: Snapshot,
    flow: Flow,
    direction: Direction,
    *,
    prefer: Action = Action.ALLOW,
    program: tuple[Tier, ...] | None = None,
) -> DirectionTrace:
    """One direction of a possible flow; `program` in place of the snapshot's own tiers, to ask what if."""
    if program is None:
        program = tiers(snapshot, flow, direction)
    found = ways(snapshot, flow, direction, program)
    if len(found) == 1:  # so it is the same without the objects that are not read, of which nothing need be said
        found = ways(snapshot, flow, direction, without(program))
    shown = prefer if prefer in found else next(iter(found))
    steps = _steps(snapshot, flow, direction, found[shown])
    return DirectionTrace(direction=direction, truth=_truth(found), steps=steps)


def ways(snapshot: Snapshot, flow: Flow, direction: Direction, program: tuple[Tier, ...]) -> Ways:
    """The possible ends of one direction, each with one way to it.

    Choices at different tiers are independent, so that one way to a tier serves all that follows.
    """
    case = Case(snapshot=snapshot, flow=flow, direction=direction)
    found: Ways = {}
    way: tuple[Choice, ...] = ()
    for tier in program:
        onward: list[Choice] = []
        for action, choice in tier_outcomes(case, tier).items():
            if action is None or action is Action.PASS:
                onward.append(choice)
            else:
                found.setdefault(action, (*way, choice))
        if not onward:
            return found
        way = (*way, onward[0])
    found.setdefault(Action.ALLOW, (*way, Choice(action=Action.ALLOW)))
    return found


def tiers(snapshot: Snapshot, flow: Flow, direction: Direction) -> tuple[Tier, ...]:
    """The tiers that apply to the flow: none where its party is no subject, or a pod reaches its own address."""
    pod = subject(flow, direction)[0]
    if not isinstance(pod, Pod) or not _is_subject(snapshot, pod):
        return ()
    return () if is_itself(flow) else programs_in(snapshot, pod.namespace).tiers(direction)


def is_itself(flow: Flow) -> bool:
    """True if a pod reaches itself; two replicas of an abstract pod differ by their addresses."""
    if flow.source_address != flow.destination_address:
        return False
    return (
        isinstance(flow.source, Pod) and isinstance(flow.destination, Pod) and flow.source.key == flow.destination.key
    )


def require_possible(snapshot: Snapshot, flow: Flow) -> None:
    """ValueError unless the parties are in the snapshot, the addresses are theirs, and of one family."""
    if not 1 <= flow.port <= MAX_PORT:
        raise ValueError(f"port {flow.port} is not in 1..{MAX_PORT}")
    if family(flow.source_address) != family(flow.destination_address):
        both = f"{format_address(flow.source_address)} and {format_address(flow.destination_address)}"
        raise ValueError(f"{both} are not of one address family")
    _require_address(snapshot, flow.source, flow.source_address)
    _require_address(snapshot, flow.destination, flow.destination_address)
    one = isinstance(flow.source, Pod) and flow.source == flow.destination and not flow.source.repeated
    if one and not is_itself(flow):
        raise ValueError(f"{named(flow.source)} is one pod, and has one address of a family")


def _require_address(snapshot: Snapshot, party: Party, address: int) -> None:
    match party:
        case Pod():
            present = snapshot.pod_of.get(party.key) == party
            fits = address in (snapshot.free_range(party) if party.abstract else party.addresses)
        case Node():
            present = snapshot.node_of.get(party.name) == party
            fits = address in party.addresses
        case External():
            present, fits = True, address not in snapshot.held
    if not present:
        raise ValueError(f"{named(party)} is not in the snapshot")
    if not fits and isinstance(party, External):
        why = "it is at no other machine" if address in NOT_ROUTED else "a pod, a node or a Service has it"
        raise ValueError(f"{format_address(address)} is not external: {why}")
    if not fits:
        raise ValueError(f"{format_address(address)} is no address of {named(party)}")


def _is_subject(snapshot: Snapshot, party: Party) -> bool:
    if not isinstance(party, Pod):
        return False
    return not party.host_network or snapshot.options.host_network_pods is HostNetworkPods.PODS


def _truth(found: Ways) -> Truth:
    if Action.DENY not in found:
        return Truth.ALLOWED
    return Truth.EITHER if Action.ALLOW in found else Truth.DENIED


def _both(egress: Truth, ingress: Truth) -> Truth:
    if Truth.DENIED in (egress, ingress):
        return Truth.DENIED
    return Truth.EITHER if Truth.EITHER in (egress, ingress) else Truth.ALLOWED


def _steps(snapshot: Snapshot, flow: Flow, direction: Direction, way: Iterable[Choice]) -> tuple[Step, ...]:
    """A step for every choice that is a decision; what a silent tier rests on is carried to the next step."""
    steps: list[Step] = []
    carried: tuple[Notice, ...] = ()
    for choice in way:
        choice = choice.resting_on(carried)
        carried = choice.depends
        if choice.action is not None:
            steps.append(_step(snapshot, flow, direction, choice, choice.action))
            carried = ()
    return tuple(steps)


def _step(snapshot: Snapshot, flow: Flow, direction: Direction, choice: Choice, action: Action) -> Step:
    rule, policies = choice.rule, choice.policies
    written = rule is not None and rule.origin != BUILT_IN
    origin = rule.origin if rule is not None and written else policies[0].origin if policies else None
    party = subject(flow, direction)[0]
    return Step(
        direction=direction,
        subject=party,
        tier=choice.tier,
        action=action,
        policies=tuple(policy.ref for policy in policies if policy.origin != BUILT_IN),
        rule_index=rule.index if rule is not None and written else None,
        rule_name=rule.name if rule is not None else "",
        origin=None if origin == BUILT_IN else origin,
        depends=choice.depends,
        text=_text(snapshot, flow, direction, choice),
    )


def _text(snapshot: Snapshot, flow: Flow, direction: Direction, choice: Choice) -> str:
    network_sees = "" if choice.tier == MESH else seen(snapshot, flow)
    if choice.rule is not None and ends_tier(choice.rule):
        return end_sentence(flow, direction, choice.policies, choice.tier, network_sees)
    if choice.rule is not None and choice.isolation:
        return isolation_sentence(flow, direction, choice.policies, choice.rule, network_sees)
    if choice.rule is not None:
        return rule_sentence(flow, direction, choice.policies[0], choice.rule, network_sees)
    if not _is_subject(snapshot, subject(flow, direction)[0]):
        return no_subject_sentence(flow, direction)
    if is_itself(flow):
        return itself_sentence(flow)
    return default_sentence(flow, direction)


# ---------------------------------------------------------------- what stands in the way; no verdict rests on it


def blockers(snapshot: Snapshot, flow: Flow, direction: Direction) -> tuple[Step, ...]:
    """Every deny that must go, in the order of evaluation, before the direction certainly allows the flow.

    A blocker is a rule, or the isolation by all isolating policies together. Each is found with those before it taken
    away, so that taking all of them away is enough. Empty where the direction allows the flow. ValueError as for
    `evaluate`. Cost: one evaluation per blocker.
    """
    return tuple(step for step, _ in blocked(snapshot, flow, direction))


def blocked(snapshot: Snapshot, flow: Flow, direction: Direction) -> Iterator[tuple[Step, tuple[Tier, ...]]]:
    """Each blocker with the program that it decides in: without those before it."""
    require_possible(snapshot, flow)
    program = tiers(snapshot, flow, direction)
    while True:
        trace = evaluate_direction(snapshot, flow, direction, prefer=Action.DENY, program=program)
        if trace.truth is Truth.ALLOWED:
            return
        yield trace.decider, program
        program = _without(program, trace.decider)


def grants(snapshot: Snapshot, flow: Flow, direction: Direction) -> tuple[Step, ...]:
    """Every written rule that allows the flow in a direction, or may, in the order of evaluation.

    Each is found with those before it taken away; without all of them the flow is denied, or allowed by default.
    ValueError as for `evaluate`. Cost: one evaluation per rule.
    """
    require_possible(snapshot, flow)
    program = tiers(snapshot, flow, direction)
    found: list[Step] = []
    while True:
        trace = evaluate_direction(snapshot, flow, direction, program=program)
        step = trace.decider
        if trace.truth is Truth.DENIED or step.rule_index is None:
            return tuple(found)
        found.append(step)
        program = _without(program, step)


def _without(program: tuple[Tier, ...], blocker: Step) -> tuple[Tier, ...]:
    """The tiers without the rule or the isolation that the step stands for."""
    if blocker.rule_name == WAYPOINT.name and not blocker.policies:
        return tuple(tier.filter(lambda policy: policy.ref != WAYPOINT) for tier in program)
    if blocker.rule_index is None:
        return tuple(replace(tier, isolation=()) if tier.name == blocker.tier else tier for tier in program)

    def spared(policy: Policy) -> Policy:
        if policy.ref != blocker.policy:
            return policy
        if blocker.direction is Direction.EGRESS:
            return replace(policy, egress=_other_rules(policy.egress, blocker))
        return replace(policy, ingress=_other_rules(policy.ingress, blocker))

    return tuple(tier.map(spared, lambda rule: rule) if tier.name == blocker.tier else tier for tier in program)


def _other_rules(rules: tuple[Rule, ...], blocker: Step) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule.index != blocker.rule_index)
