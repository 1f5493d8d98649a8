"""Which hook is called when in a run, and what raising in it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

RECORDER = """
from contextlib import contextmanager
from sst.hooks import Veto, hookimpl

def note(text):
    with open("calls", "a") as file:
        file.write(__name__.rsplit(".", 1)[-1] + " " + text + "\\n")

@hookimpl
def pre_migrate(run):
    note("pre_migrate")

@hookimpl
def around_migrate(run):
    @contextmanager
    def around():
        note("enter")
        try:
            yield
        finally:
            note("leave")
    return around()

@hookimpl
def pre_revision(run, revision):
    note("pre_revision " + revision.id)

@hookimpl
def post_revision(run, revision):
    with run.inspect() as database:
        note("post_revision " + revision.id + " at " + ",".join(database.current))

@hookimpl
def post_migrate(run):
    note("post_migrate")

@hookimpl
def migrate_failed(run, failure):
    note("migrate_failed " + failure.phase + " " + failure.code)

@hookimpl
def notify(event):
    note("notify " + event.kind)
"""


@pytest.fixture
def recorded(project: Project) -> Project:
    """Two revisions and two plugins, `first` and `second`, that write down their calls."""
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.revision("two", "op.create_table('two', sa.Column('id', sa.Integer))")
    project.plugin("first", RECORDER)
    project.plugin("second", RECORDER)
    project.enable("first", "second")
    return project


def calls(project: Project, plugin: str = "") -> list[str]:
    """Return the calls that were written down, of *plugin* or of all."""
    lines = (project.root / "calls").read_text().splitlines()
    return [line.removeprefix(f"{plugin} ") for line in lines if line.startswith(plugin)]


def test_hooks_are_called_in_the_order_of_a_run(recorded: Project) -> None:
    result = recorded.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert calls(recorded, "first") == [
        "notify run_started",
        "pre_migrate",
        "enter",
        "pre_revision one",
        "notify revision_applied",
        "post_revision one at one",
        "pre_revision two",
        "notify revision_applied",
        "post_revision two at two",
        "leave",
        "post_migrate",
        "notify run_succeeded",
    ]


def test_gates_run_in_list_order_and_post_migrate_in_reverse(recorded: Project) -> None:
    recorded.migrate("upgrade")

    order = [line.split()[0] for line in calls(recorded) if line.endswith(" pre_migrate")]
    back = [line.split()[0] for line in calls(recorded) if line.endswith(" post_migrate")]
    rooms = [line for line in calls(recorded) if line.split()[1] in {"enter", "leave"}]
    assert order == ["first", "second"]
    assert back == ["second", "first"]
    assert rooms == ["first enter", "second enter", "second leave", "first leave"]


def test_veto_refuses_the_run_while_nothing_is_touched(recorded: Project) -> None:
    recorded.plugin(
        "second",
        RECORDER.replace(
            'note("pre_migrate")',
            'note("pre_migrate"); raise Veto("it is Friday", "wait for Monday")',
        ),
    )

    result = recorded.migrate("upgrade", "--json")

    assert result.exit_code == 5
    assert result.json["error"]["code"] == "vetoed"
    assert "it is Friday" in result.json["error"]["message"]
    assert result.json["error"]["hint"] == "wait for Monday"
    assert recorded.current_revision() is None
    assert recorded.last_run()["outcome"] == "refused"


def test_plugins_that_were_entered_are_told_of_the_failure_newest_first(recorded: Project) -> None:
    recorded.plugin("third", RECORDER)
    recorded.plugin("second", RECORDER.replace('note("pre_migrate")', "raise RuntimeError('no')"))
    recorded.enable("first", "second", "third")

    recorded.migrate("upgrade")

    told = [line.split()[0] for line in calls(recorded) if "migrate_failed" in line]
    assert told == ["second", "first"]


def test_failing_revision_reaches_migrate_failed_with_its_phase(recorded: Project) -> None:
    recorded.revision("three", "op.execute('select 1/0')")

    result = recorded.migrate("upgrade")

    assert result.exit_code == 1
    assert "migrate_failed revision revision_failed" in calls(recorded, "first")
    assert "notify run_failed" in calls(recorded, "first")


def test_gate_before_the_second_revision_keeps_the_first(recorded: Project) -> None:
    recorded.plugin(
        "second",
        RECORDER.replace(
            'note("pre_revision " + revision.id)',
            'if revision.id == "two": raise Veto("two is not wanted")',
        ),
    )

    result = recorded.migrate("upgrade", "--json")

    assert result.exit_code == 1
    assert recorded.current_revision() == "one"
    assert "committed in this run: one" in result.json["error"]["message"]


def test_unsatisfied_post_migrate_says_that_the_schema_is_migrated(recorded: Project) -> None:
    recorded.plugin(
        "second", RECORDER.replace('note("post_migrate")', "raise RuntimeError('sick')")
    )

    result = recorded.migrate("upgrade", "--json")

    assert result.exit_code == 4
    assert "is migrated" in result.json["error"]["message"]
    assert recorded.current_revision() == "two"
    assert recorded.last_run()["outcome"] == "unhealthy"


@pytest.mark.parametrize(
    "fault", ["raise RuntimeError('down')", "raise SystemExit(3)", "import time; time.sleep(3600)"]
)
def test_broken_observer_changes_nothing(recorded: Project, fault: str) -> None:
    recorded.plugin(
        "first",
        RECORDER.replace(
            'note("notify " + event.kind)', f"if event.kind == 'run_succeeded': {fault}"
        ),
    )

    result = recorded.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert "first" in result.stderr
    assert "notify run_succeeded" in calls(recorded, "second")


def test_failing_check_of_a_plugin_ends_a_run_as_unhealthy(recorded: Project) -> None:
    recorded.plugin(
        "first",
        """
        from sst.hooks import Check, CheckResult, CheckStatus, hookimpl
        @hookimpl
        def register_checks():
            failed = CheckResult(CheckStatus.FAIL, "not full", "moon")
            return [Check("moon", lambda database: failed)]
    """,
    )

    upgrade = recorded.migrate("upgrade", "--json")
    check = recorded.migrate("check", "--json")

    assert upgrade.exit_code == 4
    assert upgrade.json["checks"][0]["name"] == "moon"
    assert (check.exit_code, check.json["error"]["code"]) == (3, "moon")


def test_refused_run_notifies_of_the_refusal(recorded: Project) -> None:
    recorded.migrate("upgrade", "nope")

    assert calls(recorded, "first") == ["notify run_refused"]


def test_plugin_contributes_a_command(project: Project) -> None:
    project.plugin(
        "greeter",
        '''
        import click
        from sst.hooks import hookimpl
        @click.command("greet")
        def greet():
            """Say hello."""
            click.echo("hello")
        @hookimpl
        def register_commands():
            return [greet]
    ''',
    )
    project.enable("greeter")

    result = project.migrate("greet")

    assert (result.exit_code, result.stdout) == (0, "hello\n")


def test_plugin_brings_revisions_of_its_own_branch(project: Project) -> None:
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    (project.root / "extra").mkdir()
    (project.root / "extra" / "x1.py").write_text(
        'from alembic import op\nimport sqlalchemy as sa\n"""x."""\nrevision = "x1"\n'
        'down_revision = None\nbranch_labels = ("extra",)\ndepends_on = None\n'
        "def upgrade():\n    op.create_table('extra_table', sa.Column('id', sa.Integer))\n"
        "def downgrade():\n    op.drop_table('extra_table')\n"
    )
    project.plugin(
        "extra",
        """
        from pathlib import Path
        from sst.hooks import Migrations, hookimpl
        @hookimpl
        def register_migrations():
            return [Migrations(Path(__file__).parent.parent / "extra", "extra")]
    """,
    )
    project.enable("extra")

    result = project.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert project.current_revision() == "one,x1"


def test_what_a_plugin_prints_is_no_result(project: Project) -> None:
    project.revision("one", "print('from a revision')")
    project.plugin(
        "chatty",
        """
        from sst.hooks import hookimpl
        print("at import")
        @hookimpl
        def pre_migrate(run):
            print("in a gate")
    """,
    )
    project.enable("chatty")

    upgrade = project.migrate("upgrade", "--json")
    shown = project.migrate("config", "show", "--json")

    assert upgrade.json["after"] == "one"
    assert shown.json["ok"]
    assert all(text in upgrade.stderr for text in ("at import", "in a gate", "from a revision"))


def test_plugin_gives_values_for_settings(project: Project) -> None:
    project.plugin(
        "vault",
        """
        from sst.hooks import hookimpl
        @hookimpl
        def config_values(environment, wanted):
            assert "DB_POOL_SIZE" in wanted
            return {"DB_POOL_SIZE": "17"}
    """,
    )
    project.enable("vault")

    result = project.migrate("config", "show", "--sources")

    assert result.exit_code == 0, result.output
    line = next(line for line in result.stdout.splitlines() if line.startswith("DB_POOL_SIZE"))
    assert "17" in line
    assert "vault" in line


def test_secret_store_finds_its_file_from_the_projects_root(project: Project) -> None:
    """Also when the command is started elsewhere, and beside a store that does not ask for it."""
    (project.root / "vault.txt").write_text("17")
    project.plugin(
        "vault",
        """
        from sst.hooks import hookimpl
        @hookimpl
        def config_values(wanted, project_root):
            return {"DB_POOL_SIZE": (project_root / "vault.txt").read_text()}
    """,
    )
    project.plugin(
        "older",
        """
        from sst.hooks import hookimpl
        @hookimpl
        def config_values(environment, wanted):
            return {"DB_MAX_OVERFLOW": "3"}
    """,
    )
    project.enable("vault", "older")

    result = project.migrate("config", "show", "--json")

    values = {one["name"]: one["value"] for one in result.json["config"]["settings"]}
    assert (values["DB_POOL_SIZE"], values["DB_MAX_OVERFLOW"]) == (17, 3)


def test_secret_store_that_fails_is_one_line_without_its_text(project: Project) -> None:
    project.plugin(
        "vault",
        """
        from sst.hooks import hookimpl
        @hookimpl
        def config_values(environment, wanted):
            raise RuntimeError("token=hunter2 refused")
    """,
    )
    project.enable("vault")

    result = project.migrate("check")

    assert result.exit_code == 2
    assert "vault" in result.stderr
    assert "hunter2" not in result.output
