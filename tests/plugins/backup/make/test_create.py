"""The backup plugin on a real server: what it makes."""

from __future__ import annotations

import logging
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from plugins.backup import Config
from plugins.backup.postgres.client_environment import client_environment
from sst.db.url import DatabaseUrl
from sst.hooks import Backup
from sst.hooks.manager import build, discover
from tests.support.backups import (
    archive_of,
    backup_plugin,
    execute,
    fetch,
    folder_of,
    manifest_of,
    restore,
    with_password,
)
from tests.support.pg_tools import wrapped
from tests.support.runs import make_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from plugins.backup.postgres.client_programs import Tools
    from sst.hooks import Run
    from tests.support.server import TestServer


_ROWS = "SELECT id, body FROM note ORDER BY id"


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Let new files be readable by everybody, as a careless service does."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.external
def test_moment_of_a_backup_is_told_to_the_millisecond(run: Run, filled: str) -> None:
    """Of two in one second `latest` was the one whose run had the greater random number."""
    del filled

    backup = backup_plugin().pre_migrate(run)

    assert re.fullmatch(r".{19}\.\d{3}Z", manifest_of(backup)["created_at"])


@pytest.mark.external
def test_backup_restores_to_the_same_rows(
    run: Run, filled: str, make_database: Callable[[], str], real: Tools
) -> None:
    backup = backup_plugin().pre_migrate(run)

    restored = make_database()
    restore(archive_of(backup), restored, real)
    assert fetch(restored, _ROWS) == fetch(filled, _ROWS)
    assert len(fetch(restored, _ROWS)) == 2000


@pytest.mark.usefixtures("open_umask")
def test_only_the_owner_can_read_a_backup(run: Run, tmp_path: Path) -> None:
    backup = backup_plugin().pre_migrate(run)

    paths = [tmp_path / "backups", *(tmp_path / "backups").rglob("*")]
    modes = {path.name: path.stat().st_mode & 0o777 for path in paths}
    assert modes == {
        "backups": 0o700,
        backup.id: 0o700,
        "archive.dump": 0o600,
        "manifest.json": 0o600,
    }


def test_relative_directory_starts_at_the_project_root(run: Run, tmp_path: Path) -> None:
    backup = backup_plugin(directory="var/dumps").pre_migrate(run)

    assert folder_of(backup) == tmp_path / "var" / "dumps" / backup.id


def test_every_stage_of_a_backup_is_one_line_of_the_log(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """A dump may take an hour, in which the run says nothing else."""
    caplog.set_level(logging.INFO, "sst.plugins.backup")

    backup = backup_plugin().pre_migrate(run)

    lines = [record.getMessage() for record in caplog.records if record.name.startswith("sst")]
    assert [line.split(" ", 1)[0] for line in lines] == ["dumping", "reading", "backup"]
    assert " in 1 tables" in lines[0]
    assert backup.id in lines[-1]
    assert backup.uri in lines[-1]
    assert "read back, not restored" in lines[-1]


def test_second_backup_leaves_the_first_alone(run: Run, filled: str, tmp_path: Path) -> None:
    first = backup_plugin().pre_migrate(run)
    before = archive_of(first).read_bytes()

    second = backup_plugin().pre_migrate(make_run(filled, tmp_path, id="20261122T143001Z-ffffff"))

    assert archive_of(first).read_bytes() == before
    assert len(list((tmp_path / "backups").iterdir())) == 2
    assert second.id.partition("-")[0] >= first.id.partition("-")[0]


@pytest.mark.external
def test_odd_database_name_is_dumped_and_makes_a_plain_file_name(
    server: TestServer, tmp_path: Path
) -> None:
    """Neither quotes nor an equals sign may be read as a connection string."""
    name = "we'ird \"na\\me=x dbname=postgres/../é"
    quoted = name.replace('"', '""')
    execute(server.url, f'CREATE DATABASE "{quoted}" TEMPLATE template0')
    url = DatabaseUrl(server.url).with_database(name)
    run = make_run(server.url, tmp_path, database_url=url)

    try:
        backup = backup_plugin().pre_migrate(run)
    finally:
        execute(server.url, f'DROP DATABASE "{quoted}" WITH (FORCE)')

    manifest = manifest_of(backup)
    assert manifest["database"] == name
    assert folder_of(backup).parent == tmp_path / "backups"
    assert backup.id.isascii()
    assert not set(backup.id) & set("'\" \\/=")


def test_service_file_cannot_lead_the_dump_to_another_database(
    run: Run,
    make_database: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    real: Tools,
) -> None:
    """In libpq a service beats PGDATABASE: the run would migrate one database and dump another."""
    other = DatabaseUrl(make_database()).name
    (tmp_path / "services").write_text(f"[elsewhere]\ndbname={other}\n")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    monkeypatch.setenv("PGSERVICE", "elsewhere")

    backup = backup_plugin().pre_migrate(run)

    listed = subprocess.run(
        [real.pg_restore, "--list", str(archive_of(backup))],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert f"dbname: {run.database_url.name}" in listed
    assert "TABLE DATA public note" in listed


def test_password_goes_by_environment_and_shows_nowhere(
    filled: str, tmp_path: Path, real: Tools, caplog: pytest.LogCaptureFixture
) -> None:
    url, canary = with_password(filled)
    record = tmp_path / "record"
    body = f'printf "%s\\n" "$@" >"{record}"; env >>"{record}"; exec "$REAL" "$@"'
    run = make_run(url, tmp_path)
    caplog.set_level(logging.DEBUG)

    backup = backup_plugin(pg_bin=wrapped(tmp_path / "bin", real, body)).pre_migrate(run)

    seen = record.read_text().splitlines()
    assert [line for line in seen if canary in line] == [f"PGPASSWORD={canary}"]
    manifest = (folder_of(backup) / "manifest.json").read_text()
    assert canary not in f"{manifest}{backup}{run}{caplog.text}"


def test_child_environment_is_enough_to_connect(run: Run, real: Tools) -> None:
    """What the plugin hands to pg_dump works for every client program."""
    url = run.database_url

    done = subprocess.run(
        [real.pg_dump, "--schema-only", "--no-password", f"--dbname={url.libpq_place()}"],
        env=client_environment(url),
        check=True,
        capture_output=True,
        text=True,
    )

    assert "CREATE TABLE public.note" in done.stdout


def test_core_loads_the_plugin_and_gets_its_backup(run: Run) -> None:
    """Through the manager, like anybody's plugin."""
    found = discover(Path(__file__).parents[4], ["backup"])
    plugins = build(found.found, {"backup": Config()})

    [contribution] = plugins.gate("pre_migrate", run=run)

    assert found.problems == ()
    assert contribution.plugin == "backup"
    assert isinstance(contribution.value, Backup)
    assert archive_of(contribution.value).is_file()
