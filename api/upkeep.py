"""Upkeep of the store that the settings name: what the command `reachproof store` does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reachproof.api import backup
from reachproof.api.database import Database
from reachproof.api.retention import Unused, remove_unused, unused
from reachproof.api.settings import load_settings


def collect(file: str | None, keep: timedelta, *, dry_run: bool) -> tuple[Unused, ...]:
    """The snapshots without names for longer than `keep`, which are removed unless it is a dry run."""
    database, before = _database(file), datetime.now(UTC) - keep
    found = unused(database, before)
    return found if dry_run else remove_unused(database, found, before)


def back_up(file: str | None, path: Path) -> Mapping[str, int]:
    """See `backup.back_up`."""
    return backup.back_up(_database(file), path)


def restore(file: str | None, path: Path) -> Mapping[str, int]:
    """See `backup.restore`."""
    return backup.restore(_database(file), path)


def _database(file: str | None) -> Database:
    """The database that the environment or the file names. Raises InputError for wrong settings."""
    return Database.of(load_settings(file).database_url)
