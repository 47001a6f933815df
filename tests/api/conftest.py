"""The databases on which the store is tested."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from reachproof.api.database import Database
from tests.api.postgres import server

_numbers = count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL database that is the tests' own."""
    with server() as url:
        yield url


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """The same with an empty schema, which goes afterwards."""
    with schema(postgres) as url:
        yield url


@pytest.fixture
def other_postgres_url(postgres: str) -> Iterator[str]:
    """The same with another one."""
    with schema(postgres) as url:
        yield url


@contextmanager
def schema(postgres: str) -> Iterator[str]:
    """The URL of a database with an empty schema, which goes afterwards."""
    name = f"reachproof_test_{next(_numbers)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        connection.execute(f"CREATE SCHEMA {name}")
    url = make_url(postgres).update_query_dict({"options": f"-csearch_path={name}"})
    yield url.render_as_string(hide_password=False)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database: of a file, and of PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database."""
    with closing(Database(database_url)) as opened:
        yield opened
