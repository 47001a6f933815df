"""Plain YAML scalars as kubectl reads them: the rules of go-yaml 2, which sigs.k8s.io/yaml uses.

| Text | Value |
|---|---|
| `y yes on true`, `n no off false` in lower case, capitalised or upper case | a boolean |
| nothing, `~`, `null` | nothing |
| decimal, `0x`, `0o`, `0b`, a leading 0 (octal); `_` may separate digits | an integer |
| `1.5`, `1e3`, `08`, `.inf`, `.nan` | a number; a whole one is an integer, as JSON has only one kind |
| `12e4567` and other numbers that no float64 holds | text: kubectl prints such label values without quotes |
| everything else: dates, `1:30`, `=`, `1.2.3.4` | text |

Quoted scalars never come here: they are text.
"""

from __future__ import annotations

import re
from math import isinf


def _spellings(*words: str) -> list[str]:
    return [form for word in words for form in (word, word.capitalize(), word.upper())]


_WORDS: dict[str, object] = {
    **dict.fromkeys(_spellings("y", "yes", "on", "true"), True),
    **dict.fromkeys(_spellings("n", "no", "off", "false"), False),
    **dict.fromkeys(["", "~", *_spellings("null")], None),
    **dict.fromkeys([sign + word for sign in ("", "+") for word in (".inf", ".Inf", ".INF")], float("inf")),
    **dict.fromkeys(["-.inf", "-.Inf", "-.INF"], float("-inf")),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], float("nan")),
}
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NUMBER_STARTS = frozenset("0123456789+-.")
_LARGEST = 1 << 64


def plain_scalar(text: str) -> object:
    """The value of an unquoted scalar: str, int, float, bool or None."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    return _number(text)


def _number(text: str) -> object:
    plain = text if text[0] == "." else text.replace("_", "")
    integer = _INTEGER.fullmatch(plain)
    if integer is not None:
        value = _integer(integer)
        if -(_LARGEST >> 1) <= value < _LARGEST:
            return value
    if _FLOAT.fullmatch(plain) is None:
        return text
    number = float(plain)
    if isinf(number):
        return text
    return int(number) if number.is_integer() and abs(number) < _LARGEST else number


def _integer(found: re.Match[str]) -> int:
    sign, hexadecimal, binary, octal, decimal = found.groups()
    for digits, base in ((hexadecimal, 16), (binary, 2), (octal, 8), (decimal, 10)):
        if digits is not None:
            return int(sign + digits[:400], base)
    raise AssertionError("one of the groups took part in the match")


def key_text(value: object) -> str | None:
    """The text of a scalar used as a key, as JSON has it; None for a key of nothing."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)
