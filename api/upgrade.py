"""Brings the tables of a database up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

_FOLDER = Path(__file__).parent / "migrations"
# Any number does, as long as nothing else locks it in the same database.
_LOCK = 7_205_111_093


def upgrade(connection: Connection) -> None:
    """Runs the steps that are missing, in the transaction of the connection; of several at once, one does.

    On SQLite that transaction must be one that writes from its start on.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def steps() -> ScriptDirectory:
    """All steps, the last one its head."""
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
