"""The tables of the store. Every change here is a step in `migrations` too; a test compares them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, ForeignKey, Index, Integer, LargeBinary, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# SQLite counts by itself in columns of exactly this type only.
_COUNTER = BigInteger().with_variant(Integer(), "sqlite")


# None is NULL, and not null of JSON.
_LIST = JSON(none_as_null=True)


class Moment(TypeDecorator[datetime]):
    """A point in time. SQLite keeps no zone, so there it is written and read as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC, without a zone where the database has none. A time without a zone is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        told = value.astimezone(UTC)
        return told.replace(tzinfo=None) if dialect.name == "sqlite" else told

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Always with the zone UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {  # noqa: RUF012 (read by SQLAlchemy once, as the class is made)
        str: Text,
        int: BigInteger,
        bytes: LargeBinary,
        datetime: Moment,
        dict[str, Any]: JSON,
    }


class StoredSnapshot(Table):
    """A snapshot by its digest. `content` is its stored form, `plain_bytes` the size of that when unpacked.

    `counts` has the number of objects of each kind. `stored_by`: the client that stored it first, where that is known.
    Rows are added and removed, and changed in `last_stored_at` alone, which is None for those that were stored once.
    """

    __tablename__ = "snapshots"

    digest: Mapped[str] = mapped_column(primary_key=True)
    stored_bytes: Mapped[int]
    plain_bytes: Mapped[int]
    counts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    stored_by: Mapped[str | None] = mapped_column(index=True)
    last_stored_at: Mapped[datetime | None]
    content: Mapped[bytes] = mapped_column(deferred=True)  # last: SQLite reads a row from its beginning


class SnapshotName(Table):
    """The snapshot that a name stands for now."""

    __tablename__ = "names"

    name: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(ForeignKey("snapshots.digest"), index=True)


class NameChange(Table):
    """A name was given to a snapshot, or taken away (`digest` is None), by somebody who may be unknown.

    The snapshot need not be there any more.
    """

    __tablename__ = "name_history"
    __table_args__ = (Index("ix_name_history_name_id", "name", "id"),)

    id: Mapped[int] = mapped_column(_COUNTER, primary_key=True)
    name: Mapped[str]
    digest: Mapped[str | None]
    at: Mapped[datetime]
    by: Mapped[str | None]


class StoredResult(Table):
    """The document that answered a question. `digests`: of the snapshots that it is about, with spaces between."""

    __tablename__ = "results"
    __table_args__ = (Index("ix_results_used_at", "used_at", "stored_bytes"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    digests: Mapped[str]
    stored_bytes: Mapped[int]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    document: Mapped[bytes] = mapped_column(deferred=True)


class Token(Table):
    """A bearer token: `id` is its public part, `secret_hash` the SHA-256 of the secret one. `role`: read or write.

    `snapshots` and `namespaces`: its limits, None for none.
    """

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(primary_key=True)
    secret_hash: Mapped[bytes]
    role: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    snapshots: Mapped[list[str] | None] = mapped_column(_LIST)
    namespaces: Mapped[list[str] | None] = mapped_column(_LIST)
