"""Without a database, `lint` replays the history in an empty one on an embedded server."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.project import Project
from tests.support.server import temporary_place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def without_database(tmp_path: Path) -> Iterator[Project]:
    """Return a project whose embedded server has a folder of its own, and no database."""
    place = temporary_place()
    project = Project.create(tmp_path / "project", "")
    project.enable("backup", "embedded_postgres", "rules")
    project.settings["plugins.embedded_postgres.directory"] = str(place.folder / "postgres")
    yield project
    shutil.rmtree(place.folder)


def test_every_revision_is_a_deployment_of_its_own(without_database: Project) -> None:
    """What was there before it counts, also where an earlier one of the history has made it."""
    without_database.plugin(
        "rules",
        """
        from sst.hooks import Finding, hookimpl

        @hookimpl
        def judge(statement):
            for lock in statement.locks:
                if lock.blocks != "nothing":
                    yield Finding("stops", f"{statement.revision} stops {lock.relation}")
        """,
    )
    add = "op.execute('alter table note add {} integer')"
    table = "op.execute('create table note (id integer)')"
    without_database.revision("first", f"{table}\n{add.format('a')}")
    without_database.revision("second", add.format("b"))
    without_database.revision(
        "third",
        "with op.get_context().autocommit_block():\n"
        "    op.execute('create index concurrently on note (id)')",
    )

    home = {"XDG_CACHE_HOME": str(without_database.root.parent / "cache")}
    alone = without_database.migrate("lint", "--json", **home)
    again = without_database.migrate("lint", "--json", **home)
    deployment = without_database.migrate("lint", "--json", "--base", "first", "--no-cache")

    assert [each["what"] for each in alone.json["findings"]] == ["second stops public.note"]
    assert (alone.exit_code, alone.json["judged"], alone.json["statements"]) == (3, 4, 4)
    assert alone.json["where"] == "in an empty database on the embedded PostgreSQL"
    assert alone.json["database"] is None
    assert [each["what"] for each in deployment.json["findings"]] == ["second stops public.note"]
    assert alone.json["kept_since"] is None
    assert again.json["kept_since"]
    assert again.json["findings"] == alone.json["findings"]
    assert "embedded PostgreSQL 18: data in" not in again.stderr
