"""Near misses: rules that would let a blocked flow through if a few more of their conditions held."""

from __future__ import annotations

from enum import StrEnum

from reachproof.documents.parts import Part, Rule


class UnmetCode(StrEnum):
    """The kinds of condition that a flow does not meet; docs/explain.md says what each means."""

    LABEL_VALUE = "LABEL_VALUE"
    LABEL_MISSING = "LABEL_MISSING"
    LABEL_RULED_OUT = "LABEL_RULED_OUT"
    LABEL_CONDITION = "LABEL_CONDITION"
    NAMESPACE_LABEL_VALUE = "NAMESPACE_LABEL_VALUE"
    NAMESPACE_LABEL_MISSING = "NAMESPACE_LABEL_MISSING"
    NAMESPACE_LABEL_RULED_OUT = "NAMESPACE_LABEL_RULED_OUT"
    NOT_IN_NAMESPACE = "NOT_IN_NAMESPACE"
    NOT_A_POD = "NOT_A_POD"
    HOST_NETWORK_END = "HOST_NETWORK_END"
    OTHER_KIND_OF_END = "OTHER_KIND_OF_END"
    OTHER_ADDRESS = "OTHER_ADDRESS"
    ADDRESS_EXCEPTED = "ADDRESS_EXCEPTED"
    ADDRESS_OF_SERVICE = "ADDRESS_OF_SERVICE"
    OTHER_NODE = "OTHER_NODE"
    DOMAIN_NAME = "DOMAIN_NAME"
    OTHER_PORT = "OTHER_PORT"
    OTHER_PROTOCOL = "OTHER_PROTOCOL"
    PORT_RULED_OUT = "PORT_RULED_OUT"
    PORT_OF_SERVICE = "PORT_OF_SERVICE"
    PORT_NAME_ELSEWHERE = "PORT_NAME_ELSEWHERE"
    PORT_NAME_NOT_DECLARED = "PORT_NAME_NOT_DECLARED"
    POLICY_NAMESPACE = "POLICY_NAMESPACE"
    POLICY_SELECTOR = "POLICY_SELECTOR"
    POLICY_TYPES = "POLICY_TYPES"
    ISOLATES_WITHOUT_RULE = "ISOLATES_WITHOUT_RULE"
    RULE_IN_DOUBT = "RULE_IN_DOUBT"
    RULE_MATCHES_NOTHING = "RULE_MATCHES_NOTHING"


class Unmet(Part, frozen=True, kw_only=True):
    """A condition of a rule that fails, or may fail, for a flow. `text` says what is near."""

    code: UnmetCode
    text: str
    undetermined: bool = False


class NearMiss(Rule, frozen=True, kw_only=True):
    """A rule that would let a blocked flow through if the conditions in `failing` held. `text`: what it allows.

    `rule` is null for a policy that blocks a direction in which it has no rule.
    """

    failing: tuple[Unmet, ...]
