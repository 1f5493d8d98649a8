"""The backup of one schema: exactly that schema, proven, and never taken for another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.extensions import require_extension
from tests.support.forks import wait_until
from tests.support.tenants import HOSTILE, created, make_tenants, migrated_tenants, quoted

if TYPE_CHECKING:
    from tests.support.project import Project

TENANTS = ("acme", "acme_2")


@pytest.fixture
def tenants(kept: Project) -> Project:
    """Return a project with two migrated tenants, `acme` and `acme_2`."""
    return migrated_tenants(kept, TENANTS)


def manifest_of(project: Project, backup_id: str) -> dict[str, Any]:
    """Return what the manifest of that backup says."""
    text = (project.root / "backups" / backup_id / "manifest.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


def listed(project: Project, *words: str) -> list[tuple[str, str | None]]:
    """Return id and schema of the backups that `backup list` names."""
    found = project.migrate("backup", "list", "--json", *words).json["data"]["backups"]
    return [(each["id"], each["schema"]) for each in found]


@pytest.mark.parametrize("level", ["read", "restore"])
def test_backup_holds_that_schema_and_its_rows_alone(tenants: Project, level: str) -> None:
    tenants.settings["plugins.backup.verify"] = level
    tenants.query("create table public.shared (id int); select lo_create(0)")

    made = created(tenants, "t0")

    manifest = manifest_of(tenants, made["backup"]["id"])
    assert manifest["tables"] == {"acme.alembic_version": 1, "acme.note": 50}
    assert (manifest["schema"], manifest["heads"]) == ("acme", ["one"])
    assert (manifest["large_objects"], manifest["schema_version"]) == (0, 2)
    assert made["backup"]["proven"] == {"read": "read", "restore": "restored"}[level]
    assert made["data"]["schema"] == "acme"


@pytest.mark.external
@pytest.mark.parametrize("form", ["custom", "directory"])
def test_schema_of_a_hostile_name_is_backed_up_alone(kept: Project, form: str) -> None:
    """Each of these names is a pattern of pg_dump that fits others too, or none."""
    kept.settings |= {"plugins.backup.format": form, "plugins.backup.verify": "restore"}
    make_tenants(kept, [*HOSTILE, "ab", "xacme", "Acme"])
    for schema in [*HOSTILE, "ab", "xacme", "Acme"]:
        kept.query(f"create table {quoted(schema)}.note (id) as select 1")

    made = [created(kept, f"t{number}") for number in range(len(HOSTILE))]

    for schema, each in zip(HOSTILE, made, strict=True):
        manifest = manifest_of(kept, each["backup"]["id"])
        assert manifest["schema"] == schema
        assert list(manifest["tables"].values()) == [1]
        assert each["backup"]["proven"] == "restored"
    assert len({each["backup"]["id"] for each in made}) == len(HOSTILE)


def test_run_of_one_schema_makes_its_backup_before(tenants: Project) -> None:
    tenants.revision("two", "op.execute('drop table note')")

    result = tenants.migrate("upgrade", "--target", "t0", "--json")

    assert result.exit_code == 0, result.output
    assert manifest_of(tenants, result.json["backup"]["id"])["tables"]["acme.note"] == 50
    own, other, whole = (
        tenants.migrate("status", *words, "--json").json["last_backup"]
        for words in (("--target", "t0"), ("--target", "t1"), ())
    )
    assert own["id"] == result.json["backup"]["id"]
    assert (other, whole) == (None, None)


def test_all_tenants_are_backed_up_at_once_into_files_of_their_own(tenants: Project) -> None:
    result = tenants.migrate("backup", "create", "--all", "--parallel", "2", "--json")

    assert result.exit_code == 0, result.output
    assert sorted(schema or "" for _, schema in listed(tenants)) == [*TENANTS]
    assert [schema for _, schema in listed(tenants, "--target", "t1")] == ["acme_2"]


def test_latest_is_of_that_subject_alone(tenants: Project) -> None:
    whole = tenants.migrate("backup", "create", "--json").json["backup"]["id"]
    first = created(tenants, "t0")["backup"]["id"]
    second = created(tenants, "t1")["backup"]["id"]

    found = [
        tenants.migrate("backup", "show", "latest", *words, "--json").json["backup"]["id"]
        for words in ((), ("--target", "t0"), ("--target", "t1"))
    ]

    assert found == [whole, first, second]


def test_retention_of_one_tenant_removes_no_backup_of_another(tenants: Project) -> None:
    tenants.settings["plugins.backup.keep_last"] = 1
    whole = tenants.migrate("backup", "create", "--json").json["backup"]["id"]
    other = created(tenants, "t1")["backup"]["id"]
    created(tenants, "t0")
    last = created(tenants, "t0")["backup"]["id"]
    pruned = tenants.migrate("backup", "prune", "--json")

    assert pruned.exit_code == 0, pruned.output
    assert {each for each, _ in listed(tenants)} == {whole, other, last}


def test_backup_of_one_tenant_while_another_migrates(tenants: Project) -> None:
    tenants.revision("two", WAITS)
    run = tenants.start("upgrade", "--target", "t1", "--no-plugin", "backup")
    wait_until((tenants.root / "begun").exists, "the other tenant is at work", 60)

    made = created(tenants, "t0")
    (tenants.root / "go").touch()
    end = run.finish()

    assert end.exit_code == 0, end.output
    assert manifest_of(tenants, made["backup"]["id"])["tables"]["acme.note"] == 50


WAITS = """
op.execute("alter table note add column more int default random() * 9")
open("begun", "w").close()
while not os.path.exists("go"):
    time.sleep(0.01)
"""


@pytest.mark.external
def test_needs_of_the_schema_are_there_in_the_proof(tenants: Project) -> None:
    require_extension(tenants, "citext")
    tenants.settings["plugins.backup.verify"] = "restore"
    tenants.query(NEEDED)

    made = created(tenants, "t0")

    shown = tenants.migrate("backup", "show", made["backup"]["id"]).stdout
    assert made["backup"]["proven"] == "restored"
    for words in ("extension citext", "type shared.mood", "table public.country"):
        assert words in shown
    assert "not proven\tforeign key home of person to public.country" in shown


NEEDED = """
    create extension citext schema public;
    create schema shared; create type shared.mood as enum ('good');
    create table public.country (code text primary key); insert into public.country values ('ES');
    create view public.of_all as select id from acme.note union all select id from acme_2.note;
    create table acme.person (mail public.citext, mood shared.mood,
        code text constraint home references public.country);
    insert into acme.person values ('A@b', 'good', 'ES')
"""


@pytest.mark.external
def test_extension_in_the_schema_itself_is_an_obstacle(tenants: Project) -> None:
    require_extension(tenants, "citext")
    tenants.query("create extension citext schema acme; create table acme.m (mail acme.citext)")

    read = created(tenants, "t0")
    tenants.settings["plugins.backup.verify"] = "restore"
    proven = tenants.migrate("backup", "create", "--target", "t0", "--json")

    [warning] = read["warnings"]
    assert "the extension citext is in the schema" in warning
    assert (proven.exit_code, proven.json["error"]["code"]) == (5, "cannot_rebuild")


def test_obstacles_of_other_tenants_are_none_of_this_one(tenants: Project) -> None:
    tenants.query(UNQUALIFIED)

    assert created(tenants, "t0")["warnings"] == []
    [warning] = created(tenants, "t1")["warnings"]
    assert "function acme_2.twice" in warning


UNQUALIFIED = """
    create function acme_2.once(int) returns int language sql immutable as 'select $1';
    set search_path = acme_2;
    create function acme_2.twice(int) returns int language sql immutable as 'select once($1)';
    create table acme_2.t (n int, m int generated always as (acme_2.twice(n)) stored)
"""


def test_backup_of_a_schema_is_none_of_the_database(tenants: Project) -> None:
    made = created(tenants, "t0")["backup"]["id"]

    result = tenants.migrate("restore", made, "--confirm", "x", "--json")

    assert (result.exit_code, result.json["error"]["code"]) == (5, "backup_of_another_subject")
    assert "--target" in result.json["error"]["hint"]
