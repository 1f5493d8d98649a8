"""Backups that pg_restore alone cannot rebuild: said when they are made, and the way through."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from plugins.backup.postgres.client_environment import client_environment
from plugins.backup.postgres.client_programs import find_tools
from sst.db.url import DatabaseUrl
from tests.support.backups import execute
from tests.support.owners import untrusted_extension
from tests.support.pg_tools import wrapped, write_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from plugins.backup.postgres.client_programs import Tools
    from tests.support.owners import Owned

pytestmark = pytest.mark.external

_UNQUALIFIED = (
    "create table item (id int primary key, name text)",
    "insert into item values (1, 'A')",
    "create function norm(t text) returns text language sql immutable as $$ select lower(t) $$",
    """create function up(t text) returns text language plpgsql immutable
           as $$ begin return norm(t); end $$""",
    "alter table item add column g text generated always as (up(name)) stored",
)
_FORMATS = ["custom", "directory"]


@pytest.fixture
def unqualified(weak: Owned) -> Owned:
    """Return a database with a generated column whose function names another without a schema."""
    weak.owner(*_UNQUALIFIED)
    return weak


@pytest.fixture
def foreign(weak: Owned) -> Owned:
    """Return a database in which a table is another role's."""
    weak.admin("create table adm (id int)", f"grant all on adm to {weak.role}")
    return weak


@pytest.fixture
def extended(weak: Owned) -> Iterator[tuple[Owned, str]]:
    """Return a database with an extension that its owner could not create, and that one's name."""
    with untrusted_extension(weak) as name:
        weak.owner("create schema tools")
        weak.admin(f"create extension {name} schema tools")
        yield weak, name


def _tools(database: Owned) -> Tools:
    [(number,)] = database.fetch("SELECT CAST(current_setting('server_version_num') AS integer)")
    return find_tools(number // 10_000)


def definitions(database: Owned) -> str:
    """Return all that pg_dump writes of the database but its rows."""
    tools, url = _tools(database), DatabaseUrl(database.admin_url)
    command = [
        tools.pg_dump,
        "--schema-only",
        "--exclude-schema=migrator",
        f"--dbname={url.libpq_place()}",
    ]
    done = subprocess.run(
        command, env=client_environment(url), check=True, capture_output=True, text=True
    )
    lines = done.stdout.splitlines()
    # The keys of these are another time others.
    return "\n".join(line for line in lines if not line.startswith(("\\restrict", "\\unrestrict")))


@pytest.mark.parametrize("format_", _FORMATS)
def test_function_that_names_another_without_a_schema(unqualified: Owned, format_: str) -> None:
    unqualified.project.settings["plugins.backup.format"] = format_
    before = definitions(unqualified)
    warned = unqualified.warnings()

    refused = unqualified.restore()
    restored = unqualified.restore("--search-path", "public")

    assert "function public.up(text)" in warned
    assert "norm" in warned
    assert "ALTER FUNCTION public.up(text) SET search_path = public" in warned
    assert refused.exit_code == 5
    assert refused.json["error"]["code"] == "cannot_rebuild"
    assert "--search-path" in refused.json["error"]["hint"]
    assert restored.exit_code == 0, restored.output
    assert unqualified.fetch("SELECT * FROM item") == [(1, "A", "a")]
    assert definitions(unqualified) == before, "functions are as they were"


def test_search_path_in_the_settings_serves_the_proof_and_every_restore(
    unqualified: Owned,
) -> None:
    settings = unqualified.project.settings
    settings["plugins.backup.verify"] = "restore"
    refused = unqualified.backup()
    settings["plugins.backup.rebuild_search_path"] = "public"

    proven = unqualified.backup()
    restored = unqualified.restore()

    assert refused.exit_code == 5
    assert "plugins.backup.rebuild_search_path" in refused.json["error"]["hint"]
    assert proven.exit_code == 0, proven.output
    assert proven.json["backup"]["proven"] == "restored"
    assert proven.json["warnings"] == []
    assert restored.exit_code == 0, restored.output


def test_search_path_that_leads_to_it_leaves_nothing_to_warn_of(unqualified: Owned) -> None:
    unqualified.project.settings["plugins.backup.rebuild_search_path"] = '"$user", public'

    assert unqualified.warnings() == ""
    assert unqualified.restore().exit_code == 0


def test_table_of_another_owner(foreign: Owned) -> None:
    warned = foreign.warnings()

    refused = foreign.restore()
    restored = foreign.restore("--no-owner")

    assert "table public.adm belongs to" in warned
    assert "--no-owner" in warned
    assert refused.exit_code == 5
    assert refused.json["error"]["code"] == "cannot_rebuild"
    assert "--no-owner" in refused.json["error"]["hint"]
    assert restored.exit_code == 0, restored.output
    [(owner,)] = foreign.fetch("SELECT tableowner FROM pg_tables WHERE tablename = 'adm'")
    assert owner == foreign.role


def test_extension_that_only_a_superuser_may_create(extended: tuple[Owned, str]) -> None:
    database, name = extended
    warned = database.warnings()
    refused = database.restore()
    without_owner = database.restore("--no-owner")
    template = f"{database.live}_template"
    database.admin(f"CREATE DATABASE {template} TEMPLATE template0 IS_TEMPLATE true")
    _prepare(database, template, name)

    restored = database.restore("--template", template)

    database.admin(f"ALTER DATABASE {template} IS_TEMPLATE false")
    assert f"only a superuser may create the extension {name}" in warned
    assert "--template" in warned
    for each in (refused, without_owner):
        assert each.exit_code == 5
        assert each.json["error"]["code"] == "cannot_rebuild"
        assert "--template" in each.json["error"]["hint"]
        assert "pg_read_all_data" not in each.output
    assert restored.exit_code == 0, restored.output
    assert (name,) in database.fetch("SELECT extname FROM pg_extension")


def test_template_in_the_settings_serves_the_proof(extended: tuple[Owned, str]) -> None:
    database, name = extended
    settings, template = database.project.settings, f"{database.live}_template"
    settings["plugins.backup.verify"] = "restore"
    database.admin("ALTER SCHEMA tools OWNER TO CURRENT_USER")
    database.admin(f"GRANT USAGE ON SCHEMA tools TO {database.role}")
    refused = database.backup()
    database.admin(f"CREATE DATABASE {template} TEMPLATE template0 IS_TEMPLATE true")
    _prepare(database, template, name)
    settings["plugins.backup.rebuild_template"] = template

    proven = database.backup()
    settings["plugins.backup.verify"] = "read"
    read = database.backup()

    database.admin(f"ALTER DATABASE {template} IS_TEMPLATE false")
    assert refused.exit_code == 5
    assert refused.json["error"]["code"] == "cannot_rebuild", refused.output
    assert proven.exit_code == 0, proven.output
    assert (read.exit_code, read.json["warnings"]) == (0, [])


def test_upgrade_warns_and_says_what_was_proven(foreign: Owned) -> None:
    project = foreign.project
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")

    upgraded = project.migrate("upgrade", "--json")
    shown = project.migrate("runs", "show", upgraded.json["run_id"], "--json")

    assert upgraded.exit_code == 0, upgraded.output
    assert upgraded.json["backup"]["proven"] == "read"
    [warning] = [each for each in upgraded.json["warnings"] if "adm" in each]
    assert "--no-owner" in warning
    assert "public.adm" in str(shown.json["run"]["warnings"])
    assert "public.adm" in upgraded.stderr


def test_upgrade_in_words(foreign: Owned) -> None:
    project = foreign.project
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")

    upgraded = project.migrate("upgrade")

    assert "read back, not restored" in upgraded.stdout
    assert "verified" not in upgraded.output
    assert "table public.adm belongs to" in upgraded.stderr


def test_run_is_refused_where_the_proof_is_a_restore(foreign: Owned) -> None:
    project = foreign.project
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.settings["plugins.backup.verify"] = "restore"

    refused = project.migrate("upgrade", "--json")

    assert refused.exit_code == 5, refused.output
    assert "GRANT" in refused.json["error"]["hint"]
    assert project.current_revision() is None
    assert project.migrate("backup", "list", "--json").json["data"]["backups"] == []


def test_proof_on_another_server_by_a_stronger_role_proves_nothing_for_this_one(
    foreign: Owned,
) -> None:
    foreign.project.settings["plugins.backup.verify"] = "restore"
    foreign.project.settings["plugins.backup.verify_database_url"] = foreign.admin_url

    refused = foreign.backup()

    assert refused.exit_code == 5, refused.output
    assert refused.json["error"]["code"] == "cannot_rebuild"
    assert "adm" in refused.json["error"]["message"]


def test_superuser_is_warned_of_nothing_that_it_may_do(foreign: Owned) -> None:
    foreign.project.database_url = foreign.admin_url

    assert foreign.warnings() == ""


def test_server_of_another_language_is_answered_by_what_was_known(
    foreign: Owned, tmp_path: Path
) -> None:
    foreign.warnings()
    folder = wrapped(tmp_path / "bin", _tools(foreign), 'exec "$REAL" "$@"')
    (folder / "pg_restore").unlink()
    real = f"[ \"$1\" = --version ] && exec '{_tools(foreign).pg_restore}' --version"
    real += f'\ncase "$*" in *--file=*) exec \'{_tools(foreign).pg_restore}\' "$@";; esac'
    complaint = "pg_restore: error: could not execute query: FEHLER:  keine Berechtigung"
    write_program(folder / "pg_restore", f"#!/bin/sh\n{real}\necho '{complaint}' >&2; exit 1\n")
    foreign.project.settings["plugins.backup.pg_bin"] = str(folder)

    refused = foreign.restore()

    assert refused.exit_code == 5, refused.output
    assert "table public.adm belongs to" in refused.json["error"]["hint"]


def _prepare(database: Owned, template: str, extension: str) -> None:
    url = DatabaseUrl(database.admin_url).with_database(template).reveal()
    execute(url, f"CREATE SCHEMA tools AUTHORIZATION {database.role}")
    execute(url, f"CREATE EXTENSION {extension} SCHEMA tools")
