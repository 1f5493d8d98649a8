"""A filled database and a run that is about to change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from plugins.backup.source import Source
from plugins.backup.tools import find_tools
from tests.support.backups import execute
from tests.support.runs import make_run

if TYPE_CHECKING:
    from pathlib import Path

    from app.hooks import Run
    from plugins.backup.tools import Tools


@pytest.fixture
def filled(database_url: str) -> str:
    """Return the URL of a database with rows that do not compress to nothing."""
    execute(database_url, "CREATE TABLE note (id integer PRIMARY KEY, body text)")
    execute(
        database_url,
        "INSERT INTO note SELECT n, sha512(CAST(CAST(n AS text) AS bytea))"
        " FROM generate_series(1, 2000) AS n",
    )
    return database_url


@pytest.fixture
def run(filled: str, tmp_path: Path) -> Run:
    """Return a run that is about to change that database."""
    return make_run(filled, tmp_path)


@pytest.fixture
def real(run: Run) -> Tools:
    """Return the tools that fit the server."""
    return find_tools(Source.of(run).server_major)
