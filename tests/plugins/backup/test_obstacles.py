"""What stops a rebuild and shows in the catalogue: each is seen, and each really stops it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from app.db.url import DatabaseUrl
from app.hooks import Veto
from plugins.backup.manifest import Manifest
from plugins.backup.obstacles import obstacles_of
from plugins.backup.process import Deadline
from plugins.backup.rebuild import PLAIN, RebuildOptions
from plugins.backup.source import Source
from plugins.backup.tools import find_tools
from plugins.backup.verify import Verifier
from tests.support.backups import backup_plugin, folder_of
from tests.support.runs import make_run
from tests.support.server import connect

if TYPE_CHECKING:
    from tests.support.owners import Owned

pytestmark = pytest.mark.external

# What a superuser has done in the database of {role}, the words for it, and the way through.
_NO_OWNER, _SUPERUSER = "--no-owner", "as a superuser"
STRANGE = {
    "table": (
        """
            CREATE TABLE adm (id int);
            GRANT ALL ON adm TO {role}
        """,
        "table public.adm belongs",
        _NO_OWNER,
    ),
    "schema": (
        """
            CREATE SCHEMA adm;
            GRANT ALL ON SCHEMA adm TO {role}
        """,
        "schema adm belongs",
        _NO_OWNER,
    ),
    "type": (
        "CREATE TYPE mood AS ENUM ('ok')",
        "type public.mood belongs",
        _NO_OWNER,
    ),
    "sequence": (
        """
            CREATE SEQUENCE ids;
            GRANT ALL ON ids TO {role}
        """,
        "sequence public.ids belongs",
        _NO_OWNER,
    ),
    "large object": (
        """
            SELECT lo_create(77);
            GRANT ALL ON LARGE OBJECT 77 TO {role}
        """,
        "large object 77 belongs",
        _NO_OWNER,
    ),
    "default privileges": (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {role}",
        "default privileges on new relations belonging to role",
        _NO_OWNER,
    ),
    "language": (
        """
            CREATE FUNCTION absolute(float8) RETURNS float8 LANGUAGE internal AS 'float8abs';
            ALTER FUNCTION absolute(float8) OWNER TO {role}
        """,
        "only a superuser may create function public.absolute(double precision)",
        _SUPERUSER,
    ),
    "leakproof": (
        """
            CREATE FUNCTION one() RETURNS int LANGUAGE sql LEAKPROOF AS 'SELECT 1';
            ALTER FUNCTION one() OWNER TO {role}
        """,
        "only a superuser may create function public.one()",
        _SUPERUSER,
    ),
    "event trigger": (
        """
            CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
            ALTER FUNCTION note() OWNER TO {role};
            CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION note()
        """,
        "only a superuser may create event trigger noted",
        _SUPERUSER,
    ),
    "publication": (
        "CREATE PUBLICATION everything FOR ALL TABLES",
        "only a superuser may create publication everything",
        _SUPERUSER,
    ),
    "operator family": (
        """
            CREATE OPERATOR FAMILY kin USING btree;
            ALTER OPERATOR FAMILY kin USING btree OWNER TO {role}
        """,
        "only a superuser may create operator family public.kin",
        _SUPERUSER,
    ),
    "member without room": (
        """
            CREATE ROLE {role}_group;
            GRANT {role}_group TO {role};
            CREATE SCHEMA own AUTHORIZATION {role};
            CREATE TABLE own.shared (id int);
            ALTER TABLE own.shared OWNER TO {role}_group
        """,
        "table own.shared belongs to {role}_group, which may not create there",
        _NO_OWNER,
    ),
    "grant of a grantee": (
        """
            CREATE ROLE {role}_group;
            SET ROLE {role};
            CREATE TABLE own (id int);
            GRANT SELECT ON own TO {role}_group WITH GRANT OPTION;
            SET ROLE {role}_group;
            GRANT SELECT ON own TO PUBLIC;
            RESET ROLE
        """,
        "{role}_group has granted what it does not own",
        _NO_OWNER,
    ),
}
_ITEM = "CREATE TABLE item (name text); INSERT INTO item VALUES ('A')"
_NORM = "CREATE FUNCTION norm(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)'"
# What the owner has made itself and a rebuild does not find.
UNQUALIFIED = {
    "generated column": (
        """
            CREATE FUNCTION up(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN
                norm(t); END';
            ALTER TABLE item ADD g text GENERATED ALWAYS AS (up(name)) STORED
        """,
        "function public.up(text)",
    ),
    "CHECK that asks a table": (
        """
            CREATE TABLE word (t text);
            CREATE FUNCTION known(t text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN NOT
                EXISTS (SELECT FROM word w WHERE w.t = $1); END';
            ALTER TABLE item ADD CHECK (known(name))
        """,
        "names word without a schema",
    ),
    "domain": (
        """
            CREATE FUNCTION good(text) RETURNS boolean LANGUAGE sql AS 'SELECT norm($1) > ''''';
            CREATE DOMAIN good_text AS text CHECK (good(VALUE));
            CREATE TABLE d (t good_text);
            INSERT INTO d VALUES ('x')
        """,
        "function public.good(text)",
    ),
    "type": (
        """
            CREATE TYPE mood AS ENUM ('ok');
            CREATE FUNCTION mood_of(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN
                (''ok''::mood)::text = ''ok''; END';
            ALTER TABLE item ADD CHECK (mood_of(name))
        """,
        "names mood without a schema",
    ),
    "operator": (
        """
            CREATE FUNCTION same(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT $1 = $2';
            CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = same);
            CREATE FUNCTION equal(t text) RETURNS boolean LANGUAGE sql AS 'SELECT $1 === $1';
            ALTER TABLE item ADD CHECK (equal(name))
        """,
        "operator does not exist: text === text",
    ),
    "called by one that is qualified": (
        """
            CREATE FUNCTION inner_(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN
                RETURN norm(t); END';
            CREATE FUNCTION outer_(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN
                RETURN public.inner_(t); END';
            ALTER TABLE item ADD g text GENERATED ALWAYS AS (outer_(name)) STORED
        """,
        "function public.inner_(text)",
    ),
    "partition key": (
        """
            CREATE FUNCTION part(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN
                RETURN norm(t); END';
            CREATE TABLE p (t text) PARTITION BY HASH (part(t));
            CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 1, REMAINDER 0);
            INSERT INTO p VALUES ('x')
        """,
        "function public.part(text)",
    ),
}
# What looks like it, and is rebuilt.
INNOCENT = {
    "path of its own": """
        CREATE FUNCTION up(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE SET search_path
            = public AS 'BEGIN RETURN norm(t); END';
        ALTER TABLE item ADD g text GENERATED ALWAYS AS (up(name)) STORED
    """,
    "with its schema": """
        CREATE FUNCTION up(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN
            public.norm(t); END';
        ALTER TABLE item ADD g text GENERATED ALWAYS AS (up(name)) STORED
    """,
    "bound when it was made": """
        CREATE FUNCTION up(t text) RETURNS text LANGUAGE sql IMMUTABLE RETURN norm(t);
        ALTER TABLE item ADD g text GENERATED ALWAYS AS (up(name)) STORED
    """,
    "not called": """
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.name =
            norm(NEW.name); RETURN NEW; END';
        CREATE TRIGGER t BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION touch()
    """,
    "in a comment and in a text": """
        CREATE FUNCTION up(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN /*
            norm(t) */ RETURN lower(t) || ''norm(t)''; -- norm(t)
         END';
        ALTER TABLE item ADD g text GENERATED ALWAYS AS (up(name)) STORED
    """,
    "name of the server's own": """
        CREATE FUNCTION lower(item) RETURNS text LANGUAGE sql AS 'SELECT $1.name';
        CREATE FUNCTION up(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN
            lower(t); END';
        ALTER TABLE item ADD g text GENERATED ALWAYS AS (up(name)) STORED
    """,
    "own publication and schema": """
        CREATE SCHEMA own;
        CREATE TABLE own.t (id int);
        CREATE PUBLICATION p FOR TABLE own.t
    """,
}


@pytest.mark.parametrize("name", STRANGE)
def test_what_only_others_may_do_is_seen_and_stops_a_rebuild(weak: Owned, name: str) -> None:
    statement, words, way = STRANGE[name]
    try:
        weak.admin(statement.format(role=weak.role))

        found = _found(weak)
        refused = _refused(weak)
        if way == _NO_OWNER:
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
    weak.owner(_ITEM, _NORM, statement)

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
    weak.owner(_ITEM, _NORM, INNOCENT[name])

    assert _found(weak) == ""
    assert _proven(weak)


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
