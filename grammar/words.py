"""The words of the language: those that the grammar looks ahead for, and those that continue a sentence.

`reachproof.lark` refers to the patterns here by `<set>`, `<reserved>`, `<address>` and `<requirement>`. A terminal is
shown as the words that may be typed for it, the first being the canonical ones, or as a slot in capitals where a name
of the user's cluster goes. A test holds the table and the grammar together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from lark import Token

END_OF_TEXT = "$END"
"""The terminal that lark has at the end of a text."""

SET_WORDS = (
    *("possible", "pods?", "namespaces?", "tenants?", "workloads?", "deployment", "statefulset", "daemonset"),
    *("replicaset", "cronjob", "job", "services?", "nodes?", "outside", "domain", "anything", "addresses"),
    *("any", "some", "every", "all", "each", "the"),
)
RESERVED_WORDS = (
    *SET_WORDS,
    *("can", "cannot", "reach", "in", "on", "to", "from", "except", "or", "and", "with", "without", "within"),
    *("labelled", "labeled", "is", "are", "not", "only", "exactly", "including", "for", "which", "writes?"),
)

_END = r"(?![-\w]|\.\w|/)"
_V4 = r"[0-9]+(?:\.[0-9]+)+"
_V6 = r"(?=[0-9a-f]*:[0-9a-f:]*:)[0-9a-f:]+(?:\.[0-9]+)*"
_QUOTED = r""""[^"\n]*"|'[^'\n]*'"""
_VALUE = r"\w(?:[-\w.]*\w)?"
_KEY = rf"(?:{_QUOTED}|(?:\w(?:[-\w.]*\w)?/)?{_VALUE})"

RESERVED = rf"(?:(?:{'|'.join(RESERVED_WORDS)}){_END})"
ADDRESS = rf"(?:(?:{_V4}|{_V6})(?:/\w*)?)"
SET = rf"(?:(?:{'|'.join(SET_WORDS)}){_END}|an?\s++(?:pod|possible|node|address|deployment|workload)\b|\(|{ADDRESS})"
# kubectl's -l: !key | key in (a,b) | key notin (a,b) | key=v | key==v | key!=v | key. A value may be empty.
REQUIREMENT = (
    rf"(?:!\s*+{_KEY}"
    rf"|{_KEY}(?:\s++(?:notin|in)\s*+\([^()\n]*\)|\s*+(?:==|=|!=)(?:{_QUOTED}|{_VALUE}|\s++(?:{_QUOTED}|(?!{RESERVED}){_VALUE}))?)"
    rf"|(?!{RESERVED}|{SET}){_KEY})"
)

PATTERNS = {"<reserved>": RESERVED, "<set>": SET, "<address>": ADDRESS, "<requirement>": REQUIREMENT}

_reserved = re.compile(RESERVED, re.IGNORECASE)
_begins_set = re.compile(SET, re.IGNORECASE)
_part = re.compile(r"\w(?:[-\w.]*\w)?")
_snapshot = re.compile(r"\w(?:[-\w.:@/]*\w)?")


def is_reserved(word: str) -> bool:
    """True if a word is a name only when it is quoted."""
    return _reserved.fullmatch(word) is not None


def is_plain_name(text: str) -> bool:
    """True if a name needs no quotes."""
    return is_plain_part(text) and not (_reserved.match(text) or _begins_set.match(text))


def is_plain_part(text: str) -> bool:
    """True if a part of `namespace/name`, or the value of a label, needs no quotes."""
    return _part.fullmatch(text) is not None


def is_plain_label_key(text: str) -> bool:
    """True if the key of a label needs no quotes."""
    return all(map(is_plain_part, text.split("/"))) and not (_reserved.match(text) or _begins_set.match(text))


def is_plain_snapshot(text: str) -> bool:
    """True if the name of a snapshot needs no quotes: a keyword at the end of a line would seem to go on."""
    return _snapshot.fullmatch(text) is not None and not _reserved.match(text)


# ---------------------------------------------------------------- continuations

SET_STARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "POD": ("pods", "pod"),
        "NAMESPACE": ("namespace", "namespaces"),
        "TENANT": ("tenant", "tenants"),
        "WORKLOAD_KIND": ("deployment", "statefulset", "daemonset", "replicaset", "job", "cronjob"),
        "WORKLOAD": ("workload", "workloads"),
        "SERVICE": ("service", "services"),
        "NODE": ("node", "nodes"),
        "ADDRESS": ("ADDRESS",),
        "INTERNET": ("the internet",),
        "INGRESS_CONTROLLER": ("the ingress controller",),
        "OUTSIDE_CLUSTER": ("outside the cluster", "anything outside the cluster"),
        "OUTSIDE": ("outside",),
        "DOMAIN": ("domain",),
        "ANYTHING": ("anything",),
        "POSSIBLE": ("possible",),
        "OPEN": ("(",),
    }
)
STATEMENT_STARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "CAN": ("can",),
        "NO": ("no",),
        "ONLY": ("only",),
        "WHICH": ("which",),
        "WHY": ("why",),
        "ON_WHICH_PORTS": ("on which ports",),
        "SHOW_REACHABILITY": ("show reachability between",),
        "WHAT": ("what",),
        "NOTHING": ("nothing",),
        "ALL_TENANTS": ("all tenants", "every tenant"),
        "ALL_NAMESPACES": ("all namespaces", "every namespace"),
        "BASELINE": ("the baseline tier", "BANP"),
        "ADMIN": ("the admin tier", "ANP"),
        "THE_TIER": ("the tier",),
        "NETWORK_POLICIES": ("network policies",),
        "CLUSTER": ("the cluster",),
        "PROVE": ("prove", "prove that"),
        "WITHOUT": ("without",),
        "WITH_ONLY": ("with only",),
        "FOR": ("for",),
        "ASSUMING": ("assuming",),
    }
)
FILTERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "IN": ("in",),
        "LABELLED": ("labelled", "with labels"),
        "ON_NODE": ("on node",),
        "WITH_SERVICE_ACCOUNT": ("with service account",),
        "FILTER_AND": ("and",),
    }
)
_OTHERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "REACH": ("reach",),
        "CANNOT": ("can't", "cannot", "can not"),
        "NOT": ("not",),
        "EXACTLY": ("exactly",),
        "IS": ("is", "are"),
        "ISOLATED": ("isolated",),
        "FROM_EACH_OTHER": ("from each other",),
        "SELECTED": ("selected by a network policy",),
        "SELECTED_BY_NONE": ("selected by no network policy",),
        "SELECT": ("select",),
        "DOES": ("does",),
        "ALLOW": ("allow",),
        "ENFORCES": ("enforces", "enforce"),
        "DEFAULT_DENY": ("default deny",),
        "FOR_INGRESS": ("for ingress",),
        "FOR_EGRESS": ("for egress",),
        "FOR_BOTH": ("for ingress and egress",),
        "INCLUDING": ("including",),
        "CHANGED": ("changed",),
        "SINCE": ("since snapshot",),
        "NEWLY_ALLOWED": ("newly allowed",),
        "DECIDE": ("decide",),
        "RULE": ("rules", "rule"),
        "POLICIES": ("policies", "policy"),
        "SELECTOR_WORD": ("selectors", "selector"),
        "VERDICT_WORD": ("verdicts", "verdict"),
        "SHADOWED": ("shadowed",),
        "REDUNDANT": ("redundant",),
        "MATCHES_NOTHING": ("match nothing", "matches nothing"),
        "AMBIGUOUS": ("ambiguous",),
        "ADDRESS_WORD": ("addresses",),
        "WHATEVER": ("whatever",),
        "WRITES": ("writes",),
        "POLICY_KIND": (
            *("networkpolicy", "adminnetworkpolicy", "baselineadminnetworkpolicy", "clusternetworkpolicy"),
            *("netpol", "anp", "banp", "cnp"),
        ),
        "DEFINE": ("define",),
        "INVARIANT": ("invariant",),
        "EXPECT": ("expect",),
        "BY_LABEL": ("by label",),
        "AS": ("as",),
        "SEVERITY": ("info", "low", "medium", "high", "critical"),
        "VERDICT": ("reachable", "unreachable"),
        "ANY": ("any", "some", "a"),
        "EVERY": ("every", "all", "each"),
        "SAME": ("the same",),
        "DIFFERENT": ("a different", "another"),
        "WITHIN": ("within",),
        "FROM": ("from",),
        "TO": ("to",),
        "ON": ("on",),
        "EXCEPT_CLAIM": ("except",),
        "EXCEPT_SET": ("except",),
        "JOIN": (",", "or", "and"),
        "JOIN_EXCEPT": ("and", ","),
        "JOIN_PORT": ("or", ",", "and"),
        "JOIN_SET": ("or", ","),
        "JOIN_NAME": ("or", ",", "and"),
        "LABEL_COMMA": (",",),
        "ANY_PORT": ("any port",),
        "EVERY_PORT": ("every port",),
        "ANY_OF": ("any of",),
        "EACH_OF": ("each of",),
        "PROTOCOL_PORT": ("tcp/PORT", "udp/PORT", "sctp/PORT"),
        "PORT": ("port",),
        "PORT_NUMBER": ("PORT",),
        "PORT_NAME": ("PORT",),
        "REQUIREMENT": ("LABEL",),
        "LABEL_KEY": ("LABEL",),
        "NAME": ("NAME",),
        "OBJECT": ("NAME",),
        "DOMAIN_NAME": ("DOMAIN",),
        "SNAPSHOT_NAME": ("SNAPSHOT",),
        "CHECK_NAME": ("NAME",),
        "STRING": (),
        "CLOSE": (")",),
        "COLON": (":",),
        "END": (),
        END_OF_TEXT: (),
    }
)
WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType({**_OTHERS, **FILTERS, **STATEMENT_STARTS, **SET_STARTS})

# The kind of name that goes after a token.
_SLOTS = {
    "NAMESPACE": "NAMESPACE",
    "TENANT": "TENANT",
    "NODE": "NODE",
    "ON_NODE": "NODE",
    "POD": "POD",
    "WORKLOAD": "WORKLOAD",
    "WORKLOAD_KIND": "WORKLOAD",
    "SERVICE": "SERVICE",
    "WITH_SERVICE_ACCOUNT": "SERVICEACCOUNT",
    "POLICY_KIND": "POLICY",
    "THE_TIER": "TIER",
}


def words(terminals: Iterable[str], before: Sequence[Token], *, most: int | None = None) -> tuple[str, ...]:
    """Words for the terminals after the tokens before them, in the order of the table, each once.

    `most`: at most so many synonyms of each.
    """
    wanted = set(terminals)
    if wanted & {"NAME", "OBJECT"}:
        slot = next((_SLOTS[token.type] for token in reversed(before) if token.type in _SLOTS), "NAME")
    else:
        slot = "NAME"
    found = (word for terminal, typed in WORDS.items() if terminal in wanted for word in typed[:most])
    return tuple(dict.fromkeys(slot if word == "NAME" else word for word in found))


def is_slot(word: str) -> bool:
    """True if a word stands for a name that the user fills in."""
    return word.isupper() and word not in {"BANP", "ANP"}
