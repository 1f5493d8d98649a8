"""A database that lets nobody in, for whatever reason: the message says which and what to do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from sst.db.closed import find_closed
from sst.db.url import DatabaseUrl
from tests.support.backups import execute, fetch
from tests.support.swaps import set_open

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Project

_OPEN = "SELECT datallowconn FROM pg_database WHERE datname = '{}'"


@contextmanager
def closed(project: Project) -> Iterator[str]:
    """Close the project's database for the body, and give its name."""
    name = DatabaseUrl(project.database_url).name
    set_open(project.database_url, name, is_open=False)
    try:
        yield name
    finally:
        set_open(project.database_url, name, is_open=True)


def _outside(project: Project) -> str:
    return DatabaseUrl(project.database_url).with_database("postgres").reveal()


@pytest.mark.external
def test_database_that_somebody_closed_is_named_and_stays_closed(project: Project) -> None:
    with closed(project) as name:
        check = project.migrate("check", "--json")
        repair = project.migrate("repair", "--yes", "--json")
        wait = project.migrate("wait", "--for", "database", "--timeout", "0", "--json")

    for outcome in (check, repair):
        assert outcome.exit_code == 75
        assert outcome.json["error"]["code"] == "database_closed"
        assert "no swap of a restore has left it so" in outcome.json["error"]["message"]
        assert f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true' in outcome.json["error"]["hint"]
    assert (wait.exit_code, wait.json["error"]["code"]) == (75, "wait_timeout")
    assert "is closed to connections" in wait.json["error"]["message"]
    assert "ALLOW_CONNECTIONS true" in wait.json["error"]["hint"]


def test_what_an_older_image_left_closed_is_opened_by_repair(project: Project) -> None:
    """There is no note: the other database is known by its name only, and is left alone."""
    with closed(project) as name:
        fresh = f"{name}_restore_7e01e1"
        execute(_outside(project), f"CREATE DATABASE {fresh} ALLOW_CONNECTIONS false")
        try:
            check = project.migrate("check", "--json")
            repair = project.migrate("repair", "--yes", "--json")
            is_open = fetch(_outside(project), _OPEN.format(fresh))
        finally:
            execute(_outside(project), f"DROP DATABASE {fresh}")

        assert "the swap of a restore has died" in check.json["error"]["message"]
        assert fresh in check.json["error"]["message"]
        assert "nobody keeps it closed on purpose" in check.json["error"]["hint"]
        assert is_open == [(False,)]
        assert repair.exit_code == 0, repair.output
        assert project.query("select 1") == [(1,)]


def test_database_of_somebody_else_is_no_trace_of_a_swap(project: Project) -> None:
    with closed(project) as name:
        outside, stranger = _outside(project), f"stranger_{name}"
        fresh = f"{name}_restore_7e01e1"
        execute(outside, f"CREATE ROLE {stranger}")
        execute(outside, f"CREATE DATABASE {fresh} OWNER {stranger} ALLOW_CONNECTIONS false")
        try:
            check = project.migrate("check", "--json")
        finally:
            execute(outside, f"DROP DATABASE {fresh}")
            execute(outside, f"DROP ROLE {stranger}")

    assert "no swap of a restore has left it so" in check.json["error"]["message"]


def test_connection_limit_of_nobody_is_named(project: Project) -> None:
    """A superuser gets in all the same, so the server is asked directly."""
    url = DatabaseUrl(project.database_url)
    execute(_outside(project), f"ALTER DATABASE {url.name} CONNECTION LIMIT 0")

    found = find_closed(url)

    assert found
    assert "CONNECTION LIMIT is 0" in found.why
    assert found.next_step.endswith(f'ALTER DATABASE "{url.name}" CONNECTION LIMIT -1')


def test_database_that_only_its_kept_one_is_left_of_is_told_so(project: Project) -> None:
    url, kept = DatabaseUrl(project.database_url), "_before_20261122T143000Z"
    execute(_outside(project), f'ALTER DATABASE {url.name} RENAME TO "{url.name}{kept}"')
    try:
        check = project.migrate("check", "--json")
    finally:
        execute(_outside(project), f'ALTER DATABASE "{url.name}{kept}" RENAME TO {url.name}')

    assert check.exit_code == 2
    assert f"{url.name}{kept} is there" in check.json["error"]["message"]


def test_open_database_is_not_the_cause(project: Project) -> None:
    assert find_closed(DatabaseUrl(project.database_url)) is None
