"""The words of the language that the grammar looks ahead for: those that begin a set, and those never a bare name.

`reachproof.lark` refers to the patterns here by `<set>`, `<reserved>`, `<address>` and `<requirement>`.
"""

from __future__ import annotations

import re

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
