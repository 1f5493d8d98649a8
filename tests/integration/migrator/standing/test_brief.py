"""A short look at one database of many: what it says, what it notices, what it may not do."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from sst.db.url import DatabaseUrl
from sst.errors import ConfigError, RefusedError, SstError
from sst.runtime import open_runtime
from tests.support.fleet import execute
from tests.support.lock_holder import lock_holder
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sst.migrator.standing.brief import Brief, BriefLooks
    from tests.support.project import Project


@pytest.fixture
def migrated(project: Project) -> Project:
    """Return a project whose one revision is applied."""
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    assert project.migrate("upgrade").exit_code == 0
    return project


@contextmanager
def looks_of(project: Project) -> Iterator[BriefLooks]:
    """Yield what looks at other databases with the revision files of *project*."""
    environ = {"DATABASE_URL": project.database_url, **project.environment}
    with open_runtime(project.root, environ=environ) as runtime:
        yield runtime.migrator.brief_looks()


def read(project: Project, url: str = "") -> Brief:
    """Return where the database at *url*, or that of *project*, stands."""
    with looks_of(project) as looks:
        return looks.at(DatabaseUrl(url or project.database_url)).read()


def is_as_before(project: Project, change: Callable[[], object]) -> bool:
    """Say whether a look finds that nothing has changed after *change*."""
    url = DatabaseUrl(project.database_url)
    with looks_of(project) as looks:
        mark = looks.at(url).read().mark
        assert mark
        assert looks.at(url).is_as_at(mark)
        change()
        return looks.at(url).is_as_at(mark)


def test_it_says_what_status_says(migrated: Project) -> None:
    migrated.revision("two", "op.execute('select * from absent')")
    assert migrated.migrate("upgrade").exit_code == 1

    found = read(migrated)

    assert (found.state, found.heads, found.is_running) == ("pending", ("one",), False)
    assert found.headline.text == "The last run failed at revision two; 1 revision is pending."
    assert 'relation "absent" does not exist' in found.failure
    assert found.last_seconds is not None


@pytest.mark.parametrize(
    "statement",
    [
        "update alembic_version set version_num = 'other'",
        "delete from alembic_version",
        "drop table alembic_version",
        "update migrator.run set outcome = 'failed'",
        "delete from migrator.run",
        "update migrator.run set outcome = 'running', backend_pid = 1",
        "drop schema migrator cascade",
    ],
)
def test_what_a_look_reads_is_noticed(migrated: Project, statement: str) -> None:
    assert not is_as_before(migrated, lambda: execute(migrated.database_url, statement))


def test_rows_of_the_application_are_not(migrated: Project) -> None:
    url = migrated.database_url

    assert is_as_before(migrated, lambda: execute(url, "insert into one values (1)"))


def test_empty_database_is_noticed_when_it_is_not_any_more(project: Project) -> None:
    project.revision("one")

    assert not is_as_before(project, lambda: project.migrate("upgrade"))


def test_work_under_the_lock_is_read_anew_each_time(migrated: Project) -> None:
    with lock_holder(migrated, on_record=False):
        found = read(migrated)

    assert found.is_running
    assert found.mark is None


def test_code_with_a_new_revision_finds_it_pending(migrated: Project) -> None:
    migrated.revision("two")

    assert read(migrated).headline.text == "1 revision is pending."


def test_each_search_path_has_its_own_version_table(migrated: Project) -> None:
    """One env.py, and as many answers of it as there are schemas."""
    execute(
        migrated.database_url,
        "create schema tenant; create table tenant.alembic_version (version_num varchar(32));"
        " insert into tenant.alembic_version values ('from_the_future')",
    )
    tenant = make_url(migrated.database_url).update_query_dict({"options": "-csearch_path=tenant"})

    with looks_of(migrated) as looks:
        urls = (migrated.database_url, tenant.render_as_string(hide_password=False))
        found = [looks.at(DatabaseUrl(url)).read().state for url in urls * 2]

    assert found == ["up_to_date", "ahead"] * 2


def test_version_table_that_is_locked_is_told_and_not_waited_for(migrated: Project) -> None:
    with closing(connect(migrated.database_url)) as other, other.cursor() as cursor:
        cursor.execute("begin; lock table alembic_version in access exclusive mode")

        with pytest.raises(SstError, match="lock timeout"):
            read(migrated)


def test_look_cannot_write(migrated: Project) -> None:
    """Whatever a view that a name leads to does."""
    execute(
        migrated.database_url,
        "alter table alembic_version rename to kept;"
        " create function touched() returns text language sql volatile as"
        " $$insert into one values (1) returning id::text$$;"
        " create view alembic_version as select version_num || coalesce(touched(), '')"
        " as version_num from kept",
    )

    with pytest.raises(RefusedError, match="read-only"):
        read(migrated)

    assert migrated.query("select count(*) from one") == [(0,)]


def test_password_in_an_error_is_masked(migrated: Project) -> None:
    """The server's text holds the name of the database, which is the password here."""
    url = make_url(migrated.database_url).set(password="canary", database="canary")

    with pytest.raises(ConfigError) as raised:
        read(migrated, url.render_as_string(hide_password=False))

    assert "does not exist" in str(raised.value)
    assert "canary" not in f"{raised.value.what} {raised.value.why}"
