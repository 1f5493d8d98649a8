"""What is restored is what was backed up: every awkward thing, many tables, and nothing at all."""

from __future__ import annotations

import uuid
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from plugins.embedded_postgres.binaries import find_installation
from sst.db.url import DatabaseUrl
from tests.support.awkward import fill_awkwardly, portrait
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Outcome, Project
    from tests.support.server import TestServer


@pytest.fixture
def roles(server: TestServer) -> Iterator[tuple[str, str]]:
    """Create two roles; they outlive the databases that mention them."""
    names = f"owner_{uuid.uuid4().hex[:8]}", f"reader_{uuid.uuid4().hex[:8]}"
    with closing(connect(server.url)) as connection, connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"create role {name}")
        yield names
        for name in names:
            cursor.execute(f"drop role {name}")


@pytest.mark.external
@pytest.mark.parametrize("form", ["custom", "directory"])
def test_awkward_database_comes_back_as_it_was(
    roles: tuple[str, str], kept: Project, form: str
) -> None:
    owner, reader = roles
    fill_awkwardly(kept.database_url, owner=owner, reader=reader)
    name = kept.query("select current_database()")[0][0]
    kept.query(f"""
        alter database {name} set work_mem = '5MB';
        alter role {reader} in database {name} set statement_timeout = '7s';
        grant connect on database {name} to {reader};
        comment on database {name} is 'it''s mine';
        alter database {name} connection limit 50;
    """)
    kept.settings |= {"plugins.backup.format": form, "plugins.backup.jobs": 2}
    if form == "directory":
        # Whose only programs come with the embedded server; an external one is older.
        kept.settings["plugins.backup.pg_bin"] = str(
            Path(find_installation().program("pg_dump")).parent
        )
    before = portrait(kept.database_url)
    created = kept.migrate("backup", "create", "--json")
    kept.query("drop schema app cascade; create table new (id int); select lo_unlink(424242)")

    restored = _restore(kept)

    assert created.exit_code == 0, created.output
    assert restored.exit_code == 0, restored.output
    after = portrait(kept.database_url)
    assert after.keys() == before.keys()
    for part, value in before.items():
        assert after[part] == value, part


def test_empty_database_comes_back_empty(kept: Project) -> None:
    created = kept.migrate("backup", "create", "--json")
    kept.query("create table new (id int)")

    restored = _restore(kept)

    assert created.exit_code == 0, created.output
    assert restored.exit_code == 0, restored.output
    assert kept.query("select to_regclass('new')") == [(None,)]
    assert kept.migrate("check").exit_code == 0


def _restore(project: Project) -> Outcome:
    name = DatabaseUrl(project.database_url).name
    return project.migrate("restore", "latest", "--drop-old", "--confirm", name)
