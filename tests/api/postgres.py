"""A PostgreSQL of the tests' own: a fresh cluster in a temporary folder, reached by a socket there.

The programs are those of the system (Debian: /usr/lib/postgresql/*/bin, else on PATH). PostgreSQL refuses to run as
root, so root runs it as the user `postgres` or `nobody`. REACHPROOF_TEST_DATABASE_URL names a server to use instead.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from tests.required import missing

GIVEN = "REACHPROOF_TEST_DATABASE_URL"
ACCOUNTS = ("postgres", "nobody")


def programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl`, of the newest version there is."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda each: each.parts[-3].zfill(4))
    found = [*reversed(debian), *(Path(each).resolve() for each in filter(None, [shutil.which("pg_ctl")]))]
    return next((each.parent for each in found if (each.parent / "initdb").exists()), None)


def _missing(what: str) -> NoReturn:
    missing(f"the store was NOT tested on PostgreSQL: {what}")


@contextmanager
def server() -> Iterator[str]:
    """The URL of a database in which the tests may make schemas."""
    if given := os.environ.get(GIVEN):
        yield given
        return
    found = programs()
    if found is None:
        _missing(f"there is no pg_ctl; Debian's is installed by `apt-get install postgresql`, or set {GIVEN}")
    # The path of a socket has at most about a hundred characters, which a TMPDIR may have already.
    with tempfile.TemporaryDirectory(prefix="rp-pg-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        _run_as_other(folder, [found / "initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "tests", "--no-sync"])
        settings = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=50"
        control: list[str | Path] = [found / "pg_ctl", "-D", f"{folder}/data", "-w"]
        _run_as_other(folder, [*control, "-l", f"{folder}/log", "-o", settings, "start"])
        try:
            yield f"postgresql://tests@/postgres?host={folder}"
        finally:
            _run_as_other(folder, [*control, "-m", "immediate", "stop"])


def _run_as_other(folder: str, command: list[str | Path]) -> None:
    """Runs the command to its end, in the folder, which is its user's; its output is shown if it fails."""
    account = _account()
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    with open(f"{folder}/output", "ab") as output:
        done = subprocess.run(
            command,
            cwd=folder,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "HOME": folder},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    logs = (Path(folder) / name for name in ("output", "log"))
    assert done.returncode == 0, "".join(each.read_text() for each in logs if each.exists())


def _account() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    _missing(f"this is root, and there is none of the users {' and '.join(ACCOUNTS)}")
