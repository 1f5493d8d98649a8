"""What a proof finds, on real archives: nothing that is damaged is called a backup."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest

from plugins.backup.manifest.manifest import Manifest
from plugins.backup.postgres.database_session import Session
from plugins.backup.postgres.process import Deadline
from plugins.backup.scratch.scratch_database import scratch_name
from plugins.backup.verify.verifier import Verifier
from sst.db.url import DatabaseUrl
from sst.hooks import Veto
from tests.plugins.backup.make.test_mvcc_snapshot import ODD, ODD_ROWS
from tests.support.backups import (
    backup_plugin,
    execute,
    fetch,
    folder_of,
    left_in,
    manifest_of,
    vetoed,
)
from tests.support.pg_tools import wrapped, write_program
from tests.support.server import connect
from tests.support.works import make_ours

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from plugins.backup.postgres.client_programs import Tools
    from sst.hooks import Run
    from tests.support.project import Project

pytestmark = pytest.mark.external

FORMATS = ["custom", "directory"]
SCRATCH = "SELECT datname FROM pg_database WHERE datname LIKE current_database() || '_verify_%'"


def cut(path: Path) -> None:
    """Take the last byte away."""
    path.write_bytes(path.read_bytes()[:-1])


def flipped(place: float) -> Callable[[Path], None]:
    """Return what changes four bytes at *place*, 0 for the front and 1 for the end."""

    def flip(path: Path) -> None:
        content = bytearray(path.read_bytes())
        start = int((len(content) - 4) * place)
        content[start : start + 4] = bytes(byte ^ 0xFF for byte in content[start : start + 4])
        path.write_bytes(content)

    return flip


DAMAGES = {
    "cut off": cut,
    "missing": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    **{f"four bytes at {place:.0%}": flipped(place) for place in (0.0, 0.3, 0.5, 0.9, 1.0)},
}


@pytest.mark.parametrize(
    ("format_", "compression"), [*product(FORMATS, ["1"]), ("directory", "packed")]
)
def test_any_damage_to_any_file_is_found(
    run: Run, real: Tools, format_: str, compression: str, tmp_path: Path
) -> None:
    backup = backup_plugin(format=format_, compression=compression).pre_migrate(run)
    manifest = Manifest.from_json((folder_of(backup) / "manifest.json").read_text())
    verifier = Verifier(real, run.database_url, Deadline(60))
    verifier.verify(folder_of(backup), manifest, "read")  # as it is, it is good
    copy = tmp_path / "copy"
    silent = []
    for file in manifest.files:
        for name, damage in DAMAGES.items():
            shutil.copytree(folder_of(backup), copy)
            damage(copy / file.name)
            with pytest.raises(Veto) as veto:
                verifier.verify(copy, manifest, "none")
            shutil.rmtree(copy)
            if veto.value.code != "backup_damaged" or "\n" in veto.value.reason:
                silent.append((file.name, name, veto.value.reason))

    assert silent == []
    assert manifest.format == format_


@pytest.mark.parametrize(
    ("damage", "format_", "compression"),
    [
        *product(["cut", "flip", "remove"], FORMATS, ["1"]),
        # Plain files that wait to be packed have no checksum, as zstd has none.
        *product(["cut", "remove"], ["directory"], ["packed"]),
    ],
)
def test_run_with_a_damaged_backup_is_refused_and_nothing_is_touched(
    project: Project,
    tmp_path: Path,
    real_tools: Tools,
    format_: str,
    damage: str,
    compression: str,
) -> None:
    """The damage is done behind pg_dump's back, before anybody has a checksum."""
    project.enable("backup")
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.query(
        "CREATE TABLE note AS SELECT n, md5(CAST(n AS text)) FROM generate_series(1, 5000) n"
    )
    hurt = {
        "cut": 'SIZE=$(wc -c <"$IT"); head -c $((SIZE - 100)) "$IT" >"$IT.x"; mv "$IT.x" "$IT"',
        "flip": 'SIZE=$(wc -c <"$IT"); printf "\\377\\0\\377\\0" |'
        ' dd of="$IT" bs=1 seek=$((SIZE / 2)) conv=notrunc 2>/dev/null',
        "remove": 'rm "$IT"',
    }
    largest = 'IT="$FILE"; [ -d "$FILE" ] && IT="$FILE/$(ls -S "$FILE" | head -n 1)"'
    body = f'"$REAL" "$@" || exit; {largest}; {hurt[damage]}'
    project.settings["plugins.backup.pg_bin"] = str(wrapped(tmp_path / "bin", real_tools, body))
    project.settings["plugins.backup.format"] = format_
    project.settings["plugins.backup.compression"] = compression

    result = project.migrate("upgrade", "--json")

    assert result.exit_code == 5, result.output
    assert "the backup cannot be read back: " in result.json["error"]["message"] + result.output
    assert project.current_revision() is None
    assert left_in(project.root) == []


@pytest.fixture
def real_tools(project: Project) -> Tools:
    """Return the tools that fit the project's server."""
    from plugins.backup.archive.source import Source
    from plugins.backup.postgres.client_programs import find_tools
    from tests.support.runs import make_run

    return find_tools(Source.of(make_run(project.database_url, project.root)).server_major)


@pytest.mark.external
@pytest.mark.parametrize("format_", FORMATS)
def test_level_restore_proves_an_odd_database_and_leaves_no_scratch(
    run: Run, filled: str, format_: str
) -> None:
    for statement in ODD:
        execute(filled, statement)

    backup = backup_plugin(verify="restore", format=format_).pre_migrate(run)

    manifest = manifest_of(backup)
    assert (manifest["verified"], backup.verified) == ("restore", True)
    assert (manifest["tables"], manifest["large_objects"]) == (ODD_ROWS, 2)
    assert fetch(filled, SCRATCH) == []


def test_rows_that_do_not_come_back_refuse_the_run(
    run: Run, filled: str, tmp_path: Path, real: Tools
) -> None:
    """An archive that can be read to its end, and is not what was counted."""
    body = '"$REAL" "$@" --exclude-table-data=note'

    veto = vetoed(run, verify="restore", pg_bin=wrapped(tmp_path / "bin", real, body))

    assert veto.reason == (
        "the restored database differs from the dump: public.note has 0 rows, not 2000"
    )
    assert veto.code == "backup_mismatch"
    assert left_in(tmp_path) == []
    assert fetch(filled, SCRATCH) == []


def test_large_objects_that_do_not_come_back_refuse_the_run(
    run: Run, filled: str, tmp_path: Path, real: Tools
) -> None:
    execute(filled, "SELECT lo_from_bytea(0, 'one'), lo_from_bytea(0, 'two')")
    body = '"$REAL" "$@" --no-blobs'

    veto = vetoed(run, verify="restore", pg_bin=wrapped(tmp_path / "bin", real, body))

    assert veto.reason == "the restored database differs from the dump: 0 large objects, not 2"
    assert veto.code == "backup_mismatch"
    assert left_in(tmp_path) == []


def test_heads_that_do_not_come_back_refuse_the_run(
    run: Run, filled: str, tmp_path: Path, real: Tools
) -> None:
    execute(filled, "CREATE TABLE alembic_version (version_num text)")
    execute(filled, "INSERT INTO alembic_version VALUES ('a1')")
    body = '"$REAL" "$@" --exclude-table-data=alembic_version'

    veto = vetoed(run, verify="restore", pg_bin=wrapped(tmp_path / "bin", real, body))

    assert veto.reason.endswith("has 0 rows, not 1; at revision none, not a1")
    assert veto.code == "backup_mismatch"


def test_restore_that_fails_refuses_the_run_and_leaves_no_scratch(
    run: Run, filled: str, tmp_path: Path, real: Tools
) -> None:
    folder = wrapped(tmp_path / "bin", real, 'exec "$REAL" "$@"')
    (folder / "pg_restore").unlink()
    write_program(
        folder / "pg_restore",
        f'#!/bin/sh\n[ "$1" = --version ] && exec {real.pg_restore} --version\n'
        "echo 'pg_restore: error: out of luck' >&2; exit 1\n",
    )

    veto = vetoed(run, verify="restore", pg_bin=folder)

    assert veto.reason == "the backup cannot be restored: pg_restore: error: out of luck"
    assert left_in(tmp_path) == []
    assert fetch(filled, SCRATCH) == []


def test_scratch_that_a_killed_process_left_is_dropped_and_one_in_use_is_not(
    run: Run, filled: str
) -> None:
    left = scratch_name(run.database_url.name, "20250101T000000Z-x-aaaaaa")
    used = scratch_name(run.database_url.name, "20250101T000000Z-x-bbbbbb")
    make_ours(filled, left)
    make_ours(filled, used)
    from plugins.backup.scratch.scratch_database import _LOCK, _key

    with closing(Session(DatabaseUrl(filled))) as owner:
        owner.fetch(_LOCK, _key(used))

        backup_plugin(verify="restore").pre_migrate(run)

        found = fetch(filled, SCRATCH)
    execute(filled, f'DROP DATABASE "{used}"')
    assert found == [(used,)]


def test_scratch_may_be_made_elsewhere_where_the_roles_are_unknown(
    run: Run, filled: str, real: Tools, make_database: Callable[[], str]
) -> None:
    """They are lent for the time of the proof: nobody can log in as them."""
    role = f"{run.database_url.name}_owner"
    execute(filled, f"CREATE ROLE {role}")
    execute(filled, f"ALTER TABLE note OWNER TO {role}")
    backup = backup_plugin().pre_migrate(run)
    manifest = Manifest.from_json((folder_of(backup) / "manifest.json").read_text())
    execute(filled, f"DROP OWNED BY {role}")
    execute(filled, f"DROP ROLE {role}")
    elsewhere = make_database()
    verifier = Verifier(real, DatabaseUrl(elsewhere), Deadline(60), 2, is_elsewhere=True)

    verifier.verify(folder_of(backup), manifest, "restore")

    assert manifest.roles == (role,)
    assert (role,) not in fetch(elsewhere, "SELECT rolname FROM pg_roles")


def test_role_that_the_server_does_not_have_is_named_before_anything_is_restored(
    run: Run, real: Tools
) -> None:
    backup = backup_plugin().pre_migrate(run)
    manifest = Manifest.from_json((folder_of(backup) / "manifest.json").read_text())
    verifier = Verifier(real, run.database_url, Deadline(60))

    with pytest.raises(Veto, match="does not have: gone_role") as veto:
        verifier.verify(folder_of(backup), replace(manifest, roles=("gone_role",)), "restore")

    assert veto.value.code == "missing_roles"


def test_role_without_createdb_is_told_what_to_do(run: Run, filled: str, tmp_path: Path) -> None:
    from tests.support.runs import make_run

    role = f"{run.database_url.name}_modest"
    execute(filled, f"CREATE ROLE {role} IN ROLE pg_read_all_data")
    weak = DatabaseUrl(f"{filled}{'&' if '?' in filled else '?'}options=-c%20role%3D{role}")

    try:
        veto = vetoed(make_run(filled, tmp_path, database_url=weak), verify="restore")
    finally:
        execute(filled, f"DROP ROLE {role}")

    assert "permission denied to create database" in veto.reason
    assert "CREATEDB" in veto.hint
    assert left_in(tmp_path) == []


def test_unproven_backup_says_so(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    backup = backup_plugin(verify="none, unproven").pre_migrate(run)

    assert backup.verified is False
    assert manifest_of(backup)["verified"] == "none"
    assert "not verified (plugins.backup.verify)" in caplog.text
    assert json.loads((folder_of(backup) / "manifest.json").read_text())["files"]


def test_scratch_database_does_not_wait_for_other_sessions(run: Run, filled: str) -> None:
    """Template0 is its template: the database itself may be busy."""
    with closing(connect(filled)) as busy:
        busy.cursor().execute("BEGIN; SELECT * FROM note LIMIT 1")

        backup = backup_plugin(verify="restore").pre_migrate(run)

    assert backup.verified is True
