"""The kind of a body: what a request says of it, and what its route takes."""

from __future__ import annotations

from fastapi import Request
from pydantic import BaseModel


def body_of(route: object) -> type[BaseModel] | None:
    """The kind of body that a route takes, if it takes one."""
    field = getattr(route, "body_field", None)
    kind = field.field_info.annotation if field is not None else None
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def is_json(request: Request) -> bool:
    """True if the body of a request says that it is JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))
