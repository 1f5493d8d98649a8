"""Another database gets the name under a run, as a restore of an older image does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from plugins.backup.restore.swap import Names, swap
from sst.db.url import DatabaseUrl
from tests.support.backups import execute
from tests.support.faults import UNTIL_GO, Scene
from tests.support.forks import wait_until
from tests.support.swaps import drop_family

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server import TestServer


@pytest.fixture
def names(scene: Scene, embedded: TestServer) -> Iterator[Names]:
    """Return the scene's database and a copy of it, at no revision, that is to take its place."""
    live = DatabaseUrl(scene.project.database_url).name
    found = Names(live, f"{live}_fresh", f"{live}_kept")
    execute(embedded.url, f"CREATE DATABASE {found.fresh} TEMPLATE template0")
    yield found
    for name in (found.replaced, found.fresh):
        drop_family(embedded.url, name)


@pytest.mark.parametrize(
    ("point", "committed"),
    [
        ("one.middle", "none"),
        ("pre_revision.two", "one"),
        ("two.middle", "one"),
        ("three.last", "one, two"),
        ("post_migrate", "one, two, three"),
    ],
)
def test_run_whose_database_is_replaced_reports_no_success(
    scene: Scene, names: Names, point: str, committed: str
) -> None:
    project = scene.project
    (project.root / point).write_text(UNTIL_GO)
    run = project.start("upgrade", "--json")
    wait_until((project.root / "reached").exists, f"{point} is reached\n{run.printed()}")
    swap(DatabaseUrl(project.database_url), names)

    (project.root / "go").touch()

    end = run.finish()
    assert end.exit_code == 1, end.output
    assert end.json["error"]["code"] == "database_replaced"
    assert f"committed in the old one: {committed}" in end.json["error"]["message"]
    assert project.query("SELECT to_regclass('alembic_version'), to_regnamespace('migrator')") == [
        (None, None)
    ]


def test_gate_that_comes_back_to_another_database_ends_the_run(scene: Scene, names: Names) -> None:
    """Its backup is of the database that was there when it stepped aside."""
    project = scene.project
    project.plugin(
        "aside",
        f"""
        import os, time
        from sst.hooks import hookimpl
        @hookimpl
        def pre_migrate(run):
            with run.aside():
                exec({UNTIL_GO!r})
    """,
    )
    project.enable("aside")
    run = project.start("upgrade", "--json")
    wait_until((project.root / "reached").exists, f"the gate is aside\n{run.printed()}")
    swap(DatabaseUrl(project.database_url), names)

    (project.root / "go").touch()

    end = run.finish()
    assert end.exit_code == 5, end.output
    assert "was replaced while the gates prepared" in end.json["error"]["message"]
    assert project.query("SELECT to_regclass('alembic_version')") == [(None,)]
