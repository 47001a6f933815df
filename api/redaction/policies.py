"""Policies, rules, steps, notices and routes, as the owner of some namespaces is shown them."""

from __future__ import annotations

from reachproof.api.namespace_view import OUTSIDE, NamespaceView
from reachproof.documents import connectivity, diff, parts
from reachproof.documents.json import plain_fields, viewed
from reachproof.network.policy import TierName

NOT_SHOWN = "this names objects outside your namespaces, and is not shown"
HIDDEN = "this may be about objects outside your namespaces, and is not shown"
NOWHERE = parts.Origin(file="", line=0, path="")
_TIERS = frozenset(map(str, TierName))
# Notices about no object whose texts name none but those of the question, and count nothing.
_ABOUT_NOBODY = frozenset(
    (
        *("EMPTY_SET", "KIND_MISSING", "NO_POLICIES", "NO_TENANTS", "PREMISE", "MIXED_ADMIN_APIS"),
        *("TIER_CANNOT_SEE_EXTERNAL_SOURCES", "HOST_NETWORK_LEFT_OUT"),
        *("NODES_OF_ONE", "PODS_RESCHEDULED", "OPEN_IN_BOTH"),
    )
)


def text(value: str, view: NamespaceView) -> str:
    """A sentence, as it is if it names nobody else's objects."""
    return view.text(value, NOT_SHOWN) if value else value


def texts(value: tuple[str, ...], view: NamespaceView) -> tuple[str, ...]:
    """Sentences, without those that name somebody else's objects."""
    return tuple(each for each in value if not view.names_others(each))


def shown_policy(policy: parts.Policy, view: NamespaceView) -> parts.Policy:
    """The identity of a policy; of those of others the kind."""
    if view.owns(policy.namespace):
        return policy
    return parts.Policy(kind=policy.kind, namespace=OUTSIDE if policy.namespace else "", name=OUTSIDE)


def _whose(policy: parts.Policy) -> str:
    return "a policy of another namespace" if policy.namespace else "a policy of the administrators"


def origin_of(owned: bool, origin: parts.Origin | None, view: NamespaceView) -> parts.Origin | None:
    """A place; that of an object of others is nowhere."""
    if origin is None:
        return None
    if not owned or origin.file not in view.own_files:
        return NOWHERE
    return viewed(parts.Origin, origin, path=view.text(origin.path, ""))


def _number(owned: bool, number: parts.RuleNumber | None) -> parts.RuleNumber | None:
    return number if owned or number is None else parts.RuleNumber(index=number.index, name="")


def shown_rule(rule: parts.Rule, view: NamespaceView) -> parts.Rule:
    """A rule that a verdict rests on; of those of others whose it is, and what it does."""
    owned = view.owns(rule.policy.namespace)
    otherwise = f"a rule of {rule.policy} decides" if owned else f"{_whose(rule.policy)} decides"
    return parts.Rule(
        policy=shown_policy(rule.policy, view),
        rule=_number(owned, rule.rule),
        direction=rule.direction,
        action=rule.action,
        origin=origin_of(owned, rule.origin, view) or NOWHERE,
        text=view.text(rule.text, otherwise) if owned else otherwise,
    )


def shown_cause(cause: diff.Cause, view: NamespaceView) -> diff.Cause:
    """A rule that a difference rests on."""
    rule = shown_rule(cause, view)
    return diff.Cause(**plain_fields(rule), when=cause.when, edit=cause.edit)


def shown_step(step: parts.Step, view: NamespaceView) -> parts.Step:
    """A step of a trace."""
    owned = step.policy is not None and view.owns(step.policy.namespace)
    whose = "no policy" if step.policy is None else f"a rule of {step.policy}" if owned else _whose(step.policy)
    foreign = step.policy is not None and not owned
    return parts.Step(
        direction=step.direction,
        subject=step.subject if _is_own_subject(step.subject, view) else OUTSIDE,
        tier=step.tier if step.tier in _TIERS or not view.names_others(step.tier) else OUTSIDE,
        action=step.action,
        policy=None if step.policy is None else shown_policy(step.policy, view),
        rule=_number(owned, step.rule),
        origin=origin_of(owned, step.origin, view),
        text=f"{whose} decides" if foreign else view.text(step.text, f"{whose} decides"),
    )


def _is_own_subject(subject: str, view: NamespaceView) -> bool:
    return not view.names_others(subject) and view.owns(subject.partition("/")[0])


def shown_notice(notice: parts.Notice, view: NamespaceView) -> parts.Notice:
    """A notice: its code always, its text if its place is theirs, or if notices of the code are about nobody."""
    origin = notice.origin
    if isinstance(origin, parts.Origin):
        owned = view.is_own_place(origin.file, origin.line)
        told = owned and not view.names_others(notice.text)
        return parts.Notice(
            code=notice.code,
            text=notice.text if told else HIDDEN,
            origin=origin_of(owned, origin, view) if told else None,
        )
    told = notice.code in _ABOUT_NOBODY and view.is_plain(notice.text)
    return parts.Notice(code=notice.code, text=notice.text if told else HIDDEN, origin=notice.origin)


def shown_route(route: connectivity.Route, view: NamespaceView) -> connectivity.Route:
    """A route that leads somewhere."""
    owned = view.owns(route.namespace)
    return connectivity.Route(
        kind=route.kind,
        namespace=route.namespace if owned else OUTSIDE,
        name=route.name if owned else OUTSIDE,
        connections=route.connections,
        doubt=text(route.doubt, view),
        origin=origin_of(owned, route.origin, view) or NOWHERE,
    )


def shown_route_change(change: diff.RouteChange, view: NamespaceView) -> diff.RouteChange:
    """A route that is not what it was."""
    owned = view.owns(change.namespace)
    return diff.RouteChange(
        kind=change.kind,
        namespace=change.namespace if owned else OUTSIDE,
        name=change.name if owned else OUTSIDE,
        edit=change.edit,
        origin=origin_of(owned, change.origin, view) or NOWHERE,
    )


def shown_policy_change(change: diff.PolicyChange, view: NamespaceView) -> diff.PolicyChange:
    """A policy that is not what it was."""
    owned = view.owns(change.policy.namespace)
    return diff.PolicyChange(
        policy=shown_policy(change.policy, view),
        edit=change.edit,
        unmodelled=texts(change.unmodelled, view) if owned else (),
        origin=origin_of(owned, change.origin, view) or NOWHERE,
    )


def shown_undetermined(found: diff.Undetermined, view: NamespaceView) -> diff.Undetermined:
    """A difference of unknown effect."""
    owned = found.policy is not None and view.owns(found.policy.namespace)
    plain = owned and view.is_plain(found.text)
    return diff.Undetermined(
        policy=None if found.policy is None else shown_policy(found.policy, view),
        edit=found.edit,
        what=texts(found.what, view) if plain else (),
        text=found.text if plain else HIDDEN,
        origin=origin_of(owned, found.origin, view),
    )
