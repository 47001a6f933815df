"""A second evaluator of Calico's selectors: of their usual text, by way of Python's own operators."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TOKEN = re.compile(
    r"""\s*(?:(?P<has>has\((?P<had>[^)\s]+)\))|(?P<all>all\(\))|(?P<joint>&&|\|\||!(?!=)|\(|\))
    |(?P<key>[\w./-]+)\s+(?P<op>==|!=|in|not\ in|contains|starts\ with|ends\ with)\s*
     (?P<values>"[^"]*"|'[^']*'|\{(?:"[^"]*"|'[^']*'|[^}"'])*\}))""",
    re.VERBOSE,
)


class Naive:
    """Turns the text into Python's own `and`, `or` and `not`, one token after the other, and lets Python decide.

    `everything` is what `all()` says.
    """

    def __init__(self, text: str, labels: Mapping[str, str], *, everything: bool = True) -> None:
        self._labels = labels
        self._everything = everything
        self._python: list[str] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            assert found, text[at:]
            self._python.append(self._word(found))
            at = found.end()

    def _word(self, found: re.Match[str]) -> str:
        if found["all"]:
            return str(self._everything)
        if found["has"]:
            return str(found["had"] in self._labels)
        if found["joint"]:
            return {"&&": "and", "||": "or", "!": "not"}.get(found["joint"], found["joint"])
        return str(self._compared(found["key"], found["op"], re.findall(r"\"[^\"]*\"|'[^']*'", found["values"])))

    def _compared(self, key: str, operator: str, quoted: list[str]) -> bool:
        values = [each[1:-1] for each in quoted]
        if key not in self._labels:
            return operator in ("!=", "not in")
        value = self._labels[key]
        match operator:
            case "==" | "in":
                return value in values
            case "!=" | "not in":
                return value not in values
            case "contains":
                return values[0] in value
            case "starts with":
                return value[: len(values[0])] == values[0]
            case _:
                return value[::-1][: len(values[0])] == values[0][::-1]

    def value(self) -> bool:
        return bool(eval(" ".join(self._python)))
