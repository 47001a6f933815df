"""Routes that take a JSON body: read here within bounds, and not by the framework, which has none."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from reachproof.api.request_reader import RequestBounds, decoded
from reachproof.api.settings import Settings


class ReadRequest(Request):
    """A request whose body has been read."""

    value: BaseModel | None = None

    async def json(self) -> Any:
        """The value of the body, for the framework, which finds it valid."""
        return self.value


def reading_route(settings: Settings) -> type[APIRoute]:
    """The class of routes whose bodies are read within these limits."""
    bounds = RequestBounds(depth=settings.max_depth, queries=settings.max_queries, objects=settings.max_documents)

    class ReadingRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handler = super().get_route_handler()
            kind = body_of(self)

            async def read(plain: Request) -> Response:
                request = ReadRequest(plain.scope, plain.receive)
                if kind is not None and is_json(request) and (content := await request.body()):
                    request.value = decoded(kind, content, bounds)
                return await handler(request)

            return read

    return ReadingRoute


def body_of(route: object) -> type[BaseModel] | None:
    """The kind of body that a route takes, if it takes one."""
    field = getattr(route, "body_field", None)
    kind = field.field_info.annotation if field is not None else None
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def is_json(request: Request) -> bool:
    """True if the body of a request says that it is JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))
