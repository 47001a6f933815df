"""The database of the service: SQLite, which needs no set-up, or PostgreSQL.

The tables are made, or brought up to date, when the database is first reached, so a service can start before its
database. Every failure of the database (unreachable, full, locked for too long, damaged) is a StoreUnavailable, and
nothing of the transaction is kept.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from platformdirs.unix import Unix
from pydantic import SecretStr
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from reachproof.api.http_error import HttpError
from reachproof.network.errors import InputError, Problem

_LOG = logging.getLogger("reachproof.store")
# Errors of the statements, thus ours, and not of the database.
_OURS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
_SECONDS = 5
_MIGRATIONS = Path(__file__).parent / "migrations"
# Any number does, as long as nothing else locks it in the same database.
_LOCK = 7_205_111_093


class StoreUnavailable(HttpError):
    """The database cannot do now what is asked of it; it may later. The cause tells why, and is not for callers."""

    def __init__(self) -> None:
        super().__init__(503, "the store is not available", retry_after=_SECONDS)


def database_url(setting: SecretStr | None) -> str:
    """The URL of a setting, where None stands for the default."""
    return setting.get_secret_value() if setting else default_url()


def demand_shareable(url: str) -> None:
    """InputError for a database in the memory of one process: workers read the store themselves."""
    if not _is_shareable(_read(url)):
        message = "sqlite:// is in the memory of one process, and workers read the store themselves; name a file"
        raise InputError([Problem(file="environment", path="REACHPROOF_DATABASE_URL", message=message)])


def default_url() -> str:
    """The file `store.db` in the user's data folder (XDG Base Directory Specification, on macOS too)."""
    return URL.create("sqlite", database=str(Unix("reachproof").user_data_path / "store.db")).render_as_string()


class Database:
    """Sessions on one database, for any number of threads. Nothing is opened before the first."""

    def __init__(self, url: str) -> None:
        """`url`: `sqlite:///PATH`, `sqlite://` (in memory) or `postgresql://...`. InputError for anything else."""
        self._url = _read(url)
        self._engine = _engine(self._url)
        weakref.finalize(self, self._engine.dispose)
        self._reading = _reading(self._engine)
        self._ready = False
        self._preparing = threading.Lock()

    @staticmethod
    def of(url: SecretStr | None) -> Database:
        """The database of a setting, where None stands for the default."""
        return Database(database_url(url))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database. Raises StoreUnavailable."""
        with _failures():
            self._prepare()
            with Session(self._reading, expire_on_commit=False) as session:
                yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are all kept at its end, or none of them. Raises StoreUnavailable.

        On SQLite it is the only one that writes from its start on, so what it has read still holds when it writes.
        """
        with _failures():
            self._prepare()
            with _writing(self._engine) as connection, Session(connection, expire_on_commit=False) as session:
                yield session
                session.commit()

    def check(self) -> None:
        """Raises StoreUnavailable unless the database answers and has the tables."""
        with self.reading() as session:
            session.connection().exec_driver_sql("SELECT 1 FROM alembic_version")

    def close(self) -> None:
        """Gives up all connections that are not in use. What is in memory is lost; the next session starts anew."""
        self._engine.dispose()
        self._ready = False

    def _prepare(self) -> None:
        if self._ready:
            return
        with self._preparing:
            if not self._ready:
                _own_file(self._url)
                with _writing(self._engine) as connection:
                    upgrade(connection)
                self._ready = True


def _read(url: str) -> URL:
    try:
        found = make_url(url)
    except ArgumentError:
        found = None
    match found and found.get_backend_name():
        case "postgresql":
            assert found is not None
            return found.set(drivername="postgresql+psycopg")
        case "sqlite":
            assert found is not None
            return found.set(drivername="sqlite")
    message = "unsupported database URL; write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE"
    raise InputError([Problem(file="environment", path="REACHPROOF_DATABASE_URL", message=message)])


def _is_shareable(url: URL) -> bool:
    return url.get_backend_name() == "postgresql" or _is_file(url)


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        given = {} if "connect_timeout" in url.query else {"connect_timeout": _SECONDS}
        return create_engine(url, connect_args=given, pool_pre_ping=True, pool_timeout=_SECONDS)
    # In memory there is one connection, which whoever needs it has alone.
    pool: dict[str, Any] = {} if _is_file(url) else {"pool_size": 1, "max_overflow": 0}
    connect_args = {"check_same_thread": False, "timeout": _SECONDS, "isolation_level": None}
    engine = create_engine(url, connect_args=connect_args, poolclass=QueuePool, pool_timeout=_SECONDS, **pool)
    event.listen(engine, "connect", _pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _reading(engine: Engine) -> Engine:
    """The same, with transactions that see one state and change nothing; on SQLite every transaction sees one state."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _pragmas(connection: Any, _record: Any) -> None:
    """Set on each connection. With WAL and `synchronous=FULL` what was committed survives a loss of power."""
    for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """The driver is told to leave transactions alone, as it would end them before it makes a table."""
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    with engine.connect().execution_options(immediate=True) as connection, connection.begin():
        yield connection


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except _OURS:
        raise
    except (DBAPIError, PoolTimeoutError, OSError, CommandError) as error:  # CommandError: tables of a later version
        # What the driver says, without the statement, as that holds what was to be stored.
        _LOG.warning("the store is not available: %s", getattr(error, "orig", None) or error)
        raise StoreUnavailable from error


def _is_file(url: URL) -> bool:
    return url.database not in (None, "", ":memory:")


def _own_file(url: URL) -> None:
    """A new SQLite file is for its owner only, and so is the folder if that is new as well."""
    if url.get_backend_name() == "sqlite" and _is_file(url):
        assert url.database is not None
        path = Path(url.database)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


# ---------------------------------------------------------------- tables


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
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config
