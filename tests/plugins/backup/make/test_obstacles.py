"""What stops a rebuild and shows in the catalogue: each is seen, and each really stops it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from plugins.backup.archive.rebuild import PLAIN, RebuildOptions
from plugins.backup.archive.source import Source
from plugins.backup.make.obstacles import obstacles_of
from plugins.backup.manifest.manifest import Manifest
from plugins.backup.postgres.client_programs import find_tools
from plugins.backup.postgres.process import Deadline
from plugins.backup.verify.verifier import Verifier
from sst.db.url import DatabaseUrl
from sst.hooks import Veto
from tests.support.backups import backup_plugin, folder_of
from tests.support.obstacles import AUDIT, INNOCENT, ITEM, NO_OWNER, NORM, STRANGE, UNQUALIFIED
from tests.support.owners import owned
from tests.support.runs import make_run
from tests.support.server import connect

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.owners import Owned
    from tests.support.server import TestServer

pytestmark = pytest.mark.external


@pytest.mark.parametrize("name", STRANGE)
def test_what_only_others_may_do_is_seen_and_stops_a_rebuild(weak: Owned, name: str) -> None:
    statement, words, way = STRANGE[name]
    try:
        weak.admin(statement.format(role=weak.role))

        found = _found(weak)
        refused = _refused(weak)
        if way == NO_OWNER:
            _rebuild_without_owner(weak)
    finally:
        _drop_group(weak)

    assert words.format(role=weak.role) in found
    assert way in found
    assert refused.code == "cannot_rebuild", refused.reason
    assert way in refused.hint, refused.reason


@pytest.mark.parametrize("name", UNQUALIFIED)
def test_name_without_its_schema_is_seen_and_stops_a_rebuild(weak: Owned, name: str) -> None:
    statement, words = UNQUALIFIED[name]
    weak.owner(ITEM, NORM, statement)

    found = _found(weak)
    refused = _refused(weak)
    with_path = _found(weak, RebuildOptions(search_path="public"))

    assert words in found
    assert "--search-path 'public'" in found
    assert "rebuild_search_path" in refused.hint, refused.reason
    assert with_path == ""
    assert _proven(weak, rebuild_search_path="public")


@pytest.mark.parametrize("name", INNOCENT)
def test_what_can_be_rebuilt_is_not_spoken_of(weak: Owned, name: str) -> None:
    weak.owner(ITEM, NORM, INNOCENT[name])

    assert _found(weak) == ""
    assert _proven(weak)


def test_functions_that_a_range_brings_are_not_somebody_elses(weak: Owned) -> None:
    """A range that is given away keeps the old owner of its functions, which no dump holds."""
    weak.admin(
        "CREATE TYPE span AS RANGE (subtype = int4)", f"ALTER TYPE span OWNER TO {weak.role}"
    )

    assert _found(weak) == ""
    assert _proven(weak)


def test_partitioned_table_of_another_role_is_spoken_of(weak: Owned) -> None:
    """It depends on its own key, as something does that is made by another."""
    weak.admin("CREATE TABLE parted (year int) PARTITION BY RANGE (year)")

    assert "table public.parted" in _found(weak)


def test_tablespace_that_the_role_may_not_use(embedded: TestServer, tmp_path: Path) -> None:
    with owned(embedded, tmp_path / "project") as weak:
        space = f"space_of_{weak.role}"
        with closing(connect(weak.admin_url)) as admin, admin.cursor() as cursor:
            cursor.execute("SET allow_in_place_tablespaces = on")
            cursor.execute(f"CREATE TABLESPACE {space} LOCATION ''")
        try:
            weak.admin(f"CREATE TABLE far (id int) TABLESPACE {space}")
            weak.admin(f"ALTER TABLE far OWNER TO {weak.role}")

            found = _found(weak)
            refused = _refused(weak)
        finally:
            weak.admin("DROP TABLE far", f"DROP TABLESPACE {space}")

    assert f"GRANT CREATE ON TABLESPACE {space} TO {weak.role}" in found
    assert refused.code == "cannot_rebuild"
    assert "GRANT CREATE ON TABLESPACE" in refused.hint


def test_schema_public_that_is_a_superusers(embedded: TestServer, tmp_path: Path) -> None:
    """As a database of PostgreSQL 14 has it after pg_upgrade."""
    with owned(embedded, tmp_path / "project") as weak:
        weak.admin("ALTER SCHEMA public OWNER TO CURRENT_USER")
        weak.admin(f"GRANT ALL ON SCHEMA public TO {weak.role}")

        found = _found(weak)
        refused = _refused(weak)

        assert "schema public belongs" in found
        assert (refused.code, NO_OWNER in refused.hint) == ("cannot_rebuild", True)


def test_event_trigger_of_the_database_is_not_called_by_a_rebuild(weak: Owned) -> None:
    """It would write rows that the backup does not have."""
    weak.admin(ITEM, NORM, UNQUALIFIED["generated column"][0], AUDIT)
    run = make_run(weak.admin_url, weak.project.root)

    backup = backup_plugin(verify="restore", rebuild_search_path="public").pre_migrate(run)

    assert backup.proven == "restored"


def test_extension_that_the_server_has_no_more_is_seen_by_a_superuser_too(weak: Owned) -> None:
    """The files of a package go; the catalogue keeps the extension."""
    with closing(connect(weak.admin_url)) as admin, admin.cursor() as cursor:
        cursor.execute("SET allow_system_table_mods = on")
        cursor.execute(
            "INSERT INTO pg_extension SELECT 99999, 'gone', extowner, extnamespace, false, '1.0',"
            " NULL, NULL FROM pg_extension WHERE extname = 'plpgsql'"
        )

    found = obstacles_of(DatabaseUrl(weak.admin_url), PLAIN, Deadline(60))

    assert [each.what for each in found] == [
        "the extension gone is not installed on this server any more"
    ]


def _found(database: Owned, options: RebuildOptions = PLAIN) -> str:
    found = obstacles_of(DatabaseUrl(database.project.database_url), options, Deadline(60))
    return "\n".join(map(str, found))


def _refused(database: Owned) -> Veto:
    """Return why the role cannot rebuild its database."""
    with pytest.raises(Veto) as veto:
        _proven(database)
    return veto.value


def _proven(database: Owned, **settings: str) -> bool:
    run = make_run(database.project.database_url, database.project.root)
    return backup_plugin(verify="restore", **settings).pre_migrate(run).verified


def _rebuild_without_owner(database: Owned) -> None:
    run = make_run(database.project.database_url, database.project.root)
    folder = folder_of(backup_plugin().pre_migrate(run))
    manifest = Manifest.from_json((folder / "manifest.json").read_text())
    tools, options = find_tools(Source.of(run).server_major), RebuildOptions(no_owner=True)
    verifier = Verifier(tools, run.database_url, Deadline(60), options=options)
    verifier.verify(folder, manifest, "restore")


def _drop_group(database: Owned) -> None:
    if database.fetch(f"SELECT FROM pg_roles WHERE rolname = '{database.role}_group'"):
        database.admin(f"DROP OWNED BY {database.role}_group", f"DROP ROLE {database.role}_group")
