"""A service that asks who is there, in this process."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from starlette.testclient import TestClient

from reachproof.api.access import Role
from reachproof.api.app import create_app
from reachproof.api.database import Database
from reachproof.api.settings import Settings
from reachproof.api.token_scope import TokenScope
from reachproof.api.tokens import Tokens

QUESTION = {"query": "can any pod reach any pod?", "manifests": []}


class Secured:
    """Its client, and the tokens that it knows."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        url = SecretStr(f"sqlite:///{folder}/store.db")
        self.settings = Settings(database_url=url, auth="required").model_copy(update=settings)
        self.tokens = Tokens(Database.of(self.settings.database_url))
        self.client = TestClient(create_app(self.settings), raise_server_exceptions=False)

    def token(self, role: str, **limits: Any) -> str:
        """A new one. `limits`: of its scope."""
        return self.tokens.create(Role(role), scope=TokenScope(**limits))

    def ask(self, token: str | None, method: str = "POST", path: str = "/query", **more: Any) -> Any:
        """The response to a question, or to another request."""
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        if path == "/query" and "content" not in more:
            more["json"] = QUESTION
        return self.client.request(method, path, headers=headers, **more)


class Lines(logging.Handler):
    """Output of the service's loggers: the events, and all of it as text."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps an event."""
        if isinstance(record.msg, dict):
            self.events.append(record.msg)
        self.text += f"{record.msg!r} {record.exc_info!r}\n"
