"""Every place that lists targets, and what is wrong with a list."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from sst.errors import ConfigError, DatabaseUnreachableError
from sst.runtime import open_runtime
from sst.targets import catalog
from sst.targets.read import read_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sst.config.sources.target import Target
    from tests.support.project import Project

CANARY = "canary-of-a-list"


@contextmanager
def opened(project: Project, **settings: str) -> Iterator[Any]:
    """Open the runtime of *project* with *settings* below `migrate.targets`."""
    own = {f"MIGRATE__TARGETS__{name.upper()}": value for name, value in settings.items()}
    environ = {"DATABASE_URL": project.database_url, **project.environment, **own}
    with open_runtime(project.root, environ=environ) as runtime:
        yield runtime


def read(project: Project, **settings: str) -> tuple[Target, ...]:
    """Return the targets of *project* with *settings* below `migrate.targets`."""
    with opened(project, **settings) as runtime:
        return read_targets(runtime)


def refused(project: Project, **settings: str) -> str:
    """Return why the targets of *project* are refused."""
    with pytest.raises(ConfigError) as raised:
        read(project, **settings)
    return "\n".join(map(str, raised.value.problems))


def name_of(url: str) -> str:
    """Return the name of the database of *url*."""
    return url.rpartition("/")[2].partition("?")[0]


def in_file(project: Project, text: str, name: str) -> str:
    (project.root / name).write_text(text, encoding="utf-8")
    return name


def test_rows_of_a_query_are_targets(project: Project) -> None:
    query = """select 'acme' as name, 'postgresql:///a' as url, 'eu' as region,
        7 % 4 as "migrate.lock_wait" """

    [found] = read(project, query=query)

    assert (found.name, found.url, found.labels) == ("acme", "postgresql:///a", {"region": "eu"})
    assert found.settings == {"migrate.lock_wait": 3}


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("select nme from pg_class", "was refused: column"),
        ("select 'a' as name, 'b' as name", "has a column twice"),
        ("select 1 as number", "has no column name"),
        ("create table written (id int)", "read-only transaction"),
        (f"select '{CANARY}'::int as name", "fails at a value (SQLSTATE 22P02)"),
        (f"select 'a' as name, 'postgresql:///a' as url, '{CANARY}' as password", "in the clear"),
        ("select 'no name' as name, 'postgresql:///a' as url", "row 1 of migrate.targets.query"),
    ],
)
def test_query_that_gives_no_targets_is_refused(project: Project, query: str, why: str) -> None:
    found = refused(project, query=query)

    assert why in found
    assert CANARY not in found


def test_query_that_never_ends_is_ended(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "_SECONDS", 0.2)

    assert "has not ended in 0.2 s" in refused(project, query="select pg_sleep(600)")


def test_catalogue_that_is_unreachable_is_temporary(project: Project) -> None:
    url = f"postgresql://o:{CANARY}@127.0.0.1:1/none"

    with pytest.raises(DatabaseUnreachableError) as raised:
        read(project, query="select 1 as name", catalog_url=url)

    assert "postgresql://o@127.0.0.1:1/none lists the targets" in str(raised.value)
    assert raised.value.exit_code == 75
    assert CANARY not in str(raised.value)


def test_databases_of_the_server_are_targets_by_pattern(project: Project) -> None:
    name = name_of(project.database_url)

    found = read(project, databases=f'["{name}"]')

    assert [target.name for target in found] == [name]


def test_database_that_carries_the_mark_of_a_backup_is_no_target(
    project: Project, make_database: Callable[[], str]
) -> None:
    """What a restore has put aside, and a scratch database; with another's mark it is a copy."""
    urls = [project.database_url, *(make_database() for _ in range(3))]
    own, aside, scratch, copied = map(name_of, urls)
    numbers = dict(project.query("select datname, oid from pg_database"))
    project.query(f'alter database "{scratch}" connection limit {2**30 + 5}')
    for name, marked in ((aside, aside), (copied, own)):
        mark = f"[sst-platform may drop this database: {numbers[marked]} {marked}]"
        project.query(f"comment on database \"{name}\" is 'of today\n{mark}'")

    found = read(project, databases=json.dumps([own, aside, scratch, copied]))

    assert [target.name for target in found] == sorted([own, copied])


def test_schemas_of_the_database_are_targets_by_pattern(project: Project) -> None:
    project.query('create schema t_1; create schema "t-2"; create schema other;')
    project.query("create schema migrator")

    some = read(project, schemas='["t?*"]')
    every = read(project, schemas='["*"]')

    assert [(each.name, each.schema) for each in some] == [("t-2", "t-2"), ("t_1", "t_1")]
    assert [each.name for each in every] == ["other", "public", "t-2", "t_1"]


def test_schema_that_a_restore_has_put_aside_is_no_target_until_it_has_another_name(
    project: Project,
) -> None:
    for name, marked in (("t_1", "t_1"), ("t_2", "t_before"), ("t_3", "t_33")):
        project.query(f"create schema {name}")
        mark = f"[sst-platform may drop this schema: 1 {marked}]"
        project.query(f"comment on schema {name} is 'of today\n{mark}'")

    found = read(project, schemas='["t_*"]')

    assert [target.name for target in found] == ["t_2", "t_3"]


def test_schemas_of_one_database_are_not_one_target(project: Project) -> None:
    """Nor is the database itself."""
    rows = (
        "name,url,schema\na,postgresql:///shop,a\nb,postgresql:///shop,b\nc,postgresql:///shop,\n"
    )

    found = read(project, file=in_file(project, rows, "targets.csv"))

    assert [each.schema for each in found] == ["a", "b", ""]
    assert {each.url for each in found} == {"postgresql:///shop"}


def test_column_of_a_query_is_the_schema(project: Project) -> None:
    [found] = read(project, query="select 'a' as name, 'of_a' as schema")

    assert (found.schema, found.labels) == ("of_a", {})
    assert found.url == project.database_url


def test_quoted_field_of_a_csv_file_is_a_label(project: Project) -> None:
    text = 'name,url,note\n"acme","postgresql:///a","one, ""two"""\n'

    [found] = read(project, file=in_file(project, text, "targets.csv"))

    assert found.labels == {"note": 'one, "two"'}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name,url\nacme\n", "more or fewer fields"),
        ("name,url\nacme,postgresql:///a,x\n", "more or fewer fields"),
        ("name,url,url\n", "a column twice"),
        ("url\npostgresql:///a\n", "no column `name`"),
        ("name,url\nacme,\n", "says of no database"),
        (f"name,url,password\nacme,postgresql:///a,{CANARY}\n", "in the clear"),
        (
            f"name,url\nacme,postgresql://o:{CANARY}@x@y/a\n",
            "is not a database URL that can be read",
        ),
        ("name,url\nacme,embedded\n", "is embedded"),
        ("\ufeffname,url\nacme,postgresql:///a\n", "save it as UTF-8 without BOM"),
        ("name;url\nacme;postgresql:///a\n", "with commas between them"),
        ("name,url,labels\nacme,postgresql:///a,x\n", "every other a label"),
        (",url\n,postgresql:///a\n", "no column `name`"),
        ("name,url\n,postgresql:///a\n", "name: is missing"),
    ],
)
def test_csv_file_with_a_fault_is_refused_with_its_place(
    project: Project, text: str, why: str
) -> None:
    found = refused(project, file=in_file(project, text, "targets.csv"))

    assert why in found
    assert "targets.csv" in found
    assert CANARY not in found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("acme = 3\n", "is a value, not a table"),
        ("[acme]\nurl_env = 'NOT_SET'\n", "the variable NOT_SET is not set"),
        ("[acme]\nurl_file = 'missing'\n", "the file missing does not exist"),
        ("[acme]\nurl = 'postgresql:///a'\nurl_env = 'B'\n", "has url and url_env"),
        ("[acme]\nurll = 'postgresql:///a'\n", "targets.toml"),
        (
            "[a]\nurl = 'postgresql://x/shop'\n[b]\nurl = 'postgresql://X:5432/shop'\n",
            "a and b are one database",
        ),
        (
            "[a]\nurl = 'postgresql://x/s'\nschema='s'\n[b]\nurl = 'postgresql://X/s'\nschema='s'\n",
            "a and b are one schema of one database",
        ),
        ("[a]\ndatabase = ''\n", "says of no database that it is it"),
        ("[a]\nurl = ''\ndatabase = ''\n", "says of no database that it is it"),
        ("[a]\nurl = 'postgresql:///a'\nlabels = { token = 'x' }\n", "token: is a secret"),
        ("[a]\nschema = 'pg_catalog'\n", "schema of a"),
        ("[a]\nschema = 'migrator'\n", "belongs to the server or to the record of runs"),
        ("[a]\nschema = '$user'\n", "belongs to the server"),
        (f"[a]\nschema = '{'ü' * 32}'\n", "is longer than the 63 bytes of a name"),
        ("[a]\nschema = ' '\n", "is no name of a schema"),
    ],
)
def test_toml_file_with_a_fault_is_refused(project: Project, text: str, why: str) -> None:
    assert why in refused(project, file=in_file(project, text, "targets.toml"))


LISTS = {
    "targets.csv": "name,url\n{},postgresql:///a\n",
    "targets.toml": '["{}"]\nurl = "postgresql:///a"\n',
}


@pytest.mark.parametrize(("file", "text"), LISTS.items())
@pytest.mark.parametrize("name", ["the shop", "eu/shop", "-shop", "größe", "x" * 64])
def test_name_that_no_target_can_have_is_told_with_its_place(
    project: Project, name: str, file: str, text: str
) -> None:
    found = refused(project, file=in_file(project, text.format(name), file))

    assert f"name: {name!r} is no name of a target: letters, digits" in found
    assert f"[{file}" in found
    assert "-> call it otherwise" in found


def test_name_of_a_row_a_database_and_a_setting_is_told(project: Project) -> None:
    query = "select * from (values ('a', 'postgresql:///a'), ('b c', 'x')) v (name, url)"
    project.query('create schema "acme\'s"')

    of_row = refused(project, query=query)
    of_schema = refused(project, schemas='["acme*"]')
    of_setting = refused(project, list='[{"name": "b c", "url": "postgresql:///a"}]')

    assert "'b c' is no name" in of_row
    assert "[row 2 of migrate.targets.query]" in of_row
    assert '"acme\'s" is no name' in of_schema
    assert "[migrate.targets.schemas, acme's]" in of_schema
    assert "-> call it otherwise; a database or schema that is called so" in of_schema
    assert "'b c' is no name" in of_setting
    assert "MIGRATE__TARGETS__LIST" in of_setting


def test_url_in_place_of_a_name_is_told_without_its_password(project: Project) -> None:
    text = f"name,url\npostgresql://o:{CANARY}@x/a,acme\n"

    found = refused(project, file=in_file(project, text, "targets.csv"))

    assert "postgresql://o:********@x/a" in found
    assert CANARY not in found


def test_name_that_two_places_list_is_refused(project: Project) -> None:
    file = in_file(project, "[acme]\nurl = 'postgresql:///a'\n", "targets.toml")
    query = "select 'acme' as name, 'postgresql:///b' as url"

    found = refused(project, file=file, query=query)

    assert "is listed twice" in found
    assert "row 1 of migrate.targets.query" in found


def test_variable_of_dotenv_holds_a_url(project: Project) -> None:
    (project.root / ".env").write_text("ACME_URL=postgresql:///acme\n")
    listed = '[{"name": "acme", "url_env": "ACME_URL"}]'

    [found] = read(project, list=listed)

    assert found.url == "postgresql:///acme"


def test_plugin_lists_targets_and_is_named_as_their_place(project: Project) -> None:
    project.plugin("crm", CRM)
    project.enable("crm")

    [found] = read(project)

    assert (found.name, found.schema, found.source) == ("acme", "of_acme", "plugin crm")


CRM = """
    from sst.hooks import Target, hookimpl

    @hookimpl
    def list_targets(environment):
        return [Target("acme", "postgresql:///acme", schema="of_acme")]
"""
