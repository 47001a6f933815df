"""The JSON of a request to its value, within bounds that are looked at before anything is made of it.

The work is bounded by the size of the body: what is too deep, or has too many parts, is refused as a whole, since a
list of a million mistakes costs whoever writes it more than whoever sent them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from reachproof.api.http_error import HttpError
from reachproof.api.validation_messages import message_of
from reachproof.network.errors import Problem

T = TypeVar("T", bound=BaseModel)
_FREE = ("manifests", "options")
"""Fields whose parts are not counted with the others: they have bounds of their own."""
_MOST_OPTIONS = 100
_OPTION_PARTS = 10_000
"""Parts of the options: names, values and lists on all levels."""
_MOST_TEXT = 10_000_000
"""Characters of all texts of a request that are no manifests."""
_OPTION_DEPTH = 4
_ENVELOPE = 10
"""More levels of nesting than a request has around an object of its manifests."""
_LONGEST_NAME = 1_000
"""Characters of a field of a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBounds:
    """Maximum numbers, inclusive: levels of a manifest, queries of a request, objects in its manifests."""

    depth: int
    queries: int
    objects: int

    @property
    def parts(self) -> int:
        """Fields, sentences, packs and sources of a request, all together."""
        return max(1_000, 10 * self.queries)


def decoded(kind: type[T], content: bytes, bounds: RequestBounds) -> T:
    """The request of this kind. Raises HttpError: 400 where it is not JSON, 413 where memory is short, else 422.

    Cost: a second for 50 MB.
    """
    try:
        value = _parsed(content)
        if isinstance(value, dict):
            _check_parts(value, bounds)
        if content.count(b"[") + content.count(b"{") > _OPTION_DEPTH:
            _check_depth(value, bounds)
        return kind.model_validate(value, from_attributes=True)
    except ValidationError as error:
        raise HttpError(422, MISSHAPEN, misshapen(map(dict, error.errors(include_url=False)), kind)) from None
    except MemoryError:
        raise HttpError(413, "the body needs more memory than is available for it") from None


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        found = Problem(file="body", message=f"{error.msg} at character {error.pos}")
        raise HttpError(400, "the body is not JSON", [found]) from None
    except (ValueError, RecursionError):  # not UTF-8, a number of thousands of digits, thousands of levels
        raise HttpError(400, "There was an error parsing the body") from None


# ---------------------------------------------------------------- bounds


def _check_depth(value: Any, bounds: RequestBounds) -> None:
    if _deeper(value, bounds.depth + _ENVELOPE):
        _refuse(f"the body has more than {bounds.depth + _ENVELOPE} levels of nesting")
    if isinstance(value, dict) and _deeper(value.get("options"), _OPTION_DEPTH):
        _refuse(f"the options have more than {_OPTION_DEPTH} levels of nesting")


def _deeper(value: Any, most: int) -> bool:
    """True if lists and objects are in one another more than `most` times."""
    level = [value]
    for _ in range(most):
        level = [part for each in level for part in _parts(each) if isinstance(part, (dict, list))]
        if not level:
            return False
    return True


def _check_parts(body: Mapping[str, Any], bounds: RequestBounds) -> None:
    for name, most in (("queries", bounds.queries), ("options", _MOST_OPTIONS)):
        _check_length(name, body.get(name), most)
    text = _check_count("parts in the body", body, bounds.parts, bounds)
    text += _check_count("parts in the options", body.get("options"), _OPTION_PARTS, bounds, free=())
    if text > _MOST_TEXT:
        _refuse(f"too much text in the body ({text} characters; the limit is {_MOST_TEXT})")


def _check_count(name: str, value: Any, most: int, bounds: RequestBounds, free: tuple[str, ...] = _FREE) -> int:
    """Refuses a value with more parts than `most`; the characters of its texts."""
    count = text = 0
    waiting: list[Any] = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            text += len(each)
            continue
        if isinstance(each, dict):
            _check_length("manifests", each.get("manifests"), bounds.objects)
            if any(len(name) > _LONGEST_NAME for name in each):
                _refuse(f"a name of a field is too long (the limit is {_LONGEST_NAME} characters)")
            each = {name: part for name, part in each.items() if name not in free}
        parts = _parts(each)
        count += len(parts)
        if count > most:
            _refuse(f"too many {name} (the limit is {most})")
        waiting += (part for part in parts if isinstance(part, (dict, list, str)))
    return text


def _check_length(name: str, given: Any, most: int) -> None:
    if isinstance(given, (dict, list)) and len(given) > most:
        _refuse(f"too many {name} ({len(given)}; the limit is {most})")


def _parts(value: Any) -> Collection[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _refuse(detail: str) -> NoReturn:
    raise HttpError(422, detail)


# ---------------------------------------------------------------- what does not fit


MISSHAPEN = "the body does not match the schema"


def misshapen(details: Iterable[Mapping[str, Any]], kind: type[BaseModel] | None) -> list[Problem]:
    """The mistakes that pydantic found, as problems. `kind`: of the body, whose fields may have been meant."""
    known = [field.alias or name for name, field in kind.model_fields.items()] if kind else []
    return [_misfit(detail, known) for detail in details]


def _misfit(detail: Mapping[str, Any], known: list[str]) -> Problem:
    parts = [str(part) for part in detail["loc"] if part != "body"]
    path = ".".join(parts)
    if detail["type"] == "extra_forbidden":
        near = get_close_matches(parts[-1], known, n=1) if len(parts) == 1 else []
        hint = f"; did you mean `{near[0]}`?" if near else ""
        return Problem(file="body", path=path, message=f"unknown field `{parts[-1]}`{hint}")
    return Problem(file="body", path=path, message=message_of(detail))
