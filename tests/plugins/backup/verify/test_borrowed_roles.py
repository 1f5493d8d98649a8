"""The roles of a verification on another server are there while anyone needs them, no longer."""

from __future__ import annotations

import secrets
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from plugins.backup.scratch.borrowed_roles import _MARK, borrowed_roles
from sst.db.url import DatabaseUrl
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def role(database_url: str) -> Iterator[str]:
    """Return a name that no role has; a role of that name is dropped at the end."""
    name = f'Owner "{secrets.token_hex(4)}"'
    yield name
    execute(database_url, f"drop role if exists {quoted(name)}")


def quoted(name: str) -> str:
    """Return *name* as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def execute(url: str, statement: str) -> None:
    """Run *statement*."""
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)


def is_there(url: str, role: str) -> bool:
    """Say whether the server has *role*."""
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("select from pg_roles where rolname = %s", (role,))
        return cursor.rowcount == 1


def test_role_that_two_verifications_need_is_there_for_the_second_too(
    database_url: str, role: str
) -> None:
    url = DatabaseUrl(database_url)
    with borrowed_roles(url, (role,)):
        with ExitStack() as first:
            first.enter_context(borrowed_roles(url, (role,)))
        assert is_there(database_url, role)

    assert not is_there(database_url, role)


def test_the_one_that_made_a_role_may_end_before_the_other(database_url: str, role: str) -> None:
    url = DatabaseUrl(database_url)
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(borrowed_roles(url, (role,)))
        second.enter_context(borrowed_roles(url, (role,)))

        first.close()
        between = is_there(database_url, role)
        second.close()

    assert (between, is_there(database_url, role)) == (True, False)


def test_role_goes_also_where_the_verification_fails(database_url: str, role: str) -> None:
    with pytest.raises(RuntimeError), borrowed_roles(DatabaseUrl(database_url), (role,)):
        raise RuntimeError("it does not fit")

    assert not is_there(database_url, role)


def test_role_of_somebody_else_stays(database_url: str, role: str) -> None:
    execute(database_url, f"create role {quoted(role)}")

    with borrowed_roles(DatabaseUrl(database_url), (role,)):
        pass

    assert is_there(database_url, role)


def test_role_that_a_killed_verification_has_left_goes_with_the_next(
    database_url: str, role: str
) -> None:
    execute(database_url, f"create role {quoted(role)}")
    execute(database_url, f"comment on role {quoted(role)} is '{_MARK}'")

    with borrowed_roles(DatabaseUrl(database_url), (role,)):
        assert is_there(database_url, role)

    assert not is_there(database_url, role)
