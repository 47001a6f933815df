"""Why each kind of finding matters, how to mend it, and where to read on.

What a code says is a row of docs/lint.md (`documents.codes`). docs/findings.md is made from both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reachproof.documents.codes import CodeKind, meanings
from reachproof.documents.findings import Code, FindingRule

PAGE = "docs/findings.md"
_KUBERNETES = "https://kubernetes.io/docs/concepts/services-networking/network-policies/"
_SELECTORS = f"{_KUBERNETES}#behavior-of-to-and-from-selectors"
_ISOLATION = f"{_KUBERNETES}#the-two-sorts-of-pod-isolation"
_DEFAULTS = f"{_KUBERNETES}#default-policies"
_SERVICES = "https://kubernetes.io/docs/concepts/services-networking/service/#defining-a-service"
_DNS = "https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/"
_ADMIN = "https://network-policy-api.sigs.k8s.io/api-overview/"
_CALICO = "https://docs.tigera.io/calico/latest/reference/resources/networkpolicy"
_CILIUM = "https://docs.cilium.io/en/stable/security/policy/language/"


@dataclass(frozen=True, slots=True)
class Advice:
    """`why` and `mend` are whole sentences; `reference` is a page of who defines it."""

    why: str
    mend: str
    reference: str


ADVICE: Mapping[Code, Advice] = MappingProxyType(
    {
        Code.SHADOWED_RULE: Advice(
            "Readers take the rule for a protection, or for an access, that is not there.",
            "Move the rule before those that decide its flows, or remove it.",
            _ADMIN,
        ),
        Code.OVERRIDDEN_RULE: Advice(
            "Whoever maintains the policy cannot tell from it what is allowed.",
            "Remove the rule, or ask the owner of the earlier tier to pass its flows.",
            _ADMIN,
        ),
        Code.REDUNDANT_POLICY: Advice(
            "Each policy is read and maintained; one that changes nothing hides those that do.",
            "Remove the policy, unless it is there for pods or policies to come.",
            _KUBERNETES,
        ),
        Code.SELECTS_NOTHING: Advice(
            "A typing error in a label looks the same as a rule that works, and nobody is told.",
            "Compare the labels with `kubectl get pods --show-labels`; keep the rule if the pods are still to come.",
            _SELECTORS,
        ),
        Code.NEVER_SELECTS: Advice(
            "The conditions contradict each other, so the policy or rule can never have an effect.",
            "Remove one of the conditions.",
            _SELECTORS,
        ),
        Code.HOST_NETWORK_PODS: Advice(
            "Traffic of pods on the host network counts as that of their node, so the policy does not protect them.",
            "Take the pods off the host network, or protect the node by other means.",
            f"{_KUBERNETES}#networkpolicy-and-hostnetwork-pods",
        ),
        Code.NAMESPACE_LABEL: Advice(
            "The rule matches nothing, so the traffic that it should allow is blocked.",
            "Select by kubernetes.io/metadata.name, which every namespace has, or label the namespace.",
            f"{_KUBERNETES}#targeting-a-namespace-by-its-name",
        ),
        Code.OTHER_NAMESPACE: Advice(
            "A policy selects pods of its own namespace only, so the pods that it is meant for are not protected.",
            "Put the policy into the namespace of its pods.",
            f"{_KUBERNETES}#the-networkpolicy-resource",
        ),
        Code.PEERS_ARE_ALTERNATIVES: Advice(
            "Two items of the list are alternatives: every pod of the namespaces is let in, whatever its labels.",
            "Remove the `-` before podSelector, so that both selectors are in one item, if both are to hold.",
            _SELECTORS,
        ),
        Code.RULE_WITHOUT_SUBJECT: Advice(
            "The rule matches no traffic of the pods that the policy is about.",
            "Make the selector of the rule's own side one that the policy's pods meet, or leave it out.",
            _CALICO,
        ),
        Code.UNKNOWN_PORT_NAME: Advice(
            "A port name that the destination does not declare matches nothing, so the traffic is blocked.",
            "Declare the name in a container of the pods, or write the number.",
            f"{_KUBERNETES}#the-networkpolicy-resource",
        ),
        Code.SERVICE_PORT: Advice(
            "Policies are enforced after the Service address is translated, so the port of the Service never matches.",
            "Write the port of the pods, the targetPort of the Service.",
            _SERVICES,
        ),
        Code.UNDECLARED_PORT: Advice(
            "Nothing may be listening on the port, so that the rule allows what is not there and not what is.",
            "Compare the port with what the containers listen on, and declare it.",
            f"{_KUBERNETES}#the-networkpolicy-resource",
        ),
        Code.DIRECTION_NOT_ISOLATED: Advice(
            "The list looks like a default deny, and all traffic in that direction stays allowed.",
            "Add the direction to policyTypes.",
            _DEFAULTS,
        ),
        Code.RULES_IGNORED: Advice(
            "Implementations that follow the specification do not apply the rules.",
            "Add the direction to policyTypes, or remove the rules.",
            _ISOLATION,
        ),
        Code.EMPTY_LIST_ALLOWS_ALL: Advice(
            "It reads like nobody, and means everybody.",
            "Remove the rule if nobody is meant; leave the field out if everybody is.",
            _SELECTORS,
        ),
        Code.EMPTY_LIST: Advice(
            "The list looks like a default deny, and the pods are not isolated.",
            "Write [{}] to isolate the pods.",
            _CILIUM,
        ),
        Code.EMPTY_PEERS: Advice(
            "The rule allows nothing, where a missing list would allow everybody.",
            "Leave the field out, or name the peers.",
            _CILIUM,
        ),
        Code.LABEL_NOT_SEEN: Advice(
            "Cilium does not see the label, so the selector never matches it.",
            "Select by a label that is part of identities, or change Cilium's `labels` setting.",
            "https://docs.cilium.io/en/stable/operations/performance/scalability/identity-relevant-labels/",
        ),
        Code.NAME_NEVER_LEARNED: Advice(
            "Cilium knows addresses of a name only from DNS answers that its proxy sees, so the traffic is blocked.",
            "Allow port 53 to the DNS pods with rules.dns that match the name.",
            f"{_CILIUM}#dns-based",
        ),
        Code.UNKNOWN_REFERENCE: Advice(
            "What the rule matches depends on an object that was not read.",
            "Add the object to the input, or correct its name.",
            _CILIUM,
        ),
        Code.BLIND_CIDR: Advice(
            "The implementation matches pods by labels only, so the rule does not match this pod.",
            "Select the pods by labels.",
            f"{_CILIUM}#ip-cidr-based",
        ),
        Code.CIDR_HOLDS_PODS: Advice(
            "Addresses of pods change when they are made anew, and a CIDR is meant for addresses outside the cluster.",
            "Select the pods by labels; use except to leave out the range of pods.",
            _SELECTORS,
        ),
        Code.CIDR_HOLDS_NODES: Advice(
            "An address of a node stands for the node and for all pods on its host network.",
            "Make sure that this is meant, as for the API server or for probes.",
            _SELECTORS,
        ),
        Code.SERVICE_CIDR_MATCH: Advice(
            "Addresses of Services are translated before policies are enforced, so the CIDR never matches them.",
            "Select the pods behind the Service by labels.",
            _SELECTORS,
        ),
        Code.NAMESPACE_WITHOUT_POLICY: Advice(
            "Pods that no policy selects accept and send everything.",
            "Add a default deny to the namespace.",
            _DEFAULTS,
        ),
        Code.POLICIES_ALONE: Advice(
            "A selector that selects nothing, and a rule that decides nothing, are seen only beside the pods.",
            "Add the manifests of the workloads, or a dump of the cluster, to the input.",
            _KUBERNETES,
        ),
        Code.DNS_BLOCKED: Advice(
            "The pods cannot look up names, so connections by name fail even where they are allowed.",
            "Allow egress to the DNS pods on port 53 of UDP and TCP.",
            _DNS,
        ),
        Code.DNS_TCP_BLOCKED: Advice(
            "Answers that do not fit into a datagram are asked for again over TCP, so some names fail now and then.",
            "Allow port 53 of TCP beside that of UDP.",
            _DNS,
        ),
        Code.AMBIGUOUS_VERDICT: Advice(
            "The same manifests allow the flow in one cluster and deny it in another.",
            "Give the policies different priorities, name the implementation with --cni, or write a rule for the flow.",
            _ADMIN,
        ),
        Code.TIED_ORDER: Advice(
            "A policy of another name, or another implementation, turns the result around.",
            "Give each policy a priority or order of its own.",
            _ADMIN,
        ),
        Code.NO_ORDER: Advice(
            "A deny that comes last does not deny what other policies allow.",
            "Set spec.order lower than that of the policies that it must come before; NetworkPolicies have 1000.",
            _CALICO,
        ),
        Code.IGNORE_COMMENT: Advice(
            "Readers believe that a finding is accepted, and why, where nothing is.",
            "Write `# reachproof: ignore CODE REASON` in or above the object, or remove the comment.",
            _KUBERNETES,
        ),
    }
)


def what(code: Code) -> str:
    """The sense of the code, as docs/lint.md has it."""
    return next(each.text for each in meanings()[code] if each.kind is CodeKind.FINDING)


def rule_of(code: Code) -> FindingRule:
    """All that is said of a kind of finding."""
    advice = ADVICE[code]
    return FindingRule(
        code=code,
        what=what(code),
        why=advice.why,
        mend=advice.mend,
        docs=f"{PAGE}#{code.lower()}",
        reference=advice.reference,
    )
