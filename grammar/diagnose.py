"""Messages about text that is not a sentence: what was found, what was expected, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lark import Token

from reachproof.grammar.ast import Span
from reachproof.grammar.engine import Stop, accepted_after, stop
from reachproof.grammar.mistakes import Mistake, nearest, shortened
from reachproof.grammar.words import (
    END_OF_TEXT,
    FILTERS,
    SET_STARTS,
    STATEMENT_STARTS,
    is_plain_name,
    is_reserved,
    is_slot,
    words,
)

MOST_WORDS = 10

_JOINER = re.compile(r"(?:,\s*(?:and\b|or\b)?|and\b|or\b|except\b)\s*", re.IGNORECASE)
_WORD = re.compile(r"""[^\W_](?:[-\w./=:]*\w)?|"[^"\n]*"|'[^'\n]*'|\S""")
_JOINS = ("JOIN_EXCEPT", "JOIN_PORT", "JOIN_SET", "JOIN_NAME", "LABEL_COMMA", "JOIN", "EXCEPT_SET", "EXCEPT_CLAIM")


def diagnose(text: str, start: str) -> Mistake:
    """The mistakes of a text that has no parse tree. The text has no comments, and its quotes are closed."""
    if not text.strip():
        return Mistake("empty question", Span(0, 0))
    reached = _past_joiner(text, stop(text, start), start)
    word = _WORD.match(text, reached.position)
    found = word[0] if word else ""
    at = reached.position if found else len(text.rstrip())
    span = Span(at, at + max(len(found), 1))
    said = f"found `{shortened(found)}`," if found else "the sentence is incomplete;"
    hint = next(_hints(text[at:], found, reached), "")
    return Mistake(f"{said} expected {_expected(reached)}{hint}", span)


def _past_joiner(text: str, reached: Stop, start: str) -> Stop:
    """Where a comma, `or` or `except` is fine and what follows it is not, the place after it."""
    joiner = _JOINER.match(text, reached.position)
    joins = [each for each in _JOINS if each in reached.accepted]
    if joiner is None or not joins:
        return reached
    first = joiner[0].lower().lstrip(", \t\r\n").split()
    joins = [each for each in joins if _could_be(each, joiner[0][0] == ",", first[0] if first else "")]
    if not joins:
        return reached
    accepted: set[str] = set()
    for each in joins:
        accepted |= accepted_after([*reached.tokens, Token(each, joiner[0])], start)
    return Stop(joiner.end(), reached.tokens, frozenset(accepted))


def _could_be(terminal: str, comma: bool, word: str) -> bool:
    if word == "except":
        return terminal.startswith("EXCEPT")
    if terminal.startswith("EXCEPT") or (terminal == "LABEL_COMMA" and (not comma or word)):
        return False
    return terminal != "JOIN_SET" or word != "and"


# ---------------------------------------------------------------- what was expected


def _expected(reached: Stop) -> str:
    """The words that may stand here, as a list in words; long families of them by example."""
    accepted = set(reached.accepted)
    phrases: list[str] = []
    if {"CAN", "WHY", "NO"} <= accepted:
        phrases.append("a sentence such as `can A reach B`, `no A can reach B` or `which pods can reach B`")
        accepted -= {*STATEMENT_STARTS, *SET_STARTS, "EVERY", "ANY"}
    elif {"NO", "ONLY", "NOTHING"} <= accepted:
        phrases.append("a claim such as `no A can reach B` or `only A can reach B`")
        accepted -= {*STATEMENT_STARTS, *SET_STARTS, "EVERY", "ANY"}
    filters = accepted & set(FILTERS) if len(accepted & set(FILTERS)) > 1 else set()
    sets = accepted & set(SET_STARTS) if {"POD", "ADDRESS", "ANYTHING"} <= accepted else set()
    accepted -= filters | sets
    if "OUTSIDE" in accepted and filters:
        accepted.remove("OUTSIDE")
    if sets:
        phrases.append("a set such as `pods`, `namespace NAME` or `10.0.0.0/8`")
        accepted -= {"ANY", "EVERY"}
    if "OBJECT" in accepted and reached.tokens[-1].lower() == "pods":
        accepted.remove("OBJECT")
    most = None if accepted & {"PROTOCOL_PORT", "SEVERITY", "VERDICT"} else 1
    listed = [word if is_slot(word) else f"`{word}`" for word in words(accepted, reached.tokens, most=most)]
    phrases += listed[:MOST_WORDS] + ["..."] * (len(listed) > MOST_WORDS)
    if filters:
        phrases.append("a condition such as `in namespace NAME` or `labelled app=web`")
    if END_OF_TEXT in accepted:
        phrases.append("the end")
    return f"{', '.join(phrases[:-1])} or {phrases[-1]}" if len(phrases) > 1 else phrases[0]


# ---------------------------------------------------------------- what was probably meant


def _hints(rest: str, found: str, reached: Stop) -> Iterator[str]:
    """Suggested replacements, most certain first."""
    yield from _port_hints(rest, found, reached)
    yield from _word_hints(found, reached.accepted, reached.tokens)
    meant = nearest(found, _candidates(reached)) if found else None
    if meant is not None:
        yield f"; did you mean `{meant}`?"
    last = reached.tokens[-1] if reached.tokens else Token("", "")
    if "OBJECT" in reached.accepted and last.type != "POLICY_KIND" and is_plain_name(found):
        yield f"; did you mean `{last} NAMESPACE/{found}`?"
    if reached.accepted == {"REQUIREMENT"} and (is_reserved(found) or found == "("):
        yield "; a label that is also a word of the language is quoted, and a list of sets has a blank after its comma"
    if "NAME" in reached.accepted and is_reserved(found):
        yield f'; a name that is also a word of the language is quoted: "{found}"'


def _port_hints(rest: str, found: str, reached: Stop) -> Iterator[str]:
    tokens = reached.tokens
    if re.match(r"icmp", found, re.IGNORECASE):
        yield "; network policies cannot tell ICMP apart, so ask about `tcp`, `udp` or `sctp`"
    backwards = re.match(r"([0-9]+(?:-[0-9]+)?)/(tcp|udp|sctp)\b", rest, re.IGNORECASE)
    if backwards:
        yield f"; did you mean `{backwards[2].lower()}/{backwards[1]}`?"
    number = re.fullmatch(r"[0-9]+(?:-[0-9]+)?", found)
    if number and tokens and re.fullmatch("tcp|udp|sctp", tokens[-1], re.IGNORECASE):
        yield f"; did you mean `{tokens[-1].lower()}/{found}`?"
    if number and "PROTOCOL_PORT" in reached.accepted:
        yield f"; each port has its protocol: did you mean `tcp/{found}`?"
    if "ON" in reached.accepted and re.match(r"(?:tcp|udp|sctp|ports?)\b", rest, re.IGNORECASE):
        yield f"; did you mean `on {found}`?"


def _word_hints(found: str, accepted: frozenset[str], tokens: Sequence[Token]) -> Iterator[str]:
    last = tokens[-1] if tokens else Token("", "")
    slashed = re.fullmatch(r"(\w+)/([-\w.]+)", found)
    if slashed and "POD" in accepted and "ADDRESS" in accepted:
        yield f"; did you mean `{slashed[1]} NAMESPACE/{slashed[2]}`?"
    if found.lower() == "and" and "JOIN_SET" in accepted:
        yield "; sets are joined by `or`"
    if "=" in found and last.type == "REQUIREMENT":
        yield "; labels are joined by a comma, and `key in (a,b)` takes one of several values"
    if found.lower() in {"cannot", "can't", "can’t"} and "CAN" in accepted:
        yield "; did you mean `no A can reach B`?"
    if last.type == "PROVE" and found.lower() in {"can", "why", "which", "what", "show", "on"}:
        yield "; leave `prove` out before a question"
    if last.type == "END" and accepted == {END_OF_TEXT}:
        yield "; this is one sentence, and another begins here"


def _candidates(reached: Stop) -> dict[str, str]:
    """Candidates for a misspelt word, and what to write for each; the first of several words stands for all."""
    offered = [word for word in words(reached.accepted, reached.tokens) if not is_slot(word) and len(word) > 1]
    if reached.tokens and reached.tokens[-1].type == "FOR":
        offered += ["ingress", "egress"]
    return {word.split()[0].lower(): word for word in reversed(offered)} | {word.lower(): word for word in offered}
