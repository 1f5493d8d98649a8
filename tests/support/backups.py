"""Calling the backup plugin in tests, and looking at what it did."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest

from plugins.backup import Config, Plugin
from plugins.backup.manifest.origin import read_origin
from plugins.backup.postgres.client_environment import client_environment
from plugins.backup.postgres.maintenance_session import connected
from sst.db.url import DatabaseUrl
from sst.hooks import Veto
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from plugins.backup.manifest.origin import Origin
    from plugins.backup.postgres.client_programs import Tools
    from sst.hooks import Backup, Run

DUMP_SESSIONS = """
SELECT count(*) FROM pg_stat_activity
 WHERE application_name = 'sst-backup' AND datname = current_database()
"""


def backup_plugin(**settings: Any) -> Plugin:
    """Return the plugin with *settings*, as the core would build it."""
    return Plugin(Config(**settings))


def vetoed(run: Run, **settings: Any) -> Veto:
    """Return the refusal of a backup that must not succeed."""
    with pytest.raises(Veto) as veto:
        backup_plugin(**settings).pre_migrate(run)
    return veto.value


def archive_of(backup: Backup) -> Path:
    """Return the path of the archive in the folder that *backup* names."""
    return folder_of(backup) / "archive.dump"


def folder_of(backup: Backup) -> Path:
    """Return the folder that *backup* names."""
    return Path(unquote(urlsplit(backup.uri).path))


def manifest_of(backup: Backup) -> dict[str, Any]:
    """Return what the manifest in that folder says."""
    values: dict[str, Any] = json.loads((folder_of(backup) / "manifest.json").read_text())
    return values


def left_in(root: Path) -> list[str]:
    """Return the names of what a failed backup left behind."""
    return sorted(path.name for path in (root / "backups").iterdir())


def with_password(url: str) -> tuple[str, str]:
    """Return *url* with a password, and the password; a server that trusts us accepts any."""
    canary = "c4n4ry p@ss:w/rd#'\\\"%"
    known = DatabaseUrl(url).for_psycopg2()
    if known.password:
        return url, known.password
    return known.set(password=canary).render_as_string(hide_password=False), canary


def origin_of(url: DatabaseUrl) -> Origin:
    """Return who the server of *url* says it is."""
    with connected(url) as server:
        return read_origin(server.fetch, url)


def nowhere() -> DatabaseUrl:
    """Return the URL of a server that does not answer."""
    return DatabaseUrl("postgresql://user:canary@127.0.0.1:1/name")


def restore(archive: Path, url: str, tools: Tools) -> None:
    """Restore *archive* into the empty database at *url*; any error fails."""
    target = DatabaseUrl(url)
    subprocess.run(
        [tools.pg_restore, "--exit-on-error", f"--dbname={target.libpq_place()}", str(archive)],
        env=client_environment(target),
        check=True,
    )


def execute(url: str, statement: str) -> None:
    """Run one statement outside a transaction."""
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)


def fetch(url: str, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of *query*."""
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def becomes_true(claim: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Say whether *claim* holds at some moment within *seconds*."""
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
