"""security.istio.io AuthorizationPolicy and PeerAuthentication to policies of the mesh's tier.

| Field | Meaning |
|---|---|
| annotation istio.io/dry-run | true: it is not enforced, and a notice says so (`DRY_RUN`) |
| the root namespace | pods of all namespaces; for a PeerAuthentication, the whole mesh |
| a PeerAuthentication there with a selector | nothing: Istio ignores it (`ROOT_SELECTOR`) |
| selector.matchLabels | these pods only |
| targetRef, targetRefs | a waypoint or a gateway: no policy of a pod, and a notice (`WAYPOINT_POLICY`) |
| action | ALLOW where absent; AUDIT changes nothing; CUSTOM asks somebody whose answer is not known |
| no rules | ALLOW: nothing is allowed; DENY, CUSTOM: nothing is denied |
| mtls.mode, portLevelMtls | what connections a pod takes |

Trusted by every verdict about policies of Istio; checked by tests/agreement/test_istio.py.
"""

from __future__ import annotations

from dataclasses import replace

from reachproof.engines.istio import tiers as istio
from reachproof.engines.istio.membership import IN_MESH
from reachproof.engines.istio.mutual_tls import Level, MutualTls, TlsMode
from reachproof.engines.own_tiers import MESH
from reachproof.manifests.field_reader import Field
from reachproof.manifests.kinds.istio.proxies import true
from reachproof.manifests.kinds.istio.rules import read_rules
from reachproof.manifests.kinds.policy_kind import Context, PolicyKind
from reachproof.manifests.selectors import read_match_labels
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Selector
from reachproof.network.policy import (
    Action,
    Direction,
    PodSet,
    Policy,
    PolicyRef,
    Rule,
)
from reachproof.network.ports import MAX_PORT

GROUP = "security.istio.io"
DRY_RUN = "istio.io/dry-run"
_PLACES = {"ALLOW": istio.ALLOW, "DENY": istio.DENY, "CUSTOM": istio.CUSTOM, "AUDIT": None}
_MODES = {"UNSET": None, **{mode.value: mode for mode in TlsMode}}
_TARGETS = ("targetRef", "targetRefs")


def lower_authorization(whole: Field, ref: PolicyRef, context: Context) -> tuple[Policy, ...]:
    """The policy of an AuthorizationPolicy; none where it is not about pods, or changes nothing."""
    spec = _spec(whole, "selector", *_TARGETS, "rules", "action", "provider")
    place = istio.ALLOW if not spec.get("action").present else spec.get("action").choice(_PLACES)
    action = Action.PASS if place == istio.ALLOW else Action.DENY
    rules = read_rules(spec.get("rules"), ref, action, context.options.trust_domains)
    subject = PodSet(_home(ref, context), _selector(spec.get("selector")), where=IN_MESH)
    if spec.get("provider").present and place != istio.CUSTOM:
        spec.get("provider").report("provider is allowed only with action CUSTOM")
    if any(spec.get(name).value for name in _TARGETS):
        spec.notice("WAYPOINT_POLICY", "it holds at a waypoint or a gateway, which is not modelled, and at no pod")
        return ()
    if true(whole.get("metadata").get("annotations").get(DRY_RUN).value):
        whole.get("metadata").notice("DRY_RUN", f"the annotation {DRY_RUN} says that it is not enforced")
        return ()
    if place is None:
        return ()
    return (
        Policy(
            ref=ref,
            tier=MESH,
            priority=place,
            subject=subject,
            ingress=tuple(map(_custom, rules)) if place == istio.CUSTOM else rules,
            isolates=frozenset((Direction.INGRESS,)) if place == istio.ALLOW else frozenset(),
            origin=whole.origin,
        ),
    )


def _custom(rule: Rule) -> Rule:
    reason = "whether the authorizer that it asks refuses is not known"
    return replace(rule, may=True, reason=reason, reason_code="CUSTOM_ACTION")


def lower_authentication(whole: Field, ref: PolicyRef, context: Context) -> tuple[Policy, ...]:
    """The policy of a PeerAuthentication, whose rules are made in `engines.istio.tiers`; none if ignored."""
    spec = _spec(whole, "selector", "mtls", "portLevelMtls")
    selector, ports = _selector(spec.get("selector")), spec.get("portLevelMtls")
    if ports.present and not selector.requirements:
        ports.report("portLevelMtls needs a selector")
    wide = ref.namespace == context.options.root_namespace
    asks = MutualTls(
        level=Level.WORKLOAD if selector.requirements else Level.MESH if wide else Level.NAMESPACE,
        mode=_mode(spec.get("mtls")),
        ports=tuple(sorted(_port_modes(ports))),
    )
    if wide and selector.requirements:
        text = f"in the root namespace {ref.namespace} Istio ignores a PeerAuthentication that has a selector"
        spec.get("selector").notice("ROOT_SELECTOR", text)
        return ()
    return (
        Policy(
            ref=ref,
            tier=MESH,
            priority=istio.REQUIRED,
            extension=asks,
            subject=PodSet(_home(ref, context), selector, where=IN_MESH),
            origin=whole.origin,
        ),
    )


def _spec(whole: Field, *names: str) -> Field:
    """The spec; absent and empty are the same."""
    spec = whole.get("spec").or_empty()
    spec.only(*names)
    return spec


def _home(ref: PolicyRef, context: Context) -> Selector:
    return (
        EVERYTHING if ref.namespace == context.options.root_namespace else Selector.equal(NAMESPACE_NAME, ref.namespace)
    )


def _selector(field: Field) -> Selector:
    """A workload selector, which has matchLabels only."""
    if not field.present or not field.only("matchLabels"):
        return EVERYTHING
    return Selector.of(*read_match_labels(field.get("matchLabels")))


def _mode(field: Field) -> TlsMode | None:
    if not field.present:
        return None
    field.only("mode")
    mode = field.get("mode")
    return mode.choice(_MODES) if mode.present else None


def _port_modes(field: Field) -> list[tuple[int, TlsMode]]:
    """The modes of ports; a port whose mode is unset has that of its object."""
    if not field.present:
        return []
    if not isinstance(field.value, dict):
        field.expected("an object with a port as each key")
        return []
    found = []
    for name in field.value:
        number = int(name) if str(name).isascii() and str(name).isdecimal() else 0
        if not 1 <= number <= MAX_PORT:
            field.get(name).report(f'found "{name}", expected a port number from 1 to {MAX_PORT}')
        mode = _mode(field.get(name))
        if mode is not None:
            found.append((number, mode))
    return found


KINDS = tuple(
    PolicyKind(group=GROUP, version="v1", also=("v1beta1",), kind=kind, namespaced=True, lower=lower, late=True)
    for kind, lower in (("AuthorizationPolicy", lower_authorization), ("PeerAuthentication", lower_authentication))
)
