"""The published schemas are valid, have every field that is written, and refuse what is no such document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from jsonschema import Draft202012Validator
from msgspec import Meta

from reachproof.documents.parts import Part
from reachproof.documents.schema import PUBLISHED, components, published
from tests.documents.test_round_trip import kind_of
from tests.face.samples import documents

SCHEMAS = {"report": "report", "findings": "findings", "connectivity": "connectivity", "diff": "diff"}


def strict(schema: Any) -> Any:
    """The schema that also refuses fields that it does not name."""
    match schema:
        case {"properties": dict()}:
            return {key: strict(each) for key, each in schema.items()} | {"additionalProperties": False}
        case dict():
            return {key: strict(each) for key, each in schema.items()}
        case list():
            return [strict(each) for each in schema]
        case _:
            return schema


def objects(schema: Any) -> Iterator[tuple[str, Any]]:
    """The fields of all objects of a schema, each with its name."""
    for definition in schema["$defs"].values():
        yield from definition.get("properties", {}).items()


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(published(name))


@pytest.mark.parametrize("name", documents())
def test_a_document_has_the_fields_of_its_schema_and_no_others(name: str) -> None:
    Draft202012Validator(strict(published(SCHEMAS.get(name, "answer")))).validate(documents()[name])


@pytest.mark.parametrize("name", documents())
def test_a_document_without_one_of_its_fields_is_refused(name: str) -> None:
    schema = published(SCHEMAS.get(name, "answer"))
    validator = Draft202012Validator(schema)
    required = schema["$defs"][kind_of(name).__name__]["required"]
    assert len(required) >= 3
    for field in required:
        without = {key: each for key, each in documents()[name].items() if key != field}
        assert not validator.is_valid(without), field


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_field_has_a_shape(name: str) -> None:
    open_ = {field for field, shape in objects(published(name)) if shape == {}}
    assert open_ == set()


def test_a_field_that_is_retired_is_marked() -> None:
    class Old(Part, frozen=True, kw_only=True):
        kept: str
        gone: Annotated[str, Meta(extra_json_schema={"deprecated": True})] = ""

    fields = components([Old], "#/$defs/")["Old"]["properties"]
    assert fields == {"kept": {"type": "string"}, "gone": {"type": "string", "deprecated": True}}
