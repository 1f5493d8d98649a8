"""Own data of plugins on a run's record: `Run.note`, as `runs show` tells it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.forks import wait_until

if TYPE_CHECKING:
    from tests.support.project import Project

PLUGIN = """
import threading, time
from sst.hooks import Veto, hookimpl

@hookimpl
def {hook}:
    {body}
"""
WITH_A_SECRET = """
from pydantic import BaseModel, SecretStr
from sst.hooks import hookimpl

class Config(BaseModel):
    token: SecretStr

class Plugin:
    def __init__(self, config):
        self.token = config.token.get_secret_value()

    @hookimpl
    def pre_migrate(self, run):
        run.note(f"a {self.token}", {f"url {self.token}": [f"x {self.token}"]})
        run.note("b", "postgresql://me:pass@host/shop")
"""


@pytest.fixture
def noting(project: Project) -> Project:
    """Return a project with one revision, where the plugin `ticket` is enabled."""
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.enable("ticket")
    return project


def write(project: Project, body: str, hook: str = "pre_migrate(run)") -> None:
    """Let the plugin `ticket` do *body* in *hook*."""
    project.plugin("ticket", PLUGIN.format(hook=hook, body=body))


def shown(project: Project) -> dict[str, Any]:
    """Return the notes of the last run, as `runs show --json` has them."""
    result = project.migrate("runs", "show", project.last_run()["id"], "--json")
    notes: dict[str, Any] = result.json["run"]["notes"]
    return notes


def test_notes_of_a_run_are_shown_by_plugin_and_key(noting: Project) -> None:
    write(noting, "run.note('change', 'CHG-1'); run.note('sizes', {'one': [1, 2.5, None, True]})")
    noting.plugin("other", PLUGIN.format(hook="post_migrate(run)", body="run.note('change', 2)"))
    noting.enable("ticket", "other")

    result = noting.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert shown(noting) == {
        "ticket": {"change": "CHG-1", "sizes": {"one": [1, 2.5, None, True]}},
        "other": {"change": 2},
    }
    text = noting.migrate("runs", "show", noting.last_run()["id"]).stdout
    assert "note\tplugin ticket, change: CHG-1\n" in text
    assert 'note\tplugin ticket, sizes: {"one": [1, 2.5, null, true]}\n' in text
    assert "note\tplugin other, change: 2\n" in text


def test_second_note_of_a_key_replaces_the_first(noting: Project) -> None:
    write(noting, "run.note('a', 1); run.note('b', 2); run.note('a', 3)")

    noting.migrate("upgrade")

    assert shown(noting) == {"ticket": {"a": 3, "b": 2}}


def test_run_without_notes_has_none(noting: Project) -> None:
    write(noting, "pass")

    noting.migrate("upgrade")

    assert shown(noting) == {}


def test_refused_run_has_its_notes(noting: Project) -> None:
    write(noting, "run.note('change', 'none'); raise Veto('no change', 'open one')")

    assert noting.migrate("upgrade").exit_code == 5
    assert shown(noting) == {"ticket": {"change": "none"}}


def test_observers_of_a_failed_run_may_note(noting: Project) -> None:
    noting.revision("two", "op.execute('select from nowhere')")
    body = "run.note('paged', failure.sqlstate)"
    entered = PLUGIN.format(hook="pre_migrate(run)", body="pass")
    observed = PLUGIN.format(hook="migrate_failed(run, failure)", body=body)
    noting.plugin("ticket", entered + observed)

    assert noting.migrate("upgrade").exit_code == 1
    assert shown(noting) == {"ticket": {"paged": "42P01"}}


def test_thread_of_a_plugin_notes_under_its_name(noting: Project) -> None:
    write(
        noting,
        "thread = threading.Thread(target=run.note, args=('a', 1)); thread.start(); thread.join()",
    )

    noting.migrate("upgrade")

    assert shown(noting) == {"ticket": {"a": 1}}


def test_many_threads_note_at_once_and_nothing_is_lost(noting: Project) -> None:
    write(
        noting,
        "threads = [threading.Thread(target=run.note, args=(f'n{i}', i)) for i in range(8)]; "
        "[each.start() for each in threads]; [each.join() for each in threads]",
    )

    noting.migrate("upgrade")

    assert shown(noting) == {"ticket": {f"n{i}": i for i in range(8)}}


def test_killed_run_has_its_notes(noting: Project) -> None:
    write(noting, "run.note('change', 'CHG-1'); open('noted', 'w').close(); time.sleep(600)")
    running = noting.start("upgrade")
    wait_until((noting.root / "noted").exists, "the note")

    running.signal(signal.SIGKILL)
    running.finish()

    assert shown(noting) == {"ticket": {"change": "CHG-1"}}


def test_note_made_aside_is_written_after_it(noting: Project) -> None:
    write(
        noting,
        "run.note('a', 1)\n"
        "    with run.aside():\n"
        "        run.note('b', 2)\n"
        "        open('aside', 'w').close()\n"
        "    assert run.fetch('select notes from migrator.run') "
        "== [({'ticket': {'a': 1, 'b': 2}},)]",
    )

    result = noting.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert shown(noting) == {"ticket": {"a": 1, "b": 2}}


def test_secrets_in_notes_are_masked(noting: Project) -> None:
    noting.environment["PLUGINS__TICKET__TOKEN"] = "s3cr3t-t0ken-of-tickets"
    noting.plugin("ticket", WITH_A_SECRET)

    result = noting.migrate("upgrade")

    assert result.exit_code == 0, result.output
    masked = {"a ********": {"url ********": ["x ********"]}}
    assert shown(noting) == {"ticket": {**masked, "b": "postgresql://me:********@host/shop"}}


def test_secret_that_a_plugin_has_from_elsewhere_is_masked_in_notes(noting: Project) -> None:
    """Its exceptions were masked; the record was not."""
    own = 'SecretStr = Field(default_factory=lambda: SecretStr("s3cr3t-t0ken-of-tickets"))'
    text = WITH_A_SECRET.replace("token: SecretStr", f"token: {own}")
    noting.plugin("ticket", text.replace("SecretStr\n", "Field, SecretStr\n", 1))

    result = noting.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert "s3cr3t" not in str(shown(noting))


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("'at', run.started_at", "the note 'at' holds a value of datetime, which JSON does not"),
        ("'a', {1: 2}", "the note 'a' holds a key of int, which JSON does not have"),
        ("'a', float('nan')", "the note 'a' holds the number nan, which JSON does not have"),
        ("'a', chr(0)", "the note 'a' holds a text with the character 0: take it out"),
        ("'a', chr(0xd800)", "the note 'a' holds half a character"),
        ("'', 1", "'' is no key of a note: write 1 to 100 printable characters"),
        ("'a', 'x' * 70000", "with the note 'a' those of ticket on this run are 70009 bytes of"),
    ],
    ids=["type", "key", "nan", "zero", "surrogate", "empty", "large"],
)
def test_what_cannot_be_noted_is_said_to_the_plugin(noting: Project, call: str, told: str) -> None:
    write(noting, f"run.note({call})")

    result = noting.migrate("upgrade")

    assert result.exit_code == 5
    assert told in result.stderr
    assert shown(noting) == {}
