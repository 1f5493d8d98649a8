"""A chain of revisions is one call, as with plain Alembic: what lives between them lives on."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support import foreign_envs as envs
from tests.support.driven import env_of, psycopg2_url
from tests.support.dumps import dump
from tests.support.foreign import ForeignProject
from tests.support.forks import wait_until
from tests.support.sessions import other_session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.project import Project

_MOOD = 'sa.Column("mood", sa.Enum("calm", "wild", name="mood"))'
_CHAIN = {
    "made": f"""
        op.create_table("a", sa.Column("id", sa.Integer), {_MOOD})
        op.get_context().config.attributes["ids"] = [1, 2, 3]
    """,
    "again": f'op.create_table("b", sa.Column("id", sa.Integer), {_MOOD})',
    "column": """
        state = sa.Enum("open", "shut", name="state")
        state.create(op.get_bind(), checkfirst=True)
        op.add_column("a", sa.Column("state", state))
    """,
    "label": """
        with op.get_context().autocommit_block():
            op.execute("alter type mood add value 'sad'")
    """,
    "third": f'op.create_table("c", sa.Column("id", sa.Integer), {_MOOD})',
    "rows": """
        ids = op.get_context().config.attributes["ids"]
        a = sa.table("a", sa.column("id"), sa.column("mood"))
        op.bulk_insert(a, [{"id": each, "mood": "sad"} for each in ids])
    """,
    "batch": """
        with op.batch_alter_table("b") as batch:
            batch.add_column(sa.Column("name", sa.Text, server_default="100% of 'it'"))
    """,
}


@pytest.fixture
def chain(project: Project) -> Project:
    """Return a project whose revisions are only applied together, as public histories are."""
    for name, body in _CHAIN.items():
        project.revision(name, body, "op.execute('select 1')")
    return project


def _plain_upgrade(project: Project, url: str) -> None:
    """Run `alembic upgrade head` with the project's own files on the database at *url*."""
    ini = project.root / "plain.ini"
    spelled = psycopg2_url(url).replace("%", "%%")
    ini.write_text(f"[alembic]\nscript_location = alembic\nsqlalchemy.url = {spelled}\n")
    command = [sys.executable, "-m", "alembic", "-c", str(ini), "upgrade", "head"]
    done = subprocess.run(command, check=False, cwd=project.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["stock", "handed"])
def test_chain_ends_as_plain_alembic_s_does(
    kind: str, chain: Project, make_database: Callable[[], str]
) -> None:
    """A type that two revisions name is made by the first; Alembic remembers it for one call."""
    plain = make_database()
    env = chain.root / "alembic" / "env.py"
    env.write_text(envs.STOCK.replace("fileConfig(config.config_file_name)", "pass"))
    _plain_upgrade(chain, plain)
    env.write_text(env_of(kind, chain.database_url)[0])

    end = chain.migrate("upgrade", "--json")

    assert end.exit_code == 0, end.output
    assert len(end.json["applied"]) == len(_CHAIN)
    assert dump(chain.database_url) == dump(plain)


def test_chain_of_an_asynchronous_env_ends_so_too(project: Project) -> None:
    """It is run once for each revision, and the memo is handed on."""
    env, url = env_of("async", project.database_url)
    (project.root / "alembic" / "env.py").write_text(env)
    project.environment["DATABASE_URL"] = url
    project.revision("made", f'op.create_table("a", {_MOOD})')
    project.revision("again", f'op.create_table("b", {_MOOD})')

    end = project.migrate("upgrade", "--json")

    assert (end.exit_code, end.json["after"]) == (0, "again"), end.output


def test_type_of_a_revision_that_was_rolled_back_is_made_by_its_next_try(project: Project) -> None:
    """The memo is that of the committed revisions: the type was rolled back as well."""
    project.settings |= {"migrate.lock_timeout": "0.2", "migrate.lock_retry_pauses": "[0.05]"}
    project.revision("table", "op.execute('create table t (n int)')")
    assert project.migrate("upgrade").exit_code == 0
    project.revision("made", f'op.create_table("a", {_MOOD})\nop.execute("lock table t")')
    project.revision("again", f'op.create_table("b", {_MOOD})')

    with other_session(project, "select * from t") as reader:
        run = project.start("upgrade", "--json")
        wait_until(lambda: "made: attempt 2 failed" in run.printed(), "the second try")
        reader.end()
        end = run.finish()

    assert end.exit_code == 0, end.output
    assert project.current_revision() == "again"
    assert project.query(
        "select revision, attempts > 2 from migrator.step order by started_at, position"
    ) == [
        ("table", False),
        ("made", True),
        ("again", False),
    ]


@pytest.mark.parametrize("kind", ["stock", "handed"])
def test_env_is_run_once_for_a_chain(kind: str, project: Project) -> None:
    env, _ = env_of(kind, project.database_url)
    counted = "with open('env_runs', 'a') as file:\n    file.write('x')\n" + env
    (project.root / "alembic" / "env.py").write_text(counted)
    runs = project.root / "env_runs"
    counts = []
    for pending in (1, 5):
        for number in range(pending):
            project.revision(f"r{pending}{number}")
        runs.write_text("")
        assert project.migrate("upgrade").exit_code == 0
        counts.append(len(runs.read_text()))

    assert counts[0] == counts[1]


_ALEMBIC_OF_ITS_OWN = """
import os
from alembic import command
from alembic import config
from sst.hooks import hookimpl

@hookimpl
def post_revision(run, revision):
    with open("answers", "a") as answers:
        theirs = config.Config(stdout=answers)
        theirs.set_main_option("script_location", os.environ["PLAIN_FOLDER"])
        theirs.set_main_option("sqlalchemy.url", os.environ["PLAIN_URL"].replace("%", "%%"))
        command.current(theirs)
"""


def test_our_work_between_two_revisions_is_no_part_of_env(
    project: Project, tmp_path: Path
) -> None:
    """Its logging is its own, and a hook may even run Alembic."""
    foreign = (
        ForeignProject.create(tmp_path / "theirs", envs.STOCK).line("aa01", "bb02").with_ini()
    )
    project.settings["migrate.alembic_config"] = str(foreign.root / "alembic.ini")
    project.environment["PLAIN_FOLDER"] = str(foreign.root / foreign.folder)
    project.plugin("nested", _ALEMBIC_OF_ITS_OWN)
    project.enable("nested")
    project.environment["PLAIN_URL"] = psycopg2_url(project.database_url)

    end = project.migrate("upgrade", "--json")

    assert (end.exit_code, end.json["after"]) == (0, "bb02"), end.output
    assert re.search("applied aa01 .* in ", end.stderr)
    assert re.search("applied bb02 .* in ", end.stderr)
    assert "post_revision" not in end.stderr, end.stderr


def test_failure_in_the_middle_leaves_what_came_before(chain: Project) -> None:
    chain.revision("broken", f'op.create_table("d", {_MOOD})\nop.execute("select 1/0")')
    chain.revision("never")

    end = chain.migrate("upgrade", "--json")

    assert end.exit_code == 1
    assert end.json["error"]["message"].startswith("Revision broken failed.")
    assert chain.current_revision() == "batch"
    outcomes = chain.query("select outcome from migrator.step order by started_at, position")
    assert outcomes == [("applied",)] * len(_CHAIN) + [("failed",)]


def test_veto_between_two_revisions_goes_through_an_env_that_swallows_errors(
    project: Project,
) -> None:
    """What env.py makes of our own error does not count."""
    swallowing = envs.HANDED.replace(
        "    context.run_migrations()",
        "    try:\n        context.run_migrations()\n    except Exception:\n        pass",
    )
    (project.root / "alembic" / "env.py").write_text(swallowing)
    project.revision("one")
    project.revision("two")
    project.fail_at("pre_revision", "two", veto=True)

    end = project.migrate("upgrade", "--json")

    assert end.exit_code == 1, end.output
    assert "pre_revision" in end.json["error"]["message"]
    assert project.current_revision() == "one"
