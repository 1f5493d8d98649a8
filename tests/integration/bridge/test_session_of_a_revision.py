"""What a revision does to its session: timeouts stay, and the version table is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import foreign_envs as envs

if TYPE_CHECKING:
    from tests.support.project import Project

_SEEN = "create table seen as select current_setting('lock_timeout') as l"
TAKEN = {
    "set": "op.execute('SET lock_timeout = 0')",
    "default": "op.execute('set session lock_timeout to default')",
    "local": "op.execute('set local lock_timeout = 0')",
    "several": "op.execute('SET statement_timeout = 0;\\nSET lock_timeout = 0;')",
    "config": """op.execute("select set_config('lock_timeout', '0', false)")""",
    "reset": "op.execute('reset lock_timeout')",
    "reset all": "op.execute('RESET ALL')",
    "block": "with op.get_context().autocommit_block():\n    op.execute('set lock_timeout = 0')",
}


@pytest.fixture(params=["own", "stock"])
def any_env(request: pytest.FixtureRequest, project: Project) -> Project:
    """Return a project whose env.py uses our connection or its own."""
    if request.param == "stock":
        (project.root / "alembic" / "env.py").write_text(envs.STOCK)
    return project


@pytest.mark.parametrize("spelling", TAKEN)
def test_timeout_that_a_revision_takes_away_is_put_back(spelling: str, project: Project) -> None:
    project.settings["migrate.lock_timeout"] = "0.3"
    project.revision("one", f'{TAKEN[spelling]}\nop.execute("{_SEEN}")')

    end = project.migrate("upgrade", "--json")

    assert end.exit_code == 0, end.output
    assert project.query("select l from seen") == [("300ms",)]
    assert end.json["warnings"] == ["one: took lock_timeout away; it is put back to 300 ms"]
    assert "one: took lock_timeout away" in end.stderr


def test_statement_timeout_is_put_back_in_every_env(any_env: Project) -> None:
    any_env.settings["migrate.statement_timeout"] = "60"
    seen = _SEEN.replace("lock_timeout", "statement_timeout")
    any_env.revision("one", f'op.execute("set statement_timeout = 0")\nop.execute("{seen}")')

    end = any_env.migrate("upgrade", "--json")

    assert end.exit_code == 0, end.output
    assert any_env.query("select l from seen") == [("1min",)]
    assert end.json["warnings"] == ["one: took statement_timeout away; it is put back to 60000 ms"]


def test_limit_that_a_revision_chooses_stays(project: Project) -> None:
    project.revision("one", f"""op.execute("set lock_timeout = '7s'")\nop.execute("{_SEEN}")""")

    end = project.migrate("upgrade", "--json")

    assert project.query("select l from seen") == [("7s",)]
    assert end.json["warnings"] == []


def test_search_path_that_hides_the_version_table_is_put_back(any_env: Project) -> None:
    """The text of every pg_dump empties it."""
    any_env.revision(
        "one",
        """
        op.execute("SELECT pg_catalog.set_config('search_path', '', false)")
        op.execute("create table public.made (n int)")
    """,
    )
    any_env.revision("two", "op.execute('insert into made values (1)')")

    end = any_env.migrate("upgrade", "--json")

    assert (end.exit_code, end.json["after"]) == (0, "two"), end.output
    (warning,) = end.json["warnings"]
    assert warning.startswith("one: left search_path as '")
    assert "it is put back" in warning


def test_search_path_with_the_version_table_stays_as_with_plain_alembic(project: Project) -> None:
    project.revision("one", "op.execute('create schema app; set search_path to app, public')")
    project.revision("two", "op.execute('create table made ()')")

    end = project.migrate("upgrade", "--json")

    assert end.exit_code == 0, end.output
    assert end.json["warnings"] == []
    assert project.query(
        "select relnamespace::regnamespace::text from pg_class where relname = 'made'"
    ) == [("app",)]


def test_what_a_revision_raises_as_notice_and_warning_is_told(any_env: Project) -> None:
    any_env.revision(
        "one",
        """
        op.execute("do $$ begin raise notice 'two rows'; raise warning 'old rows'; end $$")
        op.execute("select 1/0")
    """,
    )

    end = any_env.migrate("upgrade", "--json")

    assert "one: two rows" in end.stderr
    assert end.json["warnings"] == ["one: old rows"]
