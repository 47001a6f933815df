"""Backups: one SQLite file with the snapshots, names and tokens of a store, whatever database that is in.

Made while services write: the file has one state of the store. Results are left out, as they are worked out again. The
file has all of the clusters and the hashes of tokens, so it is for its owner only. It is itself a store: a service can
be started with it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Table as SqlTable
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from reachproof.api.database import Database, StoreUnavailable
from reachproof.api.tables import NameChange, SnapshotName, StoredSnapshot, Table, Token
from reachproof.network.errors import InputError, Problem

# In the order in which they refer to one another.
_KEPT: Mapping[str, type[Table]] = {
    "snapshots": StoredSnapshot,
    "names": SnapshotName,
    "changes of names": NameChange,
    "tokens": Token,
}
_NO_BACKUP = "not a backup of reachproof, or a damaged one"
_ROWS = 20
"""Rows in memory at once; a row of a snapshot may have megabytes."""


def back_up(database: Database, path: Path) -> Mapping[str, int]:
    """Writes a store to a new file; how many rows of each kind it has.

    Raises InputError where the file is there or cannot be written, and StoreUnavailable.
    """
    with _reserved(path), TemporaryDirectory(prefix=".reachproof-", dir=path.absolute().parent) as folder:
        made = Path(folder) / "store.db"
        with closing(Database(f"sqlite:///{made}")) as copy, database.reading() as source, copy.writing() as target:
            counts = _copied(source, target)
        _finish(made)
        os.replace(made, path)
    return counts


@contextmanager
def _reserved(path: Path) -> Iterator[None]:
    """An empty file that was not there before; it goes if what is done inside fails."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise _refused(path, "the file exists; name another one") from None
    except OSError as error:
        raise _refused(path, f"cannot write the file: {os.strerror(error.errno or 0)}") from None
    with ExitStack() as failed:
        failed.callback(path.unlink, missing_ok=True)
        yield
        failed.pop_all()


def _finish(made: Path) -> None:
    """One file on the disk, without a journal."""
    with closing(sqlite3.connect(made)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    with made.open("rb") as file:
        os.fsync(file.fileno())


def restore(database: Database, path: Path) -> Mapping[str, int]:
    """Puts what a backup has into an empty store, all or nothing; how many rows of each kind.

    Raises InputError for what is no backup, or is one of a later version, and for a store that is not empty.
    """
    with _opened(path) as backup, backup.reading() as source, database.writing() as target:
        if there := _counts(target):
            told = ", ".join(f"{count} {kind}" for kind, count in there.items())
            raise InputError([Problem(message=f"the store is not empty ({told}); restore into an empty one")])
        return _copied(source, target)


@contextmanager
def _opened(path: Path) -> Iterator[Database]:
    """A copy of a backup, brought up to date."""
    with TemporaryDirectory(prefix="reachproof-") as folder:
        copy = Path(folder) / "store.db"
        try:
            shutil.copyfile(path, copy)
            copy.chmod(0o600)
            with closing(sqlite3.connect(copy)) as connection:
                connection.execute("SELECT version_num FROM alembic_version").fetchone()
                sound = connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        except OSError as error:
            raise _refused(path, f"cannot read the file: {os.strerror(error.errno or 0)}") from None
        except sqlite3.Error:
            raise _refused(path, _NO_BACKUP) from None
        if not sound:
            raise _refused(path, _NO_BACKUP)
        with closing(Database(f"sqlite:///{copy}")) as opened:
            try:
                opened.check()
            except StoreUnavailable:
                raise _refused(path, "the backup is of a later version of reachproof") from None
            yield opened


def _refused(path: Path, message: str) -> InputError:
    return InputError([Problem(file=str(path), message=message)])


def _counts(session: Session) -> dict[str, int]:
    """Number of rows of each kind, without those of which there are none."""
    found = {kind: session.scalar(select(func.count()).select_from(table)) or 0 for kind, table in _KEPT.items()}
    return {kind: count for kind, count in found.items() if count}


def _copied(source: Session, target: Session) -> dict[str, int]:
    return {kind: _copy_table(source, target, table) for kind, table in _KEPT.items()}


def _copy_table(source: Session, target: Session, kind: type[Table]) -> int:
    table = kind.__table__
    assert isinstance(table, SqlTable)
    # A number that the database counts itself is given anew, in the same order.
    columns = [column for column in table.columns if column is not table.autoincrement_column]
    ordered = select(*columns).order_by(*table.primary_key.columns)
    rows = source.execute(ordered, execution_options={"yield_per": _ROWS})
    count = 0
    for block in rows.mappings().partitions():
        target.execute(insert(table), [dict(row) for row in block])
        count += len(block)
    return count
