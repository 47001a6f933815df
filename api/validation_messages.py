"""Messages for values that pydantic refuses, in the words of all other messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MESSAGES = {
    "missing": "missing field",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "too_short": "too few entries ({actual_length}; at least {min_length})",
    "too_long": "too many entries (the limit is {max_length})",
    "string_too_short": "too short (at least {min_length} characters)",
    "string_too_long": "too long (the limit is {max_length} characters)",
}


def message_of(detail: Mapping[str, Any]) -> str:
    """The message for an error of pydantic; pydantic's own for a type that has none here."""
    message = _MESSAGES.get(detail["type"])
    if message is None:
        return str(detail["msg"]).removeprefix("Value error, ")
    return message.format(**detail.get("ctx", {}))
