"""What a server may lack: a reason to skip a test, but not where that server was asked for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

import pytest
from sqlalchemy.engine import make_url

if TYPE_CHECKING:
    from tests.support.project import Project

_VARIABLE = "TEST_DATABASE_URL"
_IS_THERE = "select from pg_available_extensions where name = %s"


def require_extension(project: Project, name: str) -> None:
    """Skip the test where the server of *project* does not have the extension *name*.

    The one that `TEST_DATABASE_URL` names has to have it.
    """
    if not project.query(_IS_THERE, name):
        lacks(f"the server has no {name}", is_named=_is_named(project.database_url))


def lacks(what: str, *, is_named: bool) -> NoReturn:
    """Skip the test, for the reason *what*; fail it where the server *is_named*, as in CI."""
    if is_named:
        pytest.fail(f"{what}; {_VARIABLE} promises the whole of PostgreSQL, with its extensions")
    pytest.skip(what)


def is_server_named() -> bool:
    """Say whether `TEST_DATABASE_URL` names a server."""
    return bool(os.environ.get(_VARIABLE))


def _is_named(url: str) -> bool:
    if not is_server_named():
        return False
    named, found = make_url(os.environ[_VARIABLE]), make_url(url)
    return found.set(database=named.database) == named
