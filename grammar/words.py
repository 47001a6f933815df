"""The words of the language: which begin a set, which are never a bare name, and how each terminal is shown to a user.

`reachproof.lark` refers to the patterns here by `<set>`, `<reserved>`, `<address>` and `<requirement>`. A test holds the
tables and the grammar together: every terminal has an entry, and every word is what its terminal matches.
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
    *("labelled", "labeled", "is", "are", "not", "only", "exactly", "including", "for", "which"),
)

_END = r"(?![-\w]|\.\w|/)"
_V4 = r"\d+(?:\.\d+)+"
_V6 = r"(?=[0-9a-f]*:[0-9a-f:]*:)[0-9a-f:]+(?:\.\d+)*"
_QUOTED = r""""[^"\n]*"|'[^'\n]*'"""
_VALUE = r"\w(?:[-\w.]*\w)?"
_KEY = rf"(?:{_QUOTED}|(?:\w(?:[-\w.]*\w)?/)?{_VALUE})"

RESERVED = rf"(?:(?:{'|'.join(RESERVED_WORDS)}){_END})"
ADDRESS = rf"(?:(?:{_V4}|{_V6})(?:/\w*)?)"
SET = rf"(?:(?:{'|'.join(SET_WORDS)}){_END}|an?\s+(?:pod|possible|node|address|deployment|workload)\b|\(|{ADDRESS})"
# kubectl's -l: !key | key in (a,b) | key notin (a,b) | key=v | key==v | key!=v | key. A value may be empty.
REQUIREMENT = (
    rf"(?:!\s*{_KEY}"
    rf"|{_KEY}\s*(?:\s(?:notin|in)\s*\([^()\n]*\)|(?:==|=|!=)(?:{_QUOTED}|{_VALUE}|\s+(?:{_QUOTED}|(?!{RESERVED}){_VALUE}))?)"
    rf"|(?!{RESERVED}|{SET}){_KEY})"
)

PATTERNS = {"<reserved>": RESERVED, "<set>": SET, "<address>": ADDRESS, "<requirement>": REQUIREMENT}

_reserved = re.compile(RESERVED, re.IGNORECASE)
_plain = re.compile(r"\w(?:[-\w.]*\w)?")


def is_reserved(word: str) -> bool:
    """Whether a word is a name only when it is quoted."""
    return _reserved.fullmatch(word) is not None


def is_plain_name(text: str) -> bool:
    """Whether a name needs no quotes."""
    return _plain.fullmatch(text) is not None and not is_reserved(text)
