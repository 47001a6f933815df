"""Sets that are given as a bare name: `frontend`, with the meaning that plain speech gives it.

What the language reads is read by the language: a keyword stays one, and a name in quotes needs its kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from reachproof.grammar.ast import Span
from reachproof.grammar.mistakes import Mistake, QuerySyntaxError
from reachproof.grammar.parse import parse_set
from reachproof.grammar.plain.lexicon import Meant, Thing, meanings
from reachproof.network.snapshot import Snapshot
from reachproof.queries.errors import QueryError, together
from reachproof.queries.plain_names import lexicon_of

_PART = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_NAME = re.compile(rf"{_PART}(?:/{_PART})?")
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_WORD = re.compile(r"[a-z][-a-z0-9]*")


def named_sets(snapshot: Snapshot, given: Mapping[str, str | None], ports: str | None = None) -> dict[str, str | None]:
    """The texts with the exact set in the place of each bare name, by their names; `ports` stand with the last of them.

    Names of nothing stay as they are. InputError with every name that is several things.
    """
    last = list(given)[-1:]

    def words(name: str, text: str | None) -> str | None:
        return text and set_words(snapshot, text, name=name, ports=ports if [name] == last else None)

    return dict(zip(given, together(partial(words, name, text) for name, text in given.items()), strict=True))


def set_words(snapshot: Snapshot, text: str, *, name: str, ports: str | None = None) -> str:
    """The exact set of a bare name; any other text, and a name of nothing, as it is.

    A name that is also that of a Service is two things where the two differ on these `ports`. QueryError with the
    choices where it is several; `name` stands for the file.
    """
    bare = text.strip()
    if not _NAME.fullmatch(bare) or _is_exact(bare):
        return text
    meant = meanings(lexicon_of(snapshot).named(bare))
    choices = [choice for each in meant for choice in _choices(each, ports or "")]
    if len(choices) > 1:
        message = f"`{bare}` can be read in {len(choices)} ways; write the one that is meant"
        raise QueryError([Mistake(message, Span(0, len(bare)), tuple(choices))], bare, name)
    return choices[0] if choices else text


def _is_exact(bare: str) -> bool:
    try:
        parse_set(bare)
    except QuerySyntaxError:
        return False
    return True


def _choices(meant: Meant, ports: str) -> list[str]:
    service = meant.service
    differs = service is not None and _differs(service, meant.thing, ports)
    return [meant.thing.text, *([service.text] if service is not None and differs else [])]


def _differs(service: Thing, thing: Thing, ports: str) -> bool:
    """True if one of the ports is another one at the Service than at its pods."""
    for low, high in _RANGE.findall(ports):
        inside = range(int(low), int(high or low) + 1)
        if any(number in inside and found != {number} for (_, number), found in service.leads_to.items()):
            return True
    names = _WORD.findall(ports)
    return any(name in service.port_names and service.port_names[name] != thing.port_names.get(name) for name in names)
