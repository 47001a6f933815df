"""Refusals of pydantic are told in the words of all other messages."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError

from reachproof.api.validation_messages import message_of


class Size(StrEnum):
    SMALL = "s"
    LARGE = "l"


class Inner(BaseModel):
    name: str


def refused(value: object) -> str:
    raise ValueError("must not be this")


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Inner, {}, "missing field"),
        (Inner, 5, "must be an object"),
        (str, 5, "must be text"),
        (int, "x", "must be a whole number"),
        (int, None, "must be a whole number"),
        (int, 1.5, "must be a whole number"),
        (bool, "x", "must be true or false"),
        (bool, None, "must be true or false"),
        (list[int], 5, "must be a list"),
        (dict[str, int], 5, "must be an object"),
        (Annotated[int, Field(gt=0)], 0, "must be greater than 0"),
        (Annotated[int, Field(ge=1)], 0, "must be at least 1"),
        (Annotated[int, Field(le=64)], 65, "must be at most 64"),
        (Size, "x", "must be 's' or 'l'"),
        (Literal["a", "b"], "x", "must be 'a' or 'b'"),
        (Annotated[list[int], Field(min_length=1)], [], "too few entries (0; at least 1)"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "too many entries (the limit is 1)"),
        (Annotated[str, Field(min_length=2)], "x", "too short (at least 2 characters)"),
        (Annotated[str, Field(max_length=2)], "xyz", "too long (the limit is 2 characters)"),
        (Annotated[str, AfterValidator(refused)], "x", "must not be this"),
        (float, "x", "must be a number"),
        (float, None, "must be a number"),
        (bytes, 5, "Input should be a valid bytes"),
    ],
)
def test_each_kind_of_mistake_has_its_message(kind: Any, value: object, message: str) -> None:
    with pytest.raises(ValidationError) as found:
        TypeAdapter(kind).validate_python(value)
    assert [message_of(dict(detail)) for detail in found.value.errors()] == [message]
