"""The backup plugin fails closed: no backup, no run, nothing left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from plugins.backup.archive.source import Source
from plugins.backup.postgres.client_programs import find_tools
from sst import dependencies
from sst.db.url import DatabaseUrl
from sst.hooks import Veto
from tests.support.backups import (
    execute,
    left_in,
    nowhere,
    vetoed,
    with_password,
)
from tests.support.pg_tools import versioned, wrapped
from tests.support.runs import make_run

if TYPE_CHECKING:
    from pathlib import Path

    from plugins.backup.postgres.client_programs import Tools
    from sst.hooks import Run


def test_password_in_a_complaint_is_redacted(filled: str, tmp_path: Path, real: Tools) -> None:
    url, canary = with_password(filled)
    body = 'echo "pg_dump: error: bad login $PGPASSWORD" >&2; exit 1'

    veto = vetoed(
        make_run(url, tmp_path),
        pg_bin=wrapped(tmp_path / "bin", real, body),
    )

    assert veto.reason == "no backup: pg_dump: error: bad login ***"
    assert canary not in repr((veto.hint, veto.__cause__, veto.__context__))


CUT = (
    'SIZE=$(wc -c <"$FILE"); head -c $((SIZE - {bytes})) "$FILE" >"$FILE.x";'
    ' cat "$FILE.x" >"$FILE"; rm "$FILE.x"'
)
FLIP = (
    'SIZE=$(wc -c <"$FILE"); printf "\\377\\0\\377\\0" |'
    ' dd of="$FILE" bs=1 seek=$((SIZE / 2)) conv=notrunc 2>/dev/null'
)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(CUT.format(bytes=1), id="last byte missing"),
        pytest.param(CUT.format(bytes=20_000), id="cut off"),
        pytest.param(': >"$FILE"', id="empty"),
        pytest.param(FLIP, id="four bytes changed"),
    ],
)
def test_damaged_archive_is_found_and_removed(
    run: Run, tmp_path: Path, real: Tools, damage: str
) -> None:
    """`pg_restore --list` finds none of these: the table of contents is at the front."""
    body = f'"$REAL" "$@" || exit; {damage}'

    veto = vetoed(run, pg_bin=wrapped(tmp_path / "bin", real, body))

    assert veto.reason.startswith("the backup cannot be read back: pg_restore: error: ")
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    ("body", "reason", "hint"),
    [
        pytest.param(
            "echo 'pg_dump: hello' >&2; echo 'pg_dump: error: no luck' >&2; exit 1",
            "no backup: pg_dump: error: no luck",
            "run the command again",
            id="fails",
        ),
        pytest.param("exit 3", "no backup: pg_dump failed with exit code 3", "again", id="mute"),
        pytest.param(
            'echo partial >"$FILE"; kill -KILL $$',
            "no backup: pg_dump was ended by SIGKILL",
            "again",
            id="killed",
        ),
        pytest.param(
            'exec "$REAL" "$@" --file=/dev/full',
            "No space left on device",
            "free space on that disk",
            id="disk full",
        ),
    ],
)
def test_failing_pg_dump_refuses_the_run_and_leaves_nothing(
    run: Run, tmp_path: Path, real: Tools, body: str, reason: str, hint: str
) -> None:
    veto = vetoed(run, pg_bin=wrapped(tmp_path / "bin", real, body))

    assert reason in veto.reason
    assert hint in veto.hint
    assert "\n" not in veto.reason
    assert left_in(tmp_path) == []


def test_role_that_may_not_read_everything_is_told_who_may(
    run: Run, filled: str, tmp_path: Path
) -> None:
    """A dump without the rows it may not see would be no way back."""
    name = f"{run.database_url.name}_reader"
    execute(filled, f"CREATE ROLE {name}")
    weak = DatabaseUrl(f"{filled}{'&' if '?' in filled else '?'}options=-c%20role%3D{name}")

    try:
        veto = vetoed(make_run(filled, tmp_path, database_url=weak))
    finally:
        execute(filled, f"DROP ROLE {name}")

    assert "permission denied for table note" in veto.reason
    assert "pg_read_all_data" in veto.hint
    assert left_in(tmp_path) == []


def test_old_pg_dump_is_refused_before_anything_is_written(run: Run, tmp_path: Path) -> None:
    veto = vetoed(run, pg_bin=versioned(tmp_path / "bin", "9.6.24"))

    major = Source.of(run).server_major
    assert veto.reason == (
        f"no pg_dump is as new as the server ({major}); found 9.6.24 in {tmp_path / 'bin'}"
    )
    assert f"postgresql-client-{major}" in veto.hint
    assert not (tmp_path / "backups").exists()


def test_client_of_18_is_refused_on_a_server_of_19(filled: str, tmp_path: Path) -> None:
    """The server itself says 19: this function is found before the one of the catalogue."""
    execute(
        filled,
        "CREATE SCHEMA nineteen; CREATE FUNCTION nineteen.current_setting(text) RETURNS text"
        " LANGUAGE sql AS $$ SELECT CASE $1 WHEN 'server_version' THEN '19.0'"
        " WHEN 'server_version_num' THEN '190000' END $$",
    )
    path = "options=-c%20search_path%3Dnineteen,pg_catalog,public"
    url = DatabaseUrl(f"{filled}{'&' if '?' in filled else '?'}{path}")

    veto = vetoed(
        make_run(filled, tmp_path, database_url=url), pg_bin=versioned(tmp_path / "bin", "18.4")
    )

    assert veto.reason == (
        f"no pg_dump is as new as the server (19); found 18.4 in {tmp_path / 'bin'}"
    )
    assert veto.hint == (
        "install postgresql-client-19 (in the image: build it with POSTGRES_MAJOR=19),"
        " or set plugins.backup.pg_bin to the folder of pg_dump 19 or newer"
    )
    assert not (tmp_path / "backups").exists()


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        (
            "docker compose run --rm migrate",
            "build the image with a newer one: `POSTGRES_MAJOR=19 docker compose build app`;",
        ),
        ("", "build the image with a newer one: `docker build --build-arg POSTGRES_MAJOR=19 .`"),
    ],
)
def test_client_of_18_in_the_image(
    typed: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependencies, "_is_image", lambda: True)
    monkeypatch.setenv("SST_COMMAND", typed)

    with pytest.raises(Veto) as veto:
        find_tools(19, versioned(tmp_path / "bin", "18.4"))

    assert veto.value.hint.startswith(advice)
    assert ("new, empty server" in veto.value.hint) == ("compose" in typed)


def test_missing_pg_dump_names_the_package_to_install(run: Run, tmp_path: Path) -> None:
    veto = vetoed(run, pg_bin=tmp_path)

    assert veto.reason == "pg_dump and pg_restore were not found"
    assert f"postgresql-client-{Source.of(run).server_major}" in veto.hint
    assert not (tmp_path / "backups").exists()


@pytest.mark.parametrize("kind", ["file", "link to nowhere"])
def test_directory_that_is_none_refuses_the_run(run: Run, tmp_path: Path, kind: str) -> None:
    place = tmp_path / "backups"
    place.touch() if kind == "file" else place.symlink_to(tmp_path / "gone")

    veto = vetoed(run, directory=place)

    assert veto.reason == f"the backup could not be written to {place}: Not a directory"


def test_directory_that_cannot_be_made_refuses_the_run(run: Run, tmp_path: Path) -> None:
    (tmp_path / "backups").write_text("a file in the way")

    veto = vetoed(run, directory="backups/here")

    assert "could not be written" in veto.reason
    assert "plugins.backup.directory" in veto.hint


def test_unreachable_server_refuses_the_run(filled: str, tmp_path: Path) -> None:
    """The look at the database failed before pg_dump was even sought."""
    veto = vetoed(make_run(filled, tmp_path, database_url=nowhere()))

    assert "the database did not answer" in veto.reason
    assert "canary" not in repr(veto.reason)
    assert not (tmp_path / "backups").exists()


def test_server_that_goes_away_before_the_dump_refuses_the_run(run: Run, tmp_path: Path) -> None:
    gone = make_run(
        run.database_url.reveal(),
        tmp_path,
        database_url=nowhere(),
        inspect=run.inspect,
    )

    veto = vetoed(gone)

    assert veto.reason.startswith("no backup: connection to server")
    assert "check the database URL" in veto.hint
    assert left_in(tmp_path) == []
