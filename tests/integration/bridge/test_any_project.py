"""Every promise of a run, on the Alembic projects of other teams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import foreign_envs as envs
from tests.support.driven import env_of, psycopg2_url
from tests.support.foreign import ForeignProject

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

WATCHER = """
from sst.hooks import hookimpl

@hookimpl
def pre_migrate(run):
    assert [revision.id for revision in run.plan]

@hookimpl
def post_revision(run, revision):
    with run.inspect() as database:
        with open("seen", "a") as file:
            file.write(revision.id + " " + ",".join(database.current) + "\\n")
"""


@pytest.fixture
def drive(project: Project) -> Callable[..., Project]:
    """Return a function that points the project's settings at *foreign*."""

    def pointed(foreign: ForeignProject, url: str = "") -> Project:
        settings = foreign.settings
        if settings.alembic_config:
            project.settings["migrate.alembic_config"] = str(
                foreign.root / settings.alembic_config
            )
            project.settings["migrate.alembic_section"] = settings.alembic_section
        else:
            place = str(foreign.root / settings.script_location)
            project.settings["migrate.script_location"] = place
        if url:
            project.environment["DATABASE_URL"] = url
        project.plugin("watcher", WATCHER)
        project.enable("backup", "health_check", "watcher")
        return project

    return pointed


@pytest.mark.parametrize("kind", ["stock", "handed", "async", "own", "begin", "bare"])
def test_run_keeps_its_promises_whatever_the_style_of_env(
    kind: str, project: Project, drive: Callable[..., Project]
) -> None:
    env, url = env_of(kind, project.database_url)
    foreign = ForeignProject.create(project.root / "theirs", env).line("aa01", "bb02")
    driven = drive(foreign, url)

    planned = driven.migrate("plan", "--json")
    up = driven.migrate("upgrade", "--json")
    again = driven.migrate("upgrade", "--json")
    down = driven.migrate("downgrade", "-1", "--json")
    check = driven.migrate("check", "--json")

    assert [item["revision"] for item in planned.json["revisions"]] == ["aa01", "bb02"]
    assert up.exit_code == 0, up.output
    assert up.json["backup"]["verified"] is True
    assert (again.exit_code, again.json["applied"]) == (0, [])
    assert (down.exit_code, down.json["after"]) == (0, "aa01"), down.output
    assert (check.exit_code, check.json["state"]) == (3, "pending")
    assert (driven.root / "seen").read_text() == "aa01 aa01\nbb02 bb02\nbb02 aa01\n"
    assert driven.query("select revision, outcome from migrator.step order by started_at") == [
        ("aa01", "applied"),
        ("bb02", "applied"),
        ("bb02", "applied"),
    ]


_PREPARES = """
import os
import pathlib
import sys
sys.path.append(str(pathlib.Path(__file__).parents[1] / "src"))
os.environ["SHOP_TABLE"] = "orders"
from alembic import context
context.config.attributes["column"] = "id"
"""
_LEANS = """
import os
import sqlalchemy as sa
from alembic import context, op
from shop_behind_env_py import number

TABLE = os.environ["SHOP_TABLE"]
COLUMN = context.config.attributes["column"]
revision = "bb02"
down_revision = "aa01"

def upgrade():
    op.create_table(TABLE, sa.Column(COLUMN, number))

def downgrade():
    op.drop_table(TABLE)
"""


@pytest.mark.parametrize("kind", ["stock", "handed", "async", "own", "begin", "bare"])
def test_revision_files_lean_on_what_env_py_prepares(
    kind: str, project: Project, drive: Callable[..., Project]
) -> None:
    """Plain Alembic reads them only when env.py has set its folders and variables."""
    env, url = env_of(kind, project.database_url)
    foreign = ForeignProject.create(project.root / "theirs", _PREPARES + env).line("aa01")
    foreign.write("migrations/versions/bb02_leans.py", _LEANS)
    foreign.write("src/shop_behind_env_py.py", "from sqlalchemy import BigInteger as number")
    driven = drive(foreign, url)

    listed = driven.migrate("history", "--json")
    up = driven.migrate("upgrade", "--json")
    down = driven.migrate("downgrade", "-1", "--json")

    assert listed.exit_code == 0, listed.output
    assert (up.exit_code, up.json["after"]) == (0, "bb02"), up.output
    assert (down.exit_code, down.json["after"]) == (0, "aa01"), down.output


def test_failing_revision_of_an_env_with_its_own_engine_is_rolled_back_and_recorded(
    project: Project, drive: Callable[..., Project]
) -> None:
    foreign = ForeignProject.create(project.root / "theirs", envs.STOCK).line("aa01")
    foreign.revision(
        "bb02", "aa01", up='op.execute("create table x ()")\nop.execute("select 1/0")'
    )

    result = drive(foreign).migrate("upgrade", "--json")

    assert result.exit_code == 1
    assert result.json["error"]["sqlstate"] == "22012"
    assert project.current_revision() == "aa01"
    assert project.query("select to_regclass('x')") == [(None,)]
    assert project.last_run()["outcome"] == "failed"


def test_env_that_leads_to_another_database_is_refused_before_anything_runs(
    project: Project, drive: Callable[..., Project], make_database: Callable[[], str]
) -> None:
    other = make_database()
    env = envs.own_settings(psycopg2_url(other))
    foreign = ForeignProject.create(project.root / "theirs", env).line("aa01")

    result = drive(foreign).migrate("upgrade", "--json")

    assert result.exit_code == 2
    assert "another database" in result.json["error"]["message"]
    assert project.current_revision() is None


def test_env_that_commits_nothing_is_an_error_and_no_success(
    project: Project, drive: Callable[..., Project]
) -> None:
    env = envs.never_commits(psycopg2_url(project.database_url))
    foreign = ForeignProject.create(project.root / "theirs", env).line("aa01")

    result = drive(foreign).migrate("upgrade", "--json")

    assert result.exit_code == 1
    assert result.json["error"]["code"] == "heads_unchanged"
    assert project.last_run()["outcome"] == "failed"


def test_env_that_commits_nothing_is_noticed_behind_the_first_revision_too(
    project: Project, drive: Callable[..., Project]
) -> None:
    """The heads are those of the revision before, and not none."""
    foreign = ForeignProject.create(project.root / "theirs", envs.STOCK).line("aa01", "bb02")
    driven = drive(foreign)
    assert driven.migrate("upgrade", "aa01").exit_code == 0
    env = next((project.root / "theirs").rglob("env.py"))
    env.write_text(envs.never_commits(psycopg2_url(project.database_url)))

    result = driven.migrate("upgrade", "--json")

    assert (result.exit_code, result.json["error"]["code"]) == (1, "heads_unchanged")
    assert project.last_run()["outcome"] == "failed"
    assert project.current_revision() == "aa01"


def test_own_version_table_is_the_one_that_counts(
    project: Project, drive: Callable[..., Project]
) -> None:
    env = envs.configured('version_table="history"')
    foreign = ForeignProject.create(project.root / "theirs", env).line("aa01")

    result = drive(foreign).migrate("upgrade", "--json")

    assert (result.exit_code, result.json["after"]) == (0, "aa01"), result.output
    assert project.query("select version_num from history") == [("aa01",)]
    assert project.last_run()["version_table"] == "public.history"


def test_section_of_another_name_with_a_location_relative_to_the_ini(
    project: Project, drive: Callable[..., Project]
) -> None:
    foreign = ForeignProject.create(project.root / "theirs", envs.STOCK).line("aa01")

    result = drive(foreign.with_ini(section="billing")).migrate("upgrade", "--json")

    assert (result.exit_code, result.json["after"]) == (0, "aa01"), result.output


def test_labelled_branches_move_together_and_alone(
    project: Project, drive: Callable[..., Project]
) -> None:
    foreign = ForeignProject.create(project.root / "theirs", envs.HANDED)
    foreign.revision("aa01", label="shop").revision("bb02", "aa01")
    foreign.revision("cc03", label="billing")
    driven = drive(foreign)

    alone = driven.migrate("upgrade", "billing@head", "--json")
    together = driven.migrate("upgrade", "--json")
    check = driven.migrate("check", "--json")

    assert (alone.exit_code, alone.json["after"]) == (0, "cc03"), alone.output
    assert (together.exit_code, together.json["after"]) == (0, "bb02,cc03"), together.output
    assert (check.exit_code, check.json["state"]) == (0, "up_to_date")


def test_history_of_hundreds_with_merges_runs_to_its_head(
    project: Project, drive: Callable[..., Project]
) -> None:
    foreign = ForeignProject.create(project.root / "theirs", envs.HANDED)
    names = [f"r{number:04}" for number in range(150)]
    for below, name in zip([None, *names], names, strict=False):
        foreign.revision(name, below, up="pass")
    foreign.revision("left1", names[-1], up="pass").revision("right", names[-1], up="pass")
    foreign.revision("merge", ["left1", "right"], up="pass")

    result = drive(foreign).migrate("upgrade", "--json")

    assert (result.exit_code, result.json["after"]) == (0, "merge"), result.output
    assert len(result.json["applied"]) == 153
