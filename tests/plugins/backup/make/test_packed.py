"""Backups that are packed after pg_dump, with a real one: whole, readable everywhere, or none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sst.db.url import DatabaseUrl
from tests.support.backups import backup_plugin, fetch, folder_of, left_in, manifest_of, vetoed
from tests.support.backups import restore as restore_archive
from tests.support.pg_tools import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from plugins.backup.postgres.client_programs import Tools
    from sst.hooks import Run
    from tests.support.project import Project

_ROWS = "SELECT id, body FROM note ORDER BY id"
# As on a machine that has not got the package.
_NO_ISAL = """
import sys

from pydantic import BaseModel

sys.modules["isal.isal_zlib"] = None


class Config(BaseModel):
    pass
"""
# The probe for zstd fails, and the first table is announced as done before pg_dump fails.
_FAILS_LATE = """
"$REAL" "$@" || exit
for each in "$FILE"/*.dat; do
    name=$(basename "$each" .dat)
    case "$name" in toc) ;; *) echo "pg_dump: finished item $name TABLE DATA note" >&2;; esac
done
sleep 1
echo 'pg_dump: error: the link is gone' >&2
exit 1
"""


@pytest.mark.external
def test_folder_is_packed_here_and_has_the_same_rows(
    run: Run, filled: str, make_database: Callable[[], str], real: Tools, tmp_path: Path
) -> None:
    no_zstd = wrapped(tmp_path / "bin", real, 'exec "$REAL" "$@"')

    backup = backup_plugin(format="directory", pg_bin=no_zstd).pre_migrate(run)

    manifest, archive = manifest_of(backup), folder_of(backup) / "archive"
    assert (manifest["compression"], manifest["verified"]) == ("gzip:1", "read")
    assert [path.name for path in archive.glob("*.dat")] == ["toc.dat"]
    restored = make_database()
    restore_archive(archive, restored, real)
    assert fetch(restored, _ROWS) == fetch(filled, _ROWS)


def test_packed_backup_is_verified_and_restored_where_isal_is_not(kept: Project) -> None:
    kept.settings |= {"plugins.backup.format": "directory"}
    kept.query("create table note as select n, md5(n::text) from generate_series(1, 5000) n")
    rows = kept.query("select * from note order by n")
    created = kept.migrate(
        "backup", "create", "--json", "--set", "plugins.backup.compression=packed"
    )
    kept.query("delete from note")
    kept.plugin("no_isal", _NO_ISAL)
    kept.enable("no_isal", "backup")

    verified = kept.migrate("backup", "verify", "latest", "--json")
    restored = kept.migrate(
        "restore", "latest", "--confirm", DatabaseUrl(kept.database_url).name, "--json"
    )

    assert created.json["backup"]["verified"], created.output
    assert verified.exit_code == 0, verified.output
    assert restored.exit_code == 0, restored.output
    assert kept.query("select * from note order by n") == rows


def test_isal_that_is_not_there_leaves_packing_to_pg_dump(kept: Project) -> None:
    kept.settings |= {"plugins.backup.format": "directory"}
    kept.plugin("no_isal", _NO_ISAL)
    kept.enable("no_isal", "backup")

    created = kept.migrate("backup", "create", "--json")

    assert created.exit_code == 0, created.output
    [manifest] = (kept.root / "backups").glob("*/manifest.json")
    assert json.loads(manifest.read_text())["compression"] in {"1", "zstd:1"}


def test_dump_that_fails_while_a_table_is_packed_leaves_nothing(
    run: Run, tmp_path: Path, real: Tools
) -> None:
    programs = wrapped(tmp_path / "bin", real, _FAILS_LATE)

    veto = vetoed(run, format="directory", compression="packed", pg_bin=programs)

    assert veto.reason == "no backup: pg_dump: error: the link is gone"
    assert left_in(tmp_path) == []
